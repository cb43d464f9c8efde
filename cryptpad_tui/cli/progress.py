"""How far a long work is, on one line of standard error, where a person looks at it; nowhere else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Final

from cryptpad_tui.cli.diagnostics import one_line

EVERY_S: Final = 0.1
_MAX_NAME: Final = 40


class Progress:
    """Told of bytes; shows the word, the name, how much of how much, and percent."""

    def __init__(
        self, word: str, name: str, total: int, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        from cryptpad_tui.engine.files.names import size_words

        self._label, self._total, self._words = f"{word} {one_line(name)[:_MAX_NAME]}", total, size_words
        self._done, self._shown_at, self._now = 0, float("-inf"), now
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        self._done += done
        now = self._now()
        if self._is_shown and now - self._shown_at >= EVERY_S:
            self._shown_at = now
            done = min(self._done, self._total)
            percent = 100 * done // self._total if self._total else 100
            self._write(f"{self._label}  {self._words(done)} of {self._words(self._total)}  {percent} %")

    def end(self) -> None:
        """The line goes: what comes next begins on an empty one."""
        if self._is_shown:
            self._write("")

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"\r\x1b[2K{line}")
            sys.stderr.flush()
