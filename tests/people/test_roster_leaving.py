"""Leaving a team and coming back, for every role and in every order; and what is said again after a loss."""

from __future__ import annotations

from itertools import permutations

import pytest
from people.rosters import (
    ADD,
    ADMIN,
    ALL,
    EDITOR,
    HOUSE,
    NAMES,
    OWNER,
    PEOPLE,
    REMOVE,
    ROLE,
    VIEWER,
    leave,
    op,
    read,
    seats,
)

from cryptpad_tui.people import roster as chains
from cryptpad_tui.people.roster_again import Change, leavers, to_say_again
from cryptpad_tui.people.roster_duties import Sealed, endings
from cryptpad_tui.people.roster_ops import Operation, Rank

SECOND = op("A", ROLE, "B", OWNER, after=HOUSE[-1])
TWO = (*HOUSE, SECOND)


def said(changes: list[Change]) -> list[tuple[str, str, Rank]]:
    return [(each.kind.name, NAMES[each.seat.ident_pk], each.seat.rank) for each in changes]


@pytest.mark.parametrize(
    ("name", "seat", "by"),
    [
        ("E", HOUSE[4], "C"),
        ("D", HOUSE[3], "C"),
        ("C", HOUSE[2], "A"),
        ("B", HOUSE[1], "A"),
        ("A", HOUSE[0], "B"),
    ],
)
@pytest.mark.parametrize("rank", [VIEWER, ADMIN])
def test_whoever_left_comes_back(name: str, seat: Operation, by: str, rank: Rank) -> None:
    """Of two owners either; whoever may take them off the line lets them in again, whatever they were."""
    gone, by = leave(name, seat), "B" if rank is ADMIN and by == "C" else by
    out = op(by, REMOVE, name, after=SECOND)
    back = op(by, ADD, name, rank, after=out)
    everybody = {**ALL, "B": OWNER}
    left = {key: each for key, each in everybody.items() if key != name}
    for order in permutations((gone, out, back)):
        assert seats(read(*TWO, *order)) == {**left, name: rank}
    roster = read(*TWO, gone)
    assert seats(roster) == left
    assert said(leavers(roster, PEOPLE[by].public)) == [("REMOVE", name, everybody[name])]
    cleared = read(*TWO, gone, out)
    assert (seats(cleared), dict(cleared.left), cleared.cleared) == (left, {}, {out.id})
    # The word of before says nothing of the later seat, and one about that does.
    assert name not in seats(read(*TWO, gone, out, back, leave(name, back)))


def test_an_owner_is_taken_off_the_line_by_their_own_word_alone() -> None:
    out = op("B", REMOVE, "A", after=SECOND)
    assert seats(read(*TWO, out))["A"] is OWNER
    forged = op("B", chains.Kind.LEAVE, "B", after=HOUSE[0])
    assert seats(read(*TWO, out, forged))["A"] is OWNER
    gone = leave("A", HOUSE[0])
    for order in permutations((gone, out)):
        assert "A" not in seats(read(*TWO, *order))
    # By an owner, and by nobody for themselves: so one is left.
    assert out.id not in read(*TWO, gone, op("C", REMOVE, "A", after=SECOND)).valid
    for alone in (op("C", REMOVE, "A", after=SECOND), op("A", REMOVE, "A", after=SECOND)):
        assert alone.id not in read(*TWO, gone, alone).valid
    assert endings(read(*TWO, gone, out), Sealed()) == [], "their key is for ever"


def test_without_the_need_of_their_word_one_owner_puts_another_out(monkeypatch: pytest.MonkeyPatch) -> None:
    out = op("B", REMOVE, "A", after=SECOND)
    word = lambda self, since, holder: SECOND if since == HOUSE[0].id else None  # noqa: E731
    monkeypatch.setattr(chains._Tree, "_word", word)
    assert out in read(*TWO, out).line, "the attack, without the defence"


def test_two_owners_who_leave_at_once_leave_one() -> None:
    words = [leave("A", HOUSE[0]), leave("B", HOUSE[1])]
    each_other = [op("A", REMOVE, "B", after=SECOND), op("B", REMOVE, "A", after=SECOND)]
    for order in permutations((*words, *each_other)):
        roster = read(*TWO, *order)
        assert list(seats(roster).values()).count(OWNER) == 1
        assert roster == read(*TWO, *words, *each_other)


