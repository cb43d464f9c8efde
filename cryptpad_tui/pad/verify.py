"""Checking again what this vault holds of a pad's log: every signature, every link of the chain, the text.

It reads what is stored and changes nothing. What it finds is no lie of a relay, which was checked when it
came, but a change made here since: by a failing disk, or by somebody who had the vault open.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry, writer_cert_parts
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import CERT, verify_parts
from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_relay.protocol.records import record_kind
from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.pad.alarms import Alarm, NeedsProof
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.owner_records import NeedsEntry, NeedsRefold
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.replica import Replica

PAGE: Final = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, and where; n is 0 for what is at no one position."""

    n: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What checking the stored log led to."""

    first_n: int
    last_n: int
    text_checked: bool
    """Whether the text here was made again from the log: not where the log begins behind a snapshot."""
    found: tuple[Found, ...] = ()


def check_stored(replica: Replica) -> Generator[None, None, Stored]:
    """Check the stored log from its first entry, pausing every few; ends at the first thing wrong."""
    fold = replica.require_stored()
    rows = replica.store.log_after(0, 1)
    if not rows:
        return Stored(fold.n, fold.n, text_checked=False)
    first_n = rows[0].n
    found = yield from (_fold_again(replica) if first_n == 1 else _follow_chain(replica, first_n))
    return Stored(first_n, fold.n, first_n == 1, found)


def _pages(replica: Replica) -> Generator[list[LogRow], None, None]:
    after = 0
    while rows := replica.store.log_after(after, PAGE):
        yield [row for row in rows if row.n <= replica.fold.n]
        after = rows[-1].n


def _fold_again(replica: Replica) -> Generator[None, None, tuple[Found, ...]]:
    """From the pad's birth, trusting nothing; at the end the text must be the one that is shown."""
    mine = replica.fold
    fold = replica.new_fold()
    fold.owner.voided.update(mine.owner.voided)
    for rows in _pages(replica):
        for row in rows:
            if row.n != fold.n + 1:
                return (Found(fold.n + 1, "an entry is missing"),)
            try:
                again = fold.step(row.entry).row
            except (Alarm, NeedsProof, NeedsEntry, NeedsRefold, DocumentError) as error:
                return (Found(row.n, f"the entry does not check out ({error})"),)
            if again.entry_id != row.entry_id or not compare_digest(again.head, row.head):
                return (Found(row.n, "the entry is not the one that was verified"),)
            if again.void != row.void:
                return (Found(row.n, "it is marked wrongly as counting, or as not counting"),)
        yield
    return _compare_ends(fold, mine)


def _compare_ends(fold: Fold, mine: Fold) -> tuple[Found, ...]:
    if fold.n != mine.n or not compare_digest(fold.head, mine.head):
        return (Found(fold.n + 1, "the end of the log is missing"),)
    again, shown = (each.digest() for each in (fold, mine))
    if not compare_digest(again.state_digest, shown.state_digest):
        return (Found(0, "the text here is not the one that the log leads to"),)
    return ()


def _follow_chain(replica: Replica, first_n: int) -> Generator[None, None, tuple[Found, ...]]:
    """Where the log begins behind a snapshot: ids, links and signatures, as far as they need no text."""
    heads = {first_n - 1: replica.store.head_at(first_n - 1) or b""}
    caps = {0: replica.genesis.cap_pk, replica.epoch: replica.fold.mark.cap_pk}
    n = first_n - 1
    for rows in _pages(replica):
        for row in rows:
            if row.n != n + 1:
                return (Found(n + 1, "an entry is missing"),)
            problem = _check_row(replica, row, heads, caps)
            if problem:
                return (Found(row.n, problem),)
            heads[row.n] = row.head
            n = row.n
        yield
    if n != replica.fold.n or not compare_digest(heads[n], replica.fold.head):
        return (Found(n + 1, "the end of the log is missing"),)
    return ()


def _check_row(replica: Replica, row: LogRow, heads: dict[int, bytes], caps: dict[int, bytes]) -> str:
    """Why a stored entry is not what was verified; empty where it is."""
    try:
        if record_kind(row.entry) is not None:
            record = parse_record(row.entry)
            if isinstance(record, EpochRecord):
                caps[record.epoch] = record.cap_pk
            signed, entry_id = record.signature_ok(replica.genesis.owner_pk), record.entry_id
        else:
            entry = parse_entry(row.entry)
            signed, entry_id = entry.signature_ok() and _certified(replica, entry, caps), entry.entry_id
    except Malformed as error:
        return f"the entry is damaged ({error.reason})"
    skip_n = row.n & (row.n - 1)
    skip = heads.get(skip_n) or replica.store.head_at(skip_n)
    previous = heads[row.n - 1]
    if not signed:
        return "its signature does not verify"
    if skip is None or entry_id != row.entry_id:
        return "the entry is not the one that was verified"
    if not compare_digest(chain.next_head(previous, skip, row.n, entry_id), row.head):
        return "the chain of the log is broken"
    return ""


def _certified(replica: Replica, entry: Entry, caps: dict[int, bytes]) -> bool:
    writer, cap_pk = replica.fold.everybody.get(entry.writer_pk), caps.get(entry.epoch)
    cert = entry.cert if entry.kind == Kind.HELLO else writer.cert if writer else b""
    if entry.epoch != replica.epoch and (cap_pk is None or not cert):
        # Of an epoch that was closed when this vault's log began: its keys are in no row here.
        return writer is not None
    parts = writer_cert_parts(replica.pad_id, entry.epoch, entry.writer_pk)
    return verify_parts(cap_pk or b"", cert, CERT, *parts)
