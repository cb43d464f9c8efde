"""pad.ports.PadStore on the vault's tables: one pad's log, checkpoint, journal and outbox.

Each method is one transaction. It never changes what was folded, and never takes a second entry for a
writer's seq: a bug above it becomes a refusal here, not a signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import cast

from cryptpad_tui.pad.ports import JournalRow, LogRow, OutboxRow, StaleJournal
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.errors import LogConflict, SeqReused, UnknownPad
from cryptpad_tui.vault.records import WriterTail


class VaultPadStore:
    """The storage of one pad; `pad` is its number in the file. Cheap to make, holds nothing open."""

    def __init__(self, database: Database, pad: int) -> None:
        self._database = database
        self._pad = pad

    def transaction(self) -> AbstractContextManager[None]:
        return self._database.transaction()

    def head_at(self, n: int) -> bytes | None:
        values = (self._pad, n)
        head = self._database.scalar("SELECT head FROM log WHERE pad=? AND n=?", values)
        if head is None:
            head = self._database.scalar("SELECT head FROM proven_head WHERE pad=? AND n=?", values)
        return cast(bytes | None, head)

    def log_after(self, n: int, limit: int) -> list[LogRow]:
        rows = self._database.rows(
            "SELECT n, entry_id, head, entry, void, at_ms FROM log WHERE pad=? AND n>? ORDER BY n LIMIT ?",
            (self._pad, n, max(limit, 0)),
        )
        found = cast(list[tuple[int, bytes, bytes, bytes, int, int]], rows)
        return [
            LogRow(n, entry_id, head, entry, bool(void), at) for n, entry_id, head, entry, void, at in found
        ]

    def checkpoint(self) -> tuple[int, bytes] | None:
        row = self._database.row("SELECT n, state FROM checkpoint WHERE pad=?", (self._pad,))
        return cast(tuple[int, bytes] | None, row)

    def checkpoint_n(self) -> int:
        row = self._database.row("SELECT n FROM checkpoint WHERE pad=?", (self._pad,))
        return cast(int, row[0]) if row else 0

    def set_checkpoint(self, n: int, state: bytes) -> None:
        # Another window may be further on: its checkpoint serves both, and an older one only costs time.
        self._database.execute(
            "INSERT INTO checkpoint VALUES(?,?,?) ON CONFLICT(pad) DO UPDATE"
            " SET n=excluded.n, state=excluded.state WHERE excluded.n>=n",
            (self._pad, n, state),
        )

    def commit_fold(self, rows: Sequence[LogRow], *, proven_heads: Sequence[tuple[int, bytes]] = ()) -> None:
        """Idempotent, as every window of the vault folds; LogConflict where a place holds another entry."""
        with self._database.transaction():
            if rows:
                self._append_log(rows)
            for n, head in proven_heads:
                self._add_proven_head(n, head)
            self._database.execute_each(
                "DELETE FROM outbox WHERE pad=? AND entry_id=?", [(self._pad, row.entry_id) for row in rows]
            )

    def signed_head(self) -> bytes | None:
        query = "SELECT sth FROM signed_head WHERE pad=? ORDER BY n DESC LIMIT 1"
        return cast(bytes | None, self._database.scalar(query, (self._pad,)))

    def put_signed_head(self, n: int, signed: bytes) -> None:
        with self._database.transaction():
            self._database.execute("DELETE FROM signed_head WHERE pad=? AND n<?", (self._pad, n))
            self._database.execute(
                "INSERT INTO signed_head VALUES(?,?,?) ON CONFLICT DO NOTHING", (self._pad, n, signed)
            )

    def exchange_signed_head(self, n: int, signed: bytes | None) -> None:
        with self._database.transaction():
            self._database.execute("DELETE FROM signed_head WHERE pad=?", (self._pad,))
            if signed is not None:
                self._database.execute("INSERT INTO signed_head VALUES(?,?,?)", (self._pad, n, signed))

    def append_journal(self, writer_pk: bytes, updates: Sequence[bytes]) -> list[int]:
        with self._database.transaction():
            return [
                self._database.insert(
                    "INSERT INTO journal(pad, writer_pk, content) VALUES(?,?,?)",
                    (self._pad, writer_pk, update),
                )
                for update in updates
            ]

    def journal_after(self, journal_id: int) -> list[JournalRow]:
        rows = self._database.rows(
            "SELECT id, writer_pk, content FROM journal WHERE pad=? AND id>? ORDER BY id",
            (self._pad, journal_id),
        )
        return [JournalRow(*row) for row in cast(list[tuple[int, bytes, bytes]], rows)]

    def outbox(self) -> list[OutboxRow]:
        rows = self._database.rows(
            "SELECT id, writer_pk, seq, entry_id, entry FROM outbox WHERE pad=? ORDER BY id", (self._pad,)
        )
        return [OutboxRow(*row) for row in cast(list[tuple[int, bytes, int, bytes, bytes]], rows)]

    def seal_journal(self, journal_ids: Sequence[int], entries: Sequence[OutboxRow]) -> None:
        """Also SeqReused, where an entry's seq is not above every seq that this vault saw of its writer."""
        with self._database.transaction():
            self._take("journal", journal_ids)
            for entry in entries:
                self._append_outbox(entry)

    def replace_pending(
        self,
        *,
        journal_ids: Sequence[int],
        outbox_ids: Sequence[int],
        writer_pk: bytes,
        updates: Sequence[bytes],
    ) -> list[int]:
        """Also StaleJournal, so that two windows that adopt the same edits do not both make them again."""
        with self._database.transaction():
            self._take("journal", journal_ids)
            self._take("outbox", outbox_ids)
            return self.append_journal(writer_pk, updates)

    def writer_tail(self, writer_pk: bytes) -> WriterTail | None:
        """The writer's last stored entry; a writer whose key is shared must go on exactly after it."""
        row = self._database.row(
            "SELECT last_seq, last_entry_id FROM writer WHERE pad=? AND writer_pk=? AND last_seq>=0",
            (self._pad, writer_pk),
        )
        return None if row is None else WriterTail(*cast(tuple[int, bytes], row))

    def _append_log(self, rows: Sequence[LogRow]) -> None:
        added = self._database.execute_each(
            "INSERT INTO log(pad, n, entry_id, head, void, entry, at_ms) VALUES(?,?,?,?,?,?,?)"
            " ON CONFLICT(pad, n) DO NOTHING",
            [(self._pad, row.n, row.entry_id, row.head, int(row.void), row.entry, row.at_ms) for row in rows],
        )
        if added != len(rows):
            for row in rows:
                self._agree(row)
        contradicted = self._database.scalar(
            "SELECT proven_head.n FROM proven_head JOIN log USING(pad, n)"
            " WHERE proven_head.pad=? AND proven_head.n BETWEEN ? AND ? AND proven_head.head<>log.head",
            (self._pad, min(row.n for row in rows), max(row.n for row in rows)),
        )
        if contradicted is not None:
            raise LogConflict(f"position {contradicted!r}")

    def _agree(self, row: LogRow) -> None:
        """Check that the stored row is this one; an owner's VOID may turn it void later."""
        stored = self._database.row("SELECT entry_id, head FROM log WHERE pad=? AND n=?", (self._pad, row.n))
        if stored != (row.entry_id, row.head):
            raise LogConflict(f"position {row.n}")
        self._database.execute(
            "UPDATE log SET void=?1 WHERE pad=?2 AND n=?3 AND void<>?1", (int(row.void), self._pad, row.n)
        )

    def _add_proven_head(self, n: int, head: bytes) -> None:
        known = self.head_at(n)
        if known is None:
            self._database.execute("INSERT INTO proven_head VALUES(?,?,?)", (self._pad, n, head))
        elif known != head:
            raise LogConflict(f"position {n}")

    def _append_outbox(self, entry: OutboxRow) -> None:
        advanced = self._database.execute(
            "INSERT INTO writer(pad, writer_pk, last_seq, last_entry_id) VALUES(?,?,?,?)"
            " ON CONFLICT DO UPDATE SET last_seq=excluded.last_seq, last_entry_id=excluded.last_entry_id"
            " WHERE excluded.last_seq>last_seq",
            (self._pad, entry.writer_pk, entry.seq, entry.entry_id),
        )
        if not advanced:
            raise SeqReused(f"seq {entry.seq}")
        self._database.execute(
            "INSERT INTO outbox(pad, writer_pk, seq, entry_id, entry) VALUES(?,?,?,?,?)",
            (self._pad, entry.writer_pk, entry.seq, entry.entry_id, entry.entry),
        )

    def _take(self, table: str, ids: Sequence[int]) -> None:
        """Delete exactly these rows of the pad, or raise StaleJournal."""
        taken = self._database.execute_each(
            f"DELETE FROM {table} WHERE pad=? AND id=?", [(self._pad, each) for each in ids]
        )
        if taken != len(ids):
            raise StaleJournal()


def open_pad_store(database: Database, pad_id: bytes) -> VaultPadStore:
    """Raises UnknownPad."""
    pad = database.scalar("SELECT id FROM pad WHERE pad_id=?", (pad_id,))
    if pad is None:
        raise UnknownPad()
    return VaultPadStore(database, cast(int, pad))
