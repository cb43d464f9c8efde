"""Taking a file into the drive or a pad: sealed here first, named in one transaction, sent when a relay is
there.

A process that dies on the way leaves no half of anything: without the name in a pad the copy is collected,
and with it the upload goes on where it was, whoever goes on with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import META_ROOT, PadKind
from cryptpad_tui.engine import creating
from cryptpad_tui.engine.errors import NotAllowed
from cryptpad_tui.engine.files.apart import entered_in_thread
from cryptpad_tui.engine.files.book import FileBook, FileNote, FileState
from cryptpad_tui.engine.files.errors import NotAFile
from cryptpad_tui.engine.files.kept import KeptFiles, Progress
from cryptpad_tui.engine.files.names import OWN_FILE, own_file, put_ref, safe_name, type_of
from cryptpad_tui.engine.limited import as_kept_here
from cryptpad_tui.engine.values import PadListing
from cryptpad_tui.pad.objects import KEY_BYTES, MAX_OBJECT_BYTES, FileRef, ObjectTooLarge, Read
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


def no_progress(done: int) -> None:
    """For who shows none."""


class SourceFile:
    """A plain file that a person named, open for reading."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.status = os.fstat(descriptor)
        if not stat.S_ISREG(self.status.st_mode):
            raise NotAFile(str(path))
        self.size, self.name = self.status.st_size, safe_name(path.name)
        self._descriptor, self._path = descriptor, path

    def read(self, size: int) -> bytes:
        return os.read(self._descriptor, size)

    def identity(self, folder: str) -> str:
        """Which file it is, and in which state: the same again is the same upload."""
        seen = (self.status.st_dev, self.status.st_ino, self.size, self.status.st_mtime_ns)
        return json.dumps([str(self._path.absolute()), *seen, folder])


@contextmanager
def source_file(path: Path) -> Iterator[SourceFile]:
    """Raises NotAFile or OSError. A link is followed: a person named it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield SourceFile(descriptor, path)
    finally:
        os.close(descriptor)


def unfinished(engine: Engine, source: SourceFile, folder: str) -> PadListing | None:
    """The pad of an earlier attempt to upload this very file."""
    identity = source.identity(folder)
    for note in FileBook(engine.vault).notes():
        if note.source == identity and note.state in (FileState.WAITING, FileState.REFUSED):
            found = [pad for pad in engine.listing() if pad.pad_id == note.pad_id]
            if found:
                return found[0]
    return None


def make_file_pad(
    engine: Engine, source: SourceFile, *, folder: str = "", told: Progress = no_progress
) -> PadListing:
    """A pad that is this file, durable here when this returns."""
    record = _record_for(engine, source)
    with sealed(engine, record.pad_id, source.name, source.size, source.read, told) as ref:
        _create(engine, record, ref, _note_of(record, ref, source, folder), folder)
    return engine.listing_of(record.pad_id)


async def make_file_pad_apart(
    engine: Engine, source: SourceFile, *, folder: str = "", told: Progress = no_progress
) -> PadListing:
    """The same with the sealing in a thread. Cancelled, it leaves nothing."""
    record = _record_for(engine, source)
    async with _sealed_apart(engine, record.pad_id, source.name, source.size, source.read, told) as ref:
        _create(engine, record, ref, _note_of(record, ref, source, folder), folder)
    return engine.listing_of(record.pad_id)


def _record_for(engine: Engine, source: SourceFile) -> PadRecord:
    if source.size > MAX_OBJECT_BYTES:
        raise ObjectTooLarge
    engine.drive_session.flush()
    collect(engine)
    return creating.new_record(engine, PadKind.FILE, engine.rng(32))


def _note_of(record: PadRecord, ref: FileRef, source: SourceFile, folder: str) -> FileNote:
    return FileNote(record.pad_id, ref.file_id, ref.size, FileState.WAITING, source.identity(folder))


def _create(engine: Engine, record: PadRecord, ref: FileRef, note: FileNote, folder: str) -> None:
    try:
        with engine.drive_session.replica.store.transaction():
            kept = as_kept_here(engine.vault, record)
            engine.vault.put_pad(kept)
            session = engine.open_pad(record.pad_id)
            session.set_title(ref.name)
            put_ref(session.view, ref)
            session.view.set_map(META_ROOT, OWN_FILE, ref.file_id.hex())
            session.flush()
            engine.add(kept, folder=folder, owner_root=record.secret)
            FileBook(engine.vault).put(note)
    except BaseException:
        creating.unmake(engine, record.pad_id)
        KeptFiles(engine.vault.directory).forget(ref.file_id)
        raise
    session.close()


def attach(
    engine: Engine, pad_id: bytes, name: str, size: int, read: Read, *, told: Progress = no_progress
) -> FileRef:
    """Keep a file beside a pad and name it there; where it is shown is the caller's to write."""
    if size > MAX_OBJECT_BYTES:
        raise ObjectTooLarge
    with engine.borrowed(pad_id) as session:
        if not session.can_edit:
            raise NotAllowed
        session.flush()
        with (
            sealed(engine, pad_id, safe_name(name), size, read, told) as ref,
            session.replica.store.transaction(),
        ):
            name_files(engine, session, [ref])
            session.flush()
    return ref


