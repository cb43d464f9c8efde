"""The snapshot that newcomers of an epoch begin at, where the machine that changed the keys died before it.

Made of the stored log as of the epoch's own record, since its digest is known to everybody who was there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.engine import verdicts
from cryptpad_tui.pad.alarms import Alarm, NeedsProof
from cryptpad_tui.pad.epochs import HistoryClosed, Removed
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.owner_records import NeedsEntry, NeedsRefold
from cryptpad_tui.pad.snapshots import make_snapshot

if TYPE_CHECKING:
    from cryptpad_tui.engine.session import PadSession

WAIT_S: Final = 20.0
"""Whoever changed the keys sends it at once."""
SLICE: Final = 32


class FirstSnapshot:
    """Looks after one pad on one connection. A relay that has no time for it gets it again, rarely."""

    def __init__(self, session: PadSession, rng: RandomBytes) -> None:
        self._session = session
        self._rng = rng
        self._since: float | None = None
        self._wait_s = WAIT_S

    async def look(self, now: float) -> None:
        """Make it, into `replica.made_snapshot`, if it has been missing and this session is to make it."""
        if not self._is_missing():
            self._since, self._wait_s = None, WAIT_S
            return
        self._since = now if self._since is None else self._since
        if now - self._since < self._wait_s or not self._is_mine():
            return
        self._since, self._wait_s = now, self._wait_s * 2
        await self._make()

    def _is_missing(self) -> bool:
        fold = self._session.replica.fold
        return fold.mark.n > (fold.snapshot.snap_n if fold.snapshot else 0)

    def _is_mine(self) -> bool:
        """The owner's, or that of who is elected; either makes it only of the whole log."""
        session = self._session
        return session.can_edit and (session.record.role == "owner" or verdicts.elected(session))

    async def _make(self) -> None:
        replica, voided = self._session.replica, dict[int, int]()
        while True:
            fold = replica.new_fold()
            fold.owner.voided.update(voided)
            try:
                if await self._fold_to(fold, replica.fold.mark.n):
                    replica.made_snapshot = make_snapshot(fold, rng=self._rng)
                return
            except NeedsRefold as need:
                if need.void_n in voided:
                    return
                voided[need.void_n] = need.at_n
            except (Alarm, DocumentError, HistoryClosed, NeedsEntry, NeedsProof, Removed):
                return

    async def _fold_to(self, fold: Fold, n: int) -> bool:
        """Whether what is stored leads there. In slices, since it costs the length of the history."""
        while fold.n < n:
            rows = self._session.replica.store.log_after(fold.n, min(SLICE, n - fold.n))
            if not rows or rows[0].n != fold.n + 1:
                return False
            for row in rows:
                fold.step(row.entry, trusted=True)
            await asyncio.sleep(0)
        return True
