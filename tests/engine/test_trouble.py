"""A pad in trouble is tried again, told about, and never takes others with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_tui.engine import Engine, PadSession, flush_timer, syncing
from cryptpad_tui.engine.relay_loop import RelayLoop
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.sync.pad_link import PadLink
from cryptpad_tui.vault.errors import DiskFull, VaultBusy
from cryptpad_tui.vault.padstore import VaultPadStore
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


@pytest.mark.parametrize("error", [Refused(Code.UNSUPPORTED), VaultBusy(), KeyError("a bug")])
async def test_what_stops_a_pad_once_does_not_stop_it_for_ever(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    session = anna.open_pad(anna.create_pad("Pad", text="one\n").pad_id)
    send, failures = PadLink.send_pending, [error]

    async def sometimes(link: PadLink, *, now: float) -> None:
        if failures:
            raise failures.pop()
        await send(link, now=now)

    monkeypatch.setattr(PadLink, "send_pending", sometimes)
    await anna.start()
    await until(lambda: not session.waiting)
    assert not failures
    assert session.problem == ""


async def test_an_alarm_halts_its_pad_and_is_kept_once(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    first, second = (anna.open_pad(anna.create_pad(name, text="x\n").pad_id) for name in ("one", "two"))
    attach, tried = PadLink.attach, []

    async def lying(link: PadLink) -> None:
        if link._host is first:
            tried.append(link)
            raise Alarm(AlarmCode.BAD_ENTRY, "", evidence=(bytes([len(tried)]),))
        await attach(link)

    monkeypatch.setattr(PadLink, "attach", lying)
    await anna.start()
    await until(lambda: not second.waiting)
    relay.kill()
    await until(lambda: not second.attached_here)
    relay.start()
    await until(lambda: second.attached_here, within_s=20)
    assert len(tried) == 2, "tried once a connection"
    assert first.alarm
    assert not first.attached_here
    assert len(anna.vault.alarms(first.pad_id)) == 1


async def test_the_loop_outlives_a_relay_that_cannot_be_started(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    session = anna.open_pad(anna.create_pad("Pad", text="one\n").pad_id)
    resolve, failures = Engine.resolve, [OSError("no room")]

    def sometimes(engine: Engine, url: str) -> str:
        if failures:
            raise failures.pop()
        return resolve(engine, url)

    monkeypatch.setattr(Engine, "resolve", sometimes)
    await anna.start()
    await until(lambda: not session.waiting)


async def test_one_pads_trouble_does_not_end_the_watch_over_the_vault(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "POLL_S", 0.02)
    one, two = make_engine("Anna"), make_engine("Anna")
    pads = [one.create_pad(name, text="start\n").pad_id for name in ("first", "second")]
    await two.start()
    sessions = [two.open_pad(pad_id) for pad_id in pads]
    follow, failures = PadSession.follow_vault, [VaultBusy()]

    def sometimes(session: PadSession) -> None:
        if session is sessions[0] and failures:
            raise failures.pop()
        follow(session)

    monkeypatch.setattr(PadSession, "follow_vault", sometimes)
    for pad_id in pads:
        other = one.open_pad(pad_id)
        append(other, "more\n")
        other.flush()
    await until(lambda: all("more" in session.view.text() for session in sessions))


async def test_a_pad_removed_in_another_window_leaves_the_others_alone(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    one, two = make_engine("Anna", relay_url=relay.url), make_engine("Anna")
    gone, kept = (one.create_pad(name, text="start\n").pad_id for name in ("gone", "kept"))
    await one.sync()
    await two.start()
    lost, session = two.open_pad(gone), two.open_pad(kept)
    await until(lambda: lost.attached_here and session.attached_here and not session.waiting)
    one.remove(gone)
    append(lost, "typed into nothing\n")
    await until(lambda: bool(lost.problem or lost.not_saved))
    append(session, "goes on\n")
    await until(lambda: bool(session.waiting))
    await until(lambda: not session.waiting)
    assert "removed in another window" in lost.status().text
    lost.close()


async def test_a_window_that_another_keeps_in_step_does_not_say_that_it_is_offline(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    one, two = make_engine("Anna", relay_url=relay.url), make_engine("Anna")
    pad = one.create_pad("Pad", text="start\n").pad_id
    await one.start()
    holding = one.open_pad(pad)
    await until(lambda: holding.attached_here and not holding.waiting)
    await two.start()
    following = two.open_pad(pad)
    await until(lambda: following.status().text == "synced by another window")
    relay.kill()
    await until(lambda: following.status().text == "offline, saved here")


async def test_a_save_that_fails_says_so_and_is_tried_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush_timer, "RETRY_S", 0.02)
    engine = make_engine("Anna")
    session = engine.open_pad(engine.create_pad("Pad", text="start\n").pad_id)
    await engine.start()
    write, full = VaultPadStore.append_journal, [DiskFull(), DiskFull()]

    def no_room(*values: Any) -> list[int]:
        if full:
            raise full.pop()
        return write(*values)

    monkeypatch.setattr(VaultPadStore, "append_journal", no_room)
    append(session, "typed\n")
    with pytest.raises(DiskFull):
        session.flush()
    assert session.status().text.startswith("NOT SAVED: There is no room")
    await until(lambda: session.status().text == "saved here")
    assert make_engine("Anna").open_pad(session.pad_id).view.text() == session.view.text()


async def test_a_cancellation_beside_a_wake_up_still_ends_the_task(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """Closing waits for the task: one that missed its cancellation would hang the whole program."""
    anna = make_engine("Anna", relay_url=relay.url)
    session = anna.open_pad(anna.create_pad("Pad").pad_id)
    session.waiting = 0
    loop, wake = RelayLoop(anna, relay.url), asyncio.Event()
    pause = asyncio.create_task(loop._pause(wake, session, 0.0))
    await asyncio.sleep(0.01)
    wake.set()
    pause.cancel()
    await asyncio.wait([pause])
    assert pause.cancelled()
    await loop.close()
