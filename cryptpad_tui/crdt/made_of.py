"""The bytes that a document was loaded from, and what was folded since, for as long as that is short.

So that a checkpoint, or another document of the same state, costs no encoding: one call that holds Python's
lock for a third of a second in a long drive. It must never give less than the document holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptpad_tui.crdt.pieces import LONG_BYTES

_MAX_SINCE_BYTES: Final = 16_777_216
_MAX_SINCE: Final = 2_000


class MadeOf:
    """Nothing is kept of a short document: encoding that costs nothing."""

    def __init__(self, update: bytes = b"", pieces: Sequence[bytes] = ()) -> None:
        is_long = len(update) >= LONG_BYTES
        self.whole: bytes | None = update if is_long else None
        """The whole state, where nothing was folded since."""
        self.parts: list[bytes] = list(pieces) if is_long else []
        """The same in pieces, and what was folded since; empty where nobody wants them, or not any more."""
        self._since_bytes = self._since = 0

    def add(self, updates: Sequence[bytes]) -> None:
        """These were folded."""
        self.whole = None
        if not self.parts:
            return
        self._since += len(updates)
        self._since_bytes += sum(map(len, updates))
        if self._since > _MAX_SINCE or self._since_bytes > _MAX_SINCE_BYTES:
            self.parts = []
        else:
            self.parts += updates
