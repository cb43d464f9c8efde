"""The default store: one SQLite file in WAL mode, every commit synced (`synchronous=FULL`).

The event loop's thread reads over one connection and writes rows over another; the writer thread only commits
them. An entry's key is its pad's number and its position in one integer, so that a log lies together on the
disk and the millionth append costs what the first did. Nothing here looks into an entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.frames import MAX_TABLE_BYTES
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.ageing import ARCHIVED, Life, counted_day, life_of
from cryptpad_relay.store.base import (
    Loss,
    PadRow,
    Rows,
    SnapshotMark,
    StorageError,
    StoredEntry,
    WriterState,
)
from cryptpad_relay.store.files.sqlite import SqliteFileIndex, SqliteFiles
from cryptpad_relay.store.log.sqlite import MAX_IN_LOG, POSITION_BITS, id_key, write
from cryptpad_relay.store.logins.sqlite import SqliteLogins
from cryptpad_relay.store.mail.sqlite import SqliteMail
from cryptpad_relay.store.schema import (
    ADDED,
    EPOCH_NUMBER,
    EPOCH_PLACE,
    NEWEST_PLACE,
    SCHEMA,
    WHOLE_SNAPSHOT,
    WRITER,
    WRITERS,
)

FORMAT: Final = 1
CHECKPOINT_PAGES: Final = 1_000
"""A WAL that is overwritten syncs in three quarters of the time of one that grows."""
BUSY_TIMEOUT_S: Final = 5.0


class SqliteStore(SqliteFiles, SqliteLogins, SqliteMail):
    """The relay's log on disk. One process at a time may have it open (data_dir.py has the lock)."""

    def __init__(self, path: Path) -> None:
        self._writing = _connect(path)
        if self._writing.execute("PRAGMA user_version").fetchone()[0] == 0:
            self._writing.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
        self._writing.executescript(ADDED)
        self._reading = _connect(path)

    def find(self, pad_id: bytes) -> PadRow | None:
        row = self._reading.execute("SELECT number, genesis FROM pad WHERE pad_id = ?", (pad_id,)).fetchone()
        return PadRow(row[0], pad_id, row[1]) if row else None

    def last_pad_number(self) -> int:
        return int(self._reading.execute("SELECT coalesce(max(number), 0) FROM pad").fetchone()[0])

    def expiring(self, after_number: int, limit: int) -> Sequence[PadRow]:
        query = (
            "SELECT number, pad_id, genesis FROM expiring JOIN pad ON number = expiring.pad"
            " WHERE expiring.pad > ? ORDER BY expiring.pad LIMIT ?"
        )
        return [PadRow(*row) for row in self._reading.execute(query, (after_number, limit))]

    def archived(self, up_to_day: int) -> Sequence[PadRow]:
        return [PadRow(*row) for row in self._reading.execute(ARCHIVED, (up_to_day,))]

    def counted_day(self) -> int | None:
        return counted_day(self._reading)

    def pad_index(self, pad: PadRow) -> SqliteIndex:
        return SqliteIndex(self._reading, pad)

    def write(self, rows: Rows) -> None:
        with self._or_nothing():
            self._writing.execute("BEGIN IMMEDIATE")
            write(self._writing, rows)

    def sync(self) -> None:
        with self._or_nothing():
            self._writing.execute("COMMIT")

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            with suppress(sqlite3.Error):
                self._writing.rollback()
            raise StorageError(str(error)) from error

    def drop_loose_chunks(self, before_day: int) -> None:
        """At start: chunks put before that day for a SNAPSHOT which never came."""
        self._writing.execute("DELETE FROM chunk WHERE named = 0 AND put_day < ?", (before_day,))

    def close(self) -> None:
        self._reading.close()
        self._writing.close()


