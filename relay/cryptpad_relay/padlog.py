"""The append rule of one pad: which entry may stand next in its log (protocol §7, checks 1-7, and §11).

Sans-IO: entries in, positions or a typed refusal out. It reads committed facts through a LogIndex and holds
what was accepted since in an overlay, so that a queue of entries can be checked before the first is on the
disk. It never opens an entry: it has no key, and no rule here needs one.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptpad_relay.chain_end import ChainEnd
from cryptpad_relay.derived import client_id_of, snapshot_table
from cryptpad_relay.epochs import RecordPlace, check_record, epoch_of, last_home, present_epoch
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.chain import Step
from cryptpad_relay.protocol.entry import (
    FLATTENED,
    MAX_WRITER_LAG,
    ChunkRef,
    Entry,
    Kind,
    SnapshotExtension,
)
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import MAX_TABLE_BYTES, PadHead
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_relay.protocol.owner_records import DeleteRecord, EpochRecord, OwnerRecord
from cryptpad_relay.protocol.records import Genesis, VoidRecord, parse_genesis
from cryptpad_relay.store.base import EntryRow, LogIndex, SnapshotMark, WriterState
from cryptpad_relay.voids import Appendable, LastRecord, last_record, parse_appended

NO_ID: Final = bytes(32)
KNOWN_WRITERS: Final = 4_096


class Accepted(NamedTuple):
    """An entry's place in the log. `row` is None where the log already held it."""

    position: PadHead
    row: EntryRow | None
    table: bytes | None = None
    """A SNAPSHOT's table, which the relay stores as a chunk itself."""


