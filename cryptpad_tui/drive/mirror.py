"""The drive's folders and marks beside its document: in memory while it is open, and in a table of the vault.

The table is written in the transaction that makes an edit durable, so that a list of ten thousand pads needs
no document. Keys never pass through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.drive.side_rows import SideRows, rows_of
from cryptpad_tui.drive.tree import PAD_ID_CHARS, Fields, Tree, is_mirrored

KEPT: Final = "drive/mirror"
"""The setting that says that the table is there; a vault of an earlier version has none."""
MAX_NUMBER: Final = 2**53
Key = tuple[str, str]


class FieldTable(Protocol):
    """Where the vault keeps the fields."""

    def setting(self, key: str) -> str | None: ...
    def set_setting(self, key: str, value: str | None) -> None: ...
    def drive_fields(self) -> list[tuple[str, str, str | int]]: ...
    def put_drive_fields(self, fields: Mapping[Key, str | int | None]) -> None:
        """None takes a field away."""


class Mirror:
    """Follows the view of the drive."""

    def __init__(self, view: ViewDocument, table: FieldTable, *, compare: bool = False) -> None:
        """`compare`: the table may lack what came from other devices before a process died."""
        self._view, self._table = view, table
        self._changed: set[Key] = set()
        self._written: set[Key] = set()
        """Of the last save: written again with the next, as its transaction may have failed."""
        self._tree: Tree | None = None
        self._folders: Tree | None = None
        self.side_rows = SideRows(view)
        self._must_compare = compare or table.setting(KEPT) is None
        self._fields = self._read() if self._must_compare else _by_key(table.drive_fields())
        view.observe_maps(self._follow)
        view.observe(self._reload)
        view.read_ahead(_sorted)

    def _read(self) -> dict[Key, str | int]:
        found = self._view.found_ahead(_sorted) or _sorted(ENTRIES_ROOT, self._view.map_items(ENTRIES_ROOT))
        assert isinstance(found, _Sorted)
        self.side_rows.take(found.side_rows)
        return found.fields

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root != ENTRIES_ROOT:
            return
        for key in keys:
            entry, _, name = key.partition("/")
            if is_mirrored(name):
                self._forget_trees(entry, name)
                self._changed.add((entry, name))
                value = _kept(self._view.map_value(ENTRIES_ROOT, key))
                if value is None:
                    self._fields.pop((entry, name), None)
                else:
                    self._fields[entry, name] = value

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._fields, self._must_compare = self._read(), True
            self._tree = self._folders = None

    def _forget_trees(self, entry: str, name: str) -> None:
        """Most changes of a pad leave the folders as they are: ten thousand pads are not read for each."""
        self._tree = None
        if (
            len(entry) != PAD_ID_CHARS
            or name == "folder"
            or (name == "in" and (entry, "folder") in self._fields)
        ):
            self._folders = None

    def folders(self) -> Tree:
        """The same without what is said about pads."""
        if self._folders is None:
            paths = [key for key in self._fields if key[1] == "folder" and (key[0], "in") not in self._fields]
            own = [key for key in self._fields if len(key[0]) != PAD_ID_CHARS]
            self._folders = Tree([(*key, self._fields[key]) for key in (*own, *paths)])
        return self._folders

    def tree(self) -> Tree:
        """As the view is."""
        if self._tree is None:
            self._tree = Tree([(entry, name, value) for (entry, name), value in self._fields.items()])
        return self._tree

    def save(self) -> None:
        """Inside the transaction that makes the view's edits durable."""
        if self._must_compare:
            stored = _by_key(self._table.drive_fields())
            self._changed |= {key for key, value in self._fields.items() if stored.get(key) != value}
            self._changed |= stored.keys() - self._fields.keys()
        written = self._changed | self._written
        if written:
            self._table.put_drive_fields({key: self._fields.get(key) for key in written})
        if self._must_compare:
            self._table.set_setting(KEPT, "1")
        self._written, self._changed, self._must_compare = self._changed, set(), False


@dataclass(frozen=True, slots=True, repr=False)
class _Sorted:
    """What the drive's map holds, but for keys."""

    fields: dict[Key, str | int]
    side_rows: dict[str, dict[str, object]]


def _sorted(root: str, items: Mapping[str, object]) -> _Sorted | None:
    if root != ENTRIES_ROOT:
        return None
    fields = {}
    for key, value in items.items():
        entry, _, name = key.partition("/")
        if is_mirrored(name) and (kept := _kept(value)) is not None:
            fields[entry, name] = kept
    return _Sorted(fields, rows_of(items))


def _by_key(fields: Fields) -> dict[Key, str | int]:
    return {(entry, name): value for entry, name, value in fields if isinstance(value, str | int)}


def _kept(value: object) -> str | int | None:
    """None for what no version of this program writes: a number that no table holds would end all saving."""
    if isinstance(value, float):
        return int(value) if abs(value) < MAX_NUMBER else None
    return value if isinstance(value, str) or (isinstance(value, int) and abs(value) < MAX_NUMBER) else None
