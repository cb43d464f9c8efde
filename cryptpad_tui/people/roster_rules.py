"""Who may do what in a team: one operation on the seats that there are. Pure; it knows no forks.

Owners may do everything but to each other: whoever has the folder's owner key cannot be put out. Admins let
viewers and editors in and out, and set these two roles. Nobody else changes anything, and the first owner is
there from the beginning, so that there always is one. Nobody uses up what is another's: behind the changes
that admins have together each has some of their own, which owners give, and the last ones are owners' alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cryptpad_tui.people.roster_ops import Kind, Operation, Rank

MAX_LINE: Final = 4_096
"""Operations of a team, from the first on."""
MAX_SHARED: Final = 896
"""Operations up to which any admin's counts; behind them it is one of their own."""
MAX_OWN: Final = 64
"""Such operations of one admin, from the owner's word on that made them one, or that said so again."""
MAX_LINE_OF_ADMINS: Final = 3_584
"""Those behind are owners' alone."""
MAX_SEATS: Final = 256


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a team."""

    ident_pk: bytes
    box_pk: bytes
    rank: Rank
    name: str
    """What the one who let them in calls them; raw."""
    since: bytes
    """The operation that let them in: in again is another seat."""
    spent: int = 0
    """How many of their own operations they have used up as an admin."""


Seats = Mapping[bytes, Seat]


def may_set(author: Rank, before: Rank, after: Rank) -> bool:
    """Whether somebody of this rank may take a member (NONE: somebody outside) to that rank (NONE: out)."""
    if before is after or before is Rank.OWNER:
        return False
    if author is Rank.OWNER:
        return True
    return author is Rank.ADMIN and max(before, after) <= Rank.EDITOR


def may_clear(author: Rank, gone: Rank) -> bool:
    """Whether somebody of this rank may take one who left off the line; an owner is taken off by owners."""
    return author is Rank.OWNER if gone is Rank.OWNER else may_set(author, gone, Rank.NONE)


def has_room(author: Seat, depth: int) -> bool:
    """Whether an operation of theirs counts behind so many."""
    if author.rank is Rank.OWNER:
        return depth < MAX_LINE
    return depth < MAX_SHARED or (depth < MAX_LINE_OF_ADMINS and author.spent < MAX_OWN)


def can_renew(author: Rank, subject: Seat) -> bool:
    """Whether an owner's word that an admin is one gives them all of their own operations again."""
    return author is Rank.OWNER and subject.rank is Rank.ADMIN and subject.spent > 0


def applied(seats: Seats, op: Operation, depth: int, *, has_left: bool = False) -> Seats | None:
    """The seats behind an operation; None where its author may not. `depth`: how many came before it;
    `has_left`: whether its subject said of their seat that they leave it."""
    if op.kind is Kind.FOUND:
        return {op.subject: _seat(op)} if not depth else None
    author, subject = seats.get(op.author), seats.get(op.subject)
    if author is None or op.kind is Kind.LEAVE or not has_room(author, depth):
        return None
    if (op.kind is Kind.ADD) != (subject is None) or not _may(author, subject, op, has_left=has_left):
        return None
    after = dict(seats)
    if author.rank is Rank.ADMIN and depth >= MAX_SHARED:
        after[op.author] = replace(author, spent=author.spent + 1)
    if op.kind is Kind.REMOVE:
        del after[op.subject]
        return after
    after[op.subject] = _seat(op) if subject is None else replace(subject, rank=op.rank, spent=0)
    return after if len(after) <= MAX_SEATS else None


def _may(author: Seat, subject: Seat | None, op: Operation, *, has_left: bool) -> bool:
    before = subject.rank if subject else Rank.NONE
    if subject is not None and op.kind is Kind.ROLE and op.rank is Rank.ADMIN:
        return may_set(author.rank, before, op.rank) or can_renew(author.rank, subject)
    if before is Rank.OWNER and op.kind is Kind.REMOVE and has_left:
        # By another than themselves: so an owner is left, whoever says what.
        return op.author != op.subject and may_clear(author.rank, before)
    return may_set(author.rank, before, op.rank)


def _seat(op: Operation) -> Seat:
    return Seat(op.subject, op.box_pk, op.rank, op.name, op.id)
