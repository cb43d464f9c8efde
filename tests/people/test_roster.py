"""A team's roster: whatever is said by whomever in whatever order, every client finds the same one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people.rosters import (
    ADD,
    ADMIN,
    ALL,
    BOXES,
    EDITOR,
    HOUSE,
    LEAVE,
    NAMES,
    NONE,
    OWNER,
    OWNER_KEY,
    PEOPLE,
    REMOVE,
    ROLE,
    TEAM,
    VIEWER,
    found,
    leave,
    line,
    op,
    read,
    seats,
)

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.people import roster as chains
from cryptpad_tui.people.roster import roster_of
from cryptpad_tui.people.roster_again import leavers, to_say_again
from cryptpad_tui.people.roster_duties import Sealed, endings, followed, is_cut_short, note_of
from cryptpad_tui.people.roster_ops import MAX_BYTES, Kind, Operation, Rank, parse_operation, sign_operation


def test_owners_and_admins_let_people_in() -> None:
    assert seats(read(*HOUSE)) == ALL


@pytest.mark.parametrize(
    ("author", "kind", "subject", "rank"),
    [
        ("E", ROLE, "E", EDITOR),
        ("E", ADD, "X", VIEWER),
        ("D", ROLE, "D", ADMIN),
        ("D", REMOVE, "E", NONE),
        ("D", ADD, "X", VIEWER),
        ("B", ROLE, "B", OWNER),
        ("B", ROLE, "D", ADMIN),
        ("B", ROLE, "C", VIEWER),
        ("B", REMOVE, "C", NONE),
        ("B", REMOVE, "A", NONE),
        ("B", ADD, "X", ADMIN),
        ("A", REMOVE, "A", NONE),
        ("A", ROLE, "A", VIEWER),
        ("A", ADD, "B", OWNER),
        ("A", ROLE, "X", OWNER),
        ("A", REMOVE, "X", NONE),
        ("A", ROLE, "D", EDITOR),
        ("X", ADD, "X", OWNER),
    ],
)
def test_what_a_role_may_not_is_as_if_it_were_not_there(
    author: str, kind: Kind, subject: str, rank: Rank
) -> None:
    roster = read(*HOUSE, op(author, kind, subject, rank, after=HOUSE[-1]))
    assert seats(roster) == ALL
    assert len(roster.valid) == len(HOUSE)


@pytest.mark.parametrize(
    ("author", "kind", "subject", "rank"),
    [
        ("A", REMOVE, "B", NONE),
        ("A", ROLE, "E", OWNER),
        ("A", ADD, "X", OWNER),
        ("B", ROLE, "D", VIEWER),
        ("B", ROLE, "E", EDITOR),
        ("C", REMOVE, "D", NONE),
    ],
)
def test_what_a_role_may_do_counts(author: str, kind: Kind, subject: str, rank: Rank) -> None:
    roster = read(*HOUSE, op(author, kind, subject, rank, after=HOUSE[-1]))
    wanted = {**ALL, subject: rank}
    assert seats(roster) == {name: rank for name, rank in wanted.items() if rank}


def test_an_operation_of_another_team_key_or_author_is_nothing() -> None:
    good = op("B", REMOVE, "D", after=HOUSE[-1])
    forged = parse_operation(good.body + PEOPLE["D"].sign("pad1/teamop", good.body))
    elsewhere = sign_operation(
        PEOPLE["B"], REMOVE, team=bytes(32), previous=HOUSE[-1].id, subject=PEOPLE["D"].public
    )
    usurped = sign_operation(
        PEOPLE["D"],
        Kind.FOUND,
        team=TEAM,
        previous=TEAM,
        author=PEOPLE["D"].public,
        subject=PEOPLE["D"].public,
        box_pk=BOXES["D"],
        rank=OWNER,
    )
    roster = read(*HOUSE, forged, elsewhere, usurped)
    assert seats(roster) == ALL
    assert roster.forged == {forged.raw, usurped.raw}
    # The right signature beside a wrong one over the same bytes.
    assert "D" not in seats(read(*HOUSE, forged, good))


# -- two branches


def test_the_higher_role_wins_and_what_is_lost_is_said_again() -> None:
    by_admin, by_owner = op("B", REMOVE, "E", after=HOUSE[-1]), op("A", ROLE, "D", VIEWER, after=HOUSE[-1])
    roster = read(*HOUSE, by_admin, by_owner)
    assert seats(roster) == {**ALL, "D": VIEWER}
    (again,) = to_say_again(roster, PEOPLE["B"].public)
    assert (again.kind, again.seat.ident_pk) == (REMOVE, PEOPLE["E"].public)
    # Who was taken out is out, be the admin away for long: whoever may says it for them.
    assert to_say_again(roster, PEOPLE["A"].public) == to_say_again(roster, PEOPLE["C"].public) == [again]
    assert not to_say_again(roster, PEOPLE["D"].public)
    said = op("B", REMOVE, "E", after=by_owner)
    roster = read(*HOUSE, by_admin, by_owner, said)
    assert seats(roster) == {"A": OWNER, "B": ADMIN, "C": ADMIN, "D": VIEWER}
    assert not to_say_again(roster, PEOPLE["B"].public)


def test_an_admin_who_lost_the_role_says_nothing_again() -> None:
    by_admin, by_owner = op("B", ADD, "X", EDITOR, after=HOUSE[-1]), op("A", REMOVE, "B", after=HOUSE[-1])
    roster = read(*HOUSE, by_admin, by_owner)
    assert "X" not in seats(roster)
    assert not to_say_again(roster, PEOPLE["B"].public)


def test_a_new_member_and_their_role_are_said_again_as_one() -> None:
    let_in = op("B", ADD, "X", VIEWER, after=HOUSE[-1])
    raised = op("B", ROLE, "X", EDITOR, after=let_in)
    roster = read(*HOUSE, let_in, raised, op("A", REMOVE, "E", after=HOUSE[-1]))
    (again,) = to_say_again(roster, PEOPLE["B"].public)
    assert (again.kind, again.seat.rank, again.seat.box_pk) == (ADD, EDITOR, BOXES["X"])


def test_what_was_decided_since_is_not_undone_by_saying_it_again() -> None:
    lowered = op("B", ROLE, "D", VIEWER, after=HOUSE[-1])
    out = op("A", REMOVE, "D", after=HOUSE[-1])
    back = op("A", ADD, "D", EDITOR, after=out)
    roster = read(*HOUSE, lowered, op("B", REMOVE, "D", after=HOUSE[-1]), out, back)
    assert seats(roster) == ALL
    assert not to_say_again(roster, PEOPLE["B"].public)


def old_fork(length: int = 3) -> tuple[list[Operation], list[Operation]]:
    """B was put out by an owner some steps on, and forks where nobody but admins had spoken."""
    honest = [op("C", ADD, "F", VIEWER, after=HOUSE[2])]
    honest += [op("C", ROLE, "F", EDITOR, after=honest[-1])]
    honest += [op("A", REMOVE, "B", after=honest[-1])]
    forked = [op("B", ADD, "X", EDITOR, after=HOUSE[2])]
    for at in range(length):
        forked.append(op("B", ROLE, "X", (VIEWER, EDITOR)[at % 2], after=forked[-1]))
    return honest, forked


def test_an_admin_who_was_put_out_voids_nothing_by_an_older_branch() -> None:
    honest, forked = old_fork(9)
    roster = read(*HOUSE[:3], *honest, *forked)
    assert seats(roster) == {"A": OWNER, "C": ADMIN, "F": EDITOR}
    # Nor where another owner, who was not told of it, went on there.
    fooled = op("A", ADD, "E", VIEWER, after=forked[-1])
    assert seats(read(*HOUSE[:3], *honest, *forked, fooled)) == {"A": OWNER, "C": ADMIN, "F": EDITOR}


def test_without_the_rule_for_who_was_put_out_they_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    honest, forked = old_fork(9)
    fooled = op("A", ADD, "E", VIEWER, after=forked[-1])
    monkeypatch.setattr(chains, "_is_answered", lambda node, nodes: False)
    assert "B" in seats(read(*HOUSE[:3], *honest, *forked, fooled))


def test_one_late_word_moves_no_longer_line() -> None:
    honest = [op("C", ADD, "F", VIEWER, after=HOUSE[-1])]
    honest += [op("C", ROLE, "F", EDITOR, after=honest[-1])]
    late = [op("B", ADD, "X", rank, after=HOUSE[-1]) for rank in (VIEWER, EDITOR)]
    assert seats(read(*HOUSE, *honest, *late)) == {**ALL, "F": EDITOR}


# -- leaving


def test_everybody_may_leave_and_stands_in_nobodys_way() -> None:
    roster = read(*HOUSE, leave("D", HOUSE[3]), op("B", ROLE, "E", EDITOR, after=HOUSE[-1]))
    assert seats(roster) == {"A": OWNER, "B": ADMIN, "C": ADMIN, "E": EDITOR}
    (change,) = leavers(roster, PEOPLE["C"].public)
    assert (change.kind, change.seat.ident_pk) == (REMOVE, PEOPLE["D"].public)
    assert not leavers(roster, PEOPLE["E"].public)


def test_nobody_leaves_for_another_and_a_word_of_before_counts_for_one_seat() -> None:
    assert seats(read(*HOUSE, op("E", LEAVE, "E", after=HOUSE[3]))) == ALL
    gone, out = leave("D", HOUSE[3]), op("B", REMOVE, "D", after=HOUSE[-1])
    back = op("B", ADD, "D", VIEWER, after=out)
    assert seats(read(*HOUSE, gone, out, back)) == {**ALL, "D": VIEWER}


def test_the_last_owner_stays_whoever_leaves() -> None:
    second = op("A", ROLE, "B", OWNER, after=HOUSE[-1])
    one, other = leave("A", HOUSE[0]), leave("B", HOUSE[1])
    assert seats(read(*HOUSE, one))["A"] is OWNER
    assert "A" not in seats(read(*HOUSE, second, one))
    both = seats(read(*HOUSE, second, one, other))
    assert list(both.values()).count(OWNER) == 1


# -- what follows for keys


def test_keys_end_with_what_was_taken_since_they_changed() -> None:
    out, lowered = op("B", REMOVE, "E", after=HOUSE[-1]), Rank.VIEWER
    down = op("B", ROLE, "D", lowered, after=out)
    now = read(*HOUSE, out, down)
    assert [(NAMES[each.ident_pk], each.is_out) for each in endings(now, Sealed())] == [
        ("E", True),
        ("D", False),
    ]
    assert endings(now, Sealed(note_of(now))) == []
    assert [NAMES[each.ident_pk] for each in endings(now, Sealed(note_of(read(*HOUSE, out))))] == ["D"]
    up = op("A", ROLE, "D", ADMIN, after=down)
    assert [NAMES[each.ident_pk] for each in endings(read(*HOUSE, out, down, up), Sealed())] == ["E"]
    assert followed("team " + "g" * 64) is None
    assert followed("something") is None


def test_a_roster_that_lacks_what_an_owner_knew_of_is_noticed() -> None:
    note = note_of(read(*HOUSE))
    assert not is_cut_short(read(*HOUSE), note)
    assert is_cut_short(read(*HOUSE[:-1]), note)


# -- bounds


def test_a_flood_of_forgeries_keeps_out_nothing_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MAX_CHECKS", 8)
    wanted = op("A", REMOVE, "B", after=HOUSE[-1])
    junk = [replace(wanted, raw=wanted.body[:-1] + bytes([n]) + bytes(64)).raw for n in range(64)]
    raws = [*[each.raw for each in HOUSE], *junk, wanted.raw]
    known = roster_of(TEAM, OWNER_KEY.public, raws, known=[each.raw for each in (*HOUSE, wanted)])
    assert "B" not in seats(known)


def many_of(author: str, after: Operation, count: int) -> list[Operation]:
    return [
        sign_operation(
            PEOPLE[author], ADD, team=TEAM, previous=after.id, subject=PEOPLE["X"].public,
            box_pk=BOXES["X"], rank=VIEWER, name=f"{n}",
        )
        for n in range(count)
    ]  # fmt: skip


def test_who_was_put_out_pushes_nothing_out_by_saying_more_at_an_old_place() -> None:
    """B's own word is what everything later follows; beside it they say a hundred others, of smaller ids."""
    honest = line(
        ("A", ADD, "B", ADMIN), ("B", ADD, "D", EDITOR), ("A", REMOVE, "B", NONE), ("A", ADD, "E", VIEWER)
    )
    flood = many_of("B", honest[1], 100)
    assert min(op.id for op in flood) < honest[2].id
    roster = read(*honest, *flood)
    assert list(roster.line) == honest
    assert roster.kept.keys() == {op.id for op in honest}, "and it fills no vault"


