"""What an owner's record does to a fold, once it was checked to be the owner's next (protocol §5).

Called by `pad.fold` for a record at its place. All of it happens, or it raises and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_relay.protocol.owner_records import EpochRecord, OwnerRecord
from cryptpad_relay.protocol.records import VoidRecord
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import EpochMark, Removed
from cryptpad_tui.pad.owner_records import NeedsRefold
from cryptpad_tui.pad.writers import WriterStatus

if TYPE_CHECKING:
    from cryptpad_tui.pad.fold import Fold


def step(fold: Fold, record: OwnerRecord, n: int, entry_at: Callable[[int], bytes | None]) -> None:
    """What the record at n changes; `entry_at` gives what this vault has of the log."""
    if isinstance(record, VoidRecord):
        step_void(fold, record, entry_at(record.void_n), n)
    elif isinstance(record, EpochRecord):
        step_epoch(fold, record, n)
    elif isinstance(record, MoveRecord):
        step_move(fold, record, n)


def step_move(fold: Fold, record: MoveRecord, n: int) -> None:
    """It closes this very log, as the other relay signed that it has it; nothing else changes."""
    if record.close_n != n - 1 or not compare_digest(record.close_head, fold.head):
        raise Alarm(AlarmCode.BAD_RECORD, "it moves another log", evidence=(record.raw,))


def step_void(fold: Fold, record: VoidRecord, stored: bytes | None, n: int) -> None:
    """End the writer of the entry that it names; an entry of before a snapshot or this epoch stays."""
    target = fold.owner.target(record, stored)
    covered = max([fold.mark.n, *[mark.snap_n for mark in (fold.snapshot, fold.start) if mark]])
    if record.void_n > covered and record.void_n not in fold.owner.voided:
        raise NeedsRefold(record.void_n, n)
    writer = fold.writers.get(target.writer_pk)
    if writer and writer.status == WriterStatus.LIVE:
        writer.status = WriterStatus.TERMINATED


def step_epoch(fold: Fold, record: EpochRecord, n: int) -> None:
    """End all writers, and go on with the keys that it names; raises Removed where they are not here."""
    if record.close_n != n - 1 or not compare_digest(record.close_head, fold.head):
        raise Alarm(AlarmCode.BAD_RECORD, "it closes another log", evidence=(record.raw,))
    if fold.ring.find(record) is None:
        raise Removed(record)
    fold.closed, fold.writers = fold.everybody, {}
    fold.mark = EpochMark.of(record)


def check_not_closed(fold: Fold, raw: bytes, n: int, *, trusted: bool) -> None:
    """Nothing by keys of before stands behind the end that the owner's record, once seen, gave them."""
    closing = fold.ring.marks.get(fold.epoch + 1)
    if closing is not None and n >= closing.n and not trusted:
        detail = f"the pad's owner closed these keys before position {closing.n}"
        raise Alarm(AlarmCode.FORK, detail, evidence=(raw,))
