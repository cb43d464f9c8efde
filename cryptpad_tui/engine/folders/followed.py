"""What a shared folder's document says of pads, read whole once and followed from there.

A roster, questions and whatever an editor puts there besides cost nothing at a change of it, and a change
that is about none of the folder's pads costs nothing either. It holds no document, and believes nothing.
"""

from __future__ import annotations

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.drive.shared_entries import SharedContents, contents_of, is_field


class Followed:
    """Of one open folder."""

    def __init__(self, view: ViewDocument) -> None:
        self._fields: dict[str, object] | None = None
        self._due: set[str] = set()
        self._found: SharedContents | None = None
        view.observe_maps(self._follow)
        view.observe(self._reload)

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root == ENTRIES_ROOT:
            self._due.update([key for key in keys if is_field(key)])

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._fields = None

    def contents(self, view: ViewDocument) -> SharedContents:
        """As the document, which this follows, has them."""
        if self._fields is not None and self._found is not None and not self._due:
            return self._found
        if self._fields is None:
            items = view.map_items(ENTRIES_ROOT)
            self._fields = {key: value for key, value in items.items() if is_field(key)}
        else:
            for key in self._due:
                self._fields.pop(key, None)
                if (value := view.map_value(ENTRIES_ROOT, key)) is not None:
                    self._fields[key] = value
        self._due.clear()
        self._found = contents_of(self._fields)
        return self._found
