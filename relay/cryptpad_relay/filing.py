"""FILE_PUT, FILE_LOOK, FILE_DROP: what an editor may keep beside a pad, how much, and who may delete it.

A file is kept for whoever can sign as an editor, and deleted for its owner alone. What is never finished is
given up after some days. Nothing here can tell what a file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.moving import lives_elsewhere
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.file_frames import FileDropped, FileFound, FilePut, FileRoom
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.store.files.base import FileDrop, FileMark, FileRow, FileState, Filing

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

SLICE_CHUNKS: Final = 512
_GONE: Final = (FileState.ERASING, FileState.DELETED)


def put_file(session: Session, req: int, body: bytes, now: float) -> Iterator[None]:
    put = FilePut.decode(body)
    pad = _pad(session, put.pad_id)
    _pay(session, len(body), now)
    if lives_elsewhere(pad, session.hub.relay_pk):
        raise Refused(Code.MOVED)
    epoch = pad.log.committed_epoch
    if put.epoch != epoch.number:
        raise Refused(Code.WRONG_EPOCH)
    if not labels.verify_parts(epoch.cap_pk, put.signature, labels.FILE_PUT, *put.signed_parts()):
        raise Refused(Code.BAD_SIGNATURE)
    row = FileRow(pad.log.index.pad.number, put.file_id, put.chunks, session.hub.day())
    _check_known(pad.log.index.file(put.file_id), row, session, pad)
    return _put_slices(session, req, pad, row, now)


def _check_known(mark: FileMark | None, row: FileRow, session: Session, pad: OpenPad) -> None:
    if mark is None or mark.state is FileState.EXPIRING:
        used, allowed = _room(session, pad)
        if used + row.size > allowed:
            raise Refused(Code.QUOTA)
    elif mark.state in _GONE:
        raise Refused(Code.DELETED)
    elif (mark.size, mark.chunks) != (row.size, len(row.chunks)):
        raise Malformed("another list of this file")
    if mark is not None and mark.state is FileState.EXPIRING:
        raise Refused(Code.RETRY, 1_000)


def _put_slices(session: Session, req: int, pad: OpenPad, row: FileRow, now: float) -> Iterator[None]:
    """Which chunks are here takes a point read each: others have their turn between them."""
    here = []
    for at, chunk in enumerate(row.chunks, 1):
        here.append(pad.log.index.chunk_size(chunk.chunk_id) == chunk.size)
        if at % SLICE_CHUNKS == 0:
            yield
    # Others announced files meanwhile: the room must still be there when it is taken.
    try:
        _check_known(pad.log.index.file(row.file_id), row, session, pad)
    except (Malformed, Refused) as refusal:
        session.refuse(req, refusal, now)
        return
    used, allowed = _room(session, pad)
    if pad.log.index.file(row.file_id) is None:
        used += row.size
    answer = FileRoom(used, allowed, tuple(here)).encode()
    session.hub.stage_filing(Filing(puts=[row]), session, req, Op.FILE_PUT, answer)


def look_at_file(session: Session, req: int, body: bytes, now: float) -> None:
    request = frames.PadAndHash.decode(body)
    pad = _pad(session, request.pad_id)
    _pay(session, len(body), now)
    used, allowed = _room(session, pad)
    mark, index = pad.log.index.file(request.hash), pad.log.index
    if mark is None or mark.state is FileState.EXPIRING:
        found = FileFound(0, 0, used, allowed)
    elif mark.state in _GONE:
        found = FileFound(3, 0, used, allowed, mark.tombstone)
    else:
        missing = index.missing_chunks(request.hash)
        found = FileFound(1 if missing else 2, missing, used, allowed)
    session.answer(Op.FILE_LOOK, req, found.encode())


def drop_file(session: Session, req: int, body: bytes, now: float) -> None:
    drop = FileDropped.decode(body)
    pad = _pad(session, drop.pad_id)
    _pay(session, len(body), now)
    parts = (drop.pad_id, drop.file_id)
    if not labels.verify_parts(pad.log.genesis.owner_pk, drop.signature, labels.FILE_DROP, *parts):
        raise Refused(Code.BAD_SIGNATURE)
    mark = pad.log.index.file(drop.file_id)
    if mark is None:
        raise Refused(Code.NOT_FOUND)
    if mark.state in _GONE:
        session.answer(Op.FILE_DROP, req)
        return
    filing = Filing(drops=[FileDrop(pad.log.index.pad.number, drop.file_id, drop.signature)])
    session.hub.stage_filing(filing, session, req, Op.FILE_DROP, b"")


def is_announced(pad: OpenPad, chunk_id: bytes, size: int) -> bool:
    """Whether a file that was let in names this chunk: its room is taken already."""
    return pad.log.index.announced_size(chunk_id) == size


def _room(session: Session, pad: OpenPad) -> tuple[int, int]:
    """Bytes of the pad's files, and how many they may be: the pad's share, or what the relay has left."""
    hub = session.hub
    used = pad.log.index.file_bytes() + hub.announced_bytes
    left = max(0, hub.limits.file_bytes - hub.store.all_file_bytes() - hub.announced_bytes)
    return used, min(hub.limits.file_bytes_per_pad, used + left)


def _pay(session: Session, size: int, now: float) -> None:
    retry_ms = session.proof_tokens.take(1, now) or session.byte_tokens.take(size, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)


def _pad(session: Session, pad_id: bytes) -> OpenPad:
    pad = session.pads.get(pad_id)
    if pad is None:
        raise Refused(Code.NOT_SUBSCRIBED)
    return pad
