"""The undo history of one engine document: own changes only, grouped by pauses.

It can be told as ids, so that a history can go on in another document that has the same items. It must never
take back what no own change did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from pycrdt import Doc, Map, Text, UndoManager
from pycrdt._pycrdt import IdSet, StackItem

from cryptpad_tui.crdt.collector import weakly
from cryptpad_tui.crdt.errors import engine_call
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_delete_set
from cryptpad_tui.crdt.reader import Reader
from cryptpad_tui.crdt.wire import encode_delete_set

UNDO_PAUSE_S: Final = 0.5

Ranges = tuple[tuple[int, int, int], ...]
"""client, first clock, length."""


class Group(NamedTuple):
    """What one step takes back: it deletes what was inserted, and brings back what was deleted."""

    inserted: Ranges
    deleted: Ranges


class UndoHistory:
    """Of one document, over the root that edits of its kind change."""

    def __init__(
        self, doc: Doc[Any], scope: Text | Map[Any], origin: object, now: Callable[[], float]
    ) -> None:
        self._doc = doc
        self._scope = scope
        self._origin = origin
        self._now = now
        # Never 0: the engine takes a first change at time 0 for none at all.
        self._shift_s = 1.0
        self.put((), ())

    def _ms(self) -> int:
        return int((self._now() + self._shift_s) * 1000)

    def end_group(self) -> None:
        """Let the next own transaction start a group of its own."""
        # The engine has no such call; it groups by a clock, so the clock it sees is moved on.
        self._shift_s += 2 * UNDO_PAUSE_S

    def undo(self) -> bool:
        """Take back the last group of own changes."""
        with engine_call():
            return self._manager.undo()

    def redo(self) -> bool:
        """Make again what `undo` took back."""
        with engine_call():
            return self._manager.redo()

    # -- as ids

    def undo_groups(self) -> list[Group]:
        """The oldest first."""
        return [_group(item) for item in self._manager.undo_stack]

    def redo_groups(self) -> list[Group]:
        """What `redo` makes again, the next one last."""
        return [_group(item) for item in self._manager.redo_stack]

    def put(self, undo: Iterable[Group], redo: Iterable[Group]) -> None:
        """Have this history instead; all its ids must be of items that the document has."""
        with engine_call():
            self._manager = UndoManager(
                scopes=[self._scope],
                capture_timeout_millis=int(UNDO_PAUSE_S * 1000),
                timestamp=weakly(self._ms),
                undo_stack=[self._item(group) for group in undo],
                redo_stack=[self._item(group) for group in redo],
            )
            self._manager.include_origin(self._origin)

    def alone(self, group: Group) -> UndoManager:
        """A manager that can take this group back, and make it again, and nothing else."""
        with engine_call():
            return UndoManager(scopes=[self._scope], undo_stack=[self._item(group)])

    def _item(self, group: Group) -> StackItem[None]:
        inserted, deleted = (IdSet.decode(encode_delete_set(sorted(ranges))) for ranges in group)
        return StackItem(self._doc._doc, deleted, inserted)


def _group(item: StackItem[Any]) -> Group:
    return Group(_ranges(item.insertions), _ranges(item.deletions))


def _ranges(ids: IdSet) -> Ranges:
    return tuple(read_delete_set(Reader(ids.encode()), OWN_LIMITS))
