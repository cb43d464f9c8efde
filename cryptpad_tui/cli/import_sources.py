"""The files that `import` was given: alone, in folders, or in a zip. Nothing is unpacked to a disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli.errors import FileUnreadable
from cryptpad_tui.cli.text_input import MAX_INPUT_BYTES, read_bytes

if TYPE_CHECKING:
    from cryptpad_tui.convert.archive import Archive, Member

MAX_FILES: Final = 10_000
MAX_ZIP_BYTES: Final = 256 * 1024 * 1024
_NOT_OURS: Final = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import: what it is called, its folder in the drive, and how its bytes are read."""

    shown: str
    name: str
    folder: str
    read: Callable[[], bytes] = field(repr=False)


def sources_of(path: Path, folder: str) -> Iterator[Source]:
    """The files at a path; links and hidden files of folders are none."""
    if path.suffix.lower() == ".zip" and path.is_file():
        yield from _zipped(path, folder)
    elif path.is_dir():
        yield from _below(path, folder)
    else:
        yield _file(path, folder)


def _file(path: Path, folder: str) -> Source:
    return Source(str(path), path.name, folder, partial(read_bytes, path, MAX_INPUT_BYTES, "the file"))


def _below(path: Path, folder: str) -> Iterator[Source]:
    for directory, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        inside = Path(directory).relative_to(path.parent if path.name else path)
        into = "/".join([part for part in (folder, *inside.parts) if part not in ("", ".", "..")])
        for name in sorted(files):
            file = Path(directory) / name
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield _file(file, into)


def _zipped(path: Path, folder: str) -> Iterator[Source]:
    """The files of a zip, in a folder of its name, as those of a folder."""
    from cryptpad_tui.convert.archive import Archive, Limits
    from cryptpad_tui.convert.errors import NotConverted

    data = read_bytes(path, MAX_ZIP_BYTES, "the file")
    try:
        archive = Archive(data, limits=Limits(parts=MAX_FILES, total=MAX_ZIP_BYTES))
    except NotConverted as error:
        raise FileUnreadable(f"{path}: {error}") from None
    for member in archive.members:
        parts = member.name.split("/")
        if "\\" in member.name or any(part in ("", ".", "..") for part in parts):
            raise FileUnreadable(f"{path}: it holds a name that leads out of it; nothing was imported")
        if any(part.startswith(".") or part in _NOT_OURS for part in parts):
            continue
        into = "/".join([part for part in (folder, path.stem, *parts[:-1]) if part])
        yield Source(f"{path}: {member.name}", parts[-1], into, partial(_member, archive, member))


def _member(archive: Archive, member: Member) -> bytes:
    if member.size > MAX_INPUT_BYTES:
        raise FileUnreadable(f"it is over {MAX_INPUT_BYTES} bytes")
    return archive.read(member)
