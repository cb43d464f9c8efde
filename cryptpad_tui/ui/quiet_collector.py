"""Python's cyclic collector looks through all that there is while nothing is painted, never between two keys.

In a document of 10 MB that takes 40 ms, and would come at any key. What is young is looked through as ever.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 5.0
"""How often to look whether it is due."""
_APART_S: Final = 60.0
_QUIET_S: Final = 2.0
_DUE: Final = 10
"""Collections of what is not so young, after which Python itself would look through all."""
_OVERDUE: Final = 5_000
"""The same where somebody types for hours, so that memory has an end."""


class QuietCollector:
    """Of one process. Does nothing before `begin`."""

    def __init__(self, now: Callable[[], float], collect: Callable[[], object] = gc.collect) -> None:
        self._now, self._collect = now, collect
        self._painted_at = self._collected_at = now()
        self._is_wanted = False

    def begin(self) -> None:
        """What was made until now stays for good: nobody looks through it again."""
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _OVERDUE)

    def painted(self) -> None:
        """Something happens."""
        self._painted_at = self._now()

    def soon(self) -> None:
        """In the next pause, however little there is: it may hold texts and keys that nobody refers to."""
        self._is_wanted = True

    def look(self) -> None:
        """Collect where that is due and nobody waits."""
        now = self._now()
        is_due = gc.get_count()[2] >= _DUE and now - self._collected_at >= _APART_S
        if (is_due or self._is_wanted) and now - self._painted_at >= _QUIET_S:
            self._collected_at, self._is_wanted = now, False
            self._collect()
