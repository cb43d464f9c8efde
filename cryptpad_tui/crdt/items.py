"""The items of a text in document order, as the CRDT's rules place them.

The engine does not tell which (client, clock) wrote a character. This list does: it is built from the
engine's own state, kept up by the updates that the engine applied, and used for anchors and for
writing many edits at once. It is a second opinion, checked against the engine's text; where the two
differ it must be thrown away, never trusted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from cryptpad_tui.crdt.grammar import (
    DELETED,
    MAX_CLIENT,
    MAX_CLOCK,
    OWN_LIMITS,
    Id,
    Reader,
    Struct,
    read_delete_set,
    read_struct,
)
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import utf8_size

MAX_ITEMS = 300_000
_CHUNK_ITEMS = 256
_KEYS = PadKind.RICHTEXT.format_keys


class TooManyItems(Exception):
    """The text is too fragmented for this list; do without."""


class CircularItems(Exception):
    """Items that wait for one another; no order exists."""


class Item:
    """Some consecutive clocks of one client that stand together in the text."""

    __slots__ = (
        "chunk",
        "client",
        "clock",
        "is_deleted",
        "left",
        "length",
        "next",
        "origin",
        "right",
        "text",
    )

    def __init__(self, client: int, clock: int, struct: Struct) -> None:
        self.client, self.clock, self.length = client, clock, struct.length
        self.origin, self.right = struct.origin, struct.right
        self.text = struct.text
        self.is_deleted = struct.kind == DELETED
        self.left: Item | None = None
        self.next: Item | None = None
        self.chunk: _Chunk

    @property
    def size_bytes(self) -> int:
        """What it takes in the visible text."""
        return 0 if self.is_deleted else utf8_size(self.text)


class _Chunk:
    __slots__ = ("items", "size_bytes")

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.size_bytes = sum(item.size_bytes for item in items)
        for item in items:
            item.chunk = self


class ItemList:
    """Built from one whole state; `fold` keeps it up.

    Without text it knows the order alone, in a fraction of the memory, and for any number of items.
    """

    def __init__(self, state: bytes, *, with_text: bool = True) -> None:
        self._with_text = with_text
        self._first: Item | None = None
        self._chunks = [_Chunk([])]
        self._starts: dict[int, list[int]] = {}
        self._items: dict[int, list[Item]] = {}
        self.fold(state)

    @property
    def size_bytes(self) -> int:
        return sum(chunk.size_bytes for chunk in self._chunks)

    def text(self) -> str:
        """The visible text; costs its length."""
        return "".join(item.text for item in self if not item.is_deleted)

    def __iter__(self) -> Iterator[Item]:
        for chunk in self._chunks:
            yield from chunk.items

    # -- lookups

    def find(self, client: int, clock: int) -> tuple[Item, int] | None:
        """The item that holds a clock, and how many units into it."""
        starts = self._starts.get(client)
        if not starts or clock < starts[0]:
            return None
        item = self._items[client][bisect_right(starts, clock) - 1]
        return (item, clock - item.clock) if clock < item.clock + item.length else None

    def at_byte(self, target: int) -> tuple[Item, int]:
        """The visible item that covers a byte of the text, and how many bytes into it."""
        ends = list(accumulate(chunk.size_bytes for chunk in self._chunks))
        k = bisect_right(ends, target)
        inside = target - (ends[k - 1] if k else 0)
        for item in self._chunks[k].items:
            size = item.size_bytes
            if inside < size:
                return item, inside
            inside -= size
        raise IndexError("the byte is outside the text")

    def byte_of(self, item: Item) -> int:
        """Where an item begins in the visible text."""
        before = 0
        for chunk in self._chunks:
            if chunk is item.chunk:
                break
            before += chunk.size_bytes
        for other in item.chunk.items:
            if other is item:
                break
            before += other.size_bytes
        return before

    def precedes(self, a: Id, b: Id) -> bool:
        """Whether `a` stands before `b` in the document; both must be known."""
        found_a, found_b = self.find(*a), self.find(*b)
        if found_a is None or found_b is None:
            raise KeyError("an unknown item")
        (item_a, inside_a), (item_b, inside_b) = found_a, found_b
        if item_a is item_b:
            return inside_a < inside_b
        if item_a.chunk is item_b.chunk:
            items = item_a.chunk.items
            return items.index(item_a) < items.index(item_b)
        return self._chunks.index(item_a.chunk) < self._chunks.index(item_b.chunk)

    # -- changes

    def place(self, client: int, clock: int, struct: Struct) -> Item:
        """Put one struct of the text where the CRDT's rules want it; `take_back` undoes it."""
        item = Item(client, clock, struct if self._with_text else struct._replace(text=""))
        self._place(item)
        return item

    def take_back(self, placed: Sequence[Item]) -> None:
        """Undo the last `place` calls. What they cut stays cut, which changes no order."""
        for first in reversed(placed):
            starts, items = self._starts[first.client], self._items[first.client]
            while items and items[-1].clock >= first.clock:
                item = items.pop()
                starts.pop()
                if item.left is not None:
                    item.left.next = item.next
                else:
                    self._first = item.next
                if item.next is not None:
                    item.next.left = item.left
                item.chunk.items.remove(item)
                item.chunk.size_bytes -= item.size_bytes

    def fold(self, update: bytes) -> None:
        """Follow an update that the engine applied. Clocks that are here already are skipped."""
        reader = Reader(update)
        waiting: dict[int, list[tuple[int, Struct]]] = {}
        for _ in range(reader.varint(1 << 16)):
            count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
            clock = reader.varint(MAX_CLOCK)
            if count > MAX_ITEMS and self._with_text:
                raise TooManyItems
            queue = waiting.setdefault(client, [])
            for _ in range(count):
                struct = read_struct(reader, OWN_LIMITS, _KEYS)
                if not struct.is_map and self.find(client, clock) is None:
                    queue.append((clock, struct if self._with_text else struct._replace(text="")))
                clock += struct.length
        self._place_all(waiting)
        for client, first, length in read_delete_set(reader, OWN_LIMITS):
            self._delete(client, first, length)

    def _place_all(self, waiting: dict[int, list[tuple[int, Struct]]]) -> None:
        """Place every struct after what it refers to."""
        for queue in waiting.values():
            queue.reverse()
        for start in waiting:
            path = [start]
            while path:
                client = path[-1]
                queue = waiting[client]
                missing = self._missing(queue[-1][1], waiting) if queue else None
                if missing is not None:
                    if missing in path:
                        raise CircularItems
                    path.append(missing)
                elif queue:
                    clock, struct = queue.pop()
                    self._place(Item(client, clock, struct))
                    if len(path) > 1:
                        # Only as far as needed: the one that waits is looked at again.
                        path.pop()
                else:
                    path.pop()

    def _missing(self, struct: Struct, waiting: dict[int, list[tuple[int, Struct]]]) -> int | None:
        for place in (struct.origin, struct.right):
            if place is not None and waiting.get(place[0]) and self.find(*place) is None:
                return place[0]
        return None

    def _place(self, item: Item) -> None:
        """The CRDT's rule (YATA): between origin and right origin, concurrent items stand by client id."""
        left = self._cut_after(item.origin)
        right = self._cut_before(item.right)
        other = left.next if left is not None else self._first
        conflicting: set[int] = set()
        before: set[int] = set()
        while other is not None and other is not right:
            before.add(id(other))
            conflicting.add(id(other))
            if other.origin == item.origin:
                if other.client < item.client:
                    left = other
                    conflicting.clear()
                elif other.right == item.right:
                    break
            else:
                found = self.find(*other.origin) if other.origin is not None else None
                if found is None or id(found[0]) not in before:
                    break
                if id(found[0]) not in conflicting:
                    left = other
                    conflicting.clear()
            other = other.next
        self._link(left, item)
        starts = self._starts.setdefault(item.client, [])
        at = bisect_right(starts, item.clock)
        starts.insert(at, item.clock)
        self._items.setdefault(item.client, []).insert(at, item)

    def _cut_after(self, place: Id | None) -> Item | None:
        found = self.find(*place) if place is not None else None
        if found is None:
            return None
        item, inside = found
        if inside + 1 < item.length:
            self._cut(item, inside + 1)
        return item

    def _cut_before(self, place: Id | None) -> Item | None:
        found = self.find(*place) if place is not None else None
        if found is None:
            return None
        item, inside = found
        return self._cut(item, inside) if inside else item

    def _cut(self, item: Item, units: int) -> Item:
        """Cut an item in two; returns the second part."""
        head = first_units(item.text, units)
        tail = Item.__new__(Item)
        tail.client, tail.clock, tail.length = item.client, item.clock + units, item.length - units
        tail.origin, tail.right = (item.client, item.clock + units - 1), item.right
        tail.text, tail.is_deleted = item.text[len(head) :], item.is_deleted
        tail.left = tail.next = None
        item.chunk.size_bytes -= item.size_bytes
        item.text, item.length = head, units
        item.chunk.size_bytes += item.size_bytes
        self._link(item, tail)
        starts = self._starts[item.client]
        at = bisect_right(starts, tail.clock)
        starts.insert(at, tail.clock)
        self._items[item.client].insert(at, tail)
        return tail

    def _link(self, left: Item | None, item: Item) -> None:
        following = left.next if left is not None else self._first
        item.left, item.next = left, following
        if left is not None:
            left.next = item
        else:
            self._first = item
        if following is not None:
            following.left = item
        chunk = left.chunk if left is not None else self._chunks[0]
        at = chunk.items.index(left) + 1 if left is not None else 0
        chunk.items.insert(at, item)
        item.chunk = chunk
        chunk.size_bytes += item.size_bytes
        if len(chunk.items) > 2 * _CHUNK_ITEMS:
            k = self._chunks.index(chunk)
            self._chunks[k : k + 1] = [_Chunk(chunk.items[:_CHUNK_ITEMS]), _Chunk(chunk.items[_CHUNK_ITEMS:])]

    def _delete(self, client: int, first: int, length: int) -> None:
        clock, end = first, first + length
        while clock < end:
            found = self.find(client, clock)
            if found is None:
                # A map item, or nothing of ours: go to the client's next one.
                starts = self._starts.get(client, [])
                at = bisect_right(starts, clock)
                if at == len(starts):
                    return
                clock = starts[at]
                continue
            item, inside = found
            after = item.clock + item.length
            if not item.is_deleted:
                if inside:
                    item = self._cut(item, inside)
                if item.clock + item.length > end:
                    self._cut(item, end - item.clock)
                item.chunk.size_bytes -= item.size_bytes
                item.is_deleted = True
            clock = after


def first_units(text: str, units: int) -> str:
    """The first characters of `text` that take `units` UTF-16 units."""
    if not text or text.isascii():
        return text[:units]
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le")
