"""The item list of one engine document, made when it is first asked for and kept up by the engine's updates.

It must never be trusted beyond its check: where its text has another size than the engine says, it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from cryptpad_tui.crdt.collector import collector_paused
from cryptpad_tui.crdt.errors import CannotLoadHere, InvalidUpdate
from cryptpad_tui.crdt.items import CircularItems, ItemList, TooManyItems

_MAX_UNFOLDED_BYTES: Final = 64 * 1024
"""Updates after which building the item list anew is cheaper than following them."""

_SHORT_BYTES: Final = 64 * 1024
_SLICE: Final = 20
"""Steps of the building at a time; one is 64 items, half a millisecond."""
_HOPELESS: Final = (TooManyItems, CircularItems, CannotLoadHere, InvalidUpdate, IndexError, ValueError)


class KeptItems:
    """`encode` gives the document's whole state, `whole_text` its text."""

    def __init__(self, encode: Callable[[], bytes], whole_text: Callable[[], str]) -> None:
        self._encode = encode
        self._whole_text = whole_text
        self._items: ItemList | None = None
        self._building: tuple[ItemList, Iterator[None]] | None = None
        self._refused = False
        self._unfolded: list[bytes] = []
        self._unfolded_bytes = 0

    def note(self, update: bytes) -> None:
        """The engine has made or applied an update."""
        if self._items is not None or self._building is not None:
            self._unfolded.append(update)
            self._unfolded_bytes += len(update)
            if self._unfolded_bytes > _MAX_UNFOLDED_BYTES:
                self._forget()

    def get(self, text_bytes: int, *, cheaply: bool = False) -> ItemList | None:
        """The items in order; None where the text is too fragmented or the list differs from it.

        `cheaply`: also where the list would have to be made first, for a text that is not short.
        """
        if self._refused or (cheaply and self._items is None and text_bytes > _SHORT_BYTES):
            return None
        try:
            if self._items is None:
                self._build(None)
            self._follow()
        except _HOPELESS:
            self._refused = True
        if self._refused or self._items is None or self._items.size_bytes != text_bytes:
            self._forget()
        return self._items

    def build_on(self, text_bytes: int) -> bool:
        """Do a slice of what `get` would do at once; True where nothing is left of it."""
        if self._refused or self._items is not None or text_bytes <= _SHORT_BYTES:
            return True
        try:
            return self._build(_SLICE)
        except _HOPELESS:
            self._refused = True
            self._forget()
            return True

    def _build(self, steps: int | None) -> bool:
        with collector_paused():
            if self._building is None:
                items = ItemList()
                self._building = items, items.folding(self._encode())
            items, rest = self._building
            for _ in islice(rest, steps):
                pass
            if steps is not None and next(rest, self) is not self:
                return False
            self._building, self._items = None, items
            self._follow()
            self._refused = items.text() != self._whole_text()
        return True

    def _follow(self) -> None:
        assert self._items is not None
        unfolded, self._unfolded, self._unfolded_bytes = self._unfolded, [], 0
        self._items.begin_work()
        for update in unfolded:
            self._items.fold(update)

    def _forget(self) -> None:
        self._items = self._building = None
        self._unfolded, self._unfolded_bytes = [], 0
