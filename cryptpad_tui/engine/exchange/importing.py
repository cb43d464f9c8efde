"""A file as a pad, in two steps: reading it touches no vault, so a thread may; making the pad is quick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from cryptpad_tui.convert.errors import ConvertError
from cryptpad_tui.convert.formats import is_rich, read_rich
from cryptpad_tui.convert.model import runs_of
from cryptpad_tui.convert.plain_in import clean_text, require_title
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.editor.code_languages import MARKDOWN, language_of_title
from cryptpad_tui.engine.errors import EngineError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.exchange.sources import Source
    from cryptpad_tui.engine.values import PadListing

NOT_IMPORTED: Final = (EngineError, ConvertError)
"""What can be wrong with one file of many; the others come in all the same."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What the pad of a file will hold, and what it will not."""

    title: str
    folder: str
    kind: PadKind
    text: str = ""
    runs: Sequence[tuple[str, Attributes]] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_file(source: Source, *, pandoc: bool = False) -> ReadFile:
    """Raises one of NOT_IMPORTED."""
    data = source.read()
    name = PurePath(source.name)
    rich = is_rich(source.name, data)
    title = require_title(title_of(name, rich=rich))
    if source.folder:
        require_title(source.folder)
    if not rich:
        cleaned = clean_text(data)
        return ReadFile(title, source.folder, PadKind.TEXT, text=cleaned.text, notes=cleaned.notes)
    read = read_rich(source.name, data, pandoc=pandoc)
    return ReadFile(
        title, source.folder, PadKind.RICHTEXT, runs=list(runs_of(read.paragraphs)), lost=read.lost
    )


def title_of(name: PurePath, *, rich: bool) -> str:
    """The end of a program's name says what its text holds, so it stays in the title."""
    is_code = language_of_title(name.name) != MARKDOWN and name.suffix.lower() not in (".txt", ".text")
    return name.name if is_code and not rich else name.stem or name.name


def make_pad(engine: Engine, read: ReadFile) -> PadListing:
    """The pad, durable here when this returns."""
    return engine.create_pad(read.title, kind=read.kind, text=read.text, runs=read.runs, folder=read.folder)
