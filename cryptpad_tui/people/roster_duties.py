"""What follows from a team's roster for those who keep it: whose keys are to end, what is to be said again.

Pure decisions; the machines of admins and owners carry them out. It signs nothing and takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank
from cryptpad_tui.people.roster_rules import Seat, may_set

NOTE: Final = "team "
"""How the note of a change of keys begins that says which operation it follows."""


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody is to sign, behind the roster's head."""

    kind: Kind
    seat: Seat
    """As it is to be; for REMOVE as it is."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Somebody whose keys are more than their role."""

    ident_pk: bytes
    name: str
    is_out: bool
    """Or may only read from here on."""


def note_of(roster: TeamRoster) -> str:
    """What an owner's change of keys says, sealed for the team: it was made for this roster."""
    return NOTE + roster.head.hex() if roster.line else ""


def followed(note: str) -> bytes | None:
    """The operation that a note names; None where it is another note."""
    try:
        op_id = bytes.fromhex(note.removeprefix(NOTE)) if note.startswith(NOTE) else b""
    except ValueError:
        return None
    return op_id if len(op_id) == 32 else None


def is_cut_short(roster: TeamRoster, note: str) -> bool:
    """Whether an owner knew of operations that are not here: somebody took them out."""
    op_id = followed(note)
    return op_id is not None and op_id not in roster.valid


def endings(roster: TeamRoster, note: str) -> list[Ending]:
    """Whose keys are to end, since the change of keys that this note came with; all there ever were, where
    it names nothing on the line."""
    since = followed(note)
    behind = roster.behind(since) if since is not None else None
    start = len(roster.line) - len(behind) if behind is not None else 0
    found: dict[bytes, Ending] = {}
    ranks = {op.subject: op.rank for op in roster.line[:start]}
    for op in roster.line[start:]:
        before = ranks.get(op.subject, Rank.NONE)
        if op.kind is Kind.REMOVE or (before >= Rank.EDITOR > op.rank):
            found[op.subject] = Ending(op.subject, "", op.kind is Kind.REMOVE)
        ranks[op.subject] = op.rank
    return [
        Ending(key, _named(roster, key), roster.rank_of(key) is Rank.NONE)
        for key in found
        if roster.rank_of(key) < Rank.EDITOR
    ]


def _named(roster: TeamRoster, ident_pk: bytes) -> str:
    """What the last one who let them in called them."""
    said = [op.name for op in roster.line if op.subject == ident_pk and op.kind in (Kind.ADD, Kind.FOUND)]
    return said[-1] if said else ""


def leavers(roster: TeamRoster, me: bytes) -> list[Change]:
    """Who left, and whom this person may take off the line."""
    mine = roster.rank_of(me)
    return [Change(Kind.REMOVE, seat) for seat in roster.left.values() if may_set(mine, seat.rank, Rank.NONE)]


def to_say_again(roster: TeamRoster, me: bytes) -> list[Change]:
    """What this person did on a branch that does not count, and what nobody has decided since on the line.

    Whom another took out, who still may: that is said for them, who may be away for long.
    """
    last = {(op.subject, op.author): op for op in roster.lost if op.kind is not Kind.FOUND}
    mine, wanted = roster.rank_of(me), dict[bytes, Change]()
    for op in sorted(last.values(), key=lambda op: op.author != me):
        before = roster.rank_of(op.subject)
        is_out = op.kind is Kind.REMOVE and may_set(roster.rank_of(op.author), before, Rank.NONE)
        for change in _again(roster, op) if op.author == me or is_out else ():
            if may_set(mine, before, _aim(change)):
                wanted.setdefault(op.subject, change)
    return list(wanted.values())


def _aim(change: Change) -> Rank:
    return Rank.NONE if change.kind is Kind.REMOVE else change.seat.rank


def _again(roster: TeamRoster, op: Operation) -> Iterator[Change]:
    now, then = roster.seats.get(op.subject), roster.seen.get(op.id)
    if op.kind is Kind.REMOVE:
        # Taking out wins over whatever else was said of them, unless they were let in anew.
        if now is not None and any(each.id == now.since for each in _before(roster, op)):
            yield Change(Kind.REMOVE, now)
        return
    at = _fork(roster, op)
    if then is None or any(each.subject == op.subject for each in roster.line[at + 1 :]):
        return
    if now is None and op.subject not in roster.left:
        yield Change(Kind.ADD, then)
    elif now is not None and now.rank is not then.rank:
        yield Change(Kind.ROLE, then)


def _fork(roster: TeamRoster, op: Operation) -> int:
    """Where on the line the operation's branch leaves it; -1 for before its beginning."""
    places = {each.id: at for at, each in enumerate(roster.line)}
    above: Operation | None = op
    while above is not None and above.previous not in places:
        above = roster.valid.get(above.previous)
    return -1 if above is None else places[above.previous]


def _before(roster: TeamRoster, op: Operation) -> Iterator[Operation]:
    """What it follows, the line's beginning last."""
    above = roster.valid.get(op.previous)
    while above is not None:
        yield above
        above = roster.valid.get(above.previous)
