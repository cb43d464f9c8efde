"""The rules for one foreign update (protocol §9), checked before the engine sees a byte of it.

The verdict depends on the log alone: on the updates folded so far and on these bytes. Every client
reaches the same one. It must never accept what splits a character, mixes two roots, refers to
what is not there or speaks for another client, and never refuse what our engine writes for an honest edit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import (
    ANY,
    DELETED,
    FORMAT,
    STRING,
    UPDATE_LIMITS,
    Struct,
    read_delete_set,
    read_struct,
)
from cryptpad_tui.crdt.items import PlacedStruct
from cryptpad_tui.crdt.kinds import TEXT_ROOT, PadKind
from cryptpad_tui.crdt.low_halves import LowHalves
from cryptpad_tui.crdt.order import DocumentOrder, EntryOrder
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader

__all__ = ["Checked", "FoldState", "InvalidUpdate"]

_TEXT_CONTENT = frozenset({STRING, FORMAT, DELETED})
_MAP_CONTENT = frozenset({ANY, DELETED})


@dataclass(slots=True)
class Zones:
    """Which root each clock of each client belongs to, as intervals."""

    starts: dict[int, list[int]] = field(default_factory=dict)
    roots: dict[int, list[str]] = field(default_factory=dict)

    def root_of(self, client: int, clock: int) -> str:
        """The root of a clock that is known to exist."""
        roots = self.roots[client]
        if len(roots) == 1:
            return roots[0]
        return roots[bisect_right(self.starts[client], clock) - 1]

    def extend(self, client: int, start: int, root: str) -> None:
        """From `start`, the client's highest clock so far, on it writes in `root`."""
        roots = self.roots.setdefault(client, [])
        if not roots or roots[-1] != root:
            roots.append(root)
            self.starts.setdefault(client, []).append(start)


LastText = tuple[int, Id | None]
"""The clock after a client's last text item, and that item's right origin."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Updates of one client that passed, and what folding them changes in the state they were checked in."""

    client_id: int
    first_clock: int
    next_clock: int
    updates: tuple[bytes, ...] = field(repr=False)
    zones: tuple[tuple[int, str], ...] = field(repr=False)
    low: LowHalves = field(repr=False)
    last_text: LastText | None = field(repr=False)
    structs: tuple[PlacedStruct, ...] = field(repr=False)


class FoldState:
    """What the validator remembers of the updates folded so far."""

    def __init__(self, kind: PadKind, order: DocumentOrder) -> None:
        self.kind = kind
        self.clocks: dict[int, int] = {}
        self.zones = Zones()
        self.low = LowHalves()
        self.last_text: dict[int, LastText] = {}
        self.order = order

    def check(self, client_id: int, updates: Sequence[bytes], *, checked_before: bool = False) -> Checked:
        """Judge the updates one after the other; nothing is changed. Raises InvalidUpdate.

        `checked_before`: this vault did it in this very state, so that no order of items is asked.
        """
        if not 0 <= client_id <= MAX_CLIENT:
            raise InvalidUpdate("client id over 53 bits")
        run = _Run(self, client_id, asks_order=not checked_before)
        try:
            for update in updates:
                run.check(update)
        finally:
            run.order.end()
        return Checked(
            client_id,
            self.clocks.get(client_id, 0),
            run.clock,
            tuple(updates),
            tuple(run.zones),
            run.low,
            run.last_text,
            tuple(run.order.structs),
        )

    def join(self, checked: Checked) -> None:
        """Take over what `check` found, once the updates are folded."""
        client = checked.client_id
        if self.clocks.get(client, 0) != checked.first_clock:
            raise ValueError("checked against another state")
        if checked.next_clock:
            self.clocks[client] = checked.next_clock
        for start, root in checked.zones:
            self.zones.extend(client, start, root)
        self.low.join(checked.low)
        if checked.last_text is not None:
            self.last_text[client] = checked.last_text
        self.order.follow(client, checked.structs)


