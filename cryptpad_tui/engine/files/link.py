"""One connection for files: chunks to the relay and from it, a few at a time, whatever else goes on.

A connection of its own, so that a gigabyte on its way delays no key press. It believes the relay nothing:
what comes is for `pad.objects` to check, and a file that a relay says was deleted was so only by its
owner's signature.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.file_frames import FileDropped, FileFound, FilePut, FileRoom
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crypto.keys import EditKeys, owner_key
from cryptpad_tui.engine.errors import NoRelay, NotAllowed
from cryptpad_tui.engine.files.errors import DeletedByOwner, NoRoom
from cryptpad_tui.engine.files.kept import KeptFile, Progress
from cryptpad_tui.engine.keyrings import ring_of
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.sync.connection import RelayConnection, open_connection
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

AT_ONCE: Final = 6
"""Chunks on their way: enough to fill the wait for a relay's disk, and a few MiB of memory at most."""
CHUNK_TIMEOUT_S: Final = 60.0
_AGAIN: Final = frozenset({Code.RETRY, Code.STORAGE})
_NOTHING: Final = bytes(32)


class FileLink:
    """A relay, for the files of one pad."""

    def __init__(self, connection: RelayConnection, record: PadRecord, ring: KeyRing) -> None:
        self._connection, self._record = connection, record
        self._keys, self._epoch = ring.newest_keys, ring.newest
        self._pad_id = record.pad_id

    async def put(self, kept: KeptFile, file_id: bytes, told: Progress) -> FileRoom:
        """Announce the file and send what is missing, the manifest last; raises NoRoom or DeletedByOwner."""
        keys = self._keys
        if not isinstance(keys, EditKeys):
            raise NotAllowed
        put = FilePut(self._pad_id, self._epoch, file_id, bytes(64), kept.chunks)
        signature = keys.cap.sign(labels.FILE_PUT, *put.signed_parts())
        put = FilePut(self._pad_id, self._epoch, file_id, signature, kept.chunks)
        try:
            room = FileRoom.decode(await self._ask(Op.FILE_PUT, put.encode()))
        except Refused as refused:
            raise {Code.QUOTA: NoRoom(), Code.DELETED: DeletedByOwner()}.get(refused.code, refused) from None
        if len(room.here) != len(kept.chunks):
            raise Malformed("chunks of a file")
        for chunk, here in zip(kept.chunks, room.here, strict=True):
            told(chunk.size if here else 0)
        missing = [index for index, here in enumerate(room.here) if not here]
        if missing:
            await self._send(kept, missing[:-1], told)
            await self._send(kept, missing[-1:], told)
        return room

    async def _send(self, kept: KeptFile, indices: Sequence[int], told: Progress) -> None:
        async def send(index: int) -> None:
            chunk = kept.chunk(index)
            await self._ask(Op.CHUNK_PUT, frames.ChunkPut(self._pad_id, chunk).encode())
            told(len(chunk))

        await _each(send, indices)

    async def chunk(self, chunk_id: bytes) -> bytes:
        """Raises Refused (NOT_FOUND) where it is not here."""
        return await self._ask(Op.CHUNK_GET, frames.PadAndHash(self._pad_id, chunk_id).encode())

    async def chunks(self, chunk_ids: Sequence[bytes]) -> AsyncIterator[bytes]:
        """In order, a few asked for ahead."""
        tasks: list[asyncio.Task[bytes]] = []
        try:
            for at in range(len(chunk_ids)):
                while len(tasks) < AT_ONCE and at + len(tasks) < len(chunk_ids):
                    tasks.append(asyncio.create_task(self.chunk(chunk_ids[at + len(tasks)])))
                yield await tasks.pop(0)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self, file_id: bytes = _NOTHING) -> FileFound:
        """What the relay has of a file, and the room; "deleted" is believed by the owner's signature
        alone."""
        body = await self._ask(Op.FILE_LOOK, frames.PadAndHash(self._pad_id, file_id).encode())
        found = FileFound.decode(body)
        owner_pk = parse_genesis(self._record.genesis, self._pad_id).owner_pk
        if found.state == 3 and not labels.verify_parts(
            owner_pk, found.tombstone, labels.FILE_DROP, self._pad_id, file_id
        ):
            raise Alarm(AlarmCode.UNSIGNED_DELETE)
        return found

    async def drop(self, file_id: bytes) -> None:
        """Delete a file from the relay, as the pad's owner."""
        if self._record.role != "owner":
            raise NotAllowed
        signature = owner_key(self._record.secret).sign(labels.FILE_DROP, self._pad_id, file_id)
        with contextlib.suppress(Refused):
            await self._ask(Op.FILE_DROP, FileDropped(self._pad_id, file_id, signature).encode())
        if (await self.look(file_id)).state in (1, 2):
            raise Refused(Code.NOT_AUTHORISED)

    async def _ask(self, op: Op, body: bytes) -> bytes:
        while True:
            try:
                return await self._connection.request(Request(op, body), timeout_s=CHUNK_TIMEOUT_S)
            except Refused as refused:
                if refused.code not in _AGAIN:
                    raise
                await asyncio.sleep(min(max(refused.retry_ms, 50), 10_000) / 1_000)


async def _each(work: Callable[[int], object], indices: Sequence[int]) -> None:
    """All of them, AT_ONCE together; the first failure ends the others."""
    waiting = iter(indices)

    async def go_on() -> None:
        for index in waiting:
            await work(index)  # type: ignore[misc]

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(indices))):
            group.create_task(go_on())


@contextlib.asynccontextmanager
async def file_link(engine: Engine, pad_id: bytes, *, timeout_s: float = 10.0) -> AsyncIterator[FileLink]:
    """Connected and proven; raises NoRelay, RelayUnreachable, Alarm or Refused."""
    record = engine.vault.pad(pad_id)
    url = engine.relay_of(record) if record else None
    if record is None or url is None:
        raise NoRelay
    connection = await open_connection(await asyncio.to_thread(engine.resolve, url), timeout_s=timeout_s)
    try:
        greeting = connection.greeting
        if record.relay_pk and record.relay_pk != greeting.relay_pk:
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(greeting.relay_pk),))
        ring = ring_of(engine, record)
        nonce = greeting.relay_nonce
        proof = ring.newest_keys.subscribe_proof(pad_id, ring.newest, nonce, greeting.relay_pk)
        sub = frames.Sub(pad_id, ring.newest, proof, 0, chain_start(pad_id), engine.rng(16))
        await connection.request(Request(Op.SUB, sub.encode()), timeout_s=timeout_s)
        yield FileLink(connection, record, ring)
    finally:
        await connection.close()
