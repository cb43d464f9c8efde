"""The append rule of owner records (protocol §5): whose word it is, after which record, about which entry.

Sans-IO, like padlog.py, which calls it. It never judges whether a VOID is wise, and cannot see what it voids.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.entry import Entry, Kind
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.records import RecordKind, VoidRecord, parse_void, record_kind
from cryptpad_relay.store.base import LogIndex

MAX_RECORDS: Final = 4_096
"""Owner records of one pad: so many fit the answer to OWNER_REC."""
VOIDABLE: Final = frozenset({Kind.UPDATE, Kind.SNAPSHOT})


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The newest owner record of a log: its position, its id, and how many there are."""

    n: int
    record_id: bytes
    count: int


def last_record(index: LogIndex) -> LastRecord:
    """Of what is durable; the pad id stands for the id where there is none."""
    records = index.records()
    if not records:
        return LastRecord(0, index.pad.pad_id, 0)
    return LastRecord(records[-1].n, records[-1].entry_id, len(records))


def parse_record(raw: bytes) -> VoidRecord | None:
    """An owner record of a kind that is in use; None for anything else. Raises Malformed."""
    return parse_void(raw) if record_kind(raw) is RecordKind.VOID else None


def check_void(record: VoidRecord, last: LastRecord, index: LogIndex, committed_n: int) -> None:
    """Whether this VOID may stand next, its signature apart; raises Refused."""
    if not compare_digest(record.previous, last.record_id):
        raise Refused(Code.BAD_BASE)
    if last.count >= MAX_RECORDS:
        raise Refused(Code.QUOTA)
    if record.void_n > committed_n:
        raise Refused(Code.NOT_FOUND)
    target = next(iter(index.read(record.void_n - 1, record.void_n)), None)
    if target is None or not compare_digest(target.entry_id, record.void_id):
        raise Refused(Code.NOT_FOUND)
    if target.raw[4] not in VOIDABLE:
        raise Refused(Code.MALFORMED)


Appendable = Entry | VoidRecord
