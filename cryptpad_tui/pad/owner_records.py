"""The owner's records as a fold meets them (protocol §5): whose word it is, and what a VOID takes away.

Plain state and checks; `pad.fold` folds, `pad.rederive` folds again. A VOID must never end anybody but the
writer of the entry that it names, and never reaches behind a snapshot that was valid before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_relay.protocol.owner_records import (
    DeleteRecord,
    EpochRecord,
    ExpireRecord,
    IdleRecord,
    OwnerRecord,
    parse_record,
)
from cryptpad_relay.protocol.records import Genesis, RecordKind, VoidRecord, record_kind
from cryptpad_tui.crdt.errors import CannotLoadHere
from cryptpad_tui.pad.alarms import Alarm, AlarmCode

VOIDABLE: Final = frozenset({Kind.UPDATE, Kind.SNAPSHOT})
UNPLACED: Final = 0
ANYWHERE: Final = 2**63
"""The position of a record that did not come in the log."""
EPOCH_AT: Final = slice(40, 44)
PREVIOUS_AT: Final = slice(44, 76)
EXPIRES_MS: Final = "expires_ms"
IDLE_DAYS: Final = "idle_days"
VOIDED: Final = "voided by the pad's owner"


class NeedsEntry(Exception):
    """The fold needs an entry of before its start, by its id: a record of the owner names it."""

    def __init__(self, n: int, entry_id: bytes) -> None:
        super().__init__(f"the entry at {n} is not here")
        self.n = n
        self.entry_id = entry_id


class NeedsRefold(Exception):
    """The record at `at_n` voids the entry at `void_n`, which was folded already: fold again without it."""

    def __init__(self, void_n: int, at_n: int) -> None:
        super().__init__(f"the owner voids the entry at {void_n}")
        self.void_n = void_n
        self.at_n = at_n


class OwnerBook:
    """What the owner's records say up to a fold's position."""

    def __init__(self, genesis: Genesis, epoch: int) -> None:
        self._genesis = genesis
        self.epoch = epoch
        self.last_id: bytes | None = genesis.pad_id
        """The newest record's id; None where the fold began behind records that it never saw."""
        self.last_n = 0
        self.voided: dict[int, int] = {}
        """Positions whose changes are gone, and where the record stands: UNPLACED until it is folded."""
        self.end: DeleteRecord | None = None
        """The pad's end, where its owner deleted it."""
        self.lifetime: dict[str, int] = {}
        """What the records said of the pad's end; nothing of what no record that was folded names."""
        self.home: MoveRecord | None = None
        """The newest record by which the owner moved the pad to a relay."""
        self._targets: dict[bytes, Entry] = {}

    @property
    def expires_ms(self) -> int:
        """When the relay is to delete the pad; 0 for never."""
        return self.lifetime.get(EXPIRES_MS, 0)

    @property
    def idle_days(self) -> int:
        """After how many days without use it is to; 0 for never."""
        return self.lifetime.get(IDLE_DAYS, 0)

    def check(self, raw: bytes, n: int, *, trusted: bool) -> OwnerRecord:
        """The record at n, of the owner and after the last; raises Alarm."""
        try:
            record = parse_record(raw)
        except Malformed:
            raise Alarm(AlarmCode.BAD_RECORD, "made by a newer version", evidence=(raw,)) from None
        epoch = self.epoch + isinstance(record, EpochRecord)
        in_place = n == ANYWHERE or not isinstance(record, VoidRecord) or record.void_n < n
        if record.pad_id != self._genesis.pad_id or record.epoch != epoch or not in_place:
            raise Alarm(AlarmCode.BAD_RECORD, "of another pad or place", evidence=(raw,))
        if self.last_id is not None and not compare_digest(record.previous, self.last_id):
            raise Alarm(AlarmCode.BAD_RECORD, "it does not follow the last record", evidence=(raw,))
        if not trusted and not record.signature_ok(self._genesis.owner_pk):
            raise Alarm(AlarmCode.BAD_RECORD, f"signature at position {n}", evidence=(raw,))
        return record

    def learn(self, raw: bytes) -> None:
        """Take the bytes of an entry that a record names: its hash is what the owner signed."""
        try:
            entry = parse_entry(raw)
        except Malformed as error:
            raise Alarm(AlarmCode.BAD_ENTRY, error.reason, evidence=(raw,)) from None
        self._targets = {entry.entry_id: entry}

    def knows(self, entry_id: bytes) -> bool:
        return entry_id in self._targets

    def target(self, record: VoidRecord, stored: bytes | None) -> Entry:
        """The entry that a record voids; raises Alarm, or NeedsEntry where it is not here."""
        entry = self._targets.get(record.void_id)
        if entry is None and stored is not None:
            try:
                entry = parse_entry(stored)
            except Malformed:
                raise Alarm(AlarmCode.BAD_RECORD, "it voids no entry", evidence=(record.raw,)) from None
        if entry is None:
            raise NeedsEntry(record.void_n, record.void_id)
        if not compare_digest(entry.entry_id, record.void_id) or entry.kind not in VOIDABLE:
            raise Alarm(AlarmCode.BAD_RECORD, "it voids another entry", evidence=(record.raw,))
        return entry

    def folded(self, record: OwnerRecord, n: int) -> None:
        """The record took its place."""
        self.last_id, self.last_n, self.epoch = record.entry_id, n, record.epoch
        if isinstance(record, DeleteRecord):
            self.end = record if ends_pad(record, self.home) else self.end
        elif isinstance(record, ExpireRecord):
            self.lifetime[EXPIRES_MS] = record.unix_ms
        elif isinstance(record, IdleRecord):
            self.lifetime[IDLE_DAYS] = record.days
        elif isinstance(record, MoveRecord):
            self.home = record
        elif isinstance(record, VoidRecord) and self.voided.get(record.void_n) == UNPLACED:
            self.voided[record.void_n] = n
        self._targets.clear()

    def reason_against(self, snap_n: int, n: int) -> str:
        """Why a SNAPSHOT of snap_n at n does not count, so far as the records say; empty where it may.

        Raises CannotLoadHere where it may say what this machine cannot tell.
        """
        if n in self.voided:
            return VOIDED
        if snap_n < self.last_n:
            return "it is older than the owner's record"
        for void_n, at_n in self.voided.items():
            if void_n <= snap_n and at_n == UNPLACED:
                raise CannotLoadHere("a snapshot of what this machine could not load")
            if void_n <= snap_n < at_n:
                return "it holds what the owner voided"
        return ""

    def unplaced(self) -> set[int]:
        """Voided positions whose record has not come in the log yet."""
        return {void_n for void_n, at_n in self.voided.items() if at_n == UNPLACED}


