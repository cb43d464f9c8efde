"""When to try a relay again: exponential, jittered, capped. Pure; randomness comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
CAP_S: Final = 30.0


class Backoff:
    """Full jitter: after k failures a delay drawn from (0, min(cap, first * 2^k)], never below 50 ms.

    `draw` gives a number in [0, 1). So that a thousand clients of a restarted relay do not come at once.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def next_delay_s(self) -> float:
        ceiling = min(CAP_S, FIRST_S * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        return max(0.05, ceiling * (1.0 - self._draw()))
