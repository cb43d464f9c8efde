"""A team's roster: one line of signed operations, found by every client alike from whatever is there. Pure.

Any set of operations gives the same roster in any order. Operations that follow the same one stand against
each other: what its owners took a right from loses against that, then the branch with an owner's word wins,
then the higher role, the longer branch, and the smaller id. It believes nobody: what is not signed, or not
its author's to do, is as if it were not there. It holds no key and opens nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank, check_subject, is_signed, read_operation
from cryptpad_tui.people.roster_rules import Seat, Seats, applied
from cryptpad_tui.people.roster_value import TeamRoster as TeamRoster

MAX_OPS: Final = 8_192
"""Operations that are looked at, those that are known first. None is left out for others of its author, or at
its place: who was put out could push out what everything later follows, by saying more behind the same."""
MAX_CHECKS: Final = 4_096
"""Signatures that one look checks: half a second, once."""
_NONE: Final[Seats] = MappingProxyType({})


@dataclass(slots=True)
class _Node:
    """One valid operation in the tree of all."""

    op: Operation
    rank: Rank
    """Its author's, when it was signed."""
    before: Seats
    depth: int
    children: list[_Node] = field(default_factory=list)
    authority: Rank = Rank.NONE
    height: int = 1
    taken: set[bytes] = field(default_factory=set)
    """Whom owners took a right from, here or behind it."""
    following: _Node | None = None
    """The one of its children that counts."""

    def after(self) -> Seats:
        """Not kept: branches may be many."""
        return applied(self.before, self.op, self.depth, has_left=True) or _NONE


def roster_of(
    team: bytes,
    owner_pk: bytes,
    raws: Collection[bytes],
    *,
    known: Collection[bytes] = (),
    signed: Collection[bytes] = (),
    checks: int | None = None,
) -> TeamRoster:
    """`owner_pk`: the key that the team's folder was born with. `raws` are of anybody, in any order; those in
    `known` were found to be signed before, which changes nothing but the time that it takes.

    `signed`: the same of some of `raws`. `checks`: how many signatures to look at at most; what is left over
    is told by `is_whole`."""
    most = MAX_CHECKS if checks is None else checks
    tree = _Tree(team, owner_pk, looked_at_first(raws, known), {*known, *signed}, most)
    roster = tree.roster()
    return replace(roster, is_whole=tree.is_whole and len({*raws, *known}) <= MAX_OPS)


def looked_at_first(raws: Iterable[bytes], known: Collection[bytes]) -> list[bytes]:
    """Those of many operations that a look takes: when these are gone, it takes others."""
    return [*sorted(known), *sorted({*raws}.difference(known))][:MAX_OPS]


@lru_cache(maxsize=2 * MAX_OPS)
def _parsed(raw: bytes) -> Operation:
    return read_operation(raw)


@lru_cache(maxsize=4 * MAX_CHECKS)
def _verified(op: Operation, owner_pk: bytes) -> bool:
    try:
        check_subject(op)
    except Malformed:
        return False
    return is_signed(op, owner_pk)


def _chosen(nodes: Sequence[_Node]) -> _Node | None:
    """Which of those that follow one operation counts."""
    if len(nodes) < 2:
        return nodes[0] if nodes else None

    # Thousands may follow one: of these only they are compared with each.
    answers = [node for node in nodes if node.taken]

    def order(node: _Node) -> tuple[bool, int, int, int, bytes]:
        return _is_answered(node, answers), -node.authority, -node.rank, -node.height, node.op.id

    return min(nodes, key=order)


def _is_answered(node: _Node, nodes: Sequence[_Node]) -> bool:
    """Whether an owner, on another branch, took a right from whoever began this one."""
    return any(node.op.author in each.taken for each in nodes if each is not node)


