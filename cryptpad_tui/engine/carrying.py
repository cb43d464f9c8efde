"""Bringing all of a pad to another relay: its entries, the pieces of its snapshots, its files.

A shell with two connections. It reads what is verified here, and asks the relay that the pad leaves for the
rest; what was brought wrongly shows in the other relay's receipt. Called again it goes on from where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, TypeVar

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import ChunkRef, Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.file_frames import FilePut, FileRoom
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_frames import LIVES_HERE, Bring
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.engine.files.errors import NoRoom
from cryptpad_tui.engine.files.kept import KeptFile, KeptFiles
from cryptpad_tui.engine.files.names import own_file, refs_in
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.flows_move import OtherLogThere
from cryptpad_tui.pad.objects import FileBroken, FileRef, check_bytes, open_manifest
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

ROWS_AT_ONCE: Final = 128
AGAIN: Final = frozenset({Code.RETRY, Code.STORAGE, Code.CREATE_LIMIT})
MAX_WAIT_S: Final = 10.0
PATIENCE_S: Final = 120.0
"""For one question while nobody waits: a relay fills up again what it allows in less."""
KIND_AT: Final = 4
T = TypeVar("T")
Told = Callable[[str], None]
"""Told what is being brought, for a person."""


class LivesThere(Exception):
    """The other relay says that the pad is written to there already."""


@dataclass(slots=True)
class LeftOut:
    """Files that the pad names and that stay behind, by their names: raw."""

    absent: list[str] = field(default_factory=list)
    """Of which not every piece is on this machine or at the relay that the pad leaves."""
    broken: list[str] = field(default_factory=list)
    """Of which the pad says what does not fit their bytes: nobody could open them before."""


class Carrier:
    """One pad on its way. `old` is None where the relay that it leaves is gone."""

    def __init__(
        self,
        engine: Engine,
        session: PadSession,
        old: RelayConnection | None,
        new: RelayConnection,
        patience: Patience | None = None,
    ) -> None:
        self._engine, self._session, self._patience = engine, session, patience
        self.old, self.new = old, new
        self.n = 0
        """How far its log is at the other relay."""
        self._snapshots: list[tuple[ChunkRef, ...]] = []
        self._scanned = 0

    async def arrive(self) -> None:
        """Begin, or go on; raises LivesThere or OtherLogThere."""
        flow = flows_move.arrive(self._session.replica, self._session.record.secret, self.new.greeting)
        arrival = await patiently(self.new, flow, self._patience)
        if arrival.state == LIVES_HERE:
            raise LivesThere
        known = self._session.replica.fold.head_of(arrival.n)
        if arrival.n > self._session.replica.fold.n or (
            known is not None and not compare_digest(known, arrival.head)
        ):
            raise OtherLogThere
        self.n = arrival.n

    async def entries(self) -> None:
        """Everything up to where this client's fold is; raises OtherLogThere or Refused."""
        pad_id = self._session.pad_id
        while self.n < self._session.replica.fold.n:
            found = await self._read(self.n)
            count = flows_move.first_frame(found)
            frame = Bring(pad_id, self.n, tuple(found[:count]))
            try:
                await ask(self.new, Op.BRING, frame.encode(), self._patience)
            except Refused as refused:
                if refused.code is Code.BAD_BASE:
                    raise OtherLogThere from None
                raise
            self.n += count
        # An EPOCH among them ended the subscription, without which no chunk is taken.
        await self.arrive()

    async def _read(self, after_n: int) -> list[bytes]:
        entries = self._session.replica.stored_entries(after_n, ROWS_AT_ONCE)
        if entries:
            return entries
        if self.old is None:
            raise RelayUnreachable("a part of the log is not here, and only the relay that it leaves has it")
        request = frames.Fetch(self._session.pad_id, after_n, ROWS_AT_ONCE)
        fetched = frames.Fetched.decode(await ask(self.old, Op.FETCH, request.encode(), self._patience))
        wanted = self._session.replica.fold.n - after_n
        check_fetched(fetched, after_n)
        return list(fetched.entries[:wanted])

    async def snapshots(self) -> None:
        """The pieces of every snapshot that the relay it leaves still has, the newest first."""
        if self.old is None:
            return
        replica = self._session.replica
        while self._scanned < replica.fold.n:
            rows = replica.store.log_after(self._scanned, ROWS_AT_ONCE)
            for row in rows:
                if row.entry[KIND_AT] == Kind.SNAPSHOT and not row.void:
                    extension = parse_entry(row.entry).snapshot
                    assert extension is not None
                    self._snapshots.append(extension.chunks)
            self._scanned = rows[-1].n if rows else replica.fold.n
        while self._snapshots:
            for reference in self._snapshots.pop():
                await self._one_chunk(reference)

    async def _one_chunk(self, reference: ChunkRef) -> None:
        """Without one a snapshot is not offered to newcomers, and the next that is made is."""
        pad_id = self._session.pad_id
        assert self.old is not None
        try:
            body = frames.PadAndHash(pad_id, reference.chunk_id).encode()
            chunk = await ask(self.old, Op.CHUNK_GET, body)
        except Refused:
            return
        if compare_digest(chunk_id_of(chunk), reference.chunk_id):
            await ask(self.new, Op.CHUNK_PUT, frames.ChunkPut(pad_id, chunk).encode())

    async def files(self, told: Told) -> LeftOut:
        """Those that the pad names. What an editor said wrongly about one holds none of the others."""
        view, left_out = self._session.view, LeftOut()
        own = own_file(view) if self._session.kind is PadKind.FILE else None
        for ref in [*refs_in(view), *([own] if own else [])]:
            told(f"the file {ref.name}")
            with KeptFiles(self._engine.vault.directory).opened(self._session.pad_id, ref) as kept:
                try:
                    if not await self._one_file(ref, kept):
                        left_out.absent.append(ref.name)
                except FileBroken:
                    left_out.broken.append(ref.name)
        return left_out

    async def _one_file(self, ref: FileRef, kept: KeptFile | None) -> bool:
        """Whether all of it is there; raises FileBroken, NoRoom, or Alarm by the relay that it leaves."""
        last = kept.last if kept else await self._piece(ref.file_id)
        if last is None:
            return False
        put = self._put(ref, last)
        try:
            room = FileRoom.decode(await ask(self.new, Op.FILE_PUT, put.encode()))
        except Refused as refused:
            if refused.code is not Code.QUOTA:
                raise
            raise NoRoom from None
        return await self._pieces(put.chunks, room.here, kept)

    def _put(self, ref: FileRef, last: bytes) -> FilePut:
        """The signed list of its chunks; raises FileBroken where the manifest names what no file has."""
        pad_id, ring = self._session.pad_id, self._session.replica.ring
        keys = ring.newest_keys
        assert isinstance(keys, EditKeys)
        manifest = open_manifest(pad_id, ref, last)
        chunks = (*manifest.pieces, ChunkRef(len(last), ref.file_id))
        put = FilePut(pad_id, ring.newest, ref.file_id, bytes(64), chunks)
        try:
            FilePut.decode(put.encode())
        except Malformed as error:
            # A relay refuses that, and a refusal would end the move.
            raise FileBroken from error
        return put._replace(signature=keys.cap.sign(labels.FILE_PUT, *put.signed_parts()))

    async def _pieces(self, chunks: Sequence[ChunkRef], here: Sequence[bool], kept: KeptFile | None) -> bool:
        for index, (reference, is_there) in enumerate(zip(chunks, here, strict=False)):
            if is_there:
                continue
            chunk = await self._file_chunk(index, reference, kept)
            if chunk is None:
                return False
            await ask(self.new, Op.CHUNK_PUT, frames.ChunkPut(self._session.pad_id, chunk).encode())
        return True

    async def _file_chunk(self, index: int, reference: ChunkRef, kept: KeptFile | None) -> bytes | None:
        """From the copy here, which is as untrusted as the relay, or from that."""
        chunk = kept.chunk(index) if kept else b""
        if not compare_digest(chunk_id_of(chunk), reference.chunk_id):
            asked = await self._piece(reference.chunk_id)
            if asked is None:
                return None
            chunk = asked
            check_bytes(chunk, reference.chunk_id, None)
        if len(chunk) != reference.size:
            # The id is the relay's promise; the size is what whoever attached it wrote down.
            raise FileBroken
        return chunk

    async def _piece(self, chunk_id: bytes) -> bytes | None:
        if self.old is None:
            return None
        try:
            return await ask(
                self.old, Op.CHUNK_GET, frames.PadAndHash(self._session.pad_id, chunk_id).encode()
            )
        except Refused:
            return None


