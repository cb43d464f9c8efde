"""What the drive says beside the keys and places of pads: devices, contacts, mail, logins, notes about a pad.

A few rows among a hundred thousand, so the whole map is read for them once and followed from there. It never
writes, and gives no row that the view does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.drive.entry_fields import FIELDS, OWN
from cryptpad_tui.drive.tree import FOLDER_ID_CHARS, PAD_ID_CHARS, is_mirrored

_OF_PADS: Final = frozenset({*FIELDS, OWN, "removed"})


class SideRows:
    """Follows the view of the drive. Reads all of it when it is first asked, and after a reload."""

    def __init__(self, view: ViewDocument) -> None:
        self._view = view
        self._entries: dict[str, dict[str, object]] | None = None
        view.observe_maps(self._follow)
        view.observe(self._reload)

    def of(self, entry: str) -> Mapping[str, object]:
        """The rows of one entry, by the name of their field."""
        return self._all().get(entry, {})

    def starting(self, prefix: str) -> dict[str, Mapping[str, object]]:
        """The rows of the entries whose name begins so, by entry and field."""
        return {entry: rows for entry, rows in self._all().items() if entry.startswith(prefix)}

    def take(self, entries: dict[str, dict[str, object]]) -> None:
        """These are all of them: somebody has read the map, and what `rows_of` gave follows it from here."""
        self._entries = entries

    def _all(self) -> dict[str, dict[str, object]]:
        if self._entries is None:
            self._entries = rows_of(self._view.map_items(ENTRIES_ROOT))
        return self._entries

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root != ENTRIES_ROOT or self._entries is None:
            return
        for key in keys:
            entry, _, name = key.partition("/")
            if is_side_row(entry, name):
                value = self._view.map_value(ENTRIES_ROOT, key)
                if value is not None:
                    self._entries.setdefault(entry, {})[name] = value
                elif entry in self._entries:
                    self._entries[entry].pop(name, None)

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._entries = None


def rows_of(items: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Of everything that the drive's map holds."""
    entries: dict[str, dict[str, object]] = {}
    for key, value in items.items():
        entry, _, name = key.partition("/")
        if is_side_row(entry, name):
            entries.setdefault(entry, {})[name] = value
    return entries


def is_side_row(entry: str, name: str) -> bool:
    """Whether it is neither a pad's key or place nor a folder."""
    if len(entry) == PAD_ID_CHARS:
        return name not in _OF_PADS and not is_mirrored(name)
    return len(entry) != FOLDER_ID_CHARS or "-" in entry
