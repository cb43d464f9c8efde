"""Strangers' documents and what the process that reads them says: X1 and X6 of the threat table."""

from __future__ import annotations

import contextlib

from fuzz.choices import Choices

from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.formats_in import is_rich, read_rich
from cryptpad_tui.convert.model import runs_of
from cryptpad_tui.convert.reading_wire import RichFile, decode_members, decode_rich, encode_rich
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter


def fuzz_document(data: bytes) -> None:
    """An answer is refused or can be in a pad; what our own readers find in any bytes is never refused."""
    choices = Choices(data)
    mode, raw = choices.below(4), choices.rest()
    if mode == 0:
        with contextlib.suppress(BadFrame):
            _require_possible(decode_rich(Cutter(raw)))
    elif mode == 1:
        with contextlib.suppress(BadFrame):
            decode_members(Cutter(raw))
    else:
        _read("x.html" if mode == 2 else "x.json", raw)


def _read(name: str, raw: bytes) -> None:
    if not is_rich(name, raw):
        return
    try:
        read = read_rich(name, raw)
    except NotConverted:
        return
    runs = runs_of(read.paragraphs)
    _require_possible(found := decode_rich(Cutter(encode_rich(runs, read.lost, read.pictures))))
    assert (found.runs, found.lost, found.pictures) == (runs, read.lost, read.pictures)


def _require_possible(found: RichFile) -> None:
    for text, attributes in found.runs:
        require_clean(text)
        require_formats(PadKind.RICHTEXT, attributes)
        assert "javascript:" not in str(attributes.get("link", ""))[:11].lower()
    assert all(words.isprintable() and len(words) < 200 for words in found.lost)