def test_who_kept_what_decides_knows_that_an_owner_left() -> None:
    gone, out = leave("A", HOUSE[0]), op("B", REMOVE, "A", after=SECOND)
    roster = read(*TWO, gone, out)
    assert gone.id in roster.kept
    assert read(*roster.kept.values()).line == roster.line


def test_who_left_as_an_owner_decides_nothing_any_more() -> None:
    gone, out = leave("A", HOUSE[0]), op("B", REMOVE, "A", after=SECOND)
    late = [op("A", ADD, "X", ADMIN, after=SECOND)]
    late += [op("X", ADD, "F", VIEWER, after=late[0])]
    late += [op("A", ROLE, "F", ADMIN, after=late[1])]
    roster = read(*TWO, gone, out, *late)
    assert seats(roster) == {"B": OWNER, "C": ADMIN, "D": EDITOR, "E": VIEWER}


# -- coming back and something else at the same time


def test_who_left_and_is_let_in_while_another_decides_elsewhere_comes_in() -> None:
    """Both words of the one lose; taking off the line is said by anybody, and letting in by who did."""
    gone = leave("D", HOUSE[3])
    out = op("B", REMOVE, "D", after=HOUSE[-1])
    back = op("B", ADD, "D", VIEWER, after=out)
    other = op("A", ROLE, "E", EDITOR, after=HOUSE[-1])
    for first in ("B", "C"):
        made = [*HOUSE, gone, out, back, other]
        roster = read(*made)
        assert "D" not in seats(roster)
        assert said(leavers(roster, PEOPLE[first].public)) == [("REMOVE", "D", EDITOR)]
        assert not to_say_again(roster, PEOPLE["B"].public), "they are taken off the line first"
        again = op(first, REMOVE, "D", after=other)
        roster = read(*made, again)
        assert said(to_say_again(roster, PEOPLE["B"].public)) == [("ADD", "D", VIEWER)]
        assert not to_say_again(roster, PEOPLE["C"].public)
        once_more = op("B", ADD, "D", VIEWER, after=again)
        roster = read(*made, again, once_more)
        assert seats(roster) == {**ALL, "E": EDITOR, "D": VIEWER}
        assert not to_say_again(roster, PEOPLE["B"].public)


def test_who_left_the_seat_that_lost_is_not_let_into_it_again() -> None:
    let_in, other = op("B", ADD, "X", VIEWER, after=HOUSE[-1]), op("A", ROLE, "E", EDITOR, after=HOUSE[-1])
    assert said(to_say_again(read(*HOUSE, let_in, other), PEOPLE["B"].public)) == [("ADD", "X", VIEWER)]
    gone = leave("X", let_in)
    for order in permutations((let_in, other, gone)):
        assert not to_say_again(read(*HOUSE, *order), PEOPLE["B"].public)


def test_whom_another_took_out_behind_it_is_not_let_in_again() -> None:
    """One let her in, another took her out behind that; both lost against an owner's word."""
    let_in = op("B", ADD, "X", VIEWER, after=HOUSE[-1])
    out = op("C", REMOVE, "X", after=let_in)
    other = op("A", ROLE, "E", EDITOR, after=HOUSE[-1])
    roster = read(*HOUSE, let_in, out, other)
    assert "X" not in seats(roster)
    assert not to_say_again(roster, PEOPLE["B"].public)
    # What somebody said who decides no more holds nobody up.
    down = op("A", ROLE, "C", EDITOR, after=other)
    roster = read(*HOUSE, let_in, out, other, down)
    assert said(to_say_again(roster, PEOPLE["B"].public)) == [("ADD", "X", VIEWER)]
    # And what another raised comes in as they raised it.
    up = op("C", ROLE, "X", EDITOR, after=let_in)
    roster = read(*HOUSE, let_in, up, other)
    assert not to_say_again(roster, PEOPLE["B"].public)
    assert said(to_say_again(roster, PEOPLE["C"].public)) == [("ADD", "X", EDITOR)]
