"""pad.ports.PadStore in memory: what the vault does, without a vault."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from cryptpad_tui.pad.ports import JournalRow, LogRow, OutboxRow, StaleJournal


class MemoryStore:
    def __init__(self) -> None:
        self.log: list[LogRow] = []
        self.heads: dict[int, bytes] = {}
        self.proven: dict[int, bytes] = {}
        self.saved: tuple[int, bytes] | None = None
        self.journal_rows: dict[int, JournalRow] = {}
        self.outbox_rows: dict[int, OutboxRow] = {}
        self.signed: dict[int, bytes] = {}
        self._next = 0

    def _id(self) -> int:
        self._next += 1
        return self._next

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def head_at(self, n: int) -> bytes | None:
        return self.heads.get(n) or self.proven.get(n)

    def log_after(self, n: int, limit: int) -> list[LogRow]:
        return [row for row in self.log if row.n > n][:limit]

    def checkpoint(self) -> tuple[int, bytes] | None:
        return self.saved

    def set_checkpoint(self, n: int, state: bytes) -> None:
        self.saved = (n, state)

    def commit_fold(self, rows: Sequence[LogRow], *, proven_heads: Sequence[tuple[int, bytes]] = ()) -> None:
        known = {row.n for row in self.log}
        again = {row.n: row.void for row in rows if row.n in known}
        self.log = [replace(row, void=again.get(row.n, row.void)) for row in self.log]
        self.log += [row for row in rows if row.n not in known]
        self.heads.update({row.n: row.head for row in rows})
        self.proven.update(proven_heads)
        ids = {row.entry_id for row in rows}
        self.outbox_rows = {k: row for k, row in self.outbox_rows.items() if row.entry_id not in ids}

    def signed_head(self) -> bytes | None:
        return self.signed[max(self.signed)] if self.signed else None

    def put_signed_head(self, n: int, signed: bytes) -> None:
        self.signed = {n: signed} | {k: v for k, v in self.signed.items() if k >= n}

    def append_journal(self, writer_pk: bytes, updates: Sequence[bytes]) -> list[int]:
        ids = [self._id() for _ in updates]
        self.journal_rows.update(
            {i: JournalRow(i, writer_pk, update) for i, update in zip(ids, updates, strict=True)}
        )
        return ids

    def journal_after(self, journal_id: int) -> list[JournalRow]:
        return [row for i, row in sorted(self.journal_rows.items()) if i > journal_id]

    def outbox(self) -> list[OutboxRow]:
        return [row for _, row in sorted(self.outbox_rows.items())]

    def seal_journal(self, journal_ids: Sequence[int], entries: Sequence[OutboxRow]) -> None:
        self._take(journal_ids, self.journal_rows)
        for entry in entries:
            number = self._id()
            self.outbox_rows[number] = replace(entry, id=number)

    def replace_pending(
        self,
        *,
        journal_ids: Sequence[int],
        outbox_ids: Sequence[int],
        writer_pk: bytes,
        updates: Sequence[bytes],
    ) -> list[int]:
        self._take(journal_ids, self.journal_rows)
        self._take(outbox_ids, self.outbox_rows)
        return self.append_journal(writer_pk, updates)

    def _take(self, ids: Sequence[int], rows: dict[int, JournalRow] | dict[int, OutboxRow]) -> None:
        if any(i not in rows for i in ids):
            raise StaleJournal
        for i in ids:
            del rows[i]
