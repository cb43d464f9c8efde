"""The append rule of owner records (protocol §5): after which record, and for VOID, about which entry.

Sans-IO, like padlog.py, which calls it. It never judges whether a VOID is wise, and cannot see what it voids.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import owner_records
from cryptpad_relay.protocol.entry import LOG_KINDS, MAGIC, SUITE, Entry, Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.owner_records import OwnerRecord
from cryptpad_relay.protocol.records import RecordKind, VoidRecord, record_kind
from cryptpad_relay.store.base import LogIndex

MAX_RECORDS: Final = 4_096
"""Owner records of one pad: so many fit the answer to OWNER_REC."""
_SUITE_AND_FLAGS: Final = bytes([SUITE, 0, 0])
VOIDABLE: Final = frozenset({Kind.UPDATE, Kind.SNAPSHOT})


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The newest owner record of a log: its position, its id, and how many there are."""

    n: int
    record_id: bytes
    count: int


def last_record(index: LogIndex) -> LastRecord:
    """Of what is durable; the pad id stands for the id where there is none."""
    newest = next(index.records_back(), None)
    if newest is None:
        return LastRecord(0, index.pad.pad_id, 0)
    return LastRecord(newest.n, newest.entry_id, index.record_count())


def parse_record(raw: bytes) -> OwnerRecord | None:
    """An owner record of a kind that is in use; None for anything else. Raises Malformed."""
    in_use = record_kind(raw) not in (None, RecordKind.TRIM)
    return owner_records.parse_record(raw) if in_use else None


def check_follows(record: OwnerRecord, last: LastRecord) -> None:
    """Whether a record is the one after the last; raises Refused."""
    if not compare_digest(record.previous, last.record_id):
        raise Refused(Code.BAD_BASE)
    if last.count >= MAX_RECORDS:
        raise Refused(Code.QUOTA)


def check_void(record: VoidRecord, index: LogIndex, committed_n: int, epoch_n: int) -> None:
    """Whether this VOID may stand next, its signature and its place apart; raises Refused.

    An epoch that is closed stays as it is: `epoch_n` is where the present one began.
    """
    if not epoch_n < record.void_n <= committed_n:
        raise Refused(Code.NOT_FOUND)
    target = next(iter(index.read(record.void_n - 1, record.void_n)), None)
    if target is None or not compare_digest(target.entry_id, record.void_id):
        raise Refused(Code.NOT_FOUND)
    if target.raw[4] not in VOIDABLE:
        raise Refused(Code.MALFORMED)


Appendable = Entry | OwnerRecord


def parse_log_entry(raw: bytes) -> Entry:
    """Check 1, telling kinds and suites of later versions (Refused, UNSUPPORTED) from damage (Malformed)."""
    if raw[:4] == MAGIC and len(raw) >= 8 and (raw[4] not in LOG_KINDS or raw[5:8] != _SUITE_AND_FLAGS):
        raise Refused(Code.UNSUPPORTED)
    return parse_entry(raw)


def parse_appended(raw: bytes) -> Appendable:
    """What may stand in a log: an entry, or an owner record of a kind that is in use."""
    return parse_record(raw) or parse_log_entry(raw)