class PadLog:
    """The state that decides about the next entry of one pad; rebuilt from the index in a few point reads."""

    def __init__(self, index: LogIndex) -> None:
        self.index = index
        self.genesis: Genesis = parse_genesis(index.pad.genesis, index.pad.pad_id)
        self.pad_id = index.pad.pad_id
        self._chain = ChainEnd(index)
        self.committed = PadHead(self.n, self.head)
        self.record = last_record(index)
        self.home, self.home_n = last_home(index)
        """The key of the relay that the owner moved it to, and where; empty for a pad that never moved."""
        self.epoch = self.committed_epoch = present_epoch(self.genesis, index)
        self.snapshot, self._whole_snapshot = self._in_epoch(index.snapshot()), index.whole_snapshot()
        self._writers: dict[bytes, WriterState] = {}
        self._staged_ids: dict[bytes, int] = {}
        self._staged_client_ids: set[int] = set()
        self._staged_chunks: dict[bytes, int] = {}
        self._is_deleted = False
        """Whether DELETE is on its way to the disk: what came after it would be erased with the rest."""

    @property
    def n(self) -> int:
        return self._chain.n

    @property
    def head(self) -> bytes:
        return self._chain.head

    @property
    def committed_snapshot(self) -> SnapshotMark | None:
        """What newcomers are offered: nothing that only the keys of a closed epoch open."""
        mark = self._whole_snapshot
        return mark if mark and mark.n > self.committed_epoch.n else None

    def _in_epoch(self, mark: SnapshotMark | None) -> SnapshotMark | None:
        return mark if mark and mark.n > self.epoch.n else None

    def known(self, entry: Appendable) -> PadHead | None:
        """Where the log, or what is about to be written, already holds exactly this entry."""
        if not isinstance(entry, Entry):
            at = self._staged_ids.get(entry.entry_id) or self.index.position(entry.entry_id)
            return None if at is None else PadHead(at, self.head_at(at) or NO_ID)
        writer = self._writer(entry.writer_pk)
        if writer is None or entry.seq > writer.last_seq:
            return None
        n = self._position_by_sequence(writer, entry)
        return None if n is None else PadHead(n, self.head_at(n) or NO_ID)

    def verified(self, raw: bytes) -> Appendable:
        """Checks 1, 2 and 6 and a HELLO's certificate, which cost 100 us and depend on no other entry."""
        entry = parse_appended(raw)
        if entry.pad_id != self.pad_id:
            raise Refused(Code.MALFORMED)
        if self.known(entry) is None:
            self._check_epoch(entry)
            if not self._signatures_ok(entry):
                raise Refused(Code.BAD_SIGNATURE)
        return entry

    def draft(self) -> PadLog:
        """A copy to append to without changing this one; it shares nothing that changes."""
        draft = copy.copy(self)
        draft._chain, draft._writers = self._chain.copy(), dict(self._writers)
        draft._staged_ids, draft._staged_chunks = dict(self._staged_ids), dict(self._staged_chunks)
        draft._staged_client_ids = set(self._staged_client_ids)
        return draft

    def append(self, entry: Appendable, *, restoring: bool = False) -> Accepted:
        """Take an entry that `verified` returned as the next of the log; raises Refused.

        `restoring`: it stood there before, so that chunks which are lost do not keep it out.
        """
        known = self.known(entry)
        if known is not None:
            return Accepted(known, None)
        if self._is_deleted:
            raise Refused(Code.DELETED)
        # Another epoch may have begun since the signatures were checked.
        self._check_epoch(entry)
        n = self.n + 1
        if not isinstance(entry, Entry):
            place = RecordPlace(self.record, self.epoch, PadHead(self.n, self.head), self.committed.n)
            check_record(entry, place, self.index, self._staged_ids if restoring else {})
            return self._take_record(entry, n)
        writer = self._check_writer(entry, n)
        self._check_base(entry, writer, n)
        table = self._check_snapshot(entry.snapshot, n) if entry.snapshot else None
        missing = self._missing_chunks(entry.snapshot) if entry.snapshot else ()
        if missing and not restoring:
            raise Refused(Code.CHUNK_MISSING)
        return self._take(entry, writer, n, table, missing)

    def proof(self, upper: int, lower: int) -> list[Step]:
        """That the head at `upper` extends the one at `lower` (lower < upper <= committed.n)."""
        return self._chain.proof(upper, lower)

    def stage_chunk(self, chunk_id: bytes, size: int) -> None:
        """A chunk on its way to the disk, ahead of any entry that names it."""
        self._staged_chunks[chunk_id] = size

    def settle(self, rows: Sequence[EntryRow]) -> None:
        """These rows, the oldest ones that waited for the disk, are durable."""
        for row in rows:
            self._staged_ids.pop(row.entry_id, None)
            if row.client_id is not None:
                self._staged_client_ids.discard(row.client_id)
            if row.snapshot is not None and not row.missing:
                self._whole_snapshot = row.snapshot
            if row.void_n is not None:
                self._whole_snapshot = self.index.whole_snapshot()
        if any(row.writer is None for row in rows):
            # Once a batch: a thousand records of one frame cost what one does.
            self.committed_epoch = present_epoch(self.genesis, self.index)
        end = self.committed = PadHead(rows[-1].n, rows[-1].head)
        self._chain.forget_old(end.n)
        if len(self._writers) > KNOWN_WRITERS:
            self._writers = {pk: state for pk, state in self._writers.items() if state.last_n > end.n}

    def settle_chunk(self, chunk_id: bytes) -> None:
        self._staged_chunks.pop(chunk_id, None)
        if self._whole_snapshot != self.snapshot:
            self._whole_snapshot = self.index.whole_snapshot()

    def _signatures_ok(self, entry: Appendable) -> bool:
        if not isinstance(entry, Entry):
            return entry.signature_ok(self.genesis.owner_pk)
        return entry.signature_ok() and (entry.kind != Kind.HELLO or entry.cert_ok(self.epoch.cap_pk))

    def _check_epoch(self, entry: Appendable) -> None:
        if entry.epoch != self.epoch.number + isinstance(entry, EpochRecord):
            raise Refused(Code.WRONG_EPOCH)

    def _check_writer(self, entry: Entry, n: int) -> WriterState | None:
        writer = self._writer(entry.writer_pk)
        if writer is None:
            self._check_first(entry)
            return None
        if entry.seq <= writer.last_seq:
            raise Refused(Code.EQUIVOCATION)
        if n - writer.last_n > MAX_WRITER_LAG:
            raise Refused(Code.RETIRED)
        follows = entry.seq == writer.last_seq + 1 and compare_digest(entry.prev, writer.last_id)
        if not follows or entry.kind == Kind.HELLO:
            raise Refused(Code.BAD_SEQUENCE)
        return writer

    def _check_first(self, entry: Entry) -> None:
        if entry.kind != Kind.HELLO:
            raise Refused(Code.UNKNOWN_WRITER)
        if entry.seq != 0 or entry.prev != NO_ID:
            raise Refused(Code.BAD_SEQUENCE)
        client_id = client_id_of(self.pad_id, entry.writer_pk)
        if client_id in self._staged_client_ids or self.index.client_id_used(client_id):
            raise Refused(Code.RETIRED)

    def _check_base(self, entry: Entry, writer: WriterState | None, n: int) -> None:
        at_least = max(writer.base_n if writer else 0, self.epoch.n)
        if not at_least <= entry.base_n < n:
            raise Refused(Code.BAD_BASE)
        head = self.head_at(entry.base_n)
        if head is None or not compare_digest(head, entry.base_head):
            raise Refused(Code.BAD_BASE)

    def _check_snapshot(self, extension: SnapshotExtension, n: int) -> bytes:
        last_snap_n = self.snapshot.snap_n if self.snapshot else 0
        # Who starts from a snapshot cannot tell whether a VOID of before its entry is in it already.
        in_order = last_snap_n < extension.snap_n <= min(n - 1, self.committed.n)
        in_order &= self.record.n <= extension.snap_n
        first = self.snapshot is None or not extension.flags & FLATTENED
        if not in_order or not first or self.head_at(extension.snap_n) != extension.snap_head:
            raise Refused(Code.BAD_SNAPSHOT)
        table = snapshot_table(self.index, extension.snap_n, self.epoch.n)
        if len(table) > MAX_TABLE_BYTES or labels.hash_parts(labels.CHUNK, table) != extension.table_id:
            raise Refused(Code.BAD_SNAPSHOT)
        return table

    def _missing_chunks(self, extension: SnapshotExtension) -> tuple[ChunkRef, ...]:
        return tuple([each for each in extension.chunks if self._chunk_size(each.chunk_id) != each.size])

    def _take(
        self,
        entry: Entry,
        writer: WriterState | None,
        n: int,
        table: bytes | None,
        missing: tuple[ChunkRef, ...],
    ) -> Accepted:
        state = WriterState(
            entry.writer_pk,
            writer.cert if writer else entry.cert,
            writer.hello_id if writer else entry.entry_id,
            writer.hello_n if writer else n,
            entry.seq,
            entry.entry_id,
            n,
            entry.base_n,
        )
        mark: SnapshotMark | None = None
        named: tuple[bytes, ...] = ()
        if entry.snapshot:
            mark = self.snapshot = SnapshotMark(n, entry.snapshot.snap_n, state.hello_n)
            named = (entry.snapshot.table_id, *[chunk.chunk_id for chunk in entry.snapshot.chunks])
        client_id = None
        if writer is None:
            client_id = client_id_of(self.pad_id, entry.writer_pk)
            self._staged_client_ids.add(client_id)
        head = self._chain.link(entry.entry_id)
        self._staged_ids[entry.entry_id] = n
        self._writers[entry.writer_pk] = state
        place = self.index.pad, n, entry.entry_id, head
        row = EntryRow(*place, state, entry.raw, client_id, mark, named, missing)
        return Accepted(PadHead(n, head), row, table)

    def _take_record(self, record: OwnerRecord, n: int) -> Accepted:
        void_n = record.void_n if isinstance(record, VoidRecord) else None
        if self.snapshot and self.snapshot.n == void_n:
            self.snapshot = self._in_epoch(self.index.snapshot(void_n))
        if isinstance(record, EpochRecord):
            self.epoch, self.snapshot = epoch_of(record, n), None
        self._is_deleted |= isinstance(record, DeleteRecord)
        if isinstance(record, MoveRecord):
            self.home, self.home_n = record.relay_pk, n
        self.record = LastRecord(n, record.entry_id, self.record.count + 1)
        self._staged_ids[record.entry_id] = n
        place = self.index.pad, n, record.entry_id, self._chain.link(record.entry_id)
        return Accepted(PadHead(n, self.head), EntryRow(*place, None, record.raw, void_n=void_n))

    def _writer(self, writer_pk: bytes) -> WriterState | None:
        state = self._writers.get(writer_pk)
        if state is None:
            state = self.index.writer(writer_pk)
            if state is not None:
                self._writers[writer_pk] = state
        return state

    def _position_by_sequence(self, writer: WriterState, entry: Entry) -> int | None:
        if entry.seq == writer.last_seq:
            return writer.last_n if compare_digest(entry.entry_id, writer.last_id) else None
        staged = self._staged_ids.get(entry.entry_id)
        if staged is not None:
            return staged
        stored = self.index.sequenced(writer.hello_n, entry.seq)
        return stored[0] if stored and compare_digest(stored[1], entry.entry_id) else None

    def head_at(self, n: int) -> bytes | None:
        return self._chain.head_at(n)

    def _chunk_size(self, chunk_id: bytes) -> int | None:
        staged = self._staged_chunks.get(chunk_id)
        return staged if staged is not None else self.index.chunk_size(chunk_id)
