"""What the relay needs of a store: point reads of what is durable, and batches made so, one after another.

A store checks nothing and decides nothing: the rules are padlog.py's. It must never show a row that is not
durable, and never keep a part of a batch. Reads cost the same however long a log is and however many pads
there are; `commit` costs its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.frames import MAX_TABLE_BYTES
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.ageing import Ageing, Life
from cryptpad_relay.store.files.base import FileIndex, FileStore, Filing
from cryptpad_relay.store.mail.base import Mailing, MailStore


class StorageError(Exception):
    """The relay could not write to its disk. Nothing of the batch was kept; free some space and try again."""


class StoredEntry(NamedTuple):
    """A committed entry: its position, its id, the chain's head after it and its bytes."""

    n: int
    entry_id: bytes
    head: bytes
    raw: bytes


class WriterState(NamedTuple):
    """A writer of the epoch as of its latest entry."""

    writer_pk: bytes
    cert: bytes
    hello_id: bytes
    hello_n: int
    last_seq: int
    last_id: bytes
    last_n: int
    base_n: int


class SnapshotMark(NamedTuple):
    """The newest SNAPSHOT of a log: where it stands, what it replaces, where its writer's HELLO stands."""

    n: int
    snap_n: int
    hello_n: int


class Loss(NamedTuple):
    """That this log went further before it was restored from a backup: how far, and when that came out."""

    n: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class PadRow:
    """A pad as the store knows it. `number` is the store's own name for it."""

    number: int
    pad_id: bytes
    genesis: bytes


class EntryRow(NamedTuple):
    """An accepted entry on its way to the disk."""

    pad: PadRow
    n: int
    entry_id: bytes
    head: bytes
    writer: WriterState | None
    """The writer's state after this entry; None for an owner record."""
    raw: bytes
    client_id: int | None = None
    """Set for a HELLO: the CRDT client id that this writer owns from here on."""
    snapshot: SnapshotMark | None = None
    chunk_ids: tuple[bytes, ...] = ()
    """Set for a SNAPSHOT: the chunks that are named from here on, the table among them."""
    missing: tuple[ChunkRef, ...] = ()
    """Of these, the ones that were lost: the SNAPSHOT is not offered before they are here."""
    void_n: int | None = None
    """Set for a VOID record: a SNAPSHOT at this position is offered no more."""


@dataclass(frozen=True, slots=True)
class ChunkRow:
    pad: PadRow
    chunk_id: bytes
    data: bytes
    day: int
    """Days since 1970 when it was put: one that no SNAPSHOT names is dropped after a day or two."""


class LoginRow(NamedTuple):
    """A login block, and which version of its owner's it is."""

    version: int
    block: bytes


@dataclass(slots=True)
class Rows:
    """One transaction: pads to create (GENESIS by pad id), chunks, losses by the pad's number, and entries in
    chain order."""

    creates: dict[bytes, bytes] = field(default_factory=dict)
    chunks: list[ChunkRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)
    losses: dict[int, Loss] = field(default_factory=dict)
    ended: list[PadRow] = field(default_factory=list)
    """Pads of which only GENESIS and the owner's records stay."""
    filing: Filing = field(default_factory=Filing)
    mail: Mailing = field(default_factory=Mailing)
    logins: dict[bytes, LoginRow | None] = field(default_factory=dict)
    """Login blocks by their id; None where one goes."""

    ageing: Ageing = field(default_factory=Ageing)

    def __bool__(self) -> bool:
        log = self.creates or self.chunks or self.entries or self.losses
        return bool(log or self.filing or self.logins or self.mail or self.ageing)


class LogIndex(FileIndex, Protocol):
    """Point reads of one pad's committed log; `pad_index` of a store makes one."""

    @property
    def pad(self) -> PadRow: ...

    def end(self) -> tuple[int, bytes]:
        """The last position and the head there; (0, head_0) for an empty log."""

    def head(self, n: int) -> bytes | None: ...

    def entry_id(self, n: int) -> bytes | None: ...

    def position(self, entry_id: bytes) -> int | None: ...

    def writer(self, writer_pk: bytes) -> WriterState | None: ...

    def sequenced(self, hello_n: int, seq: int) -> tuple[int, bytes] | None:
        """Position and id of the entry that this writer (named by its HELLO's position) made with `seq`."""

    def client_id_used(self, client_id: int) -> bool: ...

    def snapshot(self, before_n: int | None = None) -> SnapshotMark | None:
        """The newest SNAPSHOT (below a position) that its owner did not void."""

    def whole_snapshot(self) -> SnapshotMark | None:
        """The newest one whose chunks are all here."""

    def loss(self) -> Loss | None: ...

    def life(self) -> Life: ...

    def records_back(self) -> Iterator[StoredEntry]:
        """The owner records of the log, the newest first, read as they are asked for."""

    def record_count(self) -> int: ...

    def newest_record(self, kind: RecordKind) -> StoredEntry | None:
        """A point read, however many records there are and however large."""

    def epoch_record(self, number: int) -> StoredEntry | None:
        """The EPOCH that began this epoch, from 1."""

    def epoch_number(self) -> int:
        """The present epoch's."""

    def writer_count(self) -> int: ...

    def writers_at(self, n: int, after_n: int = 0) -> Sequence[WriterState]:
        """Every writer whose HELLO is above after_n and not above n, as of n, in the order of writer_pk."""

    def read(self, after_n: int, up_to_n: int) -> Iterator[StoredEntry]:
        """Entries after_n + 1 ... up_to_n in order, read as they are asked for."""

    def chunk_size(self, chunk_id: bytes) -> int | None: ...

    def chunk(self, chunk_id: bytes, start: int = 0, length: int = MAX_TABLE_BYTES) -> bytes | None:
        """Its bytes from `start` on, at most so many."""

    def loose_chunk_bytes(self) -> int:
        """Bytes of the chunks that no SNAPSHOT names."""


class Store(FileStore, MailStore, Protocol):
    def find(self, pad_id: bytes) -> PadRow | None: ...

    def last_pad_number(self) -> int:
        """The number of the pad created last; 0 where there is none."""

    def pad_index(self, pad: PadRow) -> LogIndex: ...

    def login(self, login_id: bytes) -> LoginRow | None: ...

    def login_count(self) -> int: ...

    def expiring(self, after_number: int, limit: int) -> Sequence[PadRow]:
        """Pads of which some record of the owner names a day, or a time without use, by their numbers."""
        ...

    def archived(self, up_to_day: int) -> Sequence[PadRow]:
        """Pads that ended on that day or before, and whose bytes are still here."""
        ...

    def counted_day(self) -> int | None:
        """The last day that was counted for those without use."""

    def write(self, rows: Rows) -> None:
        """Hand a batch over; raises StorageError. Nobody reads it yet, and a crash forgets it."""

    def sync(self) -> None:
        """Make what was written durable, all or nothing; raises StorageError. Until then no read sees it.

        This alone waits for the disk, and this alone may come from another thread."""

    def close(self) -> None: ...
