"""An answer that does not fit the status line: whole, over the last rows, for as long as it takes to read.

It moves nothing below it.
"""

from __future__ import annotations

from typing import Final

from textual.timer import Timer
from textual.widgets import Static

_AT_LEAST_S: Final = 6.0
_CHARS_PER_S: Final = 12.0
"""A slow reader's speed."""


class LongAnswer(Static):
    """Hidden until there is one."""

    _end: Timer | None = None

    def say(self, text: str, role: str) -> None:
        """Show it."""
        self.set_class(role == "warning", "-warning")
        self.update(text)
        self.display = True
        if self._end is not None:
            self._end.stop()
        self._end = self.set_timer(max(_AT_LEAST_S, len(text) / _CHARS_PER_S), self._hide)

    def _hide(self) -> None:
        self._end = None
        self.display = False
