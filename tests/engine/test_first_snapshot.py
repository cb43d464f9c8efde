"""Other keys whose maker died before the first snapshot under them: newcomers do not wait for ever."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from cryptpad_tui.engine import Engine, PadSession, first_snapshot, membership
from cryptpad_tui.pad import flows
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


def no_snapshot(engine: Engine, session: PadSession) -> Generator[Any, Any, bool]:
    """In place of membership's: this machine dies here."""
    return False
    yield


async def test_the_owner_makes_the_snapshot_that_did_not_come_through(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "_first_snapshot", no_snapshot)
    monkeypatch.setattr(first_snapshot, "WAIT_S", 0.2)
    tried, send = list[Any](), flows.send_snapshot

    def busy_twice(*args: Any) -> flows.Flow[bool]:
        tried.append(args)
        return send(*args) if len(tried) > 2 else no_snapshot(*args[:2])

    monkeypatch.setattr(flows, "send_snapshot", busy_twice)
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    await anna.start()
    line = anna.create_pad("Pad", text="start\n")
    session = anna.open_pad(line.pad_id)
    await until(lambda: session.attached_here and not session.waiting)
    await membership.revoke(anna, line.pad_id, history=False)
    append(session, "and on\n")
    await until(lambda: not session.waiting and session.replica.fold.n > session.replica.fold.mark.n)
    await until(lambda: session.replica.fold.snapshot is not None)
    assert len(tried) == 3
    assert session.replica.fold.snapshot
    assert session.replica.fold.snapshot.snap_n == session.replica.fold.mark.n
    await boris.start()
    await boris.join(await anna.make_link(line.pad_id, view=False))
    assert boris.open_pad(line.pad_id).view.text() == "start\nand on\n"
