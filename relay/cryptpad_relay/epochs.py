"""Which epoch a pad is in at this relay, and the append rules of the owner's records (protocol §5, §13).

Sans-IO, like padlog.py, which calls it. It sees public keys and positions, and never who a slot is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import PadHead
from cryptpad_relay.protocol.move_record import MoveRecord, parse_move
from cryptpad_relay.protocol.owner_records import (
    DeleteRecord,
    EpochRecord,
    ExpireRecord,
    IdleRecord,
    OwnerRecord,
    parse_record,
)
from cryptpad_relay.protocol.records import UNBOUND, Genesis, RecordKind, VoidRecord
from cryptpad_relay.store.base import LogIndex, StoredEntry
from cryptpad_relay.voids import LastRecord, check_follows, check_void

ANSWER_BYTES: Final = 1_000_000
"""Records that one answer to OWNER_REC may hold; of more the newest are given."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch: its number, the position of the record that began it, and who may write and read in it."""

    number: int
    n: int
    cap_pk: bytes
    fetch_pk: bytes


def first_epoch(genesis: Genesis) -> Epoch:
    return Epoch(0, 0, genesis.cap_pk, genesis.fetch_pk)


def epoch_of(record: EpochRecord, n: int) -> Epoch:
    return Epoch(record.epoch, n, record.cap_pk, record.fetch_pk)


def epoch_at(genesis: Genesis, index: LogIndex, number: int) -> Epoch | None:
    """One epoch of a pad by its durable records; None where there is none of that number."""
    if number == 0:
        return first_epoch(genesis)
    stored = index.epoch_record(number)
    if stored is None:
        return None
    record = parse_record(stored.raw)
    assert isinstance(record, EpochRecord)
    return epoch_of(record, stored.n)


def present_epoch(genesis: Genesis, index: LogIndex) -> Epoch:
    return epoch_at(genesis, index, index.epoch_number()) or first_epoch(genesis)


def last_home(index: LogIndex) -> tuple[bytes, int]:
    """The key of the relay that the newest MOVE names, and its place; empty for a pad that never moved."""
    move = index.newest_record(RecordKind.MOVE)
    return (parse_move(move.raw).relay_pk, move.n) if move else (b"", 0)


def is_ended(index: LogIndex, now_ms: int) -> bool:
    """Whether the owner deleted the pad, or its day has come, or nobody used it for as long as they said."""
    life = index.life()
    if life.has_ended or index.newest_record(RecordKind.DELETE):
        return True
    end_ms, days = _end_ms(index), _idle_days(index)
    is_idle = bool(days) and life.unused is not None and life.unused > days
    return is_idle or (end_ms is not None and end_ms <= now_ms)


def _idle_days(index: LogIndex) -> int:
    """After how many days without use the pad ends; 0 for one that may lie for ever."""
    stored = index.newest_record(RecordKind.IDLE)
    record = parse_record(stored.raw) if stored else None
    return record.days if isinstance(record, IdleRecord) else 0


def _end_ms(index: LogIndex) -> int | None:
    """On which day the pad ends; None for one without."""
    stored = index.newest_record(RecordKind.EXPIRE)
    record = parse_record(stored.raw) if stored else None
    return (record.unix_ms or None) if isinstance(record, ExpireRecord) else None


def newest_that_fit(newest_first: Iterable[StoredEntry]) -> tuple[bytes, ...]:
    """The newest records, in order, as many as an answer holds: whoever needs older ones has the log."""
    room, taken = ANSWER_BYTES, list[bytes]()
    for stored in newest_first:
        room -= 4 + len(stored.raw)
        if room < 0:
            break
        taken.append(stored.raw)
    return tuple(reversed(taken))


class RecordPlace(NamedTuple):
    """Where a record would stand: after what, in which epoch, and how far the log is durable."""

    last: LastRecord
    epoch: Epoch
    end: PadHead
    committed_n: int


def check_record(
    record: OwnerRecord, place: RecordPlace, index: LogIndex, restored: Mapping[bytes, int]
) -> None:
    """Whether this record of the owner may stand next, its signature and epoch apart; raises Refused.

    `restored`: entries that stood in the log before, and are on their way to the disk again.
    """
    check_follows(record, place.last)
    if isinstance(record, EpochRecord | MoveRecord):
        # Compare-and-set: it closes exactly the log that there is, so that it voids nothing acknowledged.
        if record.close_n != place.end.n or not compare_digest(record.close_head, place.end.head):
            raise Refused(Code.BAD_BASE)
    elif isinstance(record, DeleteRecord):
        head = index.head(record.seen_n)
        if head is None or not compare_digest(head, record.seen_head):
            raise Refused(Code.BAD_BASE)
    elif isinstance(record, VoidRecord) and restored.get(record.void_id) != record.void_n:
        check_void(record, index, place.committed_n, place.epoch.n)


def check_relay(record: OwnerRecord, relay_pk: bytes) -> None:
    """An epoch may bind the pad to a relay; not to another one than this."""
    if isinstance(record, EpochRecord) and record.relay_id not in (UNBOUND, relay_pk):
        raise Refused(Code.WRONG_RELAY)