class _Tree:
    """All valid operations of one team."""

    def __init__(
        self, team: bytes, owner_pk: bytes, raws: Iterable[bytes], signed: set[bytes], checks: int
    ) -> None:
        self._team, self._owner_pk, self._checks, self._signed = team, owner_pk, checks, signed
        self._behind: dict[bytes, list[Operation]] = defaultdict(list)
        self._leaves: dict[bytes, list[Operation]] = defaultdict(list)
        self._forged: set[bytes] = set()
        self._words: dict[bytes, Operation | None] = {}
        for raw in raws:
            self._sort_in(raw)
        self._nodes: list[_Node] = []
        self._first = self._children(team, _NONE, 0)
        level = self._first
        while level:
            level = self._grow(level)
        for node in reversed(self._nodes):
            self._weigh(node)

    def _sort_in(self, raw: bytes) -> None:
        try:
            op = _parsed(raw)
        except Malformed:
            self._forged.add(raw)
            return
        if op.team == self._team:
            (self._leaves if op.kind is Kind.LEAVE else self._behind)[op.previous].append(op)

    # -- the tree

    def _grow(self, level: Sequence[_Node]) -> list[_Node]:
        """The next operations."""
        self._nodes += level
        found: list[_Node] = []
        for node in level:
            node.children = self._children(node.op.id, node.after(), node.depth + 1)
            found += node.children
        return found

    def _children(self, previous: bytes, seats: Seats, depth: int) -> list[_Node]:
        found: dict[bytes, _Node] = {}
        for op in sorted(self._behind.get(previous, ()), key=lambda op: op.id):
            # The same may be there twice: with a wrong signature, or two of one author over the same bytes.
            may = op.id not in found and self._may(seats, op, depth)
            if may and self._is_signed(op):
                rank = seats[op.author].rank if op.author in seats else Rank.OWNER
                found[op.id] = _Node(op, rank, seats, depth)
        return list(found.values())

    def _may(self, seats: Seats, op: Operation, depth: int) -> bool:
        if applied(seats, op, depth) is not None:
            return True
        if op.kind is not Kind.REMOVE or applied(seats, op, depth, has_left=True) is None:
            return False
        return self._word(seats[op.subject].since, op.subject) is not None

    def _word(self, since: bytes, holder: bytes) -> Operation | None:
        """By which somebody left the seat that an operation gave them."""
        if since not in self._words:
            words = [op for op in self._leaves.get(since, ()) if op.author == holder]
            self._words[since] = next((op for op in words if self._is_signed(op)), None)
        return self._words[since]

    def _is_signed(self, op: Operation) -> bool:
        if op.raw in self._signed:
            return True
        self._checks -= 1
        if self._checks < 0:
            return False
        signed = _verified(op, self._owner_pk)
        if not signed:
            self._forged.add(op.raw)
        return signed

    # -- which branch counts

    def _weigh(self, node: _Node) -> None:
        """Behind it everything was weighed. The sets of its children are its own from here on."""
        node.following = _chosen(node.children)
        node.authority = max([node.rank, *[each.authority for each in node.children]])
        node.height = 1 + max([each.height for each in node.children], default=0)
        for each in sorted(node.children, key=lambda each: -len(each.taken)):
            smaller, larger = sorted((node.taken, each.taken), key=len)
            larger |= smaller
            node.taken = larger
        # A role may be a higher one than before; who got that signs nothing that needs to lose.
        takes = node.op.kind in (Kind.REMOVE, Kind.ROLE) and node.op.rank < Rank.ADMIN
        if takes and node.rank is Rank.OWNER:
            node.taken.add(node.op.subject)

    def roster(self) -> TeamRoster:
        line: list[_Node] = []
        node = _chosen(self._first)
        while node is not None:
            line.append(node)
            node = node.following
        seats = line[-1].after() if line else _NONE
        kept, left = self._without_leavers(seats)
        on_line = {node.op.id for node in line}
        lost = [node for node in self._nodes if node.op.id not in on_line]
        decide = [*line, *[node for node in lost if node.authority is Rank.OWNER]]
        words = [self._word(seat.since, seat.ident_pk) for seat in (*seats.values(), *_taken_off(decide))]
        said = {op.id: op for op in words if op is not None}
        quit_seats = [node.op for node in self._nodes if self._leaves.get(node.op.id)]
        return TeamRoster(
            self._team,
            tuple([node.op for node in line]),
            kept,
            left,
            frozenset([node.op.id for node in line if self._has_left(_taken_off([node]))]),
            frozenset([op.id for op in quit_seats if self._word(op.id, op.subject)]),
            {node.op.id: node.op for node in self._nodes} | said,
            tuple([node.op for node in lost]),
            {node.op.id: node.after().get(node.op.subject) for node in lost},
            _beneath_owners(lost),
            {node.op.id: node.op for node in decide} | said,
            forged=frozenset(self._forged),
        )

    @property
    def is_whole(self) -> bool:
        return self._checks >= 0

    def _has_left(self, seats: Sequence[Seat]) -> bool:
        return any(self._word(seat.since, seat.ident_pk) for seat in seats)

    def _without_leavers(self, seats: Seats) -> tuple[Seats, Seats]:
        """Who left by their own word is out. Of the owners the one with the greatest id of leaving stays."""
        words = [self._word(seat.since, seat.ident_pk) for seat in seats.values()]
        owners = sum(seat.rank is Rank.OWNER for seat in seats.values())
        left: dict[bytes, Seat] = {}
        for op in sorted([word for word in words if word is not None], key=lambda op: op.id):
            seat = seats[op.author]
            if seat.rank is Rank.OWNER:
                if owners == 1:
                    continue
                owners -= 1
            left[op.author] = seat
        return {key: seat for key, seat in seats.items() if key not in left}, left


def _taken_off(nodes: Sequence[_Node]) -> list[Seat]:
    """The seats that these operations end."""
    return [node.before[node.op.subject] for node in nodes if node.op.kind is Kind.REMOVE]


def _beneath_owners(nodes: Sequence[_Node]) -> frozenset[bytes]:
    """`nodes`: what they follow comes first."""
    found: set[bytes] = set()
    for node in nodes:
        if node.rank is Rank.OWNER or node.op.previous in found:
            found.add(node.op.id)
    return frozenset(found)
