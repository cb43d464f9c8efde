"""Whether an item was put where a gap was: between two neighbours of some document.

The engine places any other item by how its items happen to be cut and in which order they came, so a
document that took one reads differently after a reload: a joiner and a veteran would disagree for ever,
and every honest snapshot would look forged. The order is not in the engine's interface, so it is kept here:
built when the first question needs it, and brought up to date only when the next one comes.
Trouble with this list is never a verdict about an update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure, InvalidUpdate
from cryptpad_tui.crdt.grammar import Struct
from cryptpad_tui.crdt.item_chain import Item
from cryptpad_tui.crdt.items import CircularItems, ItemList, PlacedStruct
from cryptpad_tui.crdt.reader import Id

_MAX_WAITING = 10_000


class DocumentOrder:
    """The order of the text's items in one fold state. `source` gives the whole state as an update."""

    def __init__(self, source: Callable[[], bytes], items: ItemList | None = None) -> None:
        self._source = source
        self._items = items
        self._waiting: list[tuple[int, int, Struct]] = []

    def follow(self, client: int, structs: Sequence[PlacedStruct]) -> None:
        """Take note of a client's text items that were folded."""
        if self._items is not None:
            self._waiting += [(client, clock, struct) for clock, struct in structs]
            if len(self._waiting) > _MAX_WAITING:
                self.items()

    def items(self) -> ItemList:
        """The items up to date with the fold."""
        if self._items is None:
            try:
                self._items = ItemList(self._source(), with_text=False)
            except (InvalidUpdate, CircularItems) as exc:
                raise EngineFailure("the engine's own state cannot be read") from exc
        self._items.begin_work()
        waiting, self._waiting = self._waiting, []
        try:
            for client, clock, struct in waiting:
                self._items.append(client, clock, struct)
        except CannotLoadHere:
            self._items = None
            raise
        return self._items


class EntryOrder:
    """Questions while one entry is judged: its own structs are placed for a while, then taken back."""

    def __init__(self, order: DocumentOrder, client: int, first_clock: int) -> None:
        self._order = order
        self._client = client
        self._first_clock = first_clock
        self.structs: list[PlacedStruct] = []
        self._placed: list[Item] = []

    def require_gap(self, origin: Id | None, right: Id | None) -> None:
        """Refuse a place that was a gap in no document that an editor can have seen."""
        items = self._order.items()
        if self._is_own(origin) or self._is_own(right):
            self._place_own(items)
        try:
            fault = items.fault_of_gap((origin, right))
        except KeyError as exc:
            raise EngineFailure("the engine's own state lacks an item") from exc
        if fault is not None:
            raise InvalidUpdate(fault)

    def _place_own(self, items: ItemList) -> None:
        while len(self._placed) < len(self.structs):
            self._placed.append(items.place(self._client, *self.structs[len(self._placed)]))

    def end(self) -> None:
        """Leave the document's order as it was."""
        if self._placed:
            self._order.items().take_back(self._placed)
            self._placed = []

    def _is_own(self, place: Id | None) -> bool:
        return place is not None and place[0] == self._client and place[1] >= self._first_clock
