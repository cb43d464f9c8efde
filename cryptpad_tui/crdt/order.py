"""Whether an item's origin stands before its right origin in the document.

The engine places an item with crossed origins by how its items happen to be cut, so a document that
took one reads differently after a reload: a joiner and a veteran would disagree for ever, and every
honest snapshot would look forged. The order is not in the engine's interface, so it is kept here:
built when the first question needs it, and brought up to date only when the next one comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import Id, Struct
from cryptpad_tui.crdt.items import Item, ItemList

_MAX_WAITING_BYTES = 1024 * 1024


class DocumentOrder:
    """The order of the text's items in one fold state. `source` gives the whole state as an update."""

    def __init__(self, source: Callable[[], bytes], items: ItemList | None = None) -> None:
        self._source = source
        self._items = items
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def follow(self, updates: Sequence[bytes]) -> None:
        """Take note of updates that were folded."""
        if self._items is not None:
            self._waiting += updates
            self._waiting_bytes += sum(map(len, updates))
            if self._waiting_bytes > _MAX_WAITING_BYTES:
                self.items()

    def items(self) -> ItemList:
        """The items up to date with the fold."""
        if self._items is None:
            self._items = ItemList(self._source(), with_text=False)
        for update in self._waiting:
            self._items.fold(update)
        self._waiting, self._waiting_bytes = [], 0
        return self._items


class EntryOrder:
    """Questions while one entry is judged: its own structs are placed for a while, then taken back."""

    def __init__(self, order: DocumentOrder, client: int, first_clock: int) -> None:
        self._order = order
        self._client = client
        self._first_clock = first_clock
        self._structs: list[tuple[int, Struct]] = []
        self._placed: list[Item] = []

    def add(self, clock: int, struct: Struct) -> None:
        """A struct of the entry that passed."""
        self._structs.append((clock, struct))

    def require_before(self, origin: Id, right: Id) -> None:
        """Refuse an origin that does not stand before its right origin."""
        items = self._order.items()
        if self._is_own(origin) or self._is_own(right):
            while len(self._placed) < len(self._structs):
                clock, struct = self._structs[len(self._placed)]
                self._placed.append(items.place(self._client, clock, struct))
        if not items.precedes(origin, right):
            raise InvalidUpdate("origin behind its right origin")

    def end(self) -> None:
        """Leave the document's order as it was."""
        if self._placed:
            self._order.items().take_back(self._placed)
            self._placed = []

    def _is_own(self, place: Id) -> bool:
        return place[0] == self._client and place[1] >= self._first_clock
