"""The process that reads strangers' files: docx, odt, web pages, and archives of them.

It is confined as every process without keys (`host/keyless_child.py`), and answers what a file says. For that
all that a reader needs is loaded first: one process has that of docx, one that of odt, one all others.
"""

from __future__ import annotations

import codecs
import importlib
import sys
from typing import Final

from cryptpad_tui.convert import reading_wire as wire
from cryptpad_tui.convert.archive import Archive, Limits, without_foreign_parts
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.formats_in import is_rich, read_rich
from cryptpad_tui.convert.model import runs_of
from cryptpad_tui.host.keyless_child import serve
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

MEMORY_BYTES: Final = 2 << 30
ANSWER_S: Final = 120.0
_READERS: Final = {
    "pages": ("cryptpad_tui.convert.html_in", "cryptpad_tui.convert.delta_in"),
    "docx": ("cryptpad_tui.convert.docx_in", "docx", "docx.opc.exceptions", "lxml.etree"),
    "odt": ("cryptpad_tui.convert.odt_in", "lxml.etree"),
}
_LATER: Final = ("unicodedata", "stringprep", "encodings.idna")
"""What the standard library loads only when a text needs it."""
_ENCODINGS: Final = ("utf-8-sig", "cp437", "ascii", "latin-1")


class Reader:
    """Answers requests; keeps the archive that it listed last."""

    def __init__(self) -> None:
        self._archive: Archive | None = None

    def answer(self, request: bytes) -> bytes:
        """The reply to one request, whatever is in the file."""
        try:
            return self._answer(Cutter(request))
        except NotConverted as error:
            return wire.encode_reason(wire.REFUSED, str(error))
        except MemoryError:
            return wire.encode_reason(wire.TOO_LARGE)
        except (Exception, RecursionError):
            # A reader of ours stumbled: for the person that is a damaged file.
            return wire.encode_reason(wire.REFUSED, "it is damaged")

    def _answer(self, cut: Cutter) -> bytes:
        op = cut.number(1)
        if op in (wire.READ, wire.EMPTY):
            name = f"x.{cut.piece(cut.number(1)).decode('ascii')}"
            return _read(name, cut.rest()) if op == wire.READ else _done(without_foreign_parts(cut.rest())[0])
        if op == wire.LIST:
            self._archive = None
            self._archive = archive = listed(cut.rest())
            return _done(wire.encode_members((one.name, one.size) for one in archive.members))
        if op != wire.MEMBER:
            raise BadFrame("an unknown request")
        if self._archive is None:
            return wire.encode_reason(wire.NO_ARCHIVE)
        return _done(self._archive.read(self._archive.members[cut.number(4)]))


def listed(data: bytes) -> Archive:
    """An archive of files that a person named; raises NotConverted."""
    return Archive(data, limits=Limits(parts=wire.MAX_MEMBERS, total=wire.MAX_ASKED))


def _read(name: str, data: bytes) -> bytes:
    if not is_rich(name, data):
        return wire.encode_reason(wire.NOT_RICH)
    read = read_rich(name, data)
    runs = runs_of(read.paragraphs)
    if len(runs) > wire.MAX_RUNS:
        raise NotConverted("it has more pieces than a pad can have")
    return _done(wire.encode_rich(runs, read.lost, read.pictures))


def _done(data: bytes) -> bytes:
    return bytes([wire.DONE]) + data


def load(reader: str) -> None:
    """All that a reader needs, since later no file can be opened."""
    for name in (*_LATER, *_READERS[reader]):
        importlib.import_module(name)
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)


def main() -> None:
    load(sys.argv[1])
    serve(Reader().answer, memory_bytes=MEMORY_BYTES, most_asked=wire.MAX_ASKED, answer_s=ANSWER_S)


if __name__ == "__main__":
    main()
