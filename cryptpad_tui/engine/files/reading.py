"""Reading a file of a pad: piece after piece, from the copy here or from the relay, each checked before it
is given.

Whatever the source, the pad's own words about the file decide: what does not fit them never gets out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_tui.engine.errors import NoRelay
from cryptpad_tui.engine.files.apart import in_thread
from cryptpad_tui.engine.files.errors import DeletedByOwner, NotThere
from cryptpad_tui.engine.files.kept import KeptFile, KeptFiles
from cryptpad_tui.engine.files.link import file_link
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.objects import (
    FileBroken,
    FileRef,
    open_manifest,
    open_piece,
    piece_count,
)

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

MAX_WHOLE_BYTES: Final = 32 * 2**20
"""Files up to here may be read into memory: to be shown, or put into an export."""


async def read_pieces(
    engine: Engine, pad_id: bytes, ref: FileRef, *, first: int = 0
) -> AsyncGenerator[bytes, None]:
    """The file's content from piece `first` on; raises NotThere, DeletedByOwner, FileBroken or Alarm."""
    with KeptFiles(engine.vault.directory).opened(pad_id, ref) as kept:
        while kept is not None and first < len(kept.manifest.pieces):
            try:
                piece = await in_thread(_open_kept, pad_id, ref, kept, first)
            except (Alarm, FileBroken):
                break
            first += 1
            yield piece
    if first == piece_count(ref.size):
        return
    try:
        async for piece in _from_relay(engine, pad_id, ref, first):
            yield piece
    except NoRelay:
        raise NotThere from None


def _open_kept(pad_id: bytes, ref: FileRef, kept: KeptFile, index: int) -> bytes:
    return open_piece(pad_id, ref, kept.manifest, index, kept.chunk(index))


async def _from_relay(engine: Engine, pad_id: bytes, ref: FileRef, first: int) -> AsyncGenerator[bytes, None]:
    async with file_link(engine, pad_id) as link:
        try:
            manifest = open_manifest(pad_id, ref, await link.chunk(ref.file_id))
            wanted = [piece.chunk_id for piece in manifest.pieces[first:]]
            index = first
            async for chunk in link.chunks(wanted):
                yield await in_thread(open_piece, pad_id, ref, manifest, index, chunk)
                index += 1
        except Refused as refused:
            if refused.code != Code.NOT_FOUND:
                raise
            deleted = (await link.look(ref.file_id)).state == 3
            raise (DeletedByOwner if deleted else NotThere) from None


async def read_whole(engine: Engine, pad_id: bytes, ref: FileRef) -> bytes:
    """All of a file that is small enough to be held; raises ValueError for a longer one."""
    if ref.size > MAX_WHOLE_BYTES:
        raise ValueError("too long to be read at once")
    return b"".join([piece async for piece in read_pieces(engine, pad_id, ref)])
