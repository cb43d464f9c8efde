"""The append rule of one pad: which entry may stand next in its log (protocol §7, checks 1-7, and §11).

Sans-IO: entries in, positions or a typed refusal out. It reads committed facts through a LogIndex and holds
what was accepted since in an overlay, so that a queue of entries can be checked before the first is on the
disk. It never opens an entry: it has no key, and no rule here needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.chain import Step, low_bit, make_proof, next_head
from cryptpad_relay.protocol.entry import (
    FLATTENED,
    LOG_KINDS,
    MAGIC,
    MAX_WRITER_LAG,
    SUITE,
    Entry,
    Kind,
    SnapshotExtension,
    parse_entry,
)
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import PadHead
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_relay.store.base import EntryRow, LogIndex, SnapshotMark, WriterState

NO_ID: Final = bytes(32)
_SUITE_AND_FLAGS: Final = bytes([SUITE, 0, 0])
EPOCH: Final = 0
"""The only epoch there is while EPOCH records are refused."""
RECENT_HEADS: Final = 4_096
KNOWN_WRITERS: Final = 4_096


class ChainBroken(Exception):
    """A stored log's end does not fit its hash chain: the disk changed it. Restore the data from a backup."""


class Accepted(NamedTuple):
    """An entry's place in the log. `row` is None where the log already held it."""

    position: PadHead
    row: EntryRow | None
    table: bytes | None = None
    """A SNAPSHOT's table, which the relay stores as a chunk itself."""


def parse_log_entry(raw: bytes) -> Entry:
    """Check 1, telling kinds and suites of later versions (Refused, UNSUPPORTED) from damage (Malformed)."""
    if raw[:4] == MAGIC and len(raw) >= 8 and (raw[4] not in LOG_KINDS or raw[5:8] != _SUITE_AND_FLAGS):
        raise Refused(Code.UNSUPPORTED)
    return parse_entry(raw)


def client_id_of(pad_id: bytes, writer_pk: bytes) -> int:
    """The 53-bit CRDT client id that belongs to this writer in this pad (protocol §10)."""
    return int.from_bytes(labels.hash_parts(labels.CLIENT_ID, pad_id, writer_pk, size=8), "big") >> 11


def snapshot_table(index: LogIndex, snap_n: int) -> bytes:
    """What a SNAPSHOT at snap_n must say about the writers (docs/wire.md, last section)."""
    return b"".join(
        [
            w.writer_pk + w.cert + w.hello_id + u64(w.last_seq) + w.last_id + u64(w.last_n)
            for w in index.writers_at(snap_n)
        ]
    )


