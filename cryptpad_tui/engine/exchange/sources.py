"""The files that a person named: alone, in folders, or in a zip. Nothing is unpacked to a disk.

Archives are opened in a process without keys; what it says of them is looked at as a stranger's word.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cryptpad_tui.convert.errors import ConvertError
from cryptpad_tui.convert.reading import ForeignArchive, ForeignReader
from cryptpad_tui.engine.exchange.errors import FileNotRead, FileTooLong, LeadsOut

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
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

    @property
    def suffix(self) -> str:
        """How its name ends, by which it is read."""
        return Path(self.name).suffix.lower().removeprefix(".")


def sources_of(path: Path, folder: str, reader: ForeignReader) -> Iterator[Source]:
    """The files at a path; links and hidden files of folders are none. Raises FileNotRead or LeadsOut."""
    if path.suffix.lower() == ".zip" and path.is_file():
        yield from _zipped(path, folder, reader)
    elif path.is_dir():
        yield from _below(path, folder)
    else:
        yield _file(path, folder)


def _file(path: Path, folder: str) -> Source:
    return Source(str(path), path.name, folder, partial(_bytes, path, MAX_FILE_BYTES))


def _below(path: Path, folder: str) -> Iterator[Source]:
    for directory, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        inside = Path(directory).relative_to(path.parent if path.name else path)
        into = "/".join([part for part in (folder, *inside.parts) if part not in ("", ".", "..")])
        for name in sorted(files):
            file = Path(directory) / name
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield _file(file, into)


def _zipped(path: Path, folder: str, reader: ForeignReader) -> Iterator[Source]:
    """The files of a zip, in a folder of its name, as those of a folder."""
    data = _bytes(path, MAX_ZIP_BYTES)
    try:
        archive = reader.archive(data)
    except ConvertError as error:
        raise FileNotRead(f"{path}: {error}") from None
    for place, (name, size) in enumerate(archive.members):
        parts = name.split("/")
        if "\\" in name or any(part in ("", ".", "..") for part in parts):
            raise LeadsOut(str(path))
        if any(part.startswith(".") or part in _NOT_OURS for part in parts):
            continue
        into = "/".join([part for part in (folder, path.stem, *parts[:-1]) if part])
        yield Source(f"{path}: {name}", parts[-1], into, partial(_member, archive, place, size))


def _member(archive: ForeignArchive, place: int, size: int) -> bytes:
    if size > MAX_FILE_BYTES:
        raise FileTooLong(f"over {MAX_FILE_BYTES} bytes")
    return archive.read(place)


def _bytes(path: Path, limit: int) -> bytes:
    """At most `limit` bytes of a plain file; a pipe or a device would never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileNotRead(f"{path}: no plain file")
            data = stream.read(limit + 1)
    except OSError as error:
        raise FileNotRead(f"{path}: {error.strerror or type(error).__name__}") from None
    if len(data) > limit:
        raise FileTooLong(f"over {limit} bytes")
    return data
