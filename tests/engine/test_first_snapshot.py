"""Other keys whose maker died before the first snapshot under them: newcomers do not wait for ever."""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from cryptpad_tui.engine import Engine, PadSession, first_snapshot, membership, verdicts
from cryptpad_tui.pad import flows
from support.epochs import Guest, Table
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


def alone_with(guest: Guest) -> Any:
    """An editor's session, in which nobody else is."""
    presence = SimpleNamespace(pk=b"\x20" * 32, sessions={})
    return SimpleNamespace(
        replica=guest.replica, presence=presence, can_edit=True, record=SimpleNamespace(role="edit")
    )


async def missed(session: Any, guest: Guest) -> bool:
    """Whether this session makes the snapshot once it has been missing for long."""
    first = first_snapshot.FirstSnapshot(session, guest.rng)
    await first.look(0.0)
    await first.look(first_snapshot.WAIT_S)
    return guest.replica.made_snapshot is not None


async def test_of_those_who_are_there_one_makes_it() -> None:
    """Each snapshot costs its maker the whole history, and the relay the document's length."""
    table = Table()
    anna, boris = Guest(table, "Anna", 1, owner=True), Guest(table, "Boris", 2)
    anna.write("Anna. ")
    boris.arrive()
    anna.rotate(boris.kept(), snapshot=False)
    boris.arrive()
    session = alone_with(boris)
    others = [bytes([n]) * 32 for n in range(16)]
    session.presence.sessions = {pk: SimpleNamespace(ident_pk=pk) for pk in others}
    assert not verdicts.elected(session)
    assert not await missed(session, boris)
    session.presence.sessions.clear()
    assert await missed(session, boris)


async def test_who_came_later_and_has_no_more_than_the_end_of_the_log_makes_none() -> None:
    table = Table()
    anna = Guest(table, "Anna", 1, owner=True)
    anna.write("Anna. ")
    anna.rotate()
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    dora.arrive()
    anna.rotate(dora.kept(), snapshot=False)
    dora.arrive()
    assert dora.store.log[0].n > 1
    assert not await missed(alone_with(dora), dora)
