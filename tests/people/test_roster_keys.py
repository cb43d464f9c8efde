"""Keys follow the roster: whatever two sides of a team do at the same time, in the end everybody in it has
the keys that their role gives, and nobody else has any of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people.rosters import (
    ADD,
    ADMIN,
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
    leave,
    op,
    read,
    seats,
)

from cryptpad_tui.pad.roster import MAX_NOTE_BYTES
from cryptpad_tui.people import roster_duties
from cryptpad_tui.people.roster import TeamRoster, roster_of
from cryptpad_tui.people.roster_again import Change, leavers, to_say_again
from cryptpad_tui.people.roster_duties import Sealed, Why, endings, note_of
from cryptpad_tui.people.roster_ops import NOBODY, Kind, Operation, Rank, sign_operation
from cryptpad_tui.people.roster_rules import Seat, may_set

EXAMPLES = 1_000 if os.environ.get("CRYPTPAD_TUI_SOAK") else 20
GIVES = {NONE: 0, VIEWER: 1, EDITOR: 2, ADMIN: 2, OWNER: 2}


def whose(roster: TeamRoster, last: Sealed) -> dict[str, Why]:
    return {NAMES[each.ident_pk]: each.why for each in endings(roster, last)}


def after(*ops: Operation, note: str = "", members: dict[str, bool] | None = None) -> Sealed:
    """As the record of a change of keys that was made for these."""
    sealed = {PEOPLE[name].public: writes for name, writes in (members or {}).items()}
    return Sealed(note or note_of(read(*ops)), sealed if members is not None else None)


# -- an admin who is lowered while they let somebody in


def test_an_admin_who_is_lowered_while_they_let_somebody_in_leaves_nobody_with_keys() -> None:
    down = op("A", ROLE, "B", EDITOR, after=HOUSE[-1])
    let_in = op("B", ADD, "X", EDITOR, after=HOUSE[-1])
    for said in ((down,), (down, let_in)):
        # Before anybody saw whom they let in, too: they may be away, and their invitation on its way.
        assert whose(read(*HOUSE, *said), after(*HOUSE)) == {"B": Why.WAS_ADMIN}
    now = read(*HOUSE, down, let_in)
    assert "X" not in seats(now)
    assert whose(now, after(*HOUSE, down)) == {}, "the keys that this made are nobody's of before"
    back = op("A", ROLE, "B", ADMIN, after=down)
    assert whose(read(*HOUSE, down, back), after(*HOUSE)) == {"B": Why.WAS_ADMIN}, "also where they are again"


def test_who_was_let_in_twice_at_once_keeps_the_lower_right() -> None:
    writes, reads = op("B", ADD, "X", EDITOR, after=HOUSE[-1]), op("A", ADD, "X", VIEWER, after=HOUSE[-1])
    now = read(*HOUSE, writes, reads)
    assert seats(now)["X"] is VIEWER
    assert whose(now, after(*HOUSE)) == {"X": Why.READS}
    answered = note_of(now, note_of(read(*HOUSE)))
    assert whose(now, Sealed(answered)) == {}
    # What it names is passed on by the next one, which is made where that was not seen.
    assert whose(now, Sealed(note_of(read(*HOUSE, reads), answered))) == {}


def test_who_is_let_in_again_by_the_machine_that_let_them_in_loses_no_keys() -> None:
    let_in = op("B", ADD, "X", EDITOR, after=HOUSE[-1])
    other = op("A", ROLE, "D", ADMIN, after=HOUSE[-1])
    now = read(*HOUSE, let_in, other)
    assert "X" not in seats(now)
    assert whose(now, after(*HOUSE)) == {}
    # But once somebody decided otherwise.
    out = [op("A", ADD, "X", VIEWER, after=other)]
    out.append(op("A", REMOVE, "X", after=out[0]))
    assert whose(read(*HOUSE, let_in, other, *out), after(*HOUSE)) == {"X": Why.OUT}


@pytest.mark.parametrize("holds", [True, False])
def test_no_flood_of_what_is_lost_changes_keys_for_ever(monkeypatch: pytest.MonkeyPatch, holds: bool) -> None:
    """An admin makes more and more of it, each time the keys have changed."""
    if not holds:
        monkeypatch.setattr(roster_duties, "MAX_OF_ONE", 10**6)
    reads = op("A", ADD, "X", VIEWER, after=HOUSE[-1])
    note, changes, flood = note_of(read(*HOUSE)), 0, list[Operation]()
    for at in range(40):
        flood.append(named("B", ADD, "X", EDITOR, str(at), after=HOUSE[-1]))
        now = read(*HOUSE, reads, *flood)
        if whose(now, Sealed(note)):
            changes += 1
            note = note_of(now, note)
    assert (0 < changes <= 16) is holds
    # And who is an admin no more changes nothing by it.
    down = op("A", ROLE, "B", EDITOR, after=reads)
    note = note_of(read(*HOUSE, reads, *flood, down), note)
    flood.append(named("B", ADD, "F", EDITOR, "more", after=HOUSE[-1]))
    assert whose(read(*HOUSE, reads, *flood, down), Sealed(note)) == {}


def named(by: str, kind: Kind, of: str, rank: Rank, name: str, *, after: Operation) -> Operation:
    return sign_operation(
        PEOPLE[by], kind, team=TEAM, previous=after.id, subject=PEOPLE[of].public, box_pk=BOXES[of],
        rank=rank, name=name,
    )  # fmt: skip


def test_whom_an_admin_let_in_behind_another_owners_word_keeps_no_keys_when_that_loses() -> None:
    """They were an admin where they stood, though no longer on the line; of each author so many are meant."""
    two = [*HOUSE, op("A", ROLE, "C", OWNER, after=HOUSE[-1])]
    line = [op("A", ROLE, "B", EDITOR, after=two[-1])]
    line += [op("A", ROLE, "E", EDITOR, after=line[0])]
    line += [op("A", ROLE, "D", VIEWER, after=line[1])]
    there = [op("C", ADD, "F", VIEWER, after=two[-1])]
    there += [op("B", ADD, "X", EDITOR, after=there[0])]
    now = read(*two, *line, *there)
    assert now.line[-1] == line[-1]
    assert whose(now, Sealed(note_of(read(*two, *line)))) == {"X": Why.OUT}
    assert whose(now, Sealed(note_of(now, note_of(read(*two, *line))))) == {}


def test_an_owner_who_left_leaves_nobody_with_keys_by_what_they_said_as_an_admin() -> None:
    """They let somebody in while they were made an owner: that lost, and nobody is there to say it again."""
    up, let_in = op("A", ROLE, "B", OWNER, after=HOUSE[-1]), op("B", ADD, "X", EDITOR, after=HOUSE[-1])
    assert whose(read(*HOUSE, up, let_in), after(*HOUSE)) == {}, "their machine lets her in again"
    gone, out = leave("B", HOUSE[1]), op("A", REMOVE, "B", after=up)
    for said in ((gone,), (gone, out)):
        now = read(*HOUSE, up, let_in, *said)
        assert whose(now, after(*HOUSE)) == {"X": Why.OUT}
        assert whose(now, Sealed(note_of(now))) == {}


def test_a_note_stays_within_what_a_record_has_room_for() -> None:
    marks = " ".join([bytes([n, n]).hex() * 4 for n in range(250)])
    note = note_of(read(*HOUSE), f"{note_of(read(*HOUSE))} {marks}")
    assert len(note) <= MAX_NOTE_BYTES
    assert len(note.split(" ")) == 2 + roster_duties.MAX_MARKS
    assert note_of(read(*HOUSE), "team " + "00" * 32 + " no-mark") == note_of(read(*HOUSE))


# -- keys that were made for another roster


def test_keys_that_were_made_for_another_branch_are_made_again() -> None:
    theirs = op("C", ADD, "X", EDITOR, after=HOUSE[-1])
    made_for = after(*HOUSE, theirs, members={"B": True, "C": True, "D": True, "E": False, "X": True})
    ours = [op("A", REMOVE, "C", after=HOUSE[-1]), op("A", ADD, "F", VIEWER, after=HOUSE[-1])]
    ours[1] = op("A", ADD, "F", VIEWER, after=ours[0])
    now = read(*HOUSE, theirs, *ours)
    assert whose(now, made_for) == {"C": Why.OUT, "X": Why.OUT, "F": Why.LACKS}


def test_who_was_sent_the_keys_of_now_needs_no_others() -> None:
    let_in = op("B", ADD, "X", EDITOR, after=HOUSE[-1])
    made_for = after(*HOUSE, members={"B": True, "C": True, "D": True, "E": False})
    now = read(*HOUSE, let_in)
    assert whose(now, made_for) == {"X": Why.LACKS}
    given = Sealed(made_for.note, made_for.members, {PEOPLE["X"].public})
    assert whose(now, given) == {}
    up = op("B", ROLE, "E", EDITOR, after=let_in)
    assert whose(read(*HOUSE, let_in, up), given) == {"E": Why.LACKS}


# -- all of it


@dataclass(slots=True)
class Side:
    """Machines that hear of each other, and not of the others."""

    ops: list[Operation]
    epoch: int = 0
    last: Sealed = field(default_factory=Sealed)
    given: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def roster(self) -> TeamRoster:
        return roster_of(TEAM, OWNER_KEY.public, [each.raw for each in self.ops])


@dataclass(slots=True)
class World:
    """A team with two sides; keys are what each person was ever given, by epoch."""

    chance: Random
    sides: list[Side] = field(default_factory=lambda: [Side(list(HOUSE)), Side(list(HOUSE))])
    keys: dict[bytes, dict[int, int]] = field(default_factory=dict)
    owners: set[bytes] = field(default_factory=lambda: {PEOPLE["A"].public})

    def give(self, side: Side, key: bytes, right: int) -> None:
        """As an invitation does, or a grant in the folder."""
        held = self.keys.setdefault(key, {})
        held[side.epoch] = max(right, held.get(side.epoch, 0))
        side.given[key] = (side.epoch, right)

    def sign(self, side: Side, by: bytes, change: Change, *, is_again: bool = False) -> None:
        roster, seat = side.roster(), change.seat
        name, lets_in = NAMES[by], change.kind is ADD
        before = roster.rank_of(seat.ident_pk)
        if lets_in and seat.ident_pk in roster.left:
            return
        made = sign_operation(
            PEOPLE[name], change.kind, team=TEAM, previous=roster.head, subject=seat.ident_pk,
            box_pk=seat.box_pk if lets_in else NOBODY, name=seat.name if lets_in else "",
            rank=NONE if change.kind is REMOVE else seat.rank,
        )  # fmt: skip
        side.ops.append(made)
        after = side.roster()
        assert made.id == after.head, "what is signed at the end counts"
        rank = after.rank_of(seat.ident_pk)
        if rank is OWNER:
            self.owners.add(seat.ident_pk)
        if GIVES[rank] > GIVES[before] and not (lets_in and is_again):
            self.give(side, seat.ident_pk, GIVES[rank])

    def anything(self, side: Side) -> None:
        """Somebody does what they may."""
        roster, chance = side.roster(), self.chance
        authors = [key for key, seat in roster.seats.items() if seat.rank >= ADMIN]
        if chance.random() < 0.12:
            name = NAMES[chance.choice(list(roster.seats))]
            since = roster.valid[roster.seats[PEOPLE[name].public].since]
            is_last = roster.rank_of(PEOPLE[name].public) is OWNER and len(owners_of(roster)) == 1
            side.ops += [] if is_last else [leave(name, since)]
            return
        # Owners are rather on one side, and change admins there; these let people in on the other.
        is_first = side is self.sides[0]
        authors.sort(key=lambda key: (roster.rank_of(key) is OWNER) is not is_first)
        by = chance.choice(authors if chance.random() < 0.3 else authors[:1])
        of = PEOPLE[chance.choice("BBCCDF" if is_first else "CDEFXX")].public
        before, rank = roster.rank_of(of), chance.choice((NONE, VIEWER, EDITOR, ADMIN, OWNER))
        if not may_set(roster.rank_of(by), before, rank) or of in roster.left:
            return
        if rank is OWNER and before is not ADMIN:
            return
        known = roster.seats.get(of)
        kind = REMOVE if rank is NONE else ROLE if known else ADD
        self.sign(side, by, Change(kind, seat_of(of, rank)))

    def attack(self, side: Side) -> None:
        """Somebody who was an admin once says anything behind anything, and seals nothing."""
        chance = self.chance
        if PEOPLE["B"].public in self.owners:
            return
        kind, of = chance.choice((ADD, ADD, ROLE, REMOVE, LEAVE)), chance.choice("ACDEFX")
        behind = chance.choice([each for each in side.ops if each.kind is not LEAVE])
        rank = chance.choice((VIEWER, EDITOR, ADMIN, OWNER)) if kind in (ADD, ROLE) else NONE
        side.ops.append(op("B", kind, "B" if kind is LEAVE else of, rank, after=behind))

    def turn(self, side: Side) -> bool:
        """An owner's machine looks whether keys are to change."""
        roster = side.roster()
        last = Sealed(side.last.note, side.last.members, {
            key for key, seat in roster.seats.items()
            if side.given.get(key, (0, 0))[0] == side.epoch
            and side.given.get(key, (0, 0))[1] >= GIVES[seat.rank]
        })  # fmt: skip
        if not endings(roster, last):
            return False
        me = self.chance.choice(owners_of(roster))
        side.epoch += 1
        members = {key: seat.rank >= EDITOR for key, seat in roster.seats.items() if key != me}
        for key, writes in members.items():
            self.keys.setdefault(key, {})[side.epoch] = 1 + writes
        side.last = Sealed(note_of(roster, side.last.note), members)
        return True

    def meet(self) -> None:
        """Only the first side changes keys: a relay takes one record after another."""
        one, other = self.sides
        ops = list({each.raw: each for each in (*one.ops, *other.ops)}.values())
        self.chance.shuffle(ops)
        given = {
            key: self.chance.choice([each for each in (one.given.get(key), other.given.get(key)) if each])
            for key in {*one.given, *other.given}
        }
        for side in self.sides:
            side.ops, side.epoch, side.last, side.given = list(ops), one.epoch, one.last, dict(given)

    def settle(self) -> None:
        """All machines do what is theirs to do, until nothing is."""
        self.meet()
        side = self.sides[0]
        for _ in range(80):
            roster = side.roster()
            todo = [
                (key, change)
                for key, seat in roster.seats.items()
                if seat.rank >= ADMIN
                for change in (*leavers(roster, key), *to_say_again(roster, key))
            ]
            if todo:
                key, change = self.chance.choice(todo)
                self.sign(side, key, change, is_again=True)
            elif not self.turn(side):
                return
        raise AssertionError("it goes on for ever")