def test_thousands_at_one_place_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = line(("A", ADD, "B", ADMIN), ("B", ADD, "D", EDITOR), ("A", ROLE, "D", VIEWER))
    asked: list[int] = []
    answered = chains._is_answered
    monkeypatch.setattr(
        chains, "_is_answered", lambda node, nodes: (asked.append(len(nodes)), answered(node, nodes))[1]
    )
    assert list(read(*honest, *many_of("B", honest[1], 100)).line) == honest
    assert (len(asked), max(asked)) == (101, 1)


# -- bytes


def test_every_changed_byte_is_another_operation_or_none() -> None:
    wanted = HOUSE[1]
    for at in range(len(wanted.raw)):
        raw = wanted.raw[:at] + bytes([wanted.raw[at] ^ 1]) + wanted.raw[at + 1 :]
        roster = roster_of(TEAM, OWNER_KEY.public, [HOUSE[0].raw, raw])
        assert seats(roster) == {"A": OWNER}, at


def test_bytes_have_one_spelling() -> None:
    for each in HOUSE:
        assert parse_operation(each.raw) == each
        assert len(each.raw) <= MAX_BYTES
        for wrong in (each.raw[:-1], each.raw + b"\0", b""):
            with pytest.raises(Malformed):
                parse_operation(wrong)
    for box_pk in (bytes(32), bytes([1]) + bytes(31)):
        with pytest.raises(Malformed):
            sign_operation(
                PEOPLE["A"], ADD, team=TEAM, previous=TEAM, subject=PEOPLE["B"].public, box_pk=box_pk,
                rank=VIEWER,
            )  # fmt: skip


