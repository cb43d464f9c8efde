"""Locks the vault after so many minutes without a key or a click; time asleep counts.

It paints nothing and wakes only when the time may be over. While another program has the terminal it waits:
what is typed there comes back into the pad.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from textual import events
from textual.worker import NoActiveWorker, get_current_worker

if TYPE_CHECKING:
    from textual.timer import Timer

    from cryptpad_tui.ui.app import CryptpadApp

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_WHEEL: Final = (events.MouseScrollDown, events.MouseScrollUp)
BY_A_PERSON: Final = (events.Key, events.Paste, events.MouseDown, *_WHEEL)
"""Not the pointer's moves: the framework makes some itself, when what lies beneath it changes."""
_AWAY_S: Final = 5.0
"""How soon it looks again where it may not lock."""


def end_errands(app: CryptpadApp) -> None:
    """End what waits for an answer that nobody will give: it would keep the vault's keys for as long."""
    try:
        own = get_current_worker()
    except NoActiveWorker:
        own = None
    for worker in list(app.workers):
        if worker is not own and worker.group == "default":
            worker.cancel()


class IdleLock:
    """One for the whole app; does nothing while no vault is open, or where the setting is 0."""

    def __init__(self, app: CryptpadApp) -> None:
        self._app = app
        self._last_s = self.now_s()
        self._timer: Timer | None = None

    def now_s(self) -> float:
        return time.clock_gettime(_CLOCK)

    @property
    def _limit_s(self) -> float:
        return self._app.habits.settings.idle_lock_minutes * 60.0

    def left_s(self) -> float:
        return self._last_s + self._limit_s - self.now_s()

    def arm(self) -> None:
        """A vault was opened, or the setting changed: begin to count."""
        self._last_s = self.now_s()
        self._wait(self.left_s())

    def is_over(self) -> bool:
        return bool(self._limit_s) and self._app.engine is not None and self.left_s() <= 0

    def touched(self) -> bool:
        """Somebody is there; False where that comes too late, after a sleep: the vault is to be locked."""
        if self.is_over():
            return False
        self._last_s = self.now_s()
        return True

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._limit_s and self._app.engine is not None:
            self._timer = self._app.set_timer(max(seconds, 0.05), self._look)

    def _look(self) -> None:
        if not self.is_over():
            self._wait(self.left_s())
        elif self._app._batch_count:
            self._wait(_AWAY_S)
        else:
            self._app.start(self._lock())

    async def _lock(self) -> None:
        try:
            await self._app.lock()
        finally:
            # Where the last edits cannot be saved it stays open, and looks again.
            self._wait(_AWAY_S)
