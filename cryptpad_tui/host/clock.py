"""The real clocks. Everything that decides takes a clock as a parameter; only doors and shells name these."""

from __future__ import annotations

import time
from collections.abc import Callable

ClockMs = Callable[[], int]
"""Milliseconds. Wall time since 1970 where it is stored, monotonic where it is compared."""


def wall_ms() -> int:
    """Milliseconds since 1970 by the machine's clock, which may jump: for showing, never for deciding."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds since some moment of this boot; never jumps back."""
    return time.monotonic_ns() // 1_000_000
