"""Where subscriptions end: at an EPOCH, whose readers are others, and at a pad's own end (protocol §13, §14).

Sans-IO, for hub.py. Whoever subscribed under keys that are closed hears of the record that closed them, and
of nothing after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.epochs import is_ended
from cryptpad_relay.peers import Subscriber
from cryptpad_relay.protocol.owner_records import DeleteRecord, EpochRecord
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.base import EntryRow, PadRow, Rows, Store
from cryptpad_relay.voids import Appendable

DUE_AT_ONCE: Final = 2_000
"""Pads with a day or a time that are looked at each minute: a tenth of a second, however many there are."""
_CHANGES: Final = frozenset({RecordKind.EPOCH, RecordKind.DELETE})


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


class Endings:
    """Which pads end today, and how long their sealed bytes are kept after that."""

    def __init__(self, store: Store, archive_days: int) -> None:
        self._store, self._archive_days = store, archive_days
        self._counted = store.counted_day()
        self._looked_at = 0
        """The last pad of the last look, where more were left."""

    def record(self, pad: OpenPad, entry: Appendable, rows: Rows, day: int) -> None:
        """What an accepted record does beside its place in the log."""
        if isinstance(entry, DeleteRecord):
            self._end(pad.log.index.pad, rows, day)
        elif isinstance(entry, EpochRecord):
            pad.frozen_until = 0.0

    @staticmethod
    def use(pad: OpenPad, rows: Rows) -> bool:
        """Somebody proved that they may read it; whether there is a count to begin again."""
        if not pad.log.index.life().unused:
            return False
        rows.ageing.used.append(pad.log.index.pad.number)
        return True

    def tick(self, rows: Rows, open_pads: Iterable[OpenPad], *, day: int, now_ms: int) -> list[PadRow]:
        """Count the day, once, and say which pads end; those that somebody has open are in use."""
        if day != self._counted:
            # A clock that was set back begins to count from there; nobody's pad is older for it.
            rows.ageing.day, rows.ageing.adds = day, self._counted is not None and day > self._counted
            rows.ageing.used += [pad.log.index.pad.number for pad in open_pads if pad.subscribers]
            self._counted = day
        ending = self._due(now_ms)
        for row in ending:
            self._end(row, rows, day)
        rows.ended += self._store.archived(day - self._archive_days)
        return ending

    def _end(self, row: PadRow, rows: Rows, day: int) -> None:
        rows.ageing.ended[row.number] = day
        if not self._archive_days:
            rows.ended.append(row)

    def _due(self, now_ms: int) -> list[PadRow]:
        """Pads whose day has come, and that were not ended yet; of very many, the next in turn.

        Nobody is given any of them meanwhile: who opens one is told that it ended.
        """
        found, rows = [], self._store.expiring(self._looked_at, DUE_AT_ONCE)
        self._looked_at = rows[-1].number if len(rows) == DUE_AT_ONCE else 0
        for row in rows:
            index = self._store.pad_index(row)
            if not index.life().has_ended and is_ended(index, now_ms):
                found.append(row)
        return found
