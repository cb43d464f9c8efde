"""A chain of items in document order, with lookups by clock and by place.

Items stand in chunks, so that finding a place costs near the square root of their number. This module
knows how items are cut and linked, and nothing of the rules that say where one belongs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from cryptpad_tui.crdt.grammar import DELETED, Struct
from cryptpad_tui.crdt.line_index import utf8_size
from cryptpad_tui.crdt.reader import Id

_CHUNK_ITEMS = 256

Gap = tuple[Id | None, Id | None]
"""The origin and the right origin of an item; None is the document's start or end."""
Precedes = Callable[[Id, Id], bool]


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

    def __init__(self, client: int, clock: int, struct: Struct, text: str) -> None:
        self.client, self.clock, self.length = client, clock, struct.length
        self.origin, self.right = struct.origin, struct.right
        self.text = text
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


class ItemChain:
    """Items, linked and indexed."""

    def __init__(self) -> None:
        self._first: Item | None = None
        self._chunks = [_Chunk([])]
        self._starts: dict[int, list[int]] = {}
        self._items: dict[int, list[Item]] = {}

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
        (item_a, inside_a), (item_b, inside_b) = self._known(a), self._known(b)
        if item_a is item_b:
            return inside_a < inside_b
        if item_a.chunk is item_b.chunk:
            items = item_a.chunk.items
            return items.index(item_a) < items.index(item_b)
        return self._chunks.index(item_a.chunk) < self._chunks.index(item_b.chunk)

    def fault_of_gap(self, gap: Gap, precedes: Precedes | None = None) -> str | None:
        """Why nobody can have put an item between these two; None where somebody can.

        Whoever did saw them side by side. So what the right one was put behind was the left one or stood
        before it, and what the left one was put before was the right one or stood after it.
        """
        origin, right = gap
        before = precedes or self.precedes
        if origin is not None and right is not None and not before(origin, right):
            return "origin behind its right origin"
        behind = self._put_behind(right) if right is not None else None
        if behind is not None and behind != origin and (origin is None or not before(behind, origin)):
            return "a place that was no gap"
        ahead = self._known(origin)[0].right if origin is not None else None
        if ahead is not None and ahead != right and (right is None or not before(right, ahead)):
            return "a place that was no gap"
        return None

    def fault_of_gaps(self, gaps: Iterable[Gap]) -> str | None:
        """The first fault of very many gaps, asked at once."""
        ranks = {id(item): rank for rank, item in enumerate(self)}

        def rank(place: Id) -> tuple[int, int]:
            item, inside = self._known(place)
            return ranks[id(item)], inside

        def precedes(a: Id, b: Id) -> bool:
            return rank(a) < rank(b)

        for gap in gaps:
            fault = self.fault_of_gap(gap, precedes)
            if fault is not None:
                return fault
        return None

    def unit_behind(self, place: Id | None) -> Id | None:
        """The neighbour on the right, deleted or not; None at the end. Of None, the first of all."""
        item = self._first
        if place is not None:
            found, inside = self._known(place)
            if inside + 1 < found.length:
                return found.client, place[1] + 1
            item = found.next
        return (item.client, item.clock) if item is not None else None

    def _put_behind(self, place: Id) -> Id | None:
        item, inside = self._known(place)
        return (item.client, place[1] - 1) if inside else item.origin

    def _known(self, place: Id) -> tuple[Item, int]:
        found = self.find(*place)
        if found is None:
            raise KeyError("an unknown item")
        return found

    # -- cutting and linking

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
        self._index(tail)
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

    def _index(self, item: Item) -> None:
        starts = self._starts.setdefault(item.client, [])
        at = bisect_right(starts, item.clock)
        starts.insert(at, item.clock)
        self._items.setdefault(item.client, []).insert(at, item)

    def _unlink(self, item: Item) -> None:
        if item.left is not None:
            item.left.next = item.next
        else:
            self._first = item.next
        if item.next is not None:
            item.next.left = item.left
        item.chunk.items.remove(item)
        item.chunk.size_bytes -= item.size_bytes


def first_units(text: str, units: int) -> str:
    """The first characters of `text` that take `units` UTF-16 units."""
    if not text or text.isascii():
        return text[:units]
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le")
