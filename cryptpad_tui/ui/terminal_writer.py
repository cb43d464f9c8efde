"""Writes to the terminal: a short frame at once, a long one or a slow terminal's from a thread.

What was written first arrives first. A terminal that stands still never stops the app: what it does not take
for megabytes is dropped, and whoever remembers the screen is told.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

_AT_ONCE_BYTES: Final = 1024
"""A terminal that takes anything takes this much without making the writer wait."""
_MAX_PENDING_BYTES: Final = 8 << 20


class TerminalWriter:
    """Takes the place of Textual's writer thread, whose hand-over costs a key half a millisecond."""

    def __init__(self, fileno: int, lost: Callable[[], None]) -> None:
        self._fileno = fileno
        self._lost = lost
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._changed = Condition()
        self._stopping = False
        self._thread = Thread(target=self._run, name="terminal-writer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def write(self, text: str) -> None:
        """Write, or keep for the thread if that could wait."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if not self._pending and len(data) <= _AT_ONCE_BYTES and self._is_ready():
                data = data[os.write(self._fileno, data) :]
            if data and self._pending_bytes >= _MAX_PENDING_BYTES:
                self._lost()
            elif data:
                self._pending.append(data)
                self._pending_bytes += len(data)
                self._changed.notify()

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """It is a terminal."""
        return True

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._fileno

    def stop(self) -> None:
        """Write what is left, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _is_ready(self) -> bool:
        return bool(select.select([], [self._fileno], [], 0)[1])

    def _run(self) -> None:
        try:
            while self._write_next():
                pass
        except OSError:
            # The terminal is gone; the reader of keys notices and ends the app.
            with self._changed:
                self._pending.clear()

    def _write_next(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._stopping)
            if not self._pending:
                return False
            data = self._pending[0]
        while data:
            data = data[os.write(self._fileno, data) :]
        with self._changed:
            self._pending_bytes -= len(self._pending.popleft())
        return True
