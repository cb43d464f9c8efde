"""People of a team, and operations of theirs, for tests of its roster."""

from __future__ import annotations

from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.people.identity import BoxKey
from cryptpad_tui.people.roster import TeamRoster, roster_of
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank, sign_operation

TEAM = bytes(range(32))
OWNER_KEY = SigningSeed(b"o" * 32)
PEOPLE = {name: SigningSeed(name.encode() * 32) for name in "ABCDEFX"}
BOXES = {name: BoxKey(name.encode() * 32).public for name in PEOPLE}
NAMES = {seed.public: name for name, seed in PEOPLE.items()}


def found(name: str = "A") -> Operation:
    return sign_operation(
        OWNER_KEY,
        Kind.FOUND,
        team=TEAM,
        previous=TEAM,
        author=PEOPLE[name].public,
        subject=PEOPLE[name].public,
        box_pk=BOXES[name],
        rank=Rank.OWNER,
        name=name,
    )


def op(author: str, kind: Kind, subject: str, rank: Rank = Rank.NONE, *, after: Operation) -> Operation:
    lets_in = kind is Kind.ADD
    return sign_operation(
        PEOPLE[author],
        kind,
        team=TEAM,
        previous=after.id,
        subject=PEOPLE[subject].public,
        box_pk=BOXES[subject] if lets_in else bytes(32),
        rank=rank,
        name=subject if lets_in else "",
    )


def line(*said: tuple[str, Kind, str, Rank]) -> list[Operation]:
    made = [found()]
    for author, kind, subject, rank in said:
        made.append(op(author, kind, subject, rank, after=made[-1]))
    return made


def read(*ops: Operation) -> TeamRoster:
    return roster_of(TEAM, OWNER_KEY.public, [each.raw for each in ops])


def seats(roster: TeamRoster) -> dict[str, Rank]:
    return {NAMES[key]: seat.rank for key, seat in roster.seats.items()}


ADD, ROLE, REMOVE, LEAVE = Kind.ADD, Kind.ROLE, Kind.REMOVE, Kind.LEAVE
NONE, VIEWER, EDITOR, ADMIN, OWNER = Rank
HOUSE = line(("A", ADD, "B", ADMIN), ("A", ADD, "C", ADMIN), ("B", ADD, "D", EDITOR), ("C", ADD, "E", VIEWER))
ALL = {"A": OWNER, "B": ADMIN, "C": ADMIN, "D": EDITOR, "E": VIEWER}


def leave(name: str, seat: Operation) -> Operation:
    return op(name, LEAVE, name, after=seat)