def check_fetched(fetched: frames.Fetched, after_n: int) -> None:
    """Whether these go on from there, each as far as the byte by which frames are cut; raises OtherLogThere.

    The other relay checks the rest.
    """
    if not fetched.entries or fetched.first_n != after_n + 1 or min(map(len, fetched.entries)) <= KIND_AT:
        raise OtherLogThere


class Patience:
    """How long a relay may put questions off, all of them together."""

    def __init__(self, left_s: float) -> None:
        self._left_s = left_s

    async def wait(self, retry_ms: int) -> None:
        """Raises RelayUnreachable where that is used up."""
        pause = min(max(retry_ms / 1_000, 0.05), MAX_WAIT_S)
        self._left_s -= pause
        if self._left_s < 0:
            raise RelayUnreachable("the relay says again and again that it is to be asked later")
        await asyncio.sleep(pause)


async def ask(connection: RelayConnection, op: Op, body: bytes, patience: Patience | None = None) -> bytes:
    """One question, again while the relay says so; raises Refused or RelayUnreachable."""
    patience = patience or Patience(PATIENCE_S)
    while True:
        try:
            return await connection.request(Request(op, body))
        except Refused as refused:
            if refused.code not in AGAIN:
                raise
            await patience.wait(refused.retry_ms)


async def patiently(connection: RelayConnection, flow: Flow[T], patience: Patience | None = None) -> T:
    """A flow of plain questions, each asked like that."""
    try:
        step = next(flow)
        while True:
            try:
                reply = await ask(connection, step.op, step.body, patience)
            except Refused as refused:
                step = flow.throw(refused)
            else:
                step = flow.send(reply)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        flow.close()