def seat_of(key: bytes, rank: Rank) -> Seat:
    return Seat(key, BOXES[NAMES[key]], rank, NAMES[key], b"")


def owners_of(roster: TeamRoster) -> list[bytes]:
    return [key for key, seat in roster.seats.items() if seat.rank is OWNER]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**64), st.integers(1, 24))
def test_everybody_has_the_keys_that_their_role_gives_and_nobody_else(seed: int, steps: int) -> None:
    play(seed, steps)


@pytest.mark.parametrize(
    ("rule", "seed", "steps"), [(Why.WAS_ADMIN, 338, 6), (Why.LACKS, 74, 6), (None, 154, 14)]
)
def test_without_one_of_the_reasons_somebody_keeps_keys_or_has_none(
    monkeypatch: pytest.MonkeyPatch, rule: Why | None, seed: int, steps: int
) -> None:
    play(seed, steps)
    reasons = roster_duties._reasons
    if rule is None:
        monkeypatch.setattr(roster_duties, "_lost_grants", lambda roster, note: [])
    else:
        monkeypatch.setattr(
            roster_duties, "_reasons", lambda *of: (each for each in reasons(*of) if each[1] is not rule)
        )
    with pytest.raises(AssertionError):
        play(seed, steps)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(st.integers(0, 2**64), st.integers(1, 24))
def test_an_admin_who_says_anything_anywhere_leaves_nobody_with_more(seed: int, steps: int) -> None:
    play(seed, steps, is_attacked=True)


def play(seed: int, steps: int, *, is_attacked: bool = False) -> None:
    world = World(Random(seed))
    for key, seat in world.sides[0].roster().seats.items():
        world.keys[key] = {0: GIVES[seat.rank]}
    for _ in range(steps):
        world.anything(world.chance.choice(world.sides))
        if is_attacked and world.chance.random() < 0.4:
            world.attack(world.chance.choice(world.sides))
        if world.chance.random() < 0.2:
            world.turn(world.sides[0])
        if world.chance.random() < 0.15:
            world.meet()
    world.settle()
    side = world.sides[0]
    roster = side.roster()
    assert roster == roster_of(TEAM, OWNER_KEY.public, [each.raw for each in reversed(side.ops)])
    assert not roster.left
    for name, seed_of in PEOPLE.items():
        key = seed_of.public
        has = world.keys.get(key, {}).get(side.epoch, 0)
        if key not in world.owners:
            right = GIVES[roster.rank_of(key)]
            assert has == right or (is_attacked and has < right and not side.epoch), (name, has, right)
