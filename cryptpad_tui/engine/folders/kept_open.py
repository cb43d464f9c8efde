"""Shared folders stay open as long as a screen is: what others put into one is seen without being asked for.

And an owner's machine hears of who is out of a team. Of very many some are open, and the others are looked
into in turn. It reads and writes nothing in them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.folders import agreeing
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

MAX_OPEN: Final = 32
LOOK_S: Final = 3.0
_BETWEEN_S: Final = 0.2
"""Between two that are opened: a folder of thousands of pads takes a moment."""
TURN_S: Final = 300.0
"""How often the others have their turn."""


class KeptFolders:
    """Of one engine, from `start` to `stop`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._open: dict[bytes, PadSession] = {}
        self._seen: object = None
        self._turn_at = float("-inf")

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for folder in list(self._open):
            self._close(folder)

    def release(self, folder: bytes) -> None:
        """Whoever must have it closed for a moment goes on; it is opened again at a later look."""
        if folder in self._open:
            self._close(folder)
            self._seen = None

    async def _run(self) -> None:
        goes_on = False
        while True:
            await asyncio.sleep(_BETWEEN_S if goes_on else LOOK_S)
            goes_on = False
            # What another window removes at this moment is gone at the next look.
            with contextlib.suppress(VaultError, DocumentError, UnknownPad):
                goes_on = self._look()

    def _look(self) -> bool:
        """Whether there is more to do at once."""
        engine = self._engine
        if not engine.has_drive_open:
            return False
        changes = engine.vault.changes()
        is_turn = engine.now() - self._turn_at >= TURN_S
        if changes == self._seen and not is_turn:
            return False
        wanted = self._wanted()
        for folder in [each for each, held in self._open.items() if engine.session_of(each) is not held]:
            # Taken out by who opens it anew, with other keys.
            del self._open[folder]
        for folder in self._open.keys() - wanted[:MAX_OPEN]:
            self._close(folder)
        new = [folder for folder in wanted[:MAX_OPEN] if folder not in self._open]
        if new:
            self._open[new[0]] = engine.open_pad(new[0])
            return True
        self._seen = changes
        if is_turn:
            self._turn_at = engine.now()
            engine.drive_sync.bringing.add(wanted[MAX_OPEN:])
        return False

    def _wanted(self) -> list[bytes]:
        engine = self._engine
        known = {folder: engine.vault.pad(folder) for folder in agreeing.folders(engine)}
        return [
            folder
            for folder, record in known.items()
            if record is not None and engine.relay_of(record) and not engine.drive.is_removed(folder)
        ]

    def _close(self, folder: bytes) -> None:
        with contextlib.suppress(VaultError, DocumentError, UnknownPad):
            self._open.pop(folder).close()
