"""A file as a pad, in two steps: reading it touches no vault, so a thread may; making the pad is quick.

What has a parser is read in a process without keys. Its pictures become files of the pad, sealed before
there is one: all of it is there then, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from cryptpad_tui.convert.errors import ConvertError
from cryptpad_tui.convert.model import IMPORTED, Picture
from cryptpad_tui.convert.plain_in import clean_text, require_title
from cryptpad_tui.convert.reading import ForeignReader
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.editor.code_languages import MARKDOWN, language_of_title
from cryptpad_tui.engine import creating
from cryptpad_tui.engine.composing import Runs, compose
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files import making
from cryptpad_tui.engine.files.apart import entered_in_thread
from cryptpad_tui.engine.files.kept import Progress
from cryptpad_tui.engine.files.names import OBJECT, safe_name
from cryptpad_tui.pad.objects import FileRef

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.exchange.sources import Source
    from cryptpad_tui.engine.values import PadListing
    from cryptpad_tui.vault.records import PadRecord

NOT_IMPORTED: Final = (EngineError, ConvertError)
"""What can be wrong with one file of many; the others come in all the same."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What the pad of a file will hold, and what it will not."""

    title: str
    folder: str
    kind: PadKind
    text: str = ""
    runs: Runs = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = field(default=(), repr=False)


def read_file(source: Source, reader: ForeignReader, *, pandoc: bool = False) -> ReadFile:
    """Raises one of NOT_IMPORTED."""
    data = source.read()
    name = PurePath(source.name)
    if source.folder:
        require_title(source.folder)
    read = reader.rich(source.suffix, data, pandoc=pandoc)
    title = require_title(title_of(name, rich=read is not None))
    if read is None:
        cleaned = clean_text(data)
        return ReadFile(title, source.folder, PadKind.TEXT, text=cleaned.text, notes=cleaned.notes)
    runs, lost, pictures = read.runs, read.lost, read.pictures
    return ReadFile(title, source.folder, PadKind.RICHTEXT, runs=runs, lost=lost, pictures=pictures)


def title_of(name: PurePath, *, rich: bool) -> str:
    """The end of a program's name says what its text holds, so it stays in the title."""
    is_code = language_of_title(name.name) != MARKDOWN and name.suffix.lower() not in (".txt", ".text")
    return name.name if is_code and not rich else name.stem or name.name


async def make_pad(engine: Engine, read: ReadFile) -> PadListing:
    """The pad, durable here when this returns."""
    record = creating.new_record(engine, read.kind, engine.rng(32))
    if not read.pictures:
        return await _make(engine, read, record, read.runs, ())
    making.collect(engine)

    @contextmanager
    def sealing(told: Progress) -> Iterator[list[FileRef]]:
        with ExitStack() as stack:
            yield [stack.enter_context(_sealed(engine, record.pad_id, one, told)) for one in read.pictures]

    async with entered_in_thread(sealing, making.no_progress) as refs:
        return await _make(engine, read, record, _with_files(read.runs, refs), refs)


async def _make(
    engine: Engine, read: ReadFile, record: PadRecord, runs: Runs, refs: Sequence[FileRef]
) -> PadListing:
    return creating.create_pad(
        engine,
        read.title,
        kind=read.kind,
        text=read.text,
        runs=runs,
        folder=read.folder,
        record=record,
        composed=await compose(engine, record, runs),
        beside=lambda session: making.name_files(engine, session, refs),
    )


def _sealed(
    engine: Engine, pad_id: bytes, picture: Picture, told: Progress
) -> AbstractContextManager[FileRef]:
    data = picture.data
    return making.sealed(engine, pad_id, safe_name(picture.name), len(data), BytesIO(data).read, told)


def _with_files(runs: Runs, refs: Sequence[FileRef]) -> list[tuple[str, Attributes]]:
    """With the pad's files in the place of the read file's pictures."""
    files = {f"{IMPORTED}{at}": OBJECT + ref.file_id.hex() for at, ref in enumerate(refs)}
    made: list[tuple[str, Attributes]] = []
    for text, marks in runs:
        said = str(marks.get("object"))
        made.append((text, {**marks, "object": files[said]} if said in files else marks))
    return made
