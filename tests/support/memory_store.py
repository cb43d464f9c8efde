"""pad.ports.PadStore in memory: what the vault does, without a vault."""

from __future__ import annotations

from bisect import bisect_left
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
        first = self._place(n + 1)
        return self.log[first : first + limit]

    def _place(self, n: int) -> int:
        """Where position n is in the log, or would be: it is ascending, and costs no walk over all of it."""
        return bisect_left(self.log, n, key=lambda row: row.n)

    def checkpoint(self) -> tuple[int, bytes] | None:
        return self.saved

    def checkpoint_n(self) -> int:
        return self.saved[0] if self.saved else 0

    def set_checkpoint(self, n: int, state: bytes) -> None:
        self.saved = (n, state)

    def commit_fold(self, rows: Sequence[LogRow], *, proven_heads: Sequence[tuple[int, bytes]] = ()) -> None:
        for row in rows:
            at = self._place(row.n)
            if at < len(self.log) and self.log[at].n == row.n:
                self.log[at] = replace(self.log[at], void=row.void)
            else:
                self.log.insert(at, row)
        self.heads.update({row.n: row.head for row in rows})
        self.proven.update(proven_heads)
        ids = {row.entry_id for row in rows}
        for number in [number for number, row in self.outbox_rows.items() if row.entry_id in ids]:
            del self.outbox_rows[number]

    def signed_head(self) -> bytes | None:
        return self.signed[max(self.signed)] if self.signed else None

    def exchange_signed_head(self, n: int, signed: bytes | None) -> None:
        self.signed = {} if signed is None else {n: signed}

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
