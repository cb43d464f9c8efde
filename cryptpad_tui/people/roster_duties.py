"""What follows from a team's roster for its keys: who has more of them than their role gives, or less.

Pure decisions; an owner's machine carries them out by one change of keys, which answers all at once. It signs
nothing and takes nothing back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_again import aim_of, places_of, to_say_again
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank

NOTE: Final = "team "
"""How the note of a change of keys begins that says which operation it follows."""
MARK_BYTES: Final = 8
"""Of the ids of lost operations that a note names: they only save a change of keys."""
MAX_MARKS: Final = 160
"""So that a note holds them."""
MAX_OF_ONE: Final = 16
"""Lost operations of one author that change keys: who makes more of them costs nobody more."""


class Why(Enum):
    """Why keys are to change for somebody. Who has several reasons is named by the first."""

    OUT = 1
    READS = 2
    """They write no more."""
    WAS_ADMIN = 3
    """Whomever they let in at the same moment, which does not count, may have keys by them."""
    LACKS = 4
    """They are in, and nobody sealed for them what their role gives."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Somebody whose keys are more than their role, or less."""

    ident_pk: bytes
    name: str
    why: Why

    @property
    def is_out(self) -> bool:
        return self.why is Why.OUT


@dataclass(frozen=True, slots=True)
class Sealed:
    """Whom the newest keys were sealed to."""

    note: str = ""
    """What the record of these keys says; empty for the first ones."""
    members: Mapping[bytes, bool] | None = None
    """By identity, whether they may write; None for the first keys, and where the record is not here."""
    granted: Collection[bytes] = field(default=())
    """For whom whoever let them in, or up, sealed these very keys since."""


def note_of(roster: TeamRoster, before: str = "") -> str:
    """What an owner's change of keys says, sealed for the team: it was made for this roster, and answers what
    was lost until then. `before`: what the one before it said."""
    if not roster.line:
        return ""
    answered = [_mark(op) for op in _lost_grants(roster, before)]
    marks = [*answered, *[mark for mark in sorted(_marks(before)) if mark not in answered]]
    return " ".join([NOTE + roster.head.hex(), *[mark.hex() for mark in marks[:MAX_MARKS]]])


def followed(note: str) -> bytes | None:
    """The operation that a note names; None where it is another note."""
    named = note.removeprefix(NOTE).split(" ")[0] if note.startswith(NOTE) else ""
    try:
        op_id = bytes.fromhex(named)
    except ValueError:
        return None
    return op_id if len(op_id) == 32 else None


def _marks(note: str) -> frozenset[bytes]:
    if followed(note) is None:
        return frozenset()
    try:
        return frozenset([bytes.fromhex(each) for each in note.split(" ")[2 : 2 + MAX_MARKS]])
    except ValueError:
        return frozenset()


def _mark(op: Operation) -> bytes:
    return op.id[:MARK_BYTES]


def is_cut_short(roster: TeamRoster, note: str) -> bool:
    """Whether an owner knew of operations that are not here: somebody took them out."""
    op_id = followed(note)
    return op_id is not None and op_id not in roster.valid


def endings(roster: TeamRoster, last: Sealed) -> list[Ending]:
    """For whom keys are to change, since they changed last."""
    found: dict[bytes, Why] = {}
    for key, why in sorted(_reasons(roster, last, _Pending(roster)), key=lambda each: each[1].value):
        found.setdefault(key, why)
    return [Ending(key, _named(roster, key), why) for key, why in found.items()]


class _Pending:
    """Who comes in as soon as the machine of whoever let them in says it again; nobody ends their keys."""

    def __init__(self, roster: TeamRoster) -> None:
        self._roster = roster
        self._aims: dict[bytes, Rank] | None = None

    def right_of(self, ident_pk: bytes) -> int:
        if self._aims is None:
            self._aims = {}
            authors = {op.author for op in self._roster.lost}
            for author in sorted(each for each in authors if self._roster.rank_of(each) >= Rank.ADMIN):
                for change in to_say_again(self._roster, author):
                    key, aim = change.seat.ident_pk, aim_of(change)
                    self._aims[key] = min(aim, self._aims.get(key, aim))
        return max(_right(self._aims.get(ident_pk, Rank.NONE)), _right(self._roster.rank_of(ident_pk)))