class _Run:
    """The running state of one entry: its own structs count as known from where they end."""

    __slots__ = (
        "_asks_order",
        "_client",
        "_keys",
        "_roots",
        "_starts",
        "_state",
        "clock",
        "last_text",
        "low",
        "order",
        "zones",
    )

    def __init__(self, state: FoldState, client_id: int, *, asks_order: bool) -> None:
        self._state = state
        self._asks_order = asks_order
        self._client = client_id
        self._roots = state.kind.roots
        self._keys = state.kind.format_keys
        self.clock = state.clocks.get(client_id, 0)
        self.zones: list[tuple[int, str]] = []
        self._starts: list[int] = []
        self.low = state.low.fork()
        self.last_text = state.last_text.get(client_id)
        self.order = EntryOrder(state.order, client_id, self.clock, state.clocks)

    def check(self, update: bytes) -> None:
        if len(update) > UPDATE_LIMITS.update_bytes:
            raise InvalidUpdate("update over 256 KiB")
        reader = Reader(update)
        if reader.varint(1):
            self._check_block(reader)
        ranges = read_delete_set(reader, UPDATE_LIMITS)
        reader.finish()
        for client, first, length in ranges:
            if first + length > self._known(client):
                raise InvalidUpdate("delete range over unknown clocks")
            self._refuse_half(client, first)
            self._refuse_half(client, first + length)
        if self.low:
            for client, first, length in ranges:
                self.low.drop(client, first, length)

    def _check_block(self, reader: Reader) -> None:
        count = reader.varint(reader.size)
        if not count:
            raise InvalidUpdate("client block without structs")
        if reader.varint(MAX_CLIENT) != self._client:
            raise InvalidUpdate("another writer's client id")
        if reader.varint(MAX_CLOCK) != self.clock:
            raise InvalidUpdate("clock gap or overlap")
        for _ in range(count):
            self._check_struct(read_struct(reader, UPDATE_LIMITS, self._keys))

    def _check_struct(self, item: Struct) -> None:
        root = self._root_of(item)
        if root not in self._roots:
            raise InvalidUpdate("unknown root")
        in_text = root == TEXT_ROOT
        if item.is_map is in_text:
            raise InvalidUpdate("a text item with a key, or a map item without")
        if item.kind not in (_TEXT_CONTENT if in_text else _MAP_CONTENT):
            raise InvalidUpdate("content that its root cannot hold")
        if in_text:
            self._check_order(item)
        elif item.right is not None:
            raise InvalidUpdate("a map item with a right origin")
        if not self.zones or self.zones[-1][1] != root:
            self.zones.append((self.clock, root))
            self._starts.append(self.clock)
        if item.low_halves:
            self.low.add(self._client, [self.clock + offset for offset in item.low_halves])
        self.clock += item.length
        if self.clock > MAX_CLOCK:
            raise InvalidUpdate("clock over 31 bits")

    def _check_order(self, item: Struct) -> None:
        origin, right = item.origin, item.right
        last = self.last_text
        follows = last is not None and origin == (self._client, last[0] - 1) and right == last[1]
        # What is typed on stands where the item before it stands: left of the same right origin.
        if item.root is None and not follows and self._asks_order:
            self.order.require_gap(origin, right)
        self.order.structs.append((self.clock, item))
        self.last_text = (self.clock + item.length, right)

    def _root_of(self, item: Struct) -> str:
        if item.root is not None:
            return item.root
        origin, right = item.origin, item.right
        if origin is not None:
            self._refuse_half(origin[0], origin[1] + 1)
            root = self._zone_of(origin)
            if right is None:
                return root
        assert right is not None
        self._refuse_half(*right)
        right_root = self._zone_of(right)
        if origin is not None and right_root != root:
            raise InvalidUpdate("an item between two roots")
        return right_root

    def _zone_of(self, place: Id) -> str:
        client, clock = place
        if clock >= self._known(client):
            raise InvalidUpdate("reference to an unknown item")
        if client == self._client and self._starts and clock >= self._starts[0]:
            return self.zones[bisect_right(self._starts, clock) - 1][1]
        return self._state.zones.root_of(client, clock)

    def _known(self, client: int) -> int:
        return self.clock if client == self._client else self._state.clocks.get(client, 0)

    def _refuse_half(self, client: int, clock: int) -> None:
        """Refuse a cut just before `clock` if that is inside a character."""
        if self.low and (client, clock) in self.low:
            raise InvalidUpdate("a cut through a character")
