"""Whether an item was put where a gap was: between two neighbours of some document.

The engine places any other item by how its items happen to be cut and in which order they came, so a
document that took one reads differently after a reload: a joiner and a veteran would disagree for ever,
and every honest snapshot would look forged. The order is not in the engine's interface, so it is kept here:
built when a few items do not answer for an entry (`neighbours`), in slices where that entry can wait or
somebody has time before, and brought up to date only when the next one comes.
Trouble with this list is never a verdict about an update.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from cryptpad_tui.crdt.collector import collector_paused
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure, InvalidUpdate, NeedsTime
from cryptpad_tui.crdt.grammar import Struct
from cryptpad_tui.crdt.item_chain import Item
from cryptpad_tui.crdt.items import CircularItems, ItemList, PlacedStruct
from cryptpad_tui.crdt.neighbours import Neighbours, Place, Source
from cryptpad_tui.crdt.reader import Id

_MAX_WAITING: Final = 10_000
_SLICE: Final = 30
"""Steps of the building; one is 64 items, a third of a millisecond."""


class DocumentOrder:
    """The order of the text's items in one fold state. `source` gives its state."""

    def __init__(self, source: Source, items: ItemList | None = None) -> None:
        self.source = source
        self._items = items
        self._building: tuple[ItemList, Iterator[None]] | None = None
        self._waiting: list[tuple[int, int, Struct]] = []
        self._has_failed = False
        self.was_asked = False
        self.may_wait = False
        """Whether who asks rather comes back than waits for what `items` does at once."""

    def follow(self, client: int, structs: Sequence[PlacedStruct]) -> None:
        """Take note of a client's text items that were folded."""
        if self._items is not None or self._building is not None:
            self._waiting += [(client, clock, struct) for clock, struct in structs]
            if len(self._waiting) > _MAX_WAITING:
                self.items()

    @property
    def is_built(self) -> bool:
        return self._items is not None

    @property
    def is_begun(self) -> bool:
        """Whether an entry came that a few items answered for, as the next may not, and it is not built."""
        return self.was_asked and self.can_prepare

    @property
    def can_prepare(self) -> bool:
        """Whether something is left to do that did not fail before."""
        return self._items is None and not self._has_failed

    def prepare(self) -> bool:
        """Do a slice of what `items` would do at once; whether something is left. Trouble with it is for the
        edit that asks."""
        if self.can_prepare:
            try:
                self._build(_SLICE)
            except (EngineFailure, CannotLoadHere):
                self._has_failed = True
        return self.can_prepare

    def _build(self, steps: int | None) -> None:
        if self._building is None:
            items = ItemList(with_text=False)
            self._building = items, items.folding(self.source({}))
        items, rest = self._building
        # Whatever ends this early ends the building: a list that is half there must never be asked.
        self._building = None
        try:
            with collector_paused():
                for _ in islice(rest, steps):
                    pass
                if steps is None or next(rest, self) is self:
                    self._items = items
                    return
        except BaseException as exc:
            self._waiting = []
            if isinstance(exc, InvalidUpdate | CircularItems):
                raise EngineFailure("the engine's own state cannot be read") from exc
            raise
        self._building = items, rest

    def items(self) -> ItemList:
        """The items up to date with the fold."""
        if self._items is None:
            self._build(None)
        assert self._items is not None
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

    def __init__(
        self, order: DocumentOrder, client: int, first_clock: int, clocks: Mapping[int, int]
    ) -> None:
        self._order = order
        self._neighbours = Neighbours(order.source, clocks, self._own_place)
        self._client = client
        self._first_clock = first_clock
        self.structs: list[PlacedStruct] = []
        self._placed: list[Item] = []

    def require_gap(self, origin: Id | None, right: Id | None) -> None:
        """Refuse a place that was a gap in no document that an editor can have seen."""
        if not self._order.is_built and self._neighbours.are_beside(origin, right):
            self._order.was_asked = True
            return
        if self._order.may_wait and self._order.can_prepare:
            raise NeedsTime
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

    def _own_place(self, place: Id) -> Place | None:
        """Of a struct of the entry that is judged."""
        if not self._is_own(place):
            return None
        clock, struct = self.structs[bisect_right(self.structs, place[1], key=lambda one: one[0]) - 1]
        return Place(clock, struct.length, struct.origin, struct.right)
