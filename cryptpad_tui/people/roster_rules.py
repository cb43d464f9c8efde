"""Who may do what in a team: one operation on the seats that there are. Pure; it knows no forks.

Owners may do everything but to each other: whoever has the folder's owner key cannot be put out. Admins let
viewers and editors in and out, and set these two roles. Nobody else changes anything, and the first owner is
there from the beginning, so that there always is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cryptpad_tui.people.roster_ops import Kind, Operation, Rank

MAX_LINE: Final = 1_024
"""Operations of a team, from the first on."""
MAX_LINE_OF_ADMINS: Final = 896
"""Those behind are owners' alone, so that no admin can use them up."""
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


Seats = Mapping[bytes, Seat]


def may_set(author: Rank, before: Rank, after: Rank) -> bool:
    """Whether somebody of this rank may take a member (NONE: somebody outside) to that rank (NONE: out)."""
    if before is after or before is Rank.OWNER:
        return False
    if author is Rank.OWNER:
        return True
    return author is Rank.ADMIN and max(before, after) <= Rank.EDITOR


def applied(seats: Seats, op: Operation, depth: int) -> Seats | None:
    """The seats behind an operation; None where its author may not. `depth`: how many came before it."""
    if op.kind is Kind.FOUND:
        return {op.subject: _seat(op)} if not depth else None
    author, subject = seats.get(op.author), seats.get(op.subject)
    if author is None or op.kind is Kind.LEAVE or depth >= _room(author.rank):
        return None
    before = subject.rank if subject else Rank.NONE
    if (op.kind is Kind.ADD) != (subject is None) or not may_set(author.rank, before, op.rank):
        return None
    if op.kind is Kind.ADD:
        return {**seats, op.subject: _seat(op)} if len(seats) < MAX_SEATS else None
    assert subject is not None
    if op.kind is Kind.ROLE:
        return {**seats, op.subject: replace(subject, rank=op.rank)}
    return {key: seat for key, seat in seats.items() if key != op.subject}


def _room(rank: Rank) -> int:
    return MAX_LINE if rank is Rank.OWNER else MAX_LINE_OF_ADMINS


def _seat(op: Operation) -> Seat:
    return Seat(op.subject, op.box_pk, op.rank, op.name, op.id)
