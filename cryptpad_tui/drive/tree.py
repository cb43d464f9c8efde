"""Folders, tags and the trash of a drive, read from its fields. Pure.

Any fields whatever make one tree, the same on every device: a folder that two devices moved under itself
stands at the top, as does one whose parent is gone, so that a cycle never hides anything. Never writes, never
loses an entry.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

TOP: Final = ""
"""The folder that has no parent."""
MAX_DEPTH: Final = 64
"""A folder that lies deeper is shown at the top: two devices can build together what neither would alone."""
MAX_NAME_CHARS: Final = 200
FOLDER_ID_CHARS: Final = 32
PAD_ID_CHARS: Final = 64
TAG: Final = "tag:"
"""How the field of a tag begins; each is a field of its own, so that two devices' tags both stay."""
MIRRORED: Final = frozenset({"name", "folder", "in", "trashed", "template", "path", "parent", "shared"})
"""The fields that a tree is made of, beside tags. No key is among them."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder, as it is shown."""

    id: str
    name: str
    parent: str
    trashed_ms: int
    """When it was put into the trash by itself, not with a folder around it; else 0."""
    shared: str = ""
    """The shared folder's pad, by its id in hex, where others hold this folder too."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What a person said about a pad."""

    folder: str = TOP
    name: str = ""
    tags: tuple[str, ...] = ()
    template: bool = False
    trashed_ms: int = 0


Fields = Iterable[tuple[str, str, object]]
"""(entry, field, value), in any order."""
_NOTHING: Final = Placed()


def folder_id_of(path: str) -> str:
    """The id of a folder that is made at a path: two devices that make the same one make one."""
    return hashlib.blake2b(b"pad1 drive folder\0" + path.encode(), digest_size=16).hexdigest()


def path_parts(path: str) -> list[str]:
    """The names in a path; superfluous slashes are none."""
    return [part for part in path.split("/") if part.strip()]


def paths_to(path: str) -> list[str]:
    """The path of each folder that a path runs through, the outermost first, itself the last."""
    parts = path_parts(path)[:MAX_DEPTH]
    return ["/".join(parts[:size]) for size in range(1, len(parts) + 1)]


def is_mirrored(field: str) -> bool:
    return field in MIRRORED or field.startswith(TAG)


