"""What a pad is called as a file, and a file as a pad. Pure; no name that it gives out leads elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import PurePosixPath
from typing import Final

from cryptpad_tui.crdt.clean import find_unclean

MAX_NAME_BYTES: Final = 200
"""Of a name; file systems allow 255, and a conflict copy needs room for its words."""
MAX_DEPTH: Final = 64
"""Of folders: a file that lies deeper is not seen, so none is written there."""
MARKDOWN: Final = ".md"
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$").search
_UNFIT: Final = re.compile(
    "[/\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\u061c\u200b\u200e\u200f\u2060-\u2064\ufeff]"
)
"""What leads elsewhere, commands a terminal, turns a name around or shows nothing: no two look like one.
The joiners stay, since words and emoji are written with them."""
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
    pads: Mapping[str, tuple[str, str, str]], held: Mapping[str, str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """A path for each pad, by id, from (folder, title, short id); `held` is where those lie that have a file.

    A second pad of the same title gets its short id into the name; so does one whose title would take the
    place of another pad's file, a folder, or a file that is no pad's: whoever may edit a pad may name it.
    """
    plain = {pad: (_folders(folder), file_name(title)) for pad, (folder, title, _) in pads.items()}
    keys = {pad: key_of("/".join([*parts, name])) for pad, (parts, name) in plain.items()}
    stays = {pad for pad, path in held.items() if pad in keys and key_of(path) == keys[pad]}
    used = {key_of(path) for path in taken} | {keys[pad] for pad in stays}
    found = {pad: "/".join([*plain[pad][0], plain[pad][1]]) for pad in stays}
    used |= {
        key_of("/".join(parts[:size])) for parts, _ in plain.values() for size in range(1, len(parts) + 1)
    }
    for pad in sorted(pads.keys() - stays, key=lambda each: (each not in held, each)):
        parts, name = plain[pad]
        tried = ("/".join([*parts, each]) for each in _names(name, pads[pad][2]))
        found[pad] = next(path for path in tried if key_of(path) not in used)
        used.add(key_of(found[pad]))
    return found


def _names(name: str, short_id: str) -> Iterator[str]:
    """What a pad can be called: anybody may call another one what is left."""
    yield name
    stem, dot, suffix = name.rpartition(".")
    yield f"{stem} ({short_id}){dot}{suffix}"
    for number in count(2):
        yield f"{stem} ({short_id} {number}){dot}{suffix}"


def _folders(path: str) -> list[str]:
    """The folders on disk of a path in the drive, none so deep that it would not be looked through."""
    return [folder_name(part) for part in path.split("/") if part.strip()][:MAX_DEPTH]


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
