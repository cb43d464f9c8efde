"""How rows become SQLite's: the only place that writes a pad's log, inside the transaction of who calls.

An entry's place is its pad's number and its position in one integer. Nothing here begins, commits or reads.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.ageing import write_ageing
from cryptpad_relay.store.base import EntryRow, Rows
from cryptpad_relay.store.ending import end_pad
from cryptpad_relay.store.files.sqlite import write_filing
from cryptpad_relay.store.logins.sqlite import write_logins
from cryptpad_relay.store.mail.sqlite import write_mailing
from cryptpad_relay.store.schema import INSERT_CHUNK

POSITION_BITS: Final = 36
MAX_IN_LOG: Final = (1 << POSITION_BITS) - 1
_INSERT_ENTRY: Final = """
INSERT INTO entry (place, entry_id, head, writer, seq, base_n, id_key, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""


def id_key(first: int, entry_id: bytes) -> int:
    return first | int.from_bytes(entry_id[:8], "big") >> (64 - POSITION_BITS)


def write(connection: sqlite3.Connection, rows: Rows) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO pad (pad_id, genesis) VALUES (?, ?)", list(rows.creates.items())
    )
    connection.executemany(
        INSERT_CHUNK,
        [(row.pad.number, row.chunk_id, row.day, len(row.data), row.data) for row in rows.chunks],
    )
    write_filing(connection, rows.filing)
    write_logins(connection, rows.logins)
    write_mailing(connection, rows.mail)
    connection.executemany(_INSERT_ENTRY, [_entry_values(row) for row in rows.entries])
    for row in rows.entries:
        if row.client_id is not None or row.snapshot is not None or row.writer is None:
            _write_special(connection, row)
    connection.executemany(
        "INSERT OR REPLACE INTO loss (pad, n, since_ms) VALUES (?, ?, ?)",
        [(number, *loss) for number, loss in rows.losses.items()],
    )
    write_ageing(connection, rows.ageing)
    for pad in rows.ended:
        end_pad(connection, pad.number, pad.number << POSITION_BITS, MAX_IN_LOG)


def _entry_values(row: EntryRow) -> tuple[int | bytes, ...]:
    first = row.pad.number << POSITION_BITS
    # An owner record has no writer: its own place keeps the key of (writer, seq) unique.
    writer = (row.writer.hello_n, row.writer.last_seq, row.writer.base_n) if row.writer else (row.n, 0, 0)
    return (
        first + row.n,
        row.entry_id,
        row.head,
        first + writer[0],
        *writer[1:],
        id_key(first, row.entry_id),
        row.raw,
    )


def _write_special(connection: sqlite3.Connection, row: EntryRow) -> None:
    first, writer = row.pad.number << POSITION_BITS, row.writer
    place = first + row.n
    if writer is None:
        connection.execute("INSERT INTO record (place) VALUES (?)", (place,))
        kind = (row.pad.number, row.raw[4], place)
        connection.execute("INSERT INTO record_kind (pad, kind, place) VALUES (?, ?, ?)", kind)
        if row.raw[4] in (RecordKind.EXPIRE, RecordKind.IDLE):
            connection.execute("INSERT OR IGNORE INTO expiring (pad) VALUES (?)", (row.pad.number,))
        if row.raw[4] == RecordKind.IDLE:
            connection.execute("INSERT OR IGNORE INTO idle (pad, unused) VALUES (?, 0)", (row.pad.number,))
        if row.void_n is not None:
            connection.execute("DELETE FROM snapshot WHERE place = ?", (first + row.void_n,))
        return
    if row.client_id is not None:
        connection.execute(
            "INSERT INTO writer (hello, pad, writer_pk, client_id, cert, hello_id) VALUES (?,?,?,?,?,?)",
            (place, row.pad.number, writer.writer_pk, row.client_id, writer.cert, writer.hello_id),
        )
    if row.snapshot is not None:
        connection.execute(
            "INSERT INTO snapshot (place, snap_n, hello_n) VALUES (?, ?, ?)",
            (place, row.snapshot.snap_n, row.snapshot.hello_n),
        )
        connection.executemany(
            "UPDATE chunk SET named = 1 WHERE pad = ? AND chunk_id = ?",
            [(row.pad.number, chunk_id) for chunk_id in row.chunk_ids],
        )
        connection.executemany(
            "INSERT INTO lost_chunk (place, pad, chunk_id, size) VALUES (?, ?, ?, ?)",
            [(place, row.pad.number, each.chunk_id, each.size) for each in dict.fromkeys(row.missing)],
        )
