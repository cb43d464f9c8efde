"""A pad that moved, and the owner's word by which what it left at a relay is erased: no end of the pad."""

from __future__ import annotations

import pytest

from adversary.sabotage import Patch, both, nothing, yes
from adversary.test_moves import go_along
from cryptpad_relay import moving
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import flows_keys, flows_move, owner_records
from cryptpad_tui.pad.epochs import Ended
from support.epochs import OWNER_ROOT, Guest, Table
from support.houses import move, play


@pytest.fixture
def old() -> Table:
    return Table(1)


@pytest.fixture
def anna(old: Table) -> Guest:
    anna = Guest(old, "Anna", 1, owner=True)
    anna.write("Anna. ")
    return anna


@both
def test_the_word_that_erases_what_is_left_ends_no_pad_where_it_lives(
    old: Table, anna: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """It is the owner's, and whoever reads the records at the relay that was left has it."""
    boris, new = Guest(old, "Boris", 2), Table(2)
    boris.write("Boris. ")
    record, left = move(anna, new), anna.client
    play(left, flows_move.erase_left(record, OWNER_ROOT, now_ms=1))
    words = play(left, flows_keys.owner_records(anna.replica))
    if not defended:
        monkeypatch.setattr(moving, "_check_end", nothing)
        monkeypatch.setattr(owner_records, "ends_pad", yes)
    go_along(boris, new)
    said = frames.Appended.decode(boris.client.ask(Op.APPEND, frames.Append((words[-1].raw,)).encode()).body)
    assert (said.code is Code.OK) is not defended
    if defended:
        assert boris.send() is Code.OK
        # Nor does it count where the relay lies, and shows it beside the others.
        assert owner_records.end_in(words) is None
    else:
        with pytest.raises(Ended):
            boris.play(flows_keys.ended(boris.replica, now_ms=1))
