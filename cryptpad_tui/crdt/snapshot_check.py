"""The rules for a snapshot: the grammar of updates with many clients and larger bounds (protocol §9).

A snapshot is written by a client that may lie, so it is foreign like any other update. What it holds
must be complete: every client from clock 0 to the clock its table says, every reference inside it.
It must never accept what the rules for single updates would have kept out of a document.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import ANY, DELETED, SNAPSHOT_LIMITS, Struct, read_delete_set, read_struct
from cryptpad_tui.crdt.items import CircularItems, ItemList, PlacedStruct
from cryptpad_tui.crdt.kinds import TEXT_ROOT, PadKind
from cryptpad_tui.crdt.neighbours import Source
from cryptpad_tui.crdt.order import DocumentOrder
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader
from cryptpad_tui.crdt.validator import FoldState

MAX_CLIENTS = 1 << 16

_Link = int
"""The index of a map item whose root is that of the item it refers to."""


def check_snapshot(
    kind: PadKind,
    update: bytes,
    clocks: Mapping[int, int],
    source: Source,
    *,
    checked_before: bool = False,
) -> FoldState:
    """The validator's state after the snapshot; `source` will give later states. Raises InvalidUpdate.

    `checked_before`: the bytes are of one's own fold, and what its items refer to is not asked again.
    """
    if len(update) > SNAPSHOT_LIMITS.update_bytes:
        raise InvalidUpdate("snapshot over 256 MiB")
    state = FoldState(kind, DocumentOrder(source))
    state.clocks = {client: clock for client, clock in clocks.items() if clock}
    reading = _Reading(state)
    reader = Reader(update)
    reading.read_blocks(reader)
    ranges = read_delete_set(reader, SNAPSHOT_LIMITS)
    reader.finish()
    reading.resolve_links()
    if not checked_before:
        reading.check_references()
    for client, first, length in ranges:
        if first + length > state.clocks.get(client, 0):
            raise InvalidUpdate("delete range over unknown clocks")
        if state.low and ((client, first) in state.low or (client, first + length) in state.low):
            raise InvalidUpdate("a cut through a character")
    if state.low:
        live = state.low.fork()
        for client, first, length in ranges:
            live.drop(client, first, length)
        state.low.join(live)
    if not checked_before:
        state.order = DocumentOrder(source, reading.check_order())
    return state


class _Reading:
    """What one pass over the blocks has found."""

    def __init__(self, state: FoldState) -> None:
        self.state = state
        self._low = state.low.fork()
        self._starts: dict[int, list[int]] = {}
        self._roots: dict[int, list[str | _Link]] = {}
        self._links: list[Id] = []
        self._texts: dict[int, list[PlacedStruct]] = {}
        self._references: list[tuple[int, int, Id | None, Id | None]] = []

    def read_blocks(self, reader: Reader) -> None:
        clocks = self.state.clocks
        if reader.varint(MAX_CLIENTS) != len(clocks):
            raise InvalidUpdate("other clients than the table's")
        for _ in range(len(clocks)):
            count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
            if client not in clocks or client in self._starts:
                raise InvalidUpdate("other clients than the table's")
            if reader.varint(MAX_CLOCK):
                raise InvalidUpdate("a client that does not start at clock 0")
            self._read_block(reader, client, count)
        self.state.low.join(self._low)

    def _read_block(self, reader: Reader, client: int, count: int) -> None:
        keys = self.state.kind.format_keys
        starts = self._starts[client] = []
        roots = self._roots[client] = []
        texts = self._texts[client] = []
        clock = 0
        for _ in range(count):
            item = read_struct(reader, SNAPSHOT_LIMITS, keys)
            root = self._provisional_root(item)
            if not roots or roots[-1] != root:
                starts.append(clock)
                roots.append(root)
            if item.root is None:
                self._references.append((client, clock, item.origin, item.right))
            if not item.is_map:
                texts.append((clock, item))
            if item.low_halves:
                self._low.add(client, [clock + offset for offset in item.low_halves])
            clock += item.length
            if clock > MAX_CLOCK:
                raise InvalidUpdate("clock over 31 bits")
        if clock != self.state.clocks[client]:
            raise InvalidUpdate("another last clock than the table's")

    def _provisional_root(self, item: Struct) -> str | _Link:
        """The root as far as one struct tells: only the text has no keys."""
        if item.kind != DELETED and item.is_map is (item.kind != ANY):
            raise InvalidUpdate("content that its root cannot hold")
        if item.root is not None:
            if item.root not in self.state.kind.roots:
                raise InvalidUpdate("unknown root")
            if item.is_map is (item.root == TEXT_ROOT):
                raise InvalidUpdate("a text item with a key, or a map item without")
            return item.root
        if item.is_map and item.right is not None:
            raise InvalidUpdate("a map item with a right origin")
        if not item.is_map:
            if not self.state.kind.has_text:
                raise InvalidUpdate("unknown root")
            return TEXT_ROOT
        assert item.origin is not None
        self._links.append(item.origin)
        return len(self._links) - 1

    def _root_at(self, place: Id) -> str | _Link:
        client, clock = place
        if clock >= self.state.clocks.get(client, 0):
            raise InvalidUpdate("reference to an unknown item")
        return self._roots[client][bisect_right(self._starts[client], clock) - 1]

    def resolve_links(self) -> None:
        """Give every map item the root of the item that its references lead to."""
        found: dict[_Link, str] = {}
        for link in range(len(self._links)):
            path: dict[_Link, None] = {}
            at: str | _Link = link
            while isinstance(at, int):
                if at in found:
                    at = found[at]
                    break
                if at in path:
                    raise InvalidUpdate("references that lead nowhere")
                path[at] = None
                at = self._root_at(self._links[at])
            if at == TEXT_ROOT:
                raise InvalidUpdate("a text item with a key, or a map item without")
            found.update(dict.fromkeys(path, at))
        for client, roots in self._roots.items():
            for start, root in zip(self._starts[client], roots, strict=True):
                self.state.zones.extend(client, start, found[root] if isinstance(root, int) else root)

    def check_references(self) -> None:
        state, low = self.state, self.state.low
        for client, clock, origin, right in self._references:
            root = state.zones.root_of(client, clock)
            for place in (origin, right):
                if place is None:
                    continue
                other, other_clock = place
                if other_clock >= (clock if other == client else state.clocks.get(other, 0)):
                    raise InvalidUpdate("reference to an unknown item")
                if state.zones.root_of(other, other_clock) != root:
                    raise InvalidUpdate("an item between two roots")
            if low and (
                (origin is not None and (origin[0], origin[1] + 1) in low)
                or (right is not None and right in low)
            ):
                raise InvalidUpdate("a cut through a character")

    def check_order(self) -> ItemList | None:
        """The items in order; None where there was no question to ask."""
        gaps = [
            (item.origin, item.right)
            for structs in self._texts.values()
            for _, item in structs
            if item.root is None
        ]
        if not gaps:
            return None
        try:
            items = ItemList.of_structs(self._texts)
            fault = items.fault_of_gaps(gaps)
        except (KeyError, CircularItems):
            raise InvalidUpdate("structs that never become visible") from None
        if fault is not None:
            raise InvalidUpdate(fault)
        return items
