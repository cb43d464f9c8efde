"""A document's state that was kept where nobody else writes, and what its validator knew then.

Reading every item of a long document costs a second, which neither opening it nor showing it needs. It must
never be made of bytes that came from somebody else: nothing in it is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptpad_tui.crdt.collector import collector_paused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.neighbours import Source
from cryptpad_tui.crdt.order import DocumentOrder
from cryptpad_tui.crdt.snapshot_check import check_snapshot
from cryptpad_tui.crdt.split import own_end
from cryptpad_tui.crdt.validator import FoldState

OwnRanges = Mapping[str, Mapping[str, list[Any]]]
"""Plain values for JSON: at which clocks each client's roots begin, and its second halves of characters."""


@dataclass(frozen=True, slots=True, repr=False)
class OwnState:
    """The whole state as one update, how far its clocks have come, and what else is known of them."""

    update: bytes
    clocks: dict[int, int]
    ranges: OwnRanges | None
    later: list[tuple[int, Sequence[bytes]]] = field(default_factory=list)
    """By which client, what was folded behind that and is not read either."""
    later_clocks: dict[int, int] = field(default_factory=dict)

    def add(self, client_id: int, updates: Sequence[bytes]) -> None:
        """These were judged and folded behind all that is here, by this vault."""
        self.later.append((client_id, updates))
        for _, end in map(own_end, updates):
            if end:
                self.later_clocks[client_id] = end

    def reached(self) -> dict[int, int]:
        """How far the clocks have come, with what is behind it."""
        return {**self.clocks, **self.later_clocks}

    def read(self, kind: PadKind, source: Source) -> FoldState:
        """The validator's state of `update`; `source` will give later states. Without `ranges` it costs every
        item.
        """
        if self.ranges is None:
            with collector_paused():
                return check_snapshot(kind, self.update, self.clocks, source, checked_before=True)
        state = FoldState(kind, DocumentOrder(source))
        state.clocks = dict(self.clocks)
        for client, starts in self.ranges["roots"].items():
            for start, root in starts:
                state.zones.extend(int(client), start, root)
        low = state.low.fork()
        for client, clocks in self.ranges["halves"].items():
            low.add(int(client), clocks)
        state.low.join(low)
        return state


def ranges_of(state: FoldState) -> OwnRanges:
    """What `OwnState` can be given instead of reading every item."""
    zones = state.zones
    roots = {
        str(client): list(zip(zones.starts[client], zones.roots[client], strict=True))
        for client in zones.starts
    }
    return {"roots": roots, "halves": {str(client): clocks for client, clocks in state.low.clocks().items()}}
