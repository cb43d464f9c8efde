"""A pad with a long log is compacted by a client and joined from the snapshot, through a real relay."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine, PadSession
from cryptpad_tui.pad import outgoing, replica
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


def type_entries(session: PadSession, count: int) -> None:
    """Make one entry of each edit, as 100 ms between them would."""
    for i in range(count):
        end = session.view.lines.end
        session.view.replace(end, end, f"line {i}\n")
        session.flush()
        session.replica.queue.seal_pending()


async def settled(session: PadSession) -> None:
    for _ in range(1_000):
        if not session.waiting and session.replica.fold.snapshot:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no snapshot came")


async def compacted(anna: Engine, monkeypatch: pytest.MonkeyPatch) -> tuple[PadSession, str]:
    """A pad of hers with a snapshot, and a link to it."""
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 32)
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 1_000)
    session = anna.open_pad(anna.create_pad("Long").pad_id)
    type_entries(session, 100)
    await anna.start()
    await settled(session)
    return session, await anna.make_link(session.pad_id, view=False)


async def test_a_newcomer_joins_from_the_snapshot(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    session, link = await compacted(anna, monkeypatch)
    await boris.join(link)
    joined = boris.open_pad(session.pad_id)
    assert session.replica.fold.snapshot
    snap_n = session.replica.fold.snapshot.snap_n
    assert joined.replica.store.log_after(0, 1)[0].n == snap_n + 1
    assert joined.view.text() == session.view.text()
    assert joined.replica.fold.digests[snap_n] == session.replica.fold.digests[snap_n]
    assert joined.title() == "Long"
    end = joined.view.lines.end
    joined.view.replace(end, end, "and the newcomer's\n")
    joined.flush()
    report = await boris.sync()
    assert (report.waiting, report.alarms) == (0, ())
    for _ in range(200):
        if "newcomer" in session.view.text():
            break
        await asyncio.sleep(0.02)
    assert session.view.text() == joined.view.text()
    reopened = make_engine("Boris").open_pad(session.pad_id)
    assert reopened.view.text() == session.view.text()


async def test_a_snapshot_is_loaded_while_the_window_goes_on(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    session, link = await compacted(anna, monkeypatch)
    loading, went_on = threading.Event(), threading.Event()
    load = Engine.load_document

    def load_for_long(
        engine: Engine, kind: PadKind, update: bytes, clocks: dict[int, int]
    ) -> CanonicalDocument:
        loading.set()
        assert went_on.wait(10)
        return load(engine, kind, update, clocks)

    monkeypatch.setattr(Engine, "load_document", load_for_long)
    joining = asyncio.create_task(boris.join(link))
    while not loading.is_set():
        await asyncio.sleep(0.01)
    went_on.set()
    await joining
    assert boris.open_pad(session.pad_id).view.text() == session.view.text()