async def attach_apart(
    engine: Engine, pad_id: bytes, name: str, size: int, read: Read, *, told: Progress = no_progress
) -> FileRef:
    """The same with the sealing in a thread: a long file keeps no key press waiting. Cancelled, it leaves
    nothing."""
    if size > MAX_OBJECT_BYTES:
        raise ObjectTooLarge
    with engine.borrowed(pad_id) as session:
        if not session.can_edit:
            raise NotAllowed
    async with _sealed_apart(engine, pad_id, safe_name(name), size, read, told) as ref:
        with engine.borrowed(pad_id) as session, session.replica.store.transaction():
            name_files(engine, session, [ref])
            session.flush()
    return ref


@contextlib.asynccontextmanager
async def _sealed_apart(
    engine: Engine, pad_id: bytes, name: str, size: int, read: Read, told: Progress
) -> AsyncIterator[FileRef]:
    def sealing(told: Progress) -> AbstractContextManager[FileRef]:
        return sealed(engine, pad_id, name, size, read, told)

    async with entered_in_thread(sealing, told) as ref:
        yield ref


@contextmanager
def sealed(
    engine: Engine, pad_id: bytes, name: str, size: int, read: Read, told: Progress
) -> Iterator[FileRef]:
    """Seal a file for a pad; inside it is safe from `collect`, and what is not named by then goes."""
    kept, key = KeptFiles(engine.vault.directory), engine.rng(KEY_BYTES)
    with kept.seal(pad_id, key, size, read, rng=engine.rng, told=told) as file_id:
        yield FileRef(file_id, key, size, name, type_of(name))


def name_files(engine: Engine, session: PadSession, refs: Sequence[FileRef]) -> None:
    """Name files that were sealed for this pad, which wait for the relay then."""
    book = FileBook(engine.vault)
    for ref in refs:
        put_ref(session.view, ref)
        book.put(FileNote(session.pad_id, ref.file_id, ref.size, FileState.WAITING))


def collect(engine: Engine) -> None:
    """Remove copies that nothing names any more: of attempts that died, and of pads that are gone."""
    book = FileBook(engine.vault)
    pads = {record.pad_id for record in engine.vault.pads()}
    for note in list(book.notes()):
        if note.pad_id not in pads:
            book.forget(note.pad_id, note.file_id)
    KeptFiles(engine.vault.directory).collect(lambda: [note.file_id for note in book.notes()])


def file_of(engine: Engine, pad_id: bytes) -> FileRef | None:
    """The file that a pad is; None where it is none, or where it says nothing that can be read."""
    with engine.borrowed(pad_id) as session:
        return own_file(session.view) if session.kind is PadKind.FILE else None
