"""How many changes a team's roster has room for, and that nobody uses up what is another's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from people.rosters import (
    ADD,
    ADMIN,
    ALL,
    EDITOR,
    HOUSE,
    OWNER,
    PEOPLE,
    REMOVE,
    ROLE,
    VIEWER,
    op,
    read,
    seats,
)

from cryptpad_tui.people import roster_rules
from cryptpad_tui.people.roster_again import to_say_again
from cryptpad_tui.people.roster_duties import Sealed, endings
from cryptpad_tui.people.roster_ops import Operation
from cryptpad_tui.people.roster_rules import MAX_OWN, MAX_SHARED

RANKS = (VIEWER, EDITOR)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight changes that admins have together, three of each one's own, twenty in all."""
    for name, number in {"MAX_SHARED": 8, "MAX_OWN": 3, "MAX_LINE_OF_ADMINS": 16, "MAX_LINE": 20}.items():
        monkeypatch.setattr(roster_rules, name, number)


def burnt(*, by: str = "B", count: int = 40, after: Operation = HOUSE[-1]) -> list[Operation]:
    """One admin changes somebody's role over and over."""
    made = [after]
    for at in range(count):
        made.append(op(by, ROLE, "D", RANKS[at % 2], after=made[-1]))
    return made[1:]


def own(roster_line: tuple[Operation, ...], name: str) -> int:
    return sum(each.author == PEOPLE[name].public for each in roster_line)


def test_an_admin_who_uses_up_all_that_they_can_takes_nothing_from_another() -> None:
    made = burnt()
    roster = read(*HOUSE, *made)
    assert len(roster.line) == 8 + 3
    said = op("C", REMOVE, "E", after=roster.line[-1])
    after = read(*HOUSE, *made, said)
    assert "E" not in seats(after)
    assert after.seats[PEOPLE["C"].public].spent == 1
    assert after.seats[PEOPLE["B"].public].spent == 3


def test_without_changes_of_ones_own_one_admin_stops_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_rules, "MAX_OWN", 0)
    roster = read(*HOUSE, *burnt())
    said = op("C", REMOVE, "E", after=roster.line[-1])
    assert "E" in seats(read(*HOUSE, *roster.line, said)), "the attack, without the defence"


def test_an_owner_gives_an_admin_as_many_again_and_to_nobody_who_has_them() -> None:
    roster = read(*HOUSE, *burnt())
    again = op("A", ROLE, "B", ADMIN, after=roster.line[-1])
    after = read(*HOUSE, *roster.line, again)
    assert after.line[-1] == again
    assert after.seats[PEOPLE["B"].public].spent == 0
    assert len(read(*after.line, *burnt(after=again)).line) == len(after.line) + 3
    # Nobody gives them to themselves, nor to another but an owner; and a full store stays as it is.
    for useless in (op("B", ROLE, "B", ADMIN, after=roster.line[-1]), op("C", ROLE, "B", ADMIN, after=again)):
        assert useless not in read(*after.line, useless).line
    assert (
        op("A", ROLE, "C", ADMIN, after=again)
        not in read(*after.line, op("A", ROLE, "C", ADMIN, after=again)).line
    )


def test_who_is_made_an_admin_again_has_them_again() -> None:
    roster = read(*HOUSE, *burnt())
    down = op("A", ROLE, "B", EDITOR, after=roster.line[-1])
    up = op("A", ROLE, "B", ADMIN, after=down)
    assert read(*roster.line, down, up).seats[PEOPLE["B"].public].spent == 0
    out = op("A", REMOVE, "B", after=roster.line[-1])
    back = op("A", ADD, "B", ADMIN, after=out)
    assert read(*roster.line, out, back).seats[PEOPLE["B"].public].spent == 0


def test_the_last_changes_are_owners_alone() -> None:
    roster = read(*HOUSE, *burnt())
    for _ in range(2):
        line = roster.line
        for by in "BC":
            again = op("A", ROLE, by, ADMIN, after=line[-1])
            line = read(*line, again).line
            line = read(*line, *burnt(by=by, after=line[-1])).line
        roster = read(*line)
    assert len(roster.line) >= 16
    assert own(roster.line[16:], "B") + own(roster.line[16:], "C") == 0
    out = op("A", REMOVE, "B", after=roster.line[-1])
    assert "B" not in seats(read(*roster.line, out))
    more = [out]
    for at in range(10):
        more.append(op("A", ROLE, "C", (EDITOR, ADMIN)[at % 2], after=more[-1]))
    assert len(read(*roster.line, *more).line) == 20


def test_a_roster_within_the_shared_room_reads_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What clients of before took for good and for nothing: of one admin alone, as many as there is room."""
    monkeypatch.undo()
    assert (MAX_SHARED, MAX_OWN) == (896, 64)
    made = burnt(count=100)
    roster = read(*HOUSE, *made)
    assert len(roster.line) == len(HOUSE) + 100
    assert seats(roster) == {**ALL, "A": OWNER, "D": RANKS[99 % 2]}
    assert all(seat.spent == 0 for seat in roster.seats.values())
    for useless in (op("A", ROLE, "B", ADMIN, after=made[-1]), op("A", ADD, "B", ADMIN, after=made[-1])):
        assert read(*HOUSE, *made, useless).line == roster.line


def test_who_used_up_theirs_says_nothing_again_and_whom_they_let_in_keeps_no_keys() -> None:
    """What they said lost; nothing more of theirs counts until an owner gives them more."""
    roster = read(*HOUSE, *burnt())
    let_in = op("B", ADD, "X", VIEWER, after=roster.line[-3])
    other = op("C", REMOVE, "E", after=roster.line[-3])
    more = [op("C", ADD, "F", VIEWER, after=other)]
    more += [op("C", ROLE, "F", EDITOR, after=more[0])]
    ops = [*roster.line[:-2], let_in, other, *more]
    roster = read(*ops)
    assert "X" not in seats(roster)
    assert roster.seats[PEOPLE["B"].public].spent < 3
    assert to_say_again(roster, PEOPLE["B"].public)
    assert PEOPLE["X"].public not in [each.ident_pk for each in endings(roster, Sealed())]
    spent = replace(roster.seats[PEOPLE["B"].public], spent=3)
    full = replace(roster, seats={**roster.seats, spent.ident_pk: spent})
    assert not to_say_again(full, PEOPLE["B"].public)
    assert PEOPLE["X"].public in [each.ident_pk for each in endings(full, Sealed())]
