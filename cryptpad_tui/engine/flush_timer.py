"""When a pad's edits are made durable: soon, and together; sooner in company, where somebody watches.

It knows the time, and nothing of what is saved. Without an event loop it does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

FLUSH_S: Final = 0.15
TOGETHER_S: Final = 0.1
FIRST_FLUSH_S: Final = 0.01
"""Time for the key's own answer on the screen, and for the rest of a paste."""
RETRY_S: Final = 1.0


class FlushTimer:
    """Calls `flush` once after each start."""

    def __init__(self, engine: Engine, session: PadSession, flush: Callable[[], None]) -> None:
        self._engine = engine
        self._session = session
        self._flush = flush
        self._handle: asyncio.TimerHandle | None = None
        self._flushed_at = -TOGETHER_S

    def start(self) -> None:
        """There is an edit. One that comes before the flush goes with it."""
        if self._handle is None:
            self._call_after(self._delay_s())

    def start_again(self) -> None:
        """It could not be saved."""
        self._call_after(RETRY_S)

    def stop(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None

    def flushed(self) -> None:
        """A flush begins, whoever asked for it."""
        self.stop()
        self._flushed_at = self._engine.now()

    def _delay_s(self) -> float:
        """In company what is typed after a pause does not wait for more."""
        if not self._session.presence.sessions:
            return FLUSH_S
        return max(FIRST_FLUSH_S, self._flushed_at + TOGETHER_S - self._engine.now())

    def _call_after(self, delay_s: float) -> None:
        if self._engine.loop is not None:
            self._handle = self._engine.loop.call_later(delay_s, self._flush_quietly)

    def _flush_quietly(self) -> None:
        with contextlib.suppress(VaultError):
            self._flush()
