"""Where subscriptions end: at an EPOCH, whose readers are others, and at a pad's own end (protocol §13, §14).

Sans-IO, for hub.py. Whoever subscribed under keys that are closed hears of the record that closed them, and
of nothing after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.epochs import is_ended
from cryptpad_relay.peers import Subscriber
from cryptpad_relay.protocol.owner_records import DeleteRecord, EpochRecord
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.base import EntryRow, PadRow, Rows, Store
from cryptpad_relay.voids import Appendable

_CHANGES: Final = frozenset({RecordKind.EPOCH, RecordKind.DELETE})


def stage_record(pad: OpenPad, entry: Appendable, rows: Rows) -> None:
    """What an accepted record does beside its place in the log."""
    if isinstance(entry, DeleteRecord):
        rows.ended.append(pad.log.index.pad)
    elif isinstance(entry, EpochRecord):
        pad.frozen_until = 0.0


def through_change(
    pairs: Sequence[tuple[EntryRow, Subscriber]],
) -> tuple[list[tuple[EntryRow, Subscriber]], bool]:
    """What present subscribers may hear of a batch, and whether their subscriptions end with it."""
    for i, (row, _) in enumerate(pairs, 1):
        if row.writer is None and row.raw[4] in _CHANGES:
            return list(pairs[:i]), True
    return list(pairs), False


def end_subscriptions(pad: OpenPad) -> None:
    """Each must prove anew that it may read this pad."""
    subscribers, pad.subscribers = pad.subscribers, {}
    for session in subscribers:
        session.dropped(pad.log.pad_id)


def due(store: Store, now_ms: int) -> list[PadRow]:
    """Pads whose day has come, and that are still there."""
    found = []
    for row in store.expiring():
        index = store.pad_index(row)
        records = index.records()
        is_there = len(records) < index.end()[0] or index.file_bytes() or index.loose_chunk_bytes()
        if is_there and is_ended(records, now_ms):
            found.append(row)
    return found