class Tree:
    """The whole drive but its keys."""

    def __init__(self, fields: Fields) -> None:
        entries: dict[str, dict[str, object]] = {}
        for entry, field, value in fields:
            entries.setdefault(entry, {})[field] = value
        self._made: dict[str, str] = {}
        """The path that a folder was made at. Its name and parent follow from it until they are changed."""
        self._implied: dict[str, str] = {}
        self._own: dict[str, Mapping[str, object]] = {}
        self._pads: dict[str, Placed] = {}
        for entry, values in entries.items():
            if len(entry) == FOLDER_ID_CHARS and (values.get("path") or values.get("name")):
                self._own[entry] = values
                self._made[entry] = _text(values.get("path"))
        for entry, values in entries.items():
            if len(entry) == PAD_ID_CHARS:
                self._pads[entry] = self._place(values)
        self.broken: dict[str, str] = {}
        """Folders whose written parent is not the one shown, with that one."""
        self.folders = self._shown()
        self._trashed = {each: self._trashed_at(each) for each in self.folders}
        self._children: dict[str, list[Folder]] = {}
        for folder in self.folders.values():
            self._children.setdefault(folder.parent, []).append(folder)

    # -- reading the fields

    def _imply(self, path: str) -> str:
        """The folder at a path that a pad names by its words alone, with those around it; its id."""
        if path not in self._implied:
            paths = paths_to(path)
            for whole in paths:
                self._made.setdefault(folder_id_of(whole), whole)
            self._implied[path] = folder_id_of(paths[-1]) if paths else TOP
        return self._implied[path]

    def _place(self, values: Mapping[str, object]) -> Placed:
        folder = values.get("in")
        if not isinstance(folder, str):
            folder = self._imply(_text(values.get("folder")))
        tags = [field.removeprefix(TAG) for field, value in values.items() if value and field.startswith(TAG)]
        return Placed(
            folder=folder,
            name=_text(values.get("name")),
            tags=tuple(sorted(tags)),
            template=bool(values.get("template")),
            trashed_ms=_number(values.get("trashed")),
        )

    def _shown(self) -> dict[str, Folder]:
        names, parents = {}, {}
        for each, path in self._made.items():
            values, parts = self._own.get(each, {}), path_parts(path)[:MAX_DEPTH]
            names[each] = _text(values.get("name")) or (parts[-1] if parts else each[:8])
            parent = values.get("parent")
            implied = folder_id_of("/".join(parts[:-1])) if len(parts) > 1 else TOP
            parents[each] = parent if isinstance(parent, str) else implied
        shown = _without_cycles(parents)
        self.broken = {each: shown[each] for each in shown if shown[each] != parents[each]}
        return {
            each: Folder(
                each,
                names[each],
                shown[each],
                _number(self._own.get(each, {}).get("trashed")),
                _shared(each, self._own.get(each, {}).get("shared")),
            )
            for each in sorted(shown)
        }

    def _trashed_at(self, folder_id: str) -> int:
        return next((each.trashed_ms for each in self._upwards(folder_id) if each.trashed_ms), 0)

    def _upwards(self, folder_id: str) -> list[Folder]:
        """The folder and those around it, the innermost first."""
        found = []
        while folder := self.folders.get(folder_id):
            found.append(folder)
            folder_id = folder.parent
        return found

    # -- what is asked

    def shared_around(self, folder_id: str) -> Folder | None:
        """The innermost shared folder that this one is, or lies in."""
        return next((each for each in self._upwards(folder_id) if each.shared), None)

    def placed(self, entry: str) -> Placed:
        """What is known of a pad, by its id in hex."""
        return self._pads.get(entry, _NOTHING)

    def folder_of(self, entry: str) -> str:
        """The folder that shows a pad: the top where its own is gone."""
        folder = self.placed(entry).folder
        return folder if folder in self.folders else TOP

    def trashed_ms(self, entry: str) -> int:
        """When a pad went into the trash, by itself or with a folder around it; 0 where it is not there."""
        placed = self._pads.get(entry, _NOTHING)
        return placed.trashed_ms or self._trashed.get(placed.folder, 0)

    def trash_time(self, folder_id: str) -> int:
        """When a folder went into the trash, by itself or with one around it; 0 where it is not there."""
        return self._trashed.get(folder_id, 0)

    def is_in_trash(self, folder_id: str) -> bool:
        return bool(self._trashed.get(folder_id))

    def path(self, folder_id: str) -> str:
        """The names from the top, with slashes between; empty for the top."""
        return "/".join([folder.name for folder in reversed(self._upwards(folder_id))])

    def children(self, folder_id: str) -> list[Folder]:
        """The folders in one that are not in the trash, by name."""
        found = [each for each in self._children.get(folder_id, []) if not self._trashed[each.id]]
        return sorted(found, key=lambda each: (each.name.casefold(), each.name, each.id))

    def below(self, folder_id: str) -> set[str]:
        """The folder and all in it, in the trash or not."""
        found, waiting = {folder_id}, [folder_id]
        while waiting:
            inside = [each.id for each in self._children.get(waiting.pop(), []) if each.id not in found]
            found.update(inside)
            waiting += inside
        return found

    def at(self, path: str) -> list[Folder]:
        """The folders at a path that are not in the trash: more than one where two have the same name."""
        found: list[Folder] = []
        parents = [TOP]
        for part in path_parts(path):
            found = [each for parent in parents for each in self.children(parent) if each.name == part]
            parents = [each.id for each in found]
        return found

    def nearest_kept(self, folder_id: str) -> str:
        """The folder, or the innermost one around it that is not in the trash."""
        kept = (each.id for each in self._upwards(folder_id) if not self._trashed[each.id])
        return next(kept, TOP)

    def depth(self, folder_id: str) -> int:
        """How many names its path has; 0 at the top."""
        return len(self._upwards(folder_id))

    def unwritten_paths(self, folder_id: str) -> list[str]:
        """Where a folder and those that its path runs through are named by pads alone: their paths."""
        ids = {folder_id_of(path): path for path in paths_to(self._made.get(folder_id, ""))}
        return [path for each, path in ids.items() if self._made.get(each) and each not in self._own]

    def is_used(self, folder_id: str) -> bool:
        return folder_id in self.folders

    def trashed_folders(self) -> list[Folder]:
        """Those that were put into the trash by themselves."""
        return [each for each in self.folders.values() if each.trashed_ms]


def _without_cycles(parents: Mapping[str, str]) -> dict[str, str]:
    """Parents that all lead to the top. Of a cycle, the folder with the smallest id is cut out."""
    shown = {each: parent if parent in parents else TOP for each, parent in parents.items()}
    done: set[str] = {TOP}
    for start in shown:
        way: dict[str, None] = {}
        each = start
        while each not in done and each not in way:
            way[each] = None
            each = shown[each]
        if each not in done:
            walked = list(way)
            shown[min(walked[walked.index(each) :])] = TOP
        done.update(way)
    return _without_depths(shown)


def _without_depths(parents: dict[str, str]) -> dict[str, str]:
    depths: dict[str, int] = {TOP: 0}
    for start in sorted(parents):
        way, each = [], start
        while each not in depths:
            way.append(each)
            each = parents[each]
        depth = depths[each]
        for each in reversed(way):
            depth += 1
            if depth > MAX_DEPTH:
                parents[each], depth = TOP, 1
            depths[each] = depth
    return parents


def shared_id_of(pad_id: bytes) -> str:
    """The id of the folder that a drive shows for a shared one."""
    return pad_id.hex()[:FOLDER_ID_CHARS]


def _shared(folder_id: str, value: object) -> str:
    text = _text(value)
    return text if len(text) == PAD_ID_CHARS and text.startswith(folder_id) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0
