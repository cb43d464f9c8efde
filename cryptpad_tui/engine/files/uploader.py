"""Sends files while the app is open, one after the other, and says how far the one on its way is."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine.files.kept import Progress
from cryptpad_tui.engine.files.sending import SendReport, send_waiting, waiting
from cryptpad_tui.engine.relay_words import sentence_of
from cryptpad_tui.pad.objects import FileRef

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

PAUSE_S: Final = 5.0
"""Between two looks for files that wait."""


@dataclass(slots=True)
class Going:
    """A file on its way."""

    file_id: bytes
    done: int = 0

    def __call__(self, done: int) -> None:
        self.done += done


class Uploader:
    """One for an engine that is online."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[SendReport] | None = None
        self._woken = asyncio.Event()
        self._held = set[bytes]()
        self.report = SendReport()
        self.going: Going | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        for task in (self._task, self._sending):
            if task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def wake(self) -> None:
        """A file waits: look at once."""
        self._woken.set()

    def hold(self, file_id: bytes) -> None:
        """Send this file no more while this runs; what the relay has of it stays there."""
        self._held.add(file_id)
        if self.going and self.going.file_id == file_id and self._sending:
            self._sending.cancel()

    async def _run(self) -> None:
        while True:
            # Not wait_for: before Python 3.12 it can swallow the cancellation that ends this task.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._send_all()
            except Exception as error:
                # One file's trouble is said, and never ends the sending of all.
                self.report = replace(self.report, problem=sentence_of(error))

    async def _send_all(self) -> None:
        if all(note.file_id in self._held for note in waiting(self._engine)):
            return
        self._sending = asyncio.create_task(send_waiting(self._engine, shown=self._show, held=self._held))
        await asyncio.wait({self._sending})
        self.going = None
        if not self._sending.cancelled():
            self.report = self._sending.result()

    def _show(self, ref: FileRef) -> Progress:
        self.going = Going(ref.file_id)
        return self.going
