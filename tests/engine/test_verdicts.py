"""A lying snapshot through real vaults and a real relay: veterans warn, who began at it is put right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine import Engine, PadSession
from cryptpad_tui.pad import outgoing, replica
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.snapshots import Snapshot, make_snapshot
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]
LIE = "Anna owes Mallory 1,000.\n" * 100


def lying(fold: Fold, *, rng: Callable[[int], bytes]) -> Snapshot:
    """A snapshot that is right in all but its text."""
    writer = next(iter(fold.writers.values()))
    false = ViewDocument(client_id=writer.client_id, kind=fold.kind)
    false.replace(false.lines.end, false.lines.end, LIE)
    document = CanonicalDocument(fold.kind)
    document.apply(document.check(writer.client_id, false.take_updates()))
    true, fold.document = fold.document, document
    before = fold.digests[fold.n]
    fold.mark_checkpoint()
    made = make_snapshot(fold, rng=rng)
    fold.document, fold.digests[fold.n] = true, before
    return made


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


def type_entries(session: PadSession, count: int) -> None:
    for i in range(count):
        end = session.view.lines.end
        session.view.replace(end, end, f"line {i}\n")
        session.flush()
        session.replica.queue.seal_pending()


async def test_who_joined_on_a_lie_reads_the_truth_and_keeps_what_they_saw(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 32)
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 1_000)
    mallory = make_engine("Mallory", relay_url=relay.url)
    anna, nora = make_engine("Anna"), make_engine("Nora")
    pad_id = mallory.create_pad("Debts", text="first line\n").pad_id
    link = await mallory.make_link(pad_id, view=False)
    await anna.join(link)
    session = mallory.open_pad(pad_id)
    monkeypatch.setattr(session.replica.judgement, "_alert", lambda item: None)
    monkeypatch.setattr(replica, "make_snapshot", lying)
    type_entries(session, 100)
    await mallory.start()
    await until(lambda: not session.waiting and any(is_snapshot(row.entry) for row in tail(session)))
    monkeypatch.setattr(replica, "make_snapshot", make_snapshot)
    truth = session.view.text()
    link = await mallory.make_link(pad_id, view=False)
    await nora.join(link)
    window = nora.open_pad(pad_id)
    assert window.view.text().startswith(LIE)
    report = window.replica.judgement.start_report()
    assert report
    assert "nobody else has checked it yet" in report.sentence
    end = window.view.lines.end
    window.view.replace(end, end, "Nora was here\n")
    window.flush()
    assert not (await nora.sync()).waiting
    seen = window.view.text()
    assert not (await anna.sync()).alarms
    await nora.start()
    await until(lambda: window.replica.fold.start is None)
    await until(lambda: not window.waiting)
    veteran = anna.open_pad(pad_id)
    await anna.sync()
    assert window.view.text().startswith(truth)
    assert window.view.text() == veteran.view.text() == window.replica.fold.document.text()
    [copy] = [pad for pad in nora.listing() if pad.title == "Debts (kept copy)"]
    kept = nora.open_pad(copy.pad_id)
    assert kept.view.text() == seen
    assert any("Mallory" in notice.text for notice in window.take_notices())
    end = window.view.lines.end
    window.view.replace(end, end, "and on\n")
    window.flush()
    await until(lambda: not window.waiting)
    await anna.sync()
    assert veteran.view.text().endswith("and on\n")


def tail(session: PadSession) -> list[LogRow]:
    return session.replica.store.log_after(max(session.replica.fold.n - 60, 0), 100)


def is_snapshot(raw: bytes) -> bool:
    return parse_entry(raw).kind is Kind.SNAPSHOT
