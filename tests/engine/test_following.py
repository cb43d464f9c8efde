"""Two windows of one vault on one pad: one sends, the other follows it by the vault."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cryptpad_tui.engine import following
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


async def test_a_window_that_follows_keeps_its_connection(tmp_path: Path, make_engine: MakeEngine) -> None:
    """The relay closes connections that prove nothing; this one will be needed when the other window goes."""
    data = tmp_path / "strict"
    data.mkdir(mode=0o700)
    (data / "relay.toml").write_text("[limits]\nunproven_s = 0.3\n")
    relay = RelayProcess(data)
    try:
        first = make_engine("Anna", relay_url=relay.url)
        await first.start()
        line = first.create_pad("Pad", text="start\n")
        sender = first.open_pad(line.pad_id)
        await until(lambda: not sender.waiting and sender.attached_here)
        second = make_engine("Anna")
        await second.start()
        follower = second.open_pad(line.pad_id)
        await until(lambda: follower.followed)
        words = set()
        for _ in range(40):
            await asyncio.sleep(0.05)
            words.add(follower.status().text)
        assert words == {"synced by another window"}
    finally:
        relay.stop()


async def test_windows_that_type_in_turn_are_sent_as_fast_as_they_take_turns(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    first = make_engine("Anna", relay_url=relay.url)
    await first.start()
    line = first.create_pad("Pad", text="start\n")
    sender = first.open_pad(line.pad_id)
    await until(lambda: not sender.waiting and sender.attached_here)
    second = make_engine("Anna")
    await second.start()
    follower = second.open_pad(line.pad_id)
    await until(lambda: follower.followed)
    for turn in range(6):
        for session in (sender, follower):
            append(session, f"{turn}")
            session.flush()
    assert sender.replica.store.journal_after(0)
    await until(lambda: not sender.waiting, within_s=12 * (following.FOLLOW_S + 0.2))
    assert sorted(sender.view.text()) == sorted("start\n" + "001122334455")
