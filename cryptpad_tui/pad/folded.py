"""What folding one entry leads to, as values, and the chain's heads that later positions link to."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.owner_records import OwnerRecord
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.verdicts import VerdictMark


@dataclass(frozen=True, slots=True)
class Folded:
    """One entry's outcome. `updates` are the changes to show: none where `void_reason` says why, or the taken
    places of an entry that the owner voided.
    """

    row: LogRow
    entry: Entry | OwnerRecord
    updates: tuple[bytes, ...] = field(default=(), repr=False)
    void_reason: str = ""
    digest_differs: bool = False
    """A SNAPSHOT whose digest is not this client's: it must answer with ALERT."""
    verdict: VerdictMark | None = None
    """What an ENDORSE or ALERT says."""


@dataclass(frozen=True, slots=True)
class SnapshotMark:
    """The newest valid snapshot of the log."""

    snap_n: int
    position: int
    snapshot_id: bytes
    size_bytes: int
    writer_pk: bytes = b""
    """Who made it; empty where its digest was of another engine, so that only its table was compared."""


@dataclass(frozen=True, slots=True)
class Detour:
    """A fold was put behind an entry that could not be loaded here, or not read: `is_back` by later keys."""

    n: int
    is_back: bool


def row_of(n: int, entry: Entry, head: bytes) -> LogRow:
    return LogRow(n, entry.entry_id, head, entry.raw, void=False)


def advance_skips(skips: dict[int, bytes], n: int, head: bytes) -> None:
    """Keep the heads that positions after n can skip to: n with its lowest bits cleared one by one."""
    keep = {n: head}
    i = n
    while i:
        i &= i - 1
        keep[i] = skips[i]
    skips.clear()
    skips.update(keep)