def verified_records(genesis: Genesis, records: tuple[bytes, ...]) -> list[OwnerRecord]:
    """What OWNER_REC answers: each of the owner, each after the one before; raises Alarm.

    A relay gives the newest where there are very many: then the first names one that is not there.
    """
    book, checked = OwnerBook(genesis, 0), list[OwnerRecord]()
    for raw in records:
        if not checked and len(raw) > EPOCH_AT.stop and raw[PREVIOUS_AT] != genesis.pad_id:
            book.last_id = None
            epoch = int.from_bytes(raw[EPOCH_AT], "big")
            book.epoch = epoch - (record_kind(raw) is RecordKind.EPOCH)
        record = book.check(raw, ANYWHERE, trusted=False)
        book.folded(record, 0)
        checked.append(record)
    return checked


def lifetime_in(records: Iterable[OwnerRecord]) -> dict[str, int]:
    """What verified records say of the pad's end, the newest of each kind."""
    found: dict[str, int] = {}
    for record in records:
        if isinstance(record, ExpireRecord):
            found[EXPIRES_MS] = record.unix_ms
        elif isinstance(record, IdleRecord):
            found[IDLE_DAYS] = record.days
    return found


def ends_pad(record: DeleteRecord, home: MoveRecord | None) -> bool:
    """Whether it is the pad's end, and not that of what the pad left at a relay when its owner moved it."""
    return home is None or record.seen_n > home.close_n


def end_in(records: Iterable[OwnerRecord]) -> DeleteRecord | None:
    """The owner's word that the pad is deleted, of verified records."""
    home, end = None, None
    for record in records:
        if isinstance(record, MoveRecord):
            home = record
        elif isinstance(record, DeleteRecord) and ends_pad(record, home):
            end = record
    return end


def voids_in(records: Iterable[OwnerRecord]) -> list[VoidRecord]:
    return [record for record in records if isinstance(record, VoidRecord)]


def epochs_in(records: Iterable[OwnerRecord]) -> list[EpochRecord]:
    return [record for record in records if isinstance(record, EpochRecord)]


def moves_in(records: Iterable[OwnerRecord]) -> list[MoveRecord]:
    return [record for record in records if isinstance(record, MoveRecord)]
