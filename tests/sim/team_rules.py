"""The rules of a team's roster once more, in the plainest words, to judge the product's by."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank

if TYPE_CHECKING:
    from sim.team_logs import Known


def owner_pk(folder: Known) -> bytes:
    return parse_genesis(folder.genesis, folder.pad_id).owner_pk


def may(author: Rank, before: Rank, after: Rank) -> bool:
    """Owners do all but put an owner out; admins what is about viewers and editors."""
    if before is Rank.OWNER:
        return False
    return author is Rank.OWNER or (author is Rank.ADMIN and before < Rank.ADMIN and after < Rank.ADMIN)


def faults(line: Sequence[Operation], team: bytes, born: bytes, left: Container[bytes]) -> Iterator[str]:
    """What stands on a line that nobody could say there. `left`: operations whose seats were left by the word
    of who had them."""
    ranks: dict[bytes, Rank] = {}
    seats: dict[bytes, bytes] = {}
    previous = team
    for at, op in enumerate(line):
        is_first = op.kind is Kind.FOUND
        label, key = ("pad1/teamborn", born) if is_first else ("pad1/teamop", op.author)
        if not verify_parts(key, op.signature, label, op.body):
            yield f"{op.kind.name} at {at} is not signed by whom it says"
        if op.previous != previous or is_first != (at == 0):
            yield f"{op.kind.name} at {at} does not follow what is before it"
        before, after = ranks.get(op.subject, Rank.NONE), op.rank
        author = ranks.get(op.author, Rank.NONE)
        clears = op.kind is Kind.REMOVE and author is Rank.OWNER and seats.get(op.subject) in left
        if not is_first and not clears and not may(author, before, after):
            yield f"{op.kind.name} at {at} was not its author's to say"
        ranks[op.subject], previous = after, op.id
        if op.kind in (Kind.FOUND, Kind.ADD):
            seats[op.subject] = op.id


def seat_before(roster: TeamRoster, op: Operation) -> bytes | None:
    """The operation by which its subject was in, when it was signed."""
    above = roster.valid.get(op.previous)
    while above is not None:
        if above.subject == op.subject and above.kind in (Kind.FOUND, Kind.ADD):
            return above.id
        if above.subject == op.subject and above.kind is Kind.REMOVE:
            return None
        above = roster.valid.get(above.previous)
    return None


def ever_lost(roster: TeamRoster, ident_pk: bytes) -> bool:
    """Whether somebody ever said, where it counted or not, that they write no more."""
    said = [op for op in roster.valid.values() if op.subject == ident_pk]
    return any(op.kind in (Kind.REMOVE, Kind.LEAVE) or op.rank < Rank.EDITOR for op in said)
