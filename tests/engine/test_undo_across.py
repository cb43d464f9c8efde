"""Undo and redo of own edits only, whatever the pad's way to its relay went through meanwhile."""

from __future__ import annotations

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, PadSession
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until

KINDS = [PadKind.TEXT, PadKind.RICHTEXT]


async def shared(anna: Engine, boris: Engine, kind: PadKind) -> tuple[PadSession, PadSession]:
    line = anna.create_pad("Minutes", kind=kind)
    await boris.join(await anna.make_link(line.pad_id, view=False))
    await anna.start()
    await boris.start()
    return anna.open_pad(line.pad_id), boris.open_pad(line.pad_id)


def step(session: PadSession, text: str) -> None:
    append(session, text)
    session.view.end_undo_group()


def same(one: PadSession, other: PadSession) -> bool:
    return one.view.text() == other.view.text() and not one.waiting and not other.waiting


def steps_back(session: PadSession) -> list[str]:
    seen = []
    while session.view.undo():
        seen.append(session.view.text())
    return seen


@pytest.mark.parametrize("kind", KINDS)
async def test_own_edits_are_taken_back_and_made_again_across_a_reconnect(
    relay: RelayProcess, make_engine: MakeEngine, kind: PadKind
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris, kind)
    step(hers, "sent\n")
    await until(lambda: "sent" in his.view.text())
    relay.kill()
    step(hers, "offline\n")
    if kind is PadKind.RICHTEXT:
        hers.view.format(Position(0, 0), Position(0, 4), {"bold": True})
        hers.view.end_undo_group()
    his.view.replace(Position(0, 0), Position(0, 0), "Boris ")
    await until(lambda: not hers.status().connected and not his.status().connected)
    relay.start()
    await until(lambda: same(hers, his) and "Boris" in hers.view.text(), within_s=20)
    assert hers.view.text() == "Boris sent\noffline\n"
    marked = hers.view.runs()
    back = steps_back(hers)
    formats = ["Boris sent\noffline\n"] if kind is PadKind.RICHTEXT else []
    assert back == [*formats, "Boris sent\n", "Boris "]
    await until(lambda: his.view.text() == "Boris ")
    while hers.view.redo():
        pass
    assert hers.view.runs() == marked
    await until(lambda: same(hers, his))
    assert his.view.runs() == marked
    assert steps_back(his) == ["sent\noffline\n"]
    await until(lambda: same(hers, his))


@pytest.mark.parametrize("kind", KINDS)
async def test_own_edits_are_taken_back_after_they_were_made_again_by_another_writer(
    relay: RelayProcess, make_engine: MakeEngine, kind: PadKind
) -> None:
    """As where the relay refused them, the keys changed, or the owner voided an entry."""
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris, kind)
    step(hers, "sent\n")
    await until(lambda: "sent" in his.view.text())
    his.view.replace(Position(0, 0), Position(0, 0), "Boris ")
    await until(lambda: same(hers, his) and "Boris" in hers.view.text())
    relay.kill()
    await until(lambda: not hers.status().connected)
    step(hers, "saved\n")
    hers.flush()
    step(hers, "not saved\n")
    writer = hers.view.client_id
    hers.remake(with_outbox=True)
    assert hers.view.client_id != writer
    assert steps_back(hers) == ["Boris sent\nsaved\n", "Boris sent\n", "Boris "]
    while hers.view.redo():
        pass
    relay.start()
    await until(lambda: same(hers, his) and "not saved" in his.view.text(), within_s=20)
    assert his.view.text() == "Boris sent\nsaved\nnot saved\n"
    hers.remake(with_outbox=True)
    assert steps_back(hers)[-1] == "Boris "
    await until(lambda: same(hers, his))
