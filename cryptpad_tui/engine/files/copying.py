"""A pad of one's own like another, with its files: each sealed again for the copy, under another key.

No plain text of a file ever lies on the disk: what is read in pieces is sealed in pieces. A copy is made
wholly, or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import META_ROOT, PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.engine import creating
from cryptpad_tui.engine.errors import EngineError, NotCopied
from cryptpad_tui.engine.files.apart import entered_in_thread
from cryptpad_tui.engine.files.choosing import files_of
from cryptpad_tui.engine.files.errors import NoSuchFile
from cryptpad_tui.engine.files.kept import Progress
from cryptpad_tui.engine.files.making import collect, file_of, name_files, no_progress, sealed
from cryptpad_tui.engine.files.names import OBJECT, OWN_FILE
from cryptpad_tui.engine.files.reading import read_pieces
from cryptpad_tui.engine.values import PadListing
from cryptpad_tui.pad.objects import FileBroken, FileRef
from cryptpad_tui.sync.connection import RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a wish for a copy."""

    pad: PadListing
    missing: tuple[FileRef, ...] = field(default=(), repr=False)
    """Files beside the text that nobody who is here has: the copy shows them as they were, without bytes."""


async def duplicate(engine: Engine, pad_id: bytes, title: str, *, told: Progress = no_progress) -> Copied:
    """A pad of one's own with the same text and files, in the same folder. Cancelled, it leaves nothing.

    Raises NotCopied, and what reading a file raises where the pad is one.
    """
    async with copy_of(engine, pad_id, told=told) as copy:
        pad = copy.make(title)
    folder = engine.listing_of(pad_id).folder_id
    if folder:
        # Here and not above: whoever only opens a vault asks this module, too, and may ask that one first.
        from cryptpad_tui.engine.in_bulk import Chosen, move

        move(engine, Chosen((pad.pad_id,)), folder)
        pad = engine.listing_of(pad.pad_id)
    return Copied(pad, tuple(copy.missing))


class Copy:
    """A copy whose files are sealed already, and which is not made yet."""

    def __init__(self, engine: Engine, source: bytes, kind: PadKind) -> None:
        self._engine, self._source = engine, source
        self.record = creating.new_record(engine, kind, engine.rng(32))
        self.made: dict[bytes, FileRef] = {}
        """The files of the copy, by the ids that they have in the other pad."""
        self.missing: list[FileRef] = []
        self.own: FileRef | None = None
        """What the other pad is, where it is a file."""

    def make(self, title: str, beside: Beside = lambda source, into: None) -> PadListing:
        """In one transaction; `beside` is given both pads and writes what else there is to copy."""
        with self._engine.borrowed(self._source) as source:
            text, runs = _content(source, self.made)

            def write(into: PadSession) -> None:
                name_files(self._engine, into, list(self.made.values()))
                if self.own:
                    into.view.set_map(META_ROOT, OWN_FILE, self.made[self.own.file_id].file_id.hex())
                beside(source, into)

            return creating.create_pad(
                self._engine,
                title,
                kind=source.kind,
                text=text,
                runs=runs,
                folder="",
                record=self.record,
                beside=write,
            )


Beside = Callable[["PadSession", "PadSession"], None]


@contextlib.asynccontextmanager
async def copy_of(
    engine: Engine, pad_id: bytes, *, told: Progress = no_progress, whole: bool = False
) -> AsyncIterator[Copy]:
    """What is made of it must be made inside: afterwards its files go. Raises what `duplicate` does.

    `whole`: also where a relay that has a file cannot be reached.
    """
    source = engine.listing_of(pad_id)
    copy = Copy(engine, pad_id, source.kind)
    copy.own = file_of(engine, pad_id) if source.kind is PadKind.FILE else None
    if not source.kind.has_text and source.kind is not PadKind.FILE:
        raise NotCopied
    if source.kind is PadKind.FILE and copy.own is None:
        raise NoSuchFile
    refs = files_of(engine, pad_id)
    if refs:
        engine.drive_session.flush()
        collect(engine)
    async with contextlib.AsyncExitStack() as stack:
        for ref in refs:
            again = _sealed_again(engine, pad_id, copy.record.pad_id, ref, told)
            try:
                copy.made[ref.file_id] = await stack.enter_async_context(again)
            except (EngineError, FileBroken, RelayUnreachable) as error:
                if ref == copy.own or (whole and isinstance(error, RelayUnreachable)):
                    raise
                copy.missing.append(ref)
        yield copy


@contextlib.asynccontextmanager
async def _sealed_again(
    engine: Engine, pad_id: bytes, into: bytes, ref: FileRef, told: Progress
) -> AsyncIterator[FileRef]:
    """The same file for another pad; inside it is safe from `collect`."""
    async with contextlib.aclosing(read_pieces(engine, pad_id, ref)) as pieces:
        read = _Reader(pieces, asyncio.get_running_loop())
        async with entered_in_thread(
            lambda told: sealed(engine, into, ref.name, ref.size, read, told), told
        ) as again:
            # What the other pad calls its type stays so.
            yield replace(again, mime=ref.mime)


class _Reader:
    """Reads in a thread what the event loop brings, up to so many bytes at a time."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], loop: asyncio.AbstractEventLoop) -> None:
        self._pieces, self._loop = pieces, loop
        self._rest = b""

    def __call__(self, size: int) -> bytes:
        if not self._rest:
            self._rest = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    async def _next(self) -> bytes:
        return await anext(self._pieces, b"")


def _content(
    session: PadSession, made: Mapping[bytes, FileRef]
) -> tuple[str, Sequence[tuple[str, Attributes]]]:
    """The text, or the runs of a rich pad, showing the copy's files where it showed those."""
    ids = {old.hex(): again.file_id.hex() for old, again in made.items()}
    if session.kind is PadKind.RICHTEXT:
        return "", [(text, _shown_again(marks, ids)) for text, marks in session.view.runs()]
    text = session.view.text() if session.kind.has_text else ""
    for old, again in ids.items():
        text = text.replace(old, again)
    return text, []


def _shown_again(marks: Attributes, ids: Mapping[str, str]) -> Attributes:
    shown = str(marks.get("object", ""))
    again = ids.get(shown.removeprefix(OBJECT)) if shown.startswith(OBJECT) else None
    return {**marks, "object": OBJECT + again} if again else marks
