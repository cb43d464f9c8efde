"""A pad with a long log is compacted by a client and joined from the snapshot, through a real relay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cryptpad_tui.engine import Engine, PadSession
from cryptpad_tui.pad import replica
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


def type_entries(session: PadSession, count: int) -> None:
    """Make one entry of each edit, as 100 ms between them would."""
    for i in range(count):
        end = session.view.lines.end
        session.view.replace(end, end, f"line {i}\n")
        session.flush()
        session.replica.seal_pending()


async def settled(session: PadSession) -> None:
    for _ in range(1_000):
        if not session.waiting and session.replica.fold.snapshot:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no snapshot came")


async def test_a_newcomer_joins_from_the_snapshot(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 32)
    monkeypatch.setattr(replica, "MAX_IN_FLIGHT", 1_000)
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    line = anna.create_pad("Long")
    session = anna.open_pad(line.pad_id)
    type_entries(session, 100)
    await anna.start()
    await settled(session)
    assert session.replica.fold.snapshot
    link = await anna.make_link(line.pad_id, view=False)
    await boris.join(link)
    joined = boris.open_pad(line.pad_id)
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
    reopened = make_engine("Boris").open_pad(line.pad_id)
    assert reopened.view.text() == session.view.text()
