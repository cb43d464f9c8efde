"""What lost against something that was said at the same time, and is to be said again on a team's line.

Pure decisions; the machines of admins and owners sign. Nobody comes in again by it whom somebody took out
since, or who left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank
from cryptpad_tui.people.roster_rules import MAX_SEATS, Seat, has_room, may_clear, may_set


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody is to sign, behind the roster's head."""

    kind: Kind
    seat: Seat
    """As it is to be; for REMOVE as it is."""


def leavers(roster: TeamRoster, me: bytes) -> list[Change]:
    """Who left, and whom this person may take off the line."""
    if not _may_say_more(roster, me):
        return []
    mine = roster.rank_of(me)
    return [Change(Kind.REMOVE, seat) for seat in roster.left.values() if may_clear(mine, seat.rank)]


def to_say_again(roster: TeamRoster, me: bytes) -> list[Change]:
    """What this person did on a branch that does not count, and what nobody has decided since.

    Whom another took out, who still may: that is said for them, who may be away for long.
    """
    if not _may_say_more(roster, me):
        return []
    last = {(op.subject, op.author): op for op in roster.lost if op.kind is not Kind.FOUND}
    mine, wanted, places = roster.rank_of(me), dict[bytes, Change](), places_of(roster)
    decided = _decided_behind(roster) if any(op.author == me for op in last.values()) else frozenset()
    for op in sorted(last.values(), key=lambda op: op.author != me):
        before = roster.rank_of(op.subject)
        is_out = op.kind is Kind.REMOVE and may_set(roster.rank_of(op.author), before, Rank.NONE)
        if op.kind is not Kind.REMOVE and (op.author != me or op.id in decided):
            continue
        for change in _again(roster, op, places) if op.author == me or is_out else ():
            if may_set(mine, before, aim_of(change)):
                wanted.setdefault(op.subject, change)
    return list(wanted.values())


def _may_say_more(roster: TeamRoster, me: bytes) -> bool:
    """Whether anything of theirs counts: who used up their changes has nothing to say again."""
    seat = roster.seats.get(me)
    return seat is not None and has_room(seat, len(roster.line))


def aim_of(change: Change) -> Rank:
    """Where it takes its subject."""
    return Rank.NONE if change.kind is Kind.REMOVE else change.seat.rank


def places_of(roster: TeamRoster) -> Mapping[bytes, int]:
    """Where each operation stands on the line."""
    return {each.id: at for at, each in enumerate(roster.line)}


def fork_of(roster: TeamRoster, op: Operation, places: Mapping[bytes, int]) -> int:
    """Where on the line the operation's branch leaves it; -1 for before its beginning."""
    above: Operation | None = op
    while above is not None and above.previous not in places:
        above = roster.valid.get(above.previous)
    return -1 if above is None else places[above.previous]


def _again(roster: TeamRoster, op: Operation, places: Mapping[bytes, int]) -> Iterator[Change]:
    now, then = roster.seats.get(op.subject), roster.seen.get(op.id)
    if op.kind is Kind.REMOVE:
        # Taking out wins over whatever else was said of them, unless they were let in anew.
        if now is not None and any(each.id == now.since for each in _before(roster, op)):
            yield Change(Kind.REMOVE, now)
        return
    at = fork_of(roster, op, places)
    # Who left is taken off the line before they come in again: that decides nothing about coming in.
    since = [each for each in roster.line[at + 1 :] if each.id not in roster.cleared]
    if then is None or then.since in roster.quit or any(each.subject == op.subject for each in since):
        return
    if now is None and op.subject not in roster.left and len(roster.seats) < MAX_SEATS:
        yield Change(Kind.ADD, then)
    elif now is not None and now.rank is not then.rank:
        yield Change(Kind.ROLE, then)


def _before(roster: TeamRoster, op: Operation) -> Iterator[Operation]:
    """What it follows, the line's beginning last."""
    above = roster.valid.get(op.previous)
    while above is not None:
        yield above
        above = roster.valid.get(above.previous)


def _decided_behind(roster: TeamRoster) -> frozenset[bytes]:
    """Lost operations about whose subject somebody who still decides said something else behind them."""
    lost = {op.id: op for op in roster.lost}
    behind: dict[bytes, list[Operation]] = defaultdict(list)
    for op in roster.lost:
        behind[op.previous].append(op)
    decided: set[bytes] = set()
    latest: dict[bytes, Operation | None] = {}
    # Each branch once, with what it said last of everybody; on the way back that is as it was before.
    steps: list[tuple[Operation, Operation | None, bool]] = [
        (op, None, False) for op in roster.lost if op.previous not in lost
    ]
    while steps:
        op, earlier, is_done = steps.pop()
        if is_done:
            latest[op.subject] = earlier
            continue
        above = latest.get(op.subject)
        if above is not None and above.author != op.author and roster.rank_of(op.author) >= Rank.ADMIN:
            decided.add(above.id)
        steps.append((op, above, True))
        latest[op.subject] = op
        steps += [(each, None, False) for each in behind[op.id]]
    return frozenset(decided)
