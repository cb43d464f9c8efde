"""The storage that a pad's replica needs, as a Protocol. The vault implements it; simulations use memory.

Every method is one transaction: it happened wholly or not at all, also across a crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogRow:
    """An entry of the pad's log that this client verified and folded."""

    n: int
    entry_id: bytes
    head: bytes
    entry: bytes
    """The entry or owner record as it came from the relay."""
    void: bool
    """True where the entry stays in the chain but changed nothing (protocol §7, checks 8-9)."""
    at_ms: int = 0
    """When this vault first verified it, by its own clock: for showing only."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An update to the document that is durable here and in no entry yet. `id` orders all rows of a pad."""

    id: int
    writer_pk: bytes
    update: bytes = field(repr=False)
    """Plaintext: never shown."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A signed entry that the relay has not acknowledged, or that is acknowledged and not folded."""

    id: int
    writer_pk: bytes
    seq: int
    entry_id: bytes
    entry: bytes


class PadStore(Protocol):
    """What is durable about one pad. All processes that have the vault open share it."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make several calls one transaction, in which no other process writes."""

    def head_at(self, n: int) -> bytes | None:
        """head_n of the chain where it is known here: a folded entry, or a head that a proof brought."""

    def log_after(self, n: int, limit: int) -> list[LogRow]:
        """Folded entries with positions above `n`, ascending, at most `limit`."""

    def checkpoint(self) -> tuple[int, bytes] | None:
        """The newest (n, state): everything to continue folding after position n."""

    def checkpoint_n(self) -> int:
        """The newest checkpoint's position, without its state; 0 where there is none."""

    def set_checkpoint(self, n: int, state: bytes) -> None:
        """Replace the checkpoint. Log rows stay: they are the history."""

    def commit_fold(self, rows: Sequence[LogRow], *, proven_heads: Sequence[tuple[int, bytes]] = ()) -> None:
        """Append folded rows and proven heads, and drop from the outbox the entries that the rows hold."""

    def signed_head(self) -> bytes | None:
        """The relay's newest signed head that the fold confirmed, 160 bytes."""

    def put_signed_head(self, n: int, signed: bytes) -> None:
        """Keep it in place of those with a lower n, which it commits to."""

    def exchange_signed_head(self, n: int, signed: bytes | None) -> None:
        """Keep this one, by another relay, in place of all; None keeps none."""

    def append_journal(self, writer_pk: bytes, updates: Sequence[bytes]) -> list[int]:
        """Make updates durable; returns their ids, ascending."""

    def journal_after(self, journal_id: int) -> list[JournalRow]:
        """Unsent updates of every process, in order."""

    def outbox(self) -> list[OutboxRow]:
        """Signed entries in the order in which they must be sent."""

    def seal_journal(self, journal_ids: Sequence[int], entries: Sequence[OutboxRow]) -> None:
        """Move journal rows into signed entries (`id` of the given rows is ignored).

        Raises StaleJournal when one of the rows is gone: another process took it.
        """

    def replace_pending(
        self,
        *,
        journal_ids: Sequence[int],
        outbox_ids: Sequence[int],
        writer_pk: bytes,
        updates: Sequence[bytes],
    ) -> list[int]:
        """Drop pending rows and journal `updates` instead: the same change, made again by another writer."""


class StaleJournal(Exception):
    """Another window sealed these edits first. Nothing is lost; this one reads them again."""
