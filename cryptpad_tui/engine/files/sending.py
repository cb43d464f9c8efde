"""Sending files that wait: one after the other, each until the relay has acknowledged all of it.

A refusal keeps the copy here and says what to do; it stops no other file. What was sent is believed sent
only when the relay says, asked again, that it has all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files.book import FileBook, FileNote, FileState, Room
from cryptpad_tui.engine.files.errors import DeletedByOwner, NoRoom
from cryptpad_tui.engine.files.kept import KeptFiles, Progress
from cryptpad_tui.engine.files.link import file_link
from cryptpad_tui.engine.files.names import ref_of
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.objects import FileBroken, FileRef
from cryptpad_tui.sync.connection import RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_GONE: Final = "its copy here is gone or damaged; attach it again"


@dataclass(frozen=True, slots=True)
class SendReport:
    """How it went."""

    sent: int = 0
    waiting: int = 0
    refused: int = 0
    problem: str = ""
    """A sentence about the first that was not sent."""
    room: Room | None = None
    alarm: Alarm | None = None


Shown = Callable[[FileRef], Progress]
"""Told of each file before it goes; gives what is told of its bytes."""


def waiting(engine: Engine, pad_ids: Collection[bytes] | None = None) -> list[FileNote]:
    """The files that the relay does not have all of."""
    unsent = (FileState.WAITING, FileState.REFUSED)
    notes = [note for note in FileBook(engine.vault).notes() if note.state in unsent]
    return [note for note in notes if pad_ids is None or note.pad_id in pad_ids]


async def send_waiting(
    engine: Engine,
    pad_ids: Collection[bytes] | None = None,
    *,
    shown: Shown = lambda ref: lambda done: None,
    held: Collection[bytes] = (),
) -> SendReport:
    """Send them but those `held` back; pads that the relay does not have yet keep theirs waiting."""
    report = SendReport()
    for note in waiting(engine, pad_ids):
        if note.file_id in held:
            continue
        record = engine.vault.pad(note.pad_id)
        if record is None or engine.relay_of(record) is None or not record.uploaded:
            report = replace(report, waiting=report.waiting + 1)
            continue
        report = await _send_one(engine, note, report, shown)
        if report.alarm:
            break
    return report


async def _send_one(engine: Engine, note: FileNote, report: SendReport, shown: Shown) -> SendReport:
    book = FileBook(engine.vault)
    try:
        room = await _send(engine, note, shown)
    except NoRoom as error:
        book.put(replace(note, state=FileState.REFUSED))
        return replace(report, refused=report.refused + 1, problem=report.problem or sentence(error))
    except DeletedByOwner:
        book.put(replace(note, state=FileState.DELETED, source=""))
        return report
    except Alarm as alarm:
        return replace(report, waiting=report.waiting + 1, alarm=alarm)
    except (EngineError, RelayUnreachable, Refused, Malformed, FileBroken, OSError) as error:
        said = report.problem or sentence(error)
        return replace(report, waiting=report.waiting + 1, problem=said)
    book.put(replace(note, state=FileState.SENT, source=""))
    return replace(report, sent=report.sent + 1, room=room)


async def _send(engine: Engine, note: FileNote, shown: Shown) -> Room | None:
    with engine.borrowed(note.pad_id) as session:
        ref = ref_of(session.view, note.file_id)
    if ref is None:
        raise FileBroken
    with KeptFiles(engine.vault.directory).opened(note.pad_id, ref) as kept:
        if kept is None:
            raise FileBroken(_GONE)
        async with file_link(engine, note.pad_id) as link:
            try:
                await link.put(kept, ref.file_id, shown(ref))
            except* Exception as group:
                raise group.exceptions[0] from None
            found = await link.look(ref.file_id)
            if found.state != 2:
                raise Refused(Code.CHUNK_MISSING)
            return _keep_room(engine, note.pad_id, Room(found.used, found.allowed, engine.wall_ms()))


def _keep_room(engine: Engine, pad_id: bytes, room: Room) -> Room:
    record = engine.vault.pad(pad_id)
    url = engine.relay_of(record) if record else None
    if url:
        FileBook(engine.vault).put_room(url, room)
    return room


async def delete(engine: Engine, pad_id: bytes, file_id: bytes) -> None:
    """From the relay, for everybody, as the pad's owner; the copy here goes too."""
    async with file_link(engine, pad_id) as link:
        await link.drop(file_id)
    book = FileBook(engine.vault)
    note = book.note(pad_id, file_id)
    if note:
        book.put(replace(note, state=FileState.DELETED, source=""))
    KeptFiles(engine.vault.directory).forget(file_id)


async def look(engine: Engine, pad_id: bytes, file_ids: Collection[bytes]) -> dict[bytes, int]:
    """What the relay has of each: 0 nothing, 1 a part, 2 all, 3 deleted by the owner.

    What it lost, as after a backup, and what is here, waits again.
    """
    found = {}
    book = FileBook(engine.vault)
    async with file_link(engine, pad_id) as link:
        for file_id in file_ids:
            said = await link.look(file_id)
            found[file_id] = said.state
            _keep_room(engine, pad_id, Room(said.used, said.allowed, engine.wall_ms()))
            note = book.note(pad_id, file_id)
            if note and note.state is FileState.SENT and said.state < 2:
                book.put(replace(note, state=FileState.WAITING))
    return found


def forget_copies(engine: Engine, pad_id: bytes, on_relay: dict[bytes, int]) -> int:
    """Let go of the copies here of files that the relay has whole; how many bytes."""
    kept, freed = KeptFiles(engine.vault.directory), 0
    for file_id, state in on_relay.items():
        if state == 2 and kept.has(file_id):
            freed += kept.path_of(file_id).stat().st_size
            kept.forget(file_id)
    return freed


def sentence(error: Exception) -> str:
    """What a person is told."""
    if str(error) and not isinstance(error, Refused):
        return str(error)
    return " ".join((type(error).__doc__ or type(error).__name__).split())
