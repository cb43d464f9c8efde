"""Strangers' files as rich text, read in processes without keys and believed only as far as was checked.

One reader serves one import: its processes start when a file needs them, and end with it. Over a file that
ends one, another is started: that file is named, and the next one is read. The calls block, and may be in
threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from cryptpad_tui.convert import reading_wire as wire
from cryptpad_tui.convert.errors import NotConverted, NotRead
from cryptpad_tui.convert.pandoc import LEFT_OUT, page_from
from cryptpad_tui.convert.reading_wire import RichFile
from cryptpad_tui.host.errors import (
    ChildEnded,
    ChildFailed,
    ChildNotStarted,
    ChildTalkedTooMuch,
    ChildTooSlow,
)
from cryptpad_tui.host.keyless import KeylessProcess, command_of
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

TIMEOUT_S: Final = 300.0
"""Of the clock; the process bounds its time on the processor itself, to less (`reading_child.py`)."""
OFFICE: Final = ("docx", "odt")
RICH: Final = frozenset({"html", "htm", "xhtml", *OFFICE})
"""Files that become rich text, whatever is in them."""
PERHAPS_RICH: Final = frozenset({"json"})
_FAILURES: Final = {
    ChildNotStarted: "no process could be started for it",
    ChildEnded: "the process ended over it",
    ChildTooSlow: "it took too long",
    ChildTalkedTooMuch: "the process answered what it may not",
}
T = TypeVar("T")


class Asked(Protocol):
    """What `KeylessProcess` is to a reader."""

    def ask(self, request: bytes) -> bytes: ...

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


def started(reader: str) -> KeylessProcess:
    """The process that has this reader."""
    command = [*command_of("cryptpad_tui.convert.reading_child"), reader]
    return KeylessProcess(command, timeout_s=TIMEOUT_S, most_answered=wire.MAX_ANSWERED)


class ForeignReader:
    """Reads files for one import."""

    def __init__(self, start: Callable[[str], Asked] = started) -> None:
        self._start = start
        self._processes: dict[str, Asked] = {}
        self._unpacked: ForeignArchive | None = None
        """The archive that the process was given last."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its processes, also one that is at work in another thread."""
        for process in list(self._processes.values()):
            process.close()

    def warm_up(self, suffixes: Iterable[str]) -> None:
        """Start what files need whose names end so; where that fails, reading one says so."""
        for reader in {_reader_of(suffix) for suffix in suffixes if suffix in RICH}:
            with suppress(ChildFailed):
                self._process(reader).warm_up()

    def rich(self, suffix: str, data: bytes, *, pandoc: bool = False) -> RichFile | None:
        """What a file says whose name ends so, or None where it is no rich text.

        Raises NotRead, NotConverted or NeedsPandoc.
        """
        if suffix not in RICH | PERHAPS_RICH:
            return None
        if pandoc and suffix in OFFICE:
            return self._by_pandoc(suffix, data)
        status, cut = self._asked(_reader_of(suffix), _of_file(wire.READ, suffix, data))
        if status == wire.NOT_RICH and suffix in PERHAPS_RICH:
            return None
        return self._decoded(status, cut, wire.decode_rich)

    def archive(self, data: bytes) -> ForeignArchive:
        """The files in a zip; raises NotRead or NotConverted."""
        return ForeignArchive(self, data, tuple(self._listed(data)))

    def member(self, archive: ForeignArchive, place: int) -> bytes:
        """The bytes of one file of an archive; raises NotRead or NotConverted."""
        request = bytes([wire.MEMBER]) + place.to_bytes(4, "big")
        if self._unpacked is not archive:
            self._listed(archive.data)
            self._unpacked = archive
        status, cut = self._asked("pages", request)
        if status == wire.NO_ARCHIVE:
            # A file between ended the process that had it.
            self._listed(archive.data)
            status, cut = self._asked("pages", request)
        found = self._decoded(status, cut, Cutter.rest)
        if len(found) != archive.members[place][1]:
            raise NotRead(_FAILURES[ChildTalkedTooMuch])
        return found

    def _listed(self, data: bytes) -> list[tuple[str, int]]:
        status, cut = self._asked("pages", bytes([wire.LIST]) + data)
        return self._decoded(status, cut, wire.decode_members)

    def _by_pandoc(self, suffix: str, data: bytes) -> RichFile:
        """Bounded and emptied of all but text first: pandoc too is a parser of strangers' files."""
        status, cut = self._asked(suffix, _of_file(wire.EMPTY, suffix, data))
        emptied = self._decoded(status, cut, Cutter.rest)
        read = self.rich("html", page_from(suffix, emptied))
        assert read is not None
        return RichFile(read.runs, (*read.lost, LEFT_OUT), read.pictures)

    def _process(self, reader: str) -> Asked:
        process = self._processes.get(reader)
        if process is None:
            process = self._processes[reader] = self._start(reader)
        return process

    def _asked(self, reader: str, request: bytes) -> tuple[int, Cutter]:
        try:
            cut = Cutter(self._process(reader).ask(request))
            return cut.number(1), cut
        except ChildFailed as error:
            raise NotRead(_FAILURES.get(type(error), "")) from None
        except BadFrame:
            self.close()
            raise NotRead(_FAILURES[ChildTalkedTooMuch]) from None

    def _decoded(self, status: int, cut: Cutter, decode: Callable[[Cutter], T]) -> T:
        """The answer; what is wrong with it ends the processes, which nobody should go on with."""
        try:
            if status == wire.DONE:
                return decode(cut)
            if status == wire.REFUSED:
                raise NotConverted(wire.cut_words(cut))
        except BadFrame:
            self.close()
            raise NotRead(_FAILURES[ChildTalkedTooMuch]) from None
        if status == wire.TOO_LARGE:
            raise NotConverted("it takes too much memory")
        self.close()
        raise NotRead(_FAILURES[ChildTalkedTooMuch])


@dataclass(frozen=True, slots=True)
class ForeignArchive:
    """A zip whose files are listed, and unpacked when they are read."""

    _reader: ForeignReader = field(repr=False)
    data: bytes = field(repr=False)
    members: tuple[tuple[str, int], ...] = field(repr=False)
    """Names and sizes."""

    def read(self, place: int) -> bytes:
        """One of the members; raises NotRead or NotConverted."""
        return self._reader.member(self, place)


def _reader_of(suffix: str) -> str:
    return suffix if suffix in OFFICE else "pages"


def _of_file(op: int, suffix: str, data: bytes) -> bytes:
    return bytes([op, len(suffix)]) + suffix.encode("ascii") + data
