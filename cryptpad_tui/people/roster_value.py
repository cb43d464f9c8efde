"""What holds in a team, as it was found from all that was said: a value, which decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptpad_tui.people.roster_ops import Operation, Rank
from cryptpad_tui.people.roster_rules import Seat, Seats


@dataclass(frozen=True, slots=True)
class TeamRoster:
    """What holds in a team."""

    team: bytes
    line: tuple[Operation, ...] = ()
    seats: Seats = field(default_factory=dict)
    """By identity, in the order in which they came, without those who left."""
    left: Seats = field(default_factory=dict)
    """Who left and was not taken off the line yet."""
    cleared: frozenset[bytes] = frozenset()
    """Operations of the line that took somebody off who had left."""
    quit: frozenset[bytes] = frozenset()
    """Operations, on the line or not, whose subjects said that they leave the seat that these gave."""
    valid: Mapping[bytes, Operation] = field(default_factory=dict)
    """All that is signed by somebody who might, on the line or not, and who left; by id."""
    lost: tuple[Operation, ...] = ()
    """Valid, and not on the line; what they followed comes first."""
    seen: Mapping[bytes, Seat | None] = field(default_factory=dict)
    """By lost operation, its subject's seat behind it."""
    beneath_owners: frozenset[bytes] = frozenset()
    """Lost operations of owners, and those behind them on their branches."""
    kept: Mapping[bytes, Operation] = field(default_factory=dict)
    """Of the valid ones those that decide: the line, branches that an owner spoke in, and words of leaving
    about seats of these. Nobody who was put out can make more of them."""
    is_whole: bool = True
    """Whether nothing was left for another look, for its costs."""
    forged: frozenset[bytes] = frozenset()
    """Bytes that say of themselves what they are not: no operation, or not signed by whom they say."""

    @property
    def head(self) -> bytes:
        """The last operation's id; the team's where there is none."""
        return self.line[-1].id if self.line else self.team

    def rank_of(self, ident_pk: bytes) -> Rank:
        seat = self.seats.get(ident_pk)
        return seat.rank if seat else Rank.NONE

    def behind(self, op_id: bytes) -> Sequence[Operation] | None:
        """The line behind an operation; None where it does not stand on it."""
        if op_id == self.team:
            return self.line
        at = next((at for at, op in enumerate(self.line) if op.id == op_id), None)
        return None if at is None else self.line[at + 1 :]