# -- all of it


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """People who say what comes to their mind, on any branch, whether they may or not."""
    made = [found()]
    for _ in range(draw(st.integers(0, 24))):
        author, subject = draw(st.sampled_from("ABCDEF")), draw(st.sampled_from("ABCDEF"))
        kind = draw(st.sampled_from((ADD, ADD, ROLE, REMOVE, LEAVE)))
        after = made[draw(st.integers(0, len(made) - 1))] if draw(st.booleans()) else made[-1]
        rank = draw(st.sampled_from((VIEWER, EDITOR, ADMIN, OWNER))) if kind in (ADD, ROLE) else NONE
        if kind is LEAVE:
            subject, key = author, PEOPLE[author].public
            let_in = [each for each in made if each.subject == key and each.kind in (ADD, Kind.FOUND)]
            after = draw(st.sampled_from(let_in)) if let_in else after
        made.append(op(author, kind, subject, rank, after=after))
    return made


@settings(max_examples=25, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_any_operations_gives_one_roster(made: list[Operation], chance: object) -> None:
    whole = read(*made)
    shuffled = list(made)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert read(*shuffled, *made) == whole
    # Whoever kept what decides, and no more, has the same.
    kept = read(*whole.kept.values())
    assert (kept.line, kept.seats, kept.left) == (whole.line, whole.seats, whole.left)
    assert sum(rank is OWNER for rank in seats(whole).values()) >= 1


@settings(max_examples=25, deadline=None)
@given(histories())
def test_no_viewer_or_editor_ever_changes_anything(made: list[Operation]) -> None:
    roster = read(*made)
    ranks: dict[bytes, Rank] = {}
    for at, each in enumerate(roster.line):
        if at:
            assert ranks[each.author] >= ADMIN
            before = ranks.get(each.subject, NONE)
            if ranks[each.author] is ADMIN:
                assert max(before, each.rank) <= EDITOR
            assert before is not OWNER or each.id in roster.cleared
        ranks[each.subject] = each.rank
    for change in [again for name in "DEF" for again in to_say_again(roster, PEOPLE[name].public)]:
        assert roster.rank_of(change.seat.ident_pk) is not OWNER


@settings(max_examples=25, deadline=None)
@given(histories())
def test_what_is_said_again_comes_to_an_end(made: list[Operation]) -> None:
    roster = read(*made)
    for _ in range(60):
        todo = [(name, change) for name in "ABCDEF" for change in to_say_again(roster, PEOPLE[name].public)]
        if not todo:
            break
        name, change = todo[0]
        seat = change.seat
        lets_in = change.kind is ADD
        made = [
            *made,
            sign_operation(
                PEOPLE[name], change.kind, team=TEAM, previous=roster.head, subject=seat.ident_pk,
                box_pk=seat.box_pk if lets_in else bytes(32), name=seat.name if lets_in else "",
                rank=NONE if change.kind is REMOVE else seat.rank,
            ),
        ]  # fmt: skip
        after = read(*made)
        assert after.line[: len(roster.line)] == roster.line
        assert len(after.line) == len(roster.line) + 1, "what is said again counts"
        roster = after
    else:
        raise AssertionError("they go on for ever")
