"""What the list of the drive shows: its sections, sorted, filtered, the folders as a tree. Pure.

Ten thousand pads pass through here at a key press: what hangs on the drive alone is kept between two.
It changes nothing and paints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from cryptpad_tui.drive.tree import TOP, Folder, Tree
from cryptpad_tui.engine.values import PadListing


class Section(StrEnum):
    """A part of the drive, by the word that the screen has for it."""

    RECENT = "Recent"
    ALL = "All"
    TEMPLATES = "Templates"
    TRASH = "Trash"


class Sort(StrEnum):
    """By what the pads are sorted, in the words of the screen."""

    CHANGED = "newest first"
    TITLE = "by title"
    KIND = "by kind"
    SIZE = "by size"


Key = str
"""What a row is known by, whatever becomes of it: the id of a pad in hex, or of a folder."""


class FolderRow(NamedTuple):
    folder: Folder
    depth: int
    is_open: bool
    pads: int
    """How many are in it, at whatever depth."""
    where: str = ""
    """The folder around it, where the tree does not show that."""

    @property
    def key(self) -> Key:
        return self.folder.id


class PadRow(NamedTuple):
    pad: PadListing
    depth: int = 0
    where: str = ""

    @property
    def key(self) -> Key:
        return self.pad.pad_id.hex()


Row = FolderRow | PadRow
_ORDERS: Final[dict[Sort, Callable[[PadListing], Any]]] = {
    Sort.CHANGED: lambda pad: (-pad.changed_ms, pad.pad_id),
    Sort.TITLE: lambda pad: (pad.title.casefold(), pad.title, pad.pad_id),
    Sort.KIND: lambda pad: (pad.kind, pad.role == "view", pad.title.casefold(), pad.pad_id),
    Sort.SIZE: lambda pad: (-pad.size_bytes, pad.title.casefold(), pad.pad_id),
}


@dataclass(frozen=True, slots=True)
class View:
    """What a person chose to see."""

    section: Section = Section.RECENT
    sort: Sort = Sort.CHANGED
    opened: frozenset[str] = field(default=frozenset())
    """The folders whose insides are shown."""


class Contents:
    """The drive at one moment, sorted in one way."""

    def __init__(self, lines: Iterable[PadListing], tree: Tree, sort: Sort = Sort.CHANGED) -> None:
        self.tree, self.sort = tree, sort
        self.lines = list(lines)
        """Without those in the trash."""
        self.trashed = [pad for pad in self.lines if pad.trashed_ms]
        self.lines = sorted((pad for pad in self.lines if not pad.trashed_ms), key=_ORDERS[sort])
        self.trashed.sort(key=lambda pad: (-pad.trashed_ms, pad.title.casefold(), pad.pad_id))
        self._titles: list[tuple[str, PadListing]] | None = None
        self._inside: dict[str, list[PadListing]] = {}
        for pad in self.lines:
            self._inside.setdefault(pad.folder_id, []).append(pad)
        self._counts = self._counted()

    def _counted(self) -> dict[str, int]:
        counts = dict.fromkeys(self.tree.folders, 0)
        for folder_id, pads in self._inside.items():
            while folder := self.tree.folders.get(folder_id):
                counts[folder_id] += len(pads)
                folder_id = folder.parent
        return counts

    def sorted_by(self, sort: Sort) -> Contents:
        return self if sort is self.sort else Contents([*self.lines, *self.trashed], self.tree, sort)

    def rows(self, view: View, needle: str) -> list[Row]:
        """What a section shows, of what has the needle in it."""
        if view.section is Section.TRASH:
            return self._trash(needle)
        if view.section is Section.ALL:
            return self._found(needle) if needle.strip() else list(self._below(TOP, 0, view.opened))
        pads = self._matching(needle)
        if view.section is Section.TEMPLATES:
            pads = [pad for pad in pads if pad.template]
        return [PadRow(pad, 0, pad.folder) for pad in pads]

    def said_inside(self, folder_id: str) -> str:
        """How much is in a folder, at whatever depth."""
        count = self._counts.get(folder_id, 0)
        if not count:
            return "Nothing is in it."
        return "With the pad in it." if count == 1 else f"With the {count} pads in it."

    def keys(self, section: Section) -> set[Key]:
        """Of everything that the section has, shown or not."""
        if section is Section.TRASH:
            return {row.key for row in self._trash("")}
        return {pad.pad_id.hex() for pad in self.lines} | {folder.id for folder in self._kept_folders()}

    def _below(self, folder_id: str, depth: int, opened: frozenset[str]) -> Iterable[Row]:
        for folder in self.tree.children(folder_id):
            is_open = folder.id in opened
            yield FolderRow(folder, depth, is_open, self._counts[folder.id])
            if is_open:
                yield from self._below(folder.id, depth + 1, opened)
        for pad in self._inside.get(folder_id, ()):
            yield PadRow(pad, depth)

    def _found(self, needle: str) -> list[Row]:
        """Folders and pads from wherever they are, with the folder around them."""
        tags, words = parsed(needle)
        rows: list[Row] = []
        if words and not tags:
            rows += [
                FolderRow(folder, 0, False, self._counts[folder.id], self.tree.path(folder.parent))
                for folder in self._kept_folders()
                if words in folder.name.casefold()
            ]
        return [*rows, *[PadRow(pad, 0, pad.folder) for pad in self._matching(needle)]]

    def _kept_folders(self) -> list[Folder]:
        kept = [folder for folder in self.tree.folders.values() if not self.tree.is_in_trash(folder.id)]
        return sorted(kept, key=lambda folder: (folder.name.casefold(), folder.id))

    def _matching(self, needle: str) -> Sequence[PadListing]:
        tags, words = parsed(needle)
        if not tags and not words:
            return self.lines
        if self._titles is None:
            self._titles = [(pad.title.casefold(), pad) for pad in self.lines]
        if "/" in words:
            found = [pad for pad in self.lines if words in pad.path.casefold()]
        else:
            found = [pad for title, pad in self._titles if words in title]
        return [pad for pad in found if has_tags(pad, tags)] if tags else found

    def _trash(self, needle: str) -> list[Row]:
        tags, words = parsed(needle)
        rows: list[Row] = [
            FolderRow(folder, 0, False, 0, self.tree.path(folder.parent))
            for folder in sorted(self.tree.trashed_folders(), key=lambda folder: -folder.trashed_ms)
            if not tags and words in folder.name.casefold()
        ]
        pads = [pad for pad in self.trashed if words in pad.title.casefold() and has_tags(pad, tags)]
        return [*rows, *[PadRow(pad, 0, pad.folder) for pad in pads]]


def parsed(needle: str) -> tuple[tuple[str, ...], str]:
    """The tags of a filter, written `#tag`, and the words that a title must have, together."""
    parts = needle.casefold().split()
    tags = tuple(part[1:] for part in parts if part.startswith("#") and len(part) > 1)
    return tags, " ".join(part for part in parts if not (part.startswith("#") and len(part) > 1))


def has_tags(pad: PadListing, tags: Sequence[str]) -> bool:
    """Whether each is the beginning of a tag of the pad: what is typed so far finds already."""
    return all(any(own.casefold().startswith(tag) for own in pad.tags) for tag in tags)


def around(tree: Tree, folder_id: str) -> set[str]:
    """The folder and those around it."""
    found = set()
    while folder := tree.folders.get(folder_id):
        found.add(folder_id)
        folder_id = folder.parent
    return found


def with_open(view: View, folders: Iterable[str]) -> View:
    return replace(view, opened=view.opened | frozenset(folders))


def with_closed(view: View, folder_id: str) -> View:
    return replace(view, opened=view.opened - {folder_id})
