"""Files in relay.db. Their chunks lie in the table of all chunks: one transaction decides what is here.

`named` of a chunk: 0 nobody names it, 1 a SNAPSHOT does, 2 only files do. What a snapshot names is never
erased with a file, whatever list an editor signed.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final, Protocol

from cryptpad_relay.store.files.base import FileMark, FileRow, FileState, Filing

if TYPE_CHECKING:
    from cryptpad_relay.store.base import PadRow

FILE_TABLES: Final = """
CREATE TABLE IF NOT EXISTS file (
  key INTEGER PRIMARY KEY,
  pad INTEGER NOT NULL,
  file_id BLOB NOT NULL,
  size INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  day INTEGER NOT NULL,          -- days since 1970 of its last announcement
  state INTEGER NOT NULL,
  tombstone BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS file_by_id ON file (pad, file_id);
CREATE INDEX IF NOT EXISTS file_going ON file (state) WHERE state IN (2, 4);
CREATE INDEX IF NOT EXISTS file_part ON file (day) WHERE state = 0;
CREATE TABLE IF NOT EXISTS file_chunk (
  file INTEGER NOT NULL,
  chunk_id BLOB NOT NULL,
  pad INTEGER NOT NULL,
  size INTEGER NOT NULL,
  PRIMARY KEY (file, chunk_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_chunk_by_id ON file_chunk (pad, chunk_id);
"""
_LIVE: Final = "f.state IN (0, 1)"
_NAMING: Final = "FROM file_chunk AS c JOIN file AS f ON f.key = c.file WHERE c.pad = ?1 AND c.chunk_id = ?2"
_MISSING: Final = """
NOT EXISTS (SELECT 1 FROM chunk AS h WHERE h.pad = c.pad AND h.chunk_id = c.chunk_id AND h.size = c.size)"""
_WHOLE: Final = f"""
UPDATE file SET state = 1 WHERE state = 0 AND day < ?
AND NOT EXISTS (SELECT 1 FROM file_chunk AS c WHERE c.file = file.key AND {_MISSING})"""
_GOING: Final = "SELECT key, pad, state FROM file WHERE state IN (2, 4) ORDER BY key LIMIT 1"
_ERASE: Final = f"""
DELETE FROM chunk WHERE pad = ?1 AND chunk_id = ?2 AND named = 2
AND NOT EXISTS (SELECT 1 {_NAMING} AND {_LIVE})"""


class _HasReading(Protocol):
    _reading: sqlite3.Connection


class _HasPad(_HasReading, Protocol):
    pad: PadRow


class SqliteFiles:
    """A part of SqliteStore: FileStore."""

    __slots__ = ()

    def all_file_bytes(self: _HasReading) -> int:
        row = self._reading.execute("SELECT total(size) FROM file WHERE state IN (0, 1)").fetchone()
        return int(row[0])

    def erasable(self: _HasReading) -> bool:
        return self._reading.execute(_GOING).fetchone() is not None


class SqliteFileIndex:
    """A part of SqliteIndex: FileIndex."""

    __slots__ = ()

    def file(self: _HasPad, file_id: bytes) -> FileMark | None:
        query = "SELECT state, size, chunks, tombstone FROM file WHERE pad = ? AND file_id = ?"
        row = self._reading.execute(query, (self.pad.number, file_id)).fetchone()
        return FileMark(FileState(row[0]), *row[1:]) if row else None

    def missing_chunks(self: _HasPad, file_id: bytes) -> int:
        query = (
            "SELECT count(*) FROM file_chunk AS c WHERE c.file = "
            f"(SELECT key FROM file WHERE pad = ? AND file_id = ?) AND {_MISSING}"
        )
        return int(self._reading.execute(query, (self.pad.number, file_id)).fetchone()[0])

    def announced_size(self: _HasPad, chunk_id: bytes) -> int | None:
        query = f"SELECT c.size {_NAMING} AND {_LIVE}"
        row = self._reading.execute(query, (self.pad.number, chunk_id)).fetchone()
        return row[0] if row else None

    def is_erased(self: _HasPad, chunk_id: bytes) -> bool:
        query = (
            "SELECT 1 FROM chunk WHERE pad = ?1 AND chunk_id = ?2 AND named = 2"
            f" AND NOT EXISTS (SELECT 1 {_NAMING} AND {_LIVE})"
        )
        return self._reading.execute(query, (self.pad.number, chunk_id)).fetchone() is not None

    def file_bytes(self: _HasPad) -> int:
        query = "SELECT total(size) FROM file WHERE pad = ? AND state IN (0, 1)"
        return int(self._reading.execute(query, (self.pad.number,)).fetchone()[0])


def write_filing(connection: sqlite3.Connection, filing: Filing) -> None:
    """Inside the transaction of a batch."""
    for row in filing.puts:
        _put(connection, row)
    for pad, file_id, signature in filing.drops:
        connection.execute(
            "INSERT INTO file (pad, file_id, size, chunks, day, state, tombstone)"
            " VALUES (?, ?, 0, 0, 0, 3, ?)"
            " ON CONFLICT (pad, file_id) DO UPDATE SET state = 2, tombstone = excluded.tombstone",
            (pad, file_id, signature),
        )
    if filing.expire_before:
        connection.execute(_WHOLE, (filing.expire_before,))
        connection.execute("UPDATE file SET state = 4 WHERE state = 0 AND day < ?", (filing.expire_before,))
    if filing.erase:
        _erase(connection, filing.erase)


def _put(connection: sqlite3.Connection, row: FileRow) -> None:
    # The first list is the one whose room was taken: a later one of as many bytes adds nothing to it.
    made = connection.execute(
        "INSERT INTO file (pad, file_id, size, chunks, day, state, tombstone) VALUES (?, ?, ?, ?, ?, 0, x'')"
        " ON CONFLICT (pad, file_id) DO NOTHING RETURNING key",
        (row.pad, row.file_id, row.size, len(row.chunks), row.day),
    ).fetchall()
    if not made:
        query = "UPDATE file SET day = ? WHERE pad = ? AND file_id = ? AND state = 0"
        connection.execute(query, (row.day, row.pad, row.file_id))
        return
    connection.executemany(
        "INSERT INTO file_chunk (file, chunk_id, pad, size) VALUES (?, ?, ?, ?)",
        [(made[0][0], chunk.chunk_id, row.pad, chunk.size) for chunk in row.chunks],
    )
    connection.executemany(
        "UPDATE chunk SET named = 2 WHERE pad = ? AND chunk_id = ? AND size = ? AND named = 0",
        [(row.pad, chunk.chunk_id, chunk.size) for chunk in row.chunks],
    )


def _erase(connection: sqlite3.Connection, count: int) -> None:
    going = connection.execute(_GOING).fetchone()
    if going is None:
        return
    key, pad, state = going
    query = "SELECT chunk_id FROM file_chunk WHERE file = ? LIMIT ?"
    chunk_ids = [row[0] for row in connection.execute(query, (key, count))]
    connection.executemany(_ERASE, [(pad, chunk_id) for chunk_id in chunk_ids])
    connection.executemany(
        "DELETE FROM file_chunk WHERE file = ? AND chunk_id = ?", [(key, chunk_id) for chunk_id in chunk_ids]
    )
    if len(chunk_ids) < count:
        if state == FileState.ERASING:
            connection.execute("UPDATE file SET state = 3 WHERE key = ?", (key,))
        else:
            connection.execute("DELETE FROM file WHERE key = ?", (key,))