def _reasons(roster: TeamRoster, last: Sealed, pending: _Pending) -> Iterator[tuple[bytes, Why]]:
    yield from _by_the_line(roster, last.note)
    owners, sealed = _owners(roster), {key: 1 + writes for key, writes in (last.members or {}).items()}
    given, answered = dict(sealed), _marks(last.note)
    for op in _lost_grants(roster, last.note):
        if _mark(op) not in answered:
            seat = roster.seen[op.id]
            given[op.subject] = max(_right(seat.rank if seat else Rank.NONE), given.get(op.subject, 0))
    for key, right in given.items():
        if key not in owners and right > pending.right_of(key):
            yield key, Why.READS if roster.rank_of(key) else Why.OUT
    for key, seat in roster.seats.items() if last.members is not None else ():
        if key not in owners and _right(seat.rank) > sealed.get(key, 0) and key not in last.granted:
            yield key, Why.LACKS


def _right(rank: Rank) -> int:
    """Nothing, to read, to write."""
    return min(rank, Rank.EDITOR)


def _owners(roster: TeamRoster) -> set[bytes]:
    """Who has the owner's key, whatever is sealed to them: no change of keys ends that."""
    seats = (*roster.seats.values(), *roster.left.values())
    return {seat.ident_pk for seat in seats if seat.rank is Rank.OWNER}


def _by_the_line(roster: TeamRoster, note: str) -> Iterator[tuple[bytes, Why]]:
    """Whom the line took a right from, behind what the newest keys follow."""
    start, ranks = _since(roster, note), dict[bytes, Rank]()
    for at, op in enumerate(roster.line):
        before, ranks[op.subject] = ranks.get(op.subject, Rank.NONE), op.rank
        if at < start or before is Rank.OWNER:
            continue
        now, wrote = roster.rank_of(op.subject), before >= Rank.EDITOR > op.rank
        if now is Rank.NONE and (op.kind is Kind.REMOVE or wrote):
            yield op.subject, Why.OUT
        elif wrote and now < Rank.EDITOR:
            yield op.subject, Why.READS
        if before is Rank.ADMIN > op.rank:
            yield op.subject, Why.WAS_ADMIN


def _since(roster: TeamRoster, note: str) -> int:
    """Where on the line what the newest keys were made for ends; where they were made for another branch,
    where that leaves the line."""
    places, op_id = places_of(roster), followed(note)
    while op_id is not None and op_id not in places:
        above = roster.valid.get(op_id)
        op_id = above.previous if above is not None else None
    return places[op_id] + 1 if op_id is not None else 0


def _lost_grants(roster: TeamRoster, note: str) -> list[Operation]:
    """Operations that do not count, and by which somebody may have been given keys all the same.

    What an owner took an author's right for is answered by the change of keys that this made. That is not so
    where an owner had gone on behind it, nor of owners who left: nothing ends with them.
    """
    known, before_note, left = _marks(note), _above(roster, followed(note)), _left_as_owners(roster)
    found: list[Operation] = []
    for op in roster.lost:
        gives = op.kind is Kind.ADD or (op.kind is Kind.ROLE and op.rank >= Rank.EDITOR)
        counts = op.author in left or roster.rank_of(op.author) >= Rank.ADMIN
        if gives and (counts or op.id in roster.beneath_owners) and op.id not in before_note:
            found.append(op)
    told: Counter[bytes] = Counter()
    kept: list[Operation] = []
    for op in sorted(found, key=lambda op: (_mark(op) not in known, op.id)):
        told[op.author] += 1
        if told[op.author] <= MAX_OF_ONE:
            kept.append(op)
    return kept[:MAX_MARKS]


def _left_as_owners(roster: TeamRoster) -> set[bytes]:
    found, ranks = {key for key, seat in roster.left.items() if seat.rank is Rank.OWNER}, dict[bytes, Rank]()
    for op in roster.line:
        if ranks.get(op.subject) is Rank.OWNER:
            found.add(op.subject)
        ranks[op.subject] = op.rank
    return found


def _above(roster: TeamRoster, op_id: bytes | None) -> frozenset[bytes]:
    """An operation and what it follows."""
    found: set[bytes] = set()
    while op_id is not None and op_id in roster.valid:
        found.add(op_id)
        op_id = roster.valid[op_id].previous
    return frozenset(found)


def _named(roster: TeamRoster, ident_pk: bytes) -> str:
    """What the last one who let them in called them."""
    said = [op.name for op in (*roster.lost, *roster.line) if op.subject == ident_pk]
    return next((name for name in reversed(said) if name), "")