class PadLog:
    """The state that decides about the next entry of one pad; rebuilt from the index in a few point reads."""

    def __init__(self, index: LogIndex) -> None:
        self.index = index
        self.genesis: Genesis = parse_genesis(index.pad.genesis, index.pad.pad_id)
        self.pad_id = index.pad.pad_id
        self.n, self.head = index.end()
        self.committed = PadHead(self.n, self.head)
        self.snapshot = self.committed_snapshot = index.snapshot()
        self._heads: dict[int, bytes] = {self.n: self.head}
        self._skips = self._load_skips()
        self._writers: dict[bytes, WriterState] = {}
        self._staged_ids: dict[bytes, int] = {}
        self._staged_client_ids: set[int] = set()
        self._staged_chunks: dict[bytes, int] = {}
        self._check_tail()

    def known(self, entry: Entry) -> PadHead | None:
        """Where the log, or what is about to be written, already holds exactly this entry."""
        writer = self._writer(entry.writer_pk)
        if writer is None or entry.seq > writer.last_seq:
            return None
        n = self._position_by_sequence(writer, entry)
        return None if n is None else PadHead(n, self._head_at(n) or NO_ID)

    def verified(self, raw: bytes) -> Entry:
        """Checks 1, 2 and 6 and a HELLO's certificate, which cost 100 us and depend on no other entry."""
        entry = parse_log_entry(raw)
        self._check_place(entry)
        if self.known(entry) is None and not self._signatures_ok(entry):
            raise Refused(Code.BAD_SIGNATURE)
        return entry

    def append(self, entry: Entry) -> Accepted:
        """Take an entry that `verified` returned as the next of the log; raises Refused."""
        known = self.known(entry)
        if known is not None:
            return Accepted(known, None)
        n = self.n + 1
        writer = self._check_writer(entry, n)
        self._check_base(entry, writer, n)
        table = self._check_snapshot(entry.snapshot, n) if entry.snapshot else None
        return self._take(entry, writer, n, table)

    def proof(self, upper: int, lower: int) -> list[Step]:
        """That the head at `upper` extends the one at `lower` (lower < upper <= committed.n)."""
        return make_proof(upper, lower, _never_absent(self._head_at), _never_absent(self.index.entry_id))

    def stage_chunk(self, chunk_id: bytes, size: int) -> None:
        """A chunk on its way to the disk, ahead of any entry that names it."""
        self._staged_chunks[chunk_id] = size

    def settle(self, rows: Sequence[EntryRow]) -> None:
        """These rows, the oldest ones that waited for the disk, are durable."""
        for row in rows:
            self._staged_ids.pop(row.entry_id, None)
            if row.client_id is not None:
                self._staged_client_ids.discard(row.client_id)
            if row.snapshot is not None:
                self.committed_snapshot = row.snapshot
        end = self.committed = PadHead(rows[-1].n, rows[-1].head)
        if len(self._heads) > RECENT_HEADS:
            oldest = end.n - RECENT_HEADS // 2
            self._heads = {n: head for n, head in self._heads.items() if n >= oldest}
        if len(self._writers) > KNOWN_WRITERS:
            self._writers = {pk: state for pk, state in self._writers.items() if state.last_n > end.n}

    def settle_chunk(self, chunk_id: bytes) -> None:
        self._staged_chunks.pop(chunk_id, None)

    def _signatures_ok(self, entry: Entry) -> bool:
        return entry.signature_ok() and (entry.kind != Kind.HELLO or entry.cert_ok(self.genesis.cap_pk))

    def _check_place(self, entry: Entry) -> None:
        if entry.pad_id != self.pad_id:
            raise Refused(Code.MALFORMED)
        if entry.epoch != EPOCH:
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
        at_least = writer.base_n if writer else 0
        if not at_least <= entry.base_n < n:
            raise Refused(Code.BAD_BASE)
        head = self._head_at(entry.base_n)
        if head is None or not compare_digest(head, entry.base_head):
            raise Refused(Code.BAD_BASE)

    def _check_snapshot(self, extension: SnapshotExtension, n: int) -> bytes:
        last_snap_n = self.snapshot.snap_n if self.snapshot else 0
        in_order = last_snap_n < extension.snap_n <= min(n - 1, self.committed.n)
        first = self.snapshot is None or not extension.flags & FLATTENED
        if not in_order or not first or self._head_at(extension.snap_n) != extension.snap_head:
            raise Refused(Code.BAD_SNAPSHOT)
        table = snapshot_table(self.index, extension.snap_n)
        if labels.hash_parts(labels.CHUNK, table) != extension.table_id:
            raise Refused(Code.BAD_SNAPSHOT)
        for chunk in extension.chunks:
            if self._chunk_size(chunk.chunk_id) != chunk.size:
                raise Refused(Code.CHUNK_MISSING)
        return table

    def _take(self, entry: Entry, writer: WriterState | None, n: int, table: bytes | None) -> Accepted:
        skip = self._skip_of(n)
        head = next_head(self.head, skip, n, entry.entry_id)
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
        self.n, self.head = n, head
        self._heads[n] = head
        self._skips.append((n, head))
        self._writers[entry.writer_pk] = state
        self._staged_ids[entry.entry_id] = n
        row = EntryRow(self.index.pad, n, entry.entry_id, head, state, entry.raw, client_id, mark, named)
        return Accepted(PadHead(n, head), row, table)

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

    def _head_at(self, n: int) -> bytes | None:
        head = self._heads.get(n)
        return head if head is not None else self.index.head(n)

    def _chunk_size(self, chunk_id: bytes) -> int | None:
        staged = self._staged_chunks.get(chunk_id)
        return staged if staged is not None else self.index.chunk_size(chunk_id)

    def _load_skips(self) -> list[tuple[int, bytes]]:
        """The heads at n, n without its lowest bit, and so on: all that later entries can link to."""
        skips, i = [], self.n
        while True:
            skips.append((i, self._head_at(i) or NO_ID))
            if i == 0:
                return skips[::-1]
            i -= low_bit(i)

    def _skip_of(self, n: int) -> bytes:
        target = n - low_bit(n)
        while self._skips[-1][0] != target:
            self._skips.pop()
        return self._skips[-1][1]

    def _check_tail(self) -> None:
        """The last link must fit: the cheapest proof that a crash left the log whole."""
        if self.n == 0:
            return
        last = next(iter(self.index.read(self.n - 1, self.n)), None)
        previous, skip = self.index.head(self.n - 1), self.index.head(self.n - low_bit(self.n))
        if last is None or previous is None or skip is None:
            raise ChainBroken
        if not compare_digest(next_head(previous, skip, self.n, last.entry_id), self.head):
            raise ChainBroken


def _never_absent(lookup: Callable[[int], bytes | None]) -> Callable[[int], bytes]:
    def found(n: int) -> bytes:
        value = lookup(n)
        if value is None:
            raise ChainBroken
        return value

    return found
