"""Pads that are brought in step a few at a time, as long as a screen is open: those that other devices made,
and those that wait to be sent. Ten thousand of them keep no screen waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

AT_ONCE: Final = 4
PATIENCE_S: Final = 20.0
_LOOK_S: Final = 0.05


class Bringing:
    """The queue of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: deque[bytes] = deque()
        self._running = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._running = True
        self._go_on()

    async def stop(self) -> None:
        self._running = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, pad_ids: Iterable[bytes]) -> None:
        self._queue.extend(pad_ids)
        self._go_on()

    def _go_on(self) -> None:
        while self._running and self._queue and len(self._tasks) < AT_ONCE:
            task = asyncio.create_task(self._bring(self._queue.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._go_on()

    async def _bring(self, pad_id: bytes) -> None:
        engine = self._engine
        with contextlib.suppress(VaultError):
            if engine.vault.pad(pad_id) is None or engine.session_of(pad_id) is not None:
                return
            session = engine.open_pad(pad_id)
            try:
                until = engine.now() + PATIENCE_S
                while engine.now() < until and not _has_settled(session):
                    await asyncio.sleep(_LOOK_S)
                if not (session.attached_here or _has_settled(session)):
                    # The relay is away: it is this pad's turn again when all others had theirs.
                    self._queue.append(pad_id)
            finally:
                session.close()


def _has_settled(session: PadSession) -> bool:
    return bool(
        session.problem
        or session.caught
        or session.standing
        or (session.attached_here and not session.waiting)
        or (session.followed and not session.waiting)
    )
