"""What a pad is called as a file, and a file as a pad. Pure; no name that it gives out leads elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from cryptpad_tui.crdt.clean import find_unclean

MAX_NAME_BYTES: Final = 200
"""Of a name; file systems allow 255, and a conflict copy needs room for its words."""
MARKDOWN: Final = ".md"
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$").search
_UNFIT: Final = re.compile("[/\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")
_LEADING: Final = ".#-"
_VIM_PROBE: Final = re.compile(r"\d{4,5}$").match
"""The file that vim makes to see whether it may: 4913, 5036, and so on."""


def file_name(title: str) -> str:
    """One safe name: no slash, no control character, bounded; markdown unless it says.

    Always one that is followed: a file that is written and then not seen would look like a removed one. And
    none that another program would take for an option.
    """
    name = _UNFIT.sub("-", title).strip() or "_"
    if name.endswith("~"):
        name = name[:-1] + "-"
    if name[0] in _LEADING:
        name = "_" + name[1:]
    found = _SUFFIX(name)
    suffix = found.group() if found and found.start() else MARKDOWN
    stem = name[: found.start()] if found and found.start() else name
    room = MAX_NAME_BYTES - len(suffix)
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + suffix


def folder_name(name: str) -> str:
    """The same for a folder."""
    made = file_name(name).removesuffix(MARKDOWN)
    return made if is_followed(made, folder=True) else f"{made[:-1]}-"


def title_of(path: str) -> str:
    """The title of the pad that a file becomes."""
    name = PurePosixPath(path).name
    return name.removesuffix(MARKDOWN) or name


def folder_of(path: str) -> str:
    """The folder that a path lies in; empty at the top."""
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent


def is_followed(name: str, *, folder: bool = False) -> bool:
    """Whether a name is a person's and not a program's: hidden files, backups and probes are none."""
    if not name or name[0] in ".#" or name[-1] in "~#":
        return False
    return folder or not _VIM_PROBE(name)


def is_writable_as_title(path: str) -> bool:
    """Whether each part of a path can be a title or a folder: file names may hold anything."""
    return not find_unclean(path) and "\n" not in path and "\t" not in path


def key_of(path: str) -> str:
    """Equal where some file system takes two paths for one: in case, or in how an accent is written."""
    return unicodedata.normalize("NFC", path).casefold()


def wanted_paths(
    pads: Mapping[str, tuple[str, str, str]], first: Container[str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """A path for each pad, by id, from (folder, title, short id). Those in `first` choose first.

    A second pad of the same title gets its short id into the name; so does one whose title would take the
    place of a file that is no pad's: whoever may edit a pad may name it.
    """
    found: dict[str, str] = {}
    used = {key_of(path) for path in taken}
    for pad in sorted(pads, key=lambda each: (each not in first, each)):
        folder, title, short_id = pads[pad]
        parts = [folder_name(part) for part in folder.split("/") if part.strip()]
        name = file_name(title)
        path = "/".join([*parts, name])
        if key_of(path) in used:
            stem, dot, suffix = name.rpartition(".")
            path = "/".join([*parts, f"{stem} ({short_id}){dot}{suffix}"])
        used.add(key_of(path))
        found[pad] = path
    return found


def conflict_name(path: str, stamp: str, exists: Iterable[str]) -> str:
    """A free path beside this one that says what it is."""
    whole = PurePosixPath(path)
    stem, there = whole.stem, {key_of(each) for each in exists}
    for number in range(1, 10_000):
        words = f"conflict {stamp}" if number == 1 else f"conflict {stamp} {number}"
        beside = str(whole.with_name(f"{stem} ({words}){whole.suffix}"))
        if key_of(beside) not in there:
            return beside
    raise FileExistsError(path)