class SqliteIndex(SqliteFileIndex):
    """LogIndex over one pad of a SqliteStore."""

    __slots__ = ("_first", "_reading", "pad")

    def __init__(self, reading: sqlite3.Connection, pad: PadRow) -> None:
        self._reading = reading
        self._first = pad.number << POSITION_BITS
        self.pad = pad

    def end(self) -> tuple[int, bytes]:
        row = self._one(
            "SELECT place, head FROM entry WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1",
            self._first,
            self._first + MAX_IN_LOG,
        )
        return (row[0] - self._first, row[1]) if row else (0, chain_start(self.pad.pad_id))

    def head(self, n: int) -> bytes | None:
        if n == 0:
            return chain_start(self.pad.pad_id)
        return self._column("SELECT head FROM entry WHERE place = ?", n)

    def entry_id(self, n: int) -> bytes | None:
        return self._column("SELECT entry_id FROM entry WHERE place = ?", n)

    def position(self, entry_id: bytes) -> int | None:
        row = self._one(
            "SELECT place FROM entry WHERE id_key = ? AND entry_id = ?",
            id_key(self._first, entry_id),
            entry_id,
        )
        return row[0] - self._first if row else None

    def writer(self, writer_pk: bytes) -> WriterState | None:
        row = self._one(WRITER, self.pad.number, writer_pk)
        return self._state(row) if row else None

    def sequenced(self, hello_n: int, seq: int) -> tuple[int, bytes] | None:
        row = self._one(
            "SELECT place, entry_id FROM entry WHERE writer = ? AND seq = ?", self._first + hello_n, seq
        )
        return (row[0] - self._first, row[1]) if row else None

    def client_id_used(self, client_id: int) -> bool:
        query = "SELECT 1 FROM writer WHERE pad = ? AND client_id = ?"
        return self._one(query, self.pad.number, client_id) is not None

    def snapshot(self, before_n: int | None = None) -> SnapshotMark | None:
        row = self._one(
            "SELECT place, snap_n, hello_n FROM snapshot WHERE place BETWEEN ? AND ? "
            "ORDER BY place DESC LIMIT 1",
            self._first,
            self._first + (MAX_IN_LOG if before_n is None else before_n - 1),
        )
        return SnapshotMark(row[0] - self._first, row[1], row[2]) if row else None

    def records_back(self) -> Iterator[StoredEntry]:
        query = (
            "SELECT place, entry_id, head, raw FROM record JOIN entry USING (place) "
            "WHERE place BETWEEN ? AND ? ORDER BY place DESC"
        )
        for row in self._reading.execute(query, (self._first, self._first + MAX_IN_LOG)):
            yield self._stored(row)

    def record_count(self) -> int:
        query = "SELECT count(*) FROM record WHERE place BETWEEN ? AND ?"
        return int(self._one(query, self._first, self._first + MAX_IN_LOG)[0])

    def newest_record(self, kind: RecordKind) -> StoredEntry | None:
        return self._at(self._one(NEWEST_PLACE, self.pad.number, kind)[0])

    def epoch_record(self, number: int) -> StoredEntry | None:
        values = self.pad.number, RecordKind.EPOCH, number - 1
        row = self._one(EPOCH_PLACE, *values) if number > 0 else None
        return self._at(row[0]) if row else None

    def _at(self, place: int | None) -> StoredEntry | None:
        row = self._one("SELECT place, entry_id, head, raw FROM entry WHERE place = ?", place or 0)
        return self._stored(row) if row else None

    def _stored(self, row: Sequence[Any]) -> StoredEntry:
        return StoredEntry(row[0] - self._first, *row[1:])

    def whole_snapshot(self) -> SnapshotMark | None:
        row = self._one(WHOLE_SNAPSHOT, self._first, self._first + MAX_IN_LOG)
        return SnapshotMark(row[0] - self._first, row[1], row[2]) if row else None

    def loss(self) -> Loss | None:
        row = self._one("SELECT n, since_ms FROM loss WHERE pad = ?", self.pad.number)
        return Loss(*row) if row else None

    def life(self) -> Life:
        return life_of(self._reading, self.pad.number)

    def epoch_number(self) -> int:
        return int(self._one(EPOCH_NUMBER, self.pad.number, RecordKind.EPOCH)[0])

    def writer_count(self) -> int:
        return int(self._one("SELECT count(*) FROM writer WHERE pad = ?", self.pad.number)[0])

    def writers_at(self, n: int, after_n: int = 0) -> Sequence[WriterState]:
        at, after = self._first + n, self._first + after_n
        values = (at, self.pad.number, at, after)
        return [self._state(row) for row in self._reading.execute(WRITERS, values)]

    def read(self, after_n: int, up_to_n: int) -> Iterator[StoredEntry]:
        query = "SELECT place, entry_id, head, raw FROM entry WHERE place BETWEEN ? AND ? ORDER BY place"
        bounds = (self._first + after_n + 1, self._first + min(up_to_n, MAX_IN_LOG))
        for row in self._reading.execute(query, bounds):
            yield self._stored(row)

    def chunk_size(self, chunk_id: bytes) -> int | None:
        row = self._one("SELECT size FROM chunk WHERE pad = ? AND chunk_id = ?", self.pad.number, chunk_id)
        return row[0] if row else None

    def chunk(self, chunk_id: bytes, start: int = 0, length: int = MAX_TABLE_BYTES) -> bytes | None:
        query = "SELECT substr(data, ? + 1, ?) FROM chunk WHERE pad = ? AND chunk_id = ?"
        row = self._one(query, start, length, self.pad.number, chunk_id)
        return row[0] if row else None

    def loose_chunk_bytes(self) -> int:
        row = self._one("SELECT total(size) FROM chunk WHERE pad = ? AND named = 0", self.pad.number)
        return int(row[0]) if row else 0

    def _state(self, row: Sequence[Any]) -> WriterState:
        writer_pk, cert, hello_id, hello, seq, last_id, place, base_n = row
        return WriterState(
            writer_pk, cert, hello_id, hello - self._first, seq, last_id, place - self._first, base_n
        )

    def _column(self, query: str, n: int) -> bytes | None:
        row = self._one(query, self._first + n) if 0 < n <= MAX_IN_LOG else None
        return row[0] if row else None

    def _one(self, query: str, *values: int | bytes) -> Any:
        return self._reading.execute(query, values).fetchone()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, FORMAT):
        raise StorageError(f"the data is of format {version}, this relay reads format {FORMAT}")
    return connection
