"""The items of a text in document order, as the CRDT's rules place them.

The engine does not tell which (client, clock) wrote a character. This list does: it is built from the
engine's own state, kept up by the updates that the engine applied, and used for anchors and for
writing many edits at once. It is a second opinion, checked against the engine's text; where the two
differ it must be thrown away, never trusted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from cryptpad_tui.crdt.errors import CannotLoadHere
from cryptpad_tui.crdt.grammar import OWN_LIMITS, STRING, Struct, read_delete_set, read_struct
from cryptpad_tui.crdt.item_chain import Item, ItemChain
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import utf8_size
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Reader

MAX_ITEMS = 300_000
_LONG_TEXT = 1_024
MAX_STEPS = 20_000_000
_STEP_ITEMS = 64
_KEYS = PadKind.RICHTEXT.format_keys


PlacedStruct = tuple[int, Struct]
"""clock and struct of a text item."""


class TooManyItems(Exception):
    """The text is too fragmented for this list; do without."""


class CircularItems(Exception):
    """Items that wait for one another; no order exists."""


class ItemList(ItemChain):
    """Built from one whole state; `fold` keeps it up.

    Without text it knows the order alone, in a fraction of the memory, and for any number of items.
    """

    def __init__(self, state: bytes = b"", *, with_text: bool = True) -> None:
        self._with_text = with_text
        super().__init__()
        self.begin_work()
        if state:
            self.fold(state)

    @classmethod
    def of_structs(cls, waiting: dict[int, list[PlacedStruct]]) -> ItemList:
        """The order alone, of the text structs of a whole state that was read already. Uses up `waiting`."""
        items = cls(with_text=False)
        for _ in items._placing(waiting):
            pass
        return items

    # -- changes

    def append(self, client: int, clock: int, struct: Struct) -> None:
        """Put one struct in its place for good; what is typed on makes the item before it longer."""
        last = self._items.get(client, [])[-1:]
        if not last or not self._continues(last[0], clock, struct):
            self.place(client, clock, struct)
            return
        item = last[0]
        item.length += struct.length
        if self._with_text:
            item.text += struct.text
            item.chunk.size_bytes += utf8_size(struct.text)

    def _continues(self, item: Item, clock: int, struct: Struct) -> bool:
        if item.clock + item.length != clock or struct.origin != (item.client, clock - 1):
            return False
        if struct.right != item.right:
            return False
        if self._with_text and (
            struct.kind != STRING or item.is_deleted or not 0 < len(item.text) < _LONG_TEXT
        ):
            return False
        # Whoever else wrote behind the same character must be placed by the full rule.
        return item.next is None or item.next.origin != struct.origin

    def place(self, client: int, clock: int, struct: Struct) -> Item:
        """Put one struct of the text where the CRDT's rules want it; `take_back` undoes it."""
        item = Item(client, clock, struct, struct.text if self._with_text else "")
        self._place(item)
        return item

    def take_back(self, placed: Sequence[Item]) -> None:
        """Undo the last `place` calls. What they cut stays cut, which changes no order."""
        for first in reversed(placed):
            starts, items = self._starts[first.client], self._items[first.client]
            while items and items[-1].clock >= first.clock:
                item = items.pop()
                starts.pop()
                self._unlink(item)

    def begin_work(self) -> None:
        """Allow so many steps among concurrent items from here on: hostile ones could ask for billions."""
        self._work_left = MAX_STEPS

    def fold(self, update: bytes) -> None:
        """Follow an update that the engine applied. Clocks that are here already are skipped."""
        for _ in self.folding(update):
            pass

    def folding(self, update: bytes) -> Iterator[None]:
        """`fold`, a little between two steps; nothing may be asked of the list until the last."""
        reader = Reader(update)
        waiting: dict[int, list[PlacedStruct]] = {}
        for _ in range(reader.varint(1 << 16)):
            count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
            clock = reader.varint(MAX_CLOCK)
            if count > MAX_ITEMS and self._with_text:
                raise TooManyItems
            queue = waiting.setdefault(client, [])
            for i in range(count):
                struct = read_struct(reader, OWN_LIMITS, _KEYS)
                if not struct.is_map and self.find(client, clock) is None:
                    queue.append((clock, struct))
                clock += struct.length
                if i % _STEP_ITEMS == 0:
                    yield
        yield from self._placing(waiting)
        if not self._with_text:
            # What is deleted keeps its place.
            return
        for client, first, length in read_delete_set(reader, OWN_LIMITS):
            self._delete(client, first, length)

    def _placing(self, waiting: dict[int, list[PlacedStruct]]) -> Iterator[None]:
        if len(waiting) != 1:
            yield from self._placing_all(waiting)
            return
        for client, queue in waiting.items():
            for i, (clock, struct) in enumerate(queue):
                self.append(client, clock, struct)
                if i % _STEP_ITEMS == 0:
                    yield

    def _placing_all(self, waiting: dict[int, list[PlacedStruct]]) -> Iterator[None]:
        """Place every struct after what it refers to."""
        placed = 0
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
                    self.append(client, clock, struct)
                    placed += 1
                    if placed % _STEP_ITEMS == 0:
                        yield
                    if len(path) > 1:
                        # Only as far as needed: the one that waits is looked at again.
                        path.pop()
                else:
                    path.pop()

    def _missing(self, struct: Struct, waiting: dict[int, list[PlacedStruct]]) -> int | None:
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
            self._work_left -= 1
            if not self._work_left:
                raise CannotLoadHere("too many edits at one place")
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
        self._index(item)

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
