"""A store in memory for tests and simulation: it can refuse writes, and lose what was not synced, on purpose.

The slow, plain twin of sqlite.py: both pass the same tests. Nothing in production uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.frames import MAX_TABLE_BYTES
from cryptpad_relay.protocol.records import OWNER_RECORDS, RecordKind
from cryptpad_relay.store.ageing import Ageing, Life
from cryptpad_relay.store.base import (
    LoginRow,
    Loss,
    PadRow,
    Rows,
    SnapshotMark,
    StorageError,
    StoredEntry,
    WriterState,
)
from cryptpad_relay.store.files.memory import MemoryFileIndex, MemoryFiles, PadFiles, apply_filing
from cryptpad_relay.store.mail.memory import MemoryMail, MemoryMailbox, apply_mailing


@dataclass(slots=True)
class _Pad:
    row: PadRow
    log: list[StoredEntry] = field(default_factory=list)
    states: list[WriterState | None] = field(default_factory=list)
    """The state of its writer after each entry of `log`; None for an owner record."""
    by_id: dict[bytes, int] = field(default_factory=dict)
    by_sequence: dict[tuple[int, int], int] = field(default_factory=dict)
    writers: dict[bytes, WriterState] = field(default_factory=dict)
    client_ids: set[int] = field(default_factory=set)
    snapshots: dict[int, SnapshotMark] = field(default_factory=dict)
    missing: dict[int, tuple[ChunkRef, ...]] = field(default_factory=dict)
    loss: Loss | None = None
    unused: int | None = None
    ended_day: int | None = None
    is_archived: bool = False
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    named: set[bytes] = field(default_factory=set)
    files: PadFiles = field(default_factory=PadFiles)


class PowerCut(Exception):
    """The simulated machine lost power in the middle of a commit. Whoever is tested dies with it."""


class MemoryStore(MemoryFiles, MemoryMail):
    """Only what was synced can be read, and only that outlives `crash`."""

    def __init__(self) -> None:
        self._pads: dict[bytes, _Pad] = {}
        self.mailboxes: dict[bytes, MemoryMailbox] = {}
        self._logins: dict[bytes, LoginRow] = {}
        self._durable: list[Rows] = []
        self._written = Rows()
        self._counted_day: int | None = None
        self.fail_commits = 0
        """How many of the next commits raise StorageError, with nothing kept."""
        self.cut_power_after: int | None = None
        """After so many more commits the next is lost, and PowerCut is raised."""

    def find(self, pad_id: bytes) -> PadRow | None:
        pad = self._pads.get(pad_id)
        return pad.row if pad else None

    def pads_with_files(self) -> list[_Pad]:
        return list(self._pads.values())

    def login(self, login_id: bytes) -> LoginRow | None:
        return self._logins.get(login_id)

    def login_count(self) -> int:
        return len(self._logins)

    def last_pad_number(self) -> int:
        return len(self._pads)

    def expiring(self, after_number: int, limit: int) -> Sequence[PadRow]:
        named = (RecordKind.EXPIRE, RecordKind.IDLE)
        found = [pad.row for pad in self._pads.values() if any(row.raw[4] in named for row in pad.log)]
        return [row for row in found if row.number > after_number][:limit]

    def archived(self, up_to_day: int) -> Sequence[PadRow]:
        pads = [pad for pad in self._pads.values() if pad.is_archived]
        return [pad.row for pad in pads if pad.ended_day is not None and pad.ended_day <= up_to_day]

    def counted_day(self) -> int | None:
        return self._counted_day

    def pad_index(self, pad: PadRow) -> MemoryIndex:
        return MemoryIndex(self._pads[pad.pad_id])

    def write(self, rows: Rows) -> None:
        self._written = rows

    def sync(self) -> None:
        rows, self._written = self._written, Rows()
        if self.fail_commits:
            self.fail_commits -= 1
            raise StorageError
        if self.cut_power_after is not None:
            if self.cut_power_after == 0:
                raise PowerCut
            self.cut_power_after -= 1
        self._apply(rows)
        self._durable.append(rows)

    def crash(self) -> MemoryStore:
        """The store as a machine without power finds it again: what was not synced is gone."""
        survivor = MemoryStore()
        for rows in self._durable:
            survivor._apply(rows)
            survivor._durable.append(rows)
        return survivor

    def close(self) -> None:
        pass

    def _apply(self, rows: Rows) -> None:
        for pad_id, genesis in rows.creates.items():
            if pad_id not in self._pads:
                self._pads[pad_id] = _Pad(PadRow(len(self._pads) + 1, pad_id, genesis))
        for login_id, login in rows.logins.items():
            if login is None:
                self._logins.pop(login_id, None)
            else:
                self._logins[login_id] = login
        for chunk in rows.chunks:
            self._pads[chunk.pad.pad_id].chunks.setdefault(chunk.chunk_id, chunk.data)
        apply_mailing(self.mailboxes, rows.mail)
        apply_filing({pad.row.number: pad for pad in self._pads.values()}, rows.filing)
        for row in rows.entries:
            pad = self._pads[row.pad.pad_id]
            pad.log.append(StoredEntry(row.n, row.entry_id, row.head, row.raw))
            pad.states.append(row.writer)
            pad.by_id[row.entry_id] = row.n
            if row.writer is not None:
                pad.by_sequence[row.writer.hello_n, row.writer.last_seq] = row.n
                pad.writers[row.writer.writer_pk] = row.writer
            if row.client_id is not None:
                pad.client_ids.add(row.client_id)
            if row.snapshot is not None:
                pad.snapshots[row.n], pad.missing[row.n] = row.snapshot, row.missing
            if row.void_n is not None:
                pad.snapshots.pop(row.void_n, None)
            if row.raw[4] == RecordKind.IDLE:
                pad.unused = pad.unused or 0
            pad.named.update(row.chunk_ids)
        for pad in self._pads.values():
            pad.loss = rows.losses.get(pad.row.number, pad.loss)
        self._age(rows.ageing)
        for ended in rows.ended:
            old = self._pads[ended.pad_id]
            kept = [(row, None) for row in old.log if row.raw[4] in OWNER_RECORDS]
            left = _Pad(old.row, [row for row, _ in kept], [state for _, state in kept])
            left.ended_day = old.ended_day
            self._pads[ended.pad_id] = left

    def _age(self, ageing: Ageing) -> None:
        self._counted_day = ageing.day or self._counted_day
        for pad in self._pads.values():
            if ageing.adds and pad.unused is not None:
                pad.unused += 1
            if pad.row.number in ageing.used and pad.unused is not None:
                pad.unused = 0
            if pad.row.number in ageing.ended:
                pad.ended_day, pad.is_archived = ageing.ended[pad.row.number], True


class MemoryIndex(MemoryFileIndex):
    """LogIndex over one pad of a MemoryStore."""

    def __init__(self, pad: _Pad) -> None:
        self._pad = pad

    @property
    def with_files(self) -> _Pad:
        return self._pad

    @property
    def pad(self) -> PadRow:
        return self._pad.row

    def end(self) -> tuple[int, bytes]:
        n = len(self._pad.log)
        return n, self.head(n) or b""

    def head(self, n: int) -> bytes | None:
        if n == 0:
            return chain_start(self._pad.row.pad_id)
        return self._pad.log[n - 1].head if 0 < n <= len(self._pad.log) else None

    def entry_id(self, n: int) -> bytes | None:
        return self._pad.log[n - 1].entry_id if 0 < n <= len(self._pad.log) else None

    def position(self, entry_id: bytes) -> int | None:
        return self._pad.by_id.get(entry_id)

    def writer(self, writer_pk: bytes) -> WriterState | None:
        return self._pad.writers.get(writer_pk)

    def sequenced(self, hello_n: int, seq: int) -> tuple[int, bytes] | None:
        n = self._pad.by_sequence.get((hello_n, seq))
        return None if n is None else (n, self._pad.log[n - 1].entry_id)

    def client_id_used(self, client_id: int) -> bool:
        return client_id in self._pad.client_ids

    def snapshot(self, before_n: int | None = None) -> SnapshotMark | None:
        places = [n for n in self._pad.snapshots if before_n is None or n < before_n]
        return self._pad.snapshots[max(places)] if places else None

    def whole_snapshot(self) -> SnapshotMark | None:
        for n, mark in sorted(self._pad.snapshots.items(), reverse=True):
            if all(self.chunk_size(each.chunk_id) == each.size for each in self._pad.missing[n]):
                return mark
        return None

    def loss(self) -> Loss | None:
        return self._pad.loss

    def life(self) -> Life:
        return Life(self._pad.unused, self._pad.ended_day is not None)

    def records_back(self) -> Iterator[StoredEntry]:
        rows = zip(self._pad.log[::-1], self._pad.states[::-1], strict=True)
        return iter([row for row, state in rows if state is None])

    def record_count(self) -> int:
        return len(list(self.records_back()))

    def newest_record(self, kind: RecordKind) -> StoredEntry | None:
        return next((row for row in self.records_back() if row.raw[4] == kind), None)

    def epoch_record(self, number: int) -> StoredEntry | None:
        epochs = [row for row in self.records_back() if row.raw[4] == RecordKind.EPOCH]
        return epochs[-number] if 0 < number <= len(epochs) else None

    def epoch_number(self) -> int:
        return sum([row.raw[4] == RecordKind.EPOCH for row in self.records_back()])

    def writer_count(self) -> int:
        return len(self._pad.writers)

    def writers_at(self, n: int, after_n: int = 0) -> Sequence[WriterState]:
        states = self._pad.states[after_n:n]
        latest = {state.writer_pk: state for state in states if state is not None}
        return [latest[writer_pk] for writer_pk in sorted(latest)]

    def read(self, after_n: int, up_to_n: int) -> Iterator[StoredEntry]:
        return iter(self._pad.log[after_n:up_to_n])

    def chunk_size(self, chunk_id: bytes) -> int | None:
        chunk = self._pad.chunks.get(chunk_id)
        return None if chunk is None else len(chunk)

    def chunk(self, chunk_id: bytes, start: int = 0, length: int = MAX_TABLE_BYTES) -> bytes | None:
        chunk = self._pad.chunks.get(chunk_id)
        return None if chunk is None else chunk[start : start + length]

    def loose_chunk_bytes(self) -> int:
        named, sizes = self._pad.named, {name: len(data) for name, data in self._pad.chunks.items()}
        return sum(
            [size for name, size in sizes.items() if name not in named and self.announced_size(name) != size]
        )
