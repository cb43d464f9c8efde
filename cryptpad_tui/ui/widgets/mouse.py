"""What a row of mouse reports means: one press, two, three, or a drag. It knows nothing of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_AGAIN_S: Final = 0.4
"""Presses on one cell within this time belong together."""


class Pointer:
    """The person's mouse over one widget."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.cell = (-1, -1)
        self._pressed_at = float("-inf")
        self.count = 1
        self.held = False
        self.on_bar = False

    def pressed(self, x: int, y: int, *, on_bar: bool) -> None:
        """The button went down; `count` is 2 for a double, 3 for a triple press."""
        again = (x, y) == self.cell and self._now() - self._pressed_at < _AGAIN_S
        self.count = self.count % 3 + 1 if again else 1
        self.cell, self._pressed_at = (x, y), self._now()
        self.held, self.on_bar = True, on_bar

    def moved(self, x: int, y: int) -> bool:
        """Whether a held pointer is at another cell than before."""
        if (x, y) == self.cell:
            return False
        self.cell = (x, y)
        return True

    def released(self) -> None:
        """The button went up."""
        self.held = False
