"""The bytes that a document was last kept as, and what was folded since: by these a picture of it is known.

It costs nothing while a document is edited. It must never name bytes that the document was not kept as.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptpad_tui.crdt.picture import digest_of_state

EMPTY: Final = b"\0\0"
"""The state of a document in which nobody wrote."""
_MAX_BYTES: Final = 1 << 20
"""Of what was folded since: a longer way is walked by nobody."""


class KeptAs:
    """Of one document."""

    def __init__(self, state: bytes | None) -> None:
        """`state`: the bytes that it is loaded from, None where it was never kept."""
        self._state = state
        self._digest: bytes | None = None
        self._size = 0
        self.since: list[bytes] | None = [] if state is not None else None
        """The updates folded since, in order; None where that is not known, or too much."""
        self.before: list[bytes] = []
        """What was folded since it was kept the time before, until somebody takes note of it."""

    @property
    def digest(self) -> bytes | None:
        """That stands for the bytes; costs their length once."""
        if self._digest is None and self._state is not None:
            self._digest = digest_of_state(self._state)
            self._state = None
        return self._digest

    def folded(self, updates: Sequence[bytes]) -> None:
        """These came behind it."""
        self._size += sum(map(len, updates))
        if self.since is not None:
            self.since += updates
            if self._size > _MAX_BYTES:
                self.since = None

    def again(self, state: bytes) -> None:
        """A rich text's document is kept anew, as it stands."""
        self.before += self.since or ()
        self._state, self._digest, self._size, self.since = state, None, 0, []
