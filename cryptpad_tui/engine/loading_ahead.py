"""A long document that came whole, loaded in a thread before it is shown: at one stroke it holds keys up.

What was loaded is shown only where the fold still stands where it stood, and for the same writer. It never
touches the view that is shown meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cryptpad_tui.crdt.view import Ahead, ViewDocument
from cryptpad_tui.pad.replica import Replica

MANY_KEYS: Final = 10_000
"""More that is missing in a drive is not told key by key, which would keep the event loop for seconds."""


class LoadingAhead:
    """For one open pad."""

    def __init__(self, replica: Replica, view: ViewDocument) -> None:
        self._replica, self._view = replica, view
        self._made: tuple[int, Ahead] | None = None

    def is_long_way(self, clocks: Mapping[int, int]) -> bool:
        """Whether the view lacks so much of these that it is better made anew."""
        have = self._view.state_vector()
        lacking = sum([max(0, clock - have.get(client, 0)) for client, clock in clocks.items()])
        return lacking > MANY_KEYS and not self._view.kind.has_text

    def work(self, client_id: int) -> Callable[[], None] | None:
        """For a thread, so that `take` has something; None where showing the fold costs little anyway."""
        fold = self._replica.fold
        parts, n, view = tuple(fold.document.parts()), fold.n, self._view
        fold.document.forget_parts()
        if not parts or not self.is_long_way(fold.document.clocks):
            return None

        def load() -> None:
            self._made = n, view.load_ahead(parts, client_id)

        return load

    def take(self) -> Ahead | None:
        """Once: what was loaded, where it is what the fold holds and would be written on by its writer."""
        made, self._made = self._made, None
        writer = self._replica.writer
        if made is None or writer is None:
            return None
        n, ahead = made
        # Of what another window folded meanwhile the clocks do not tell all: deletions move none.
        is_now = n == self._replica.fold.n and ahead.engine.client_id == writer.client_id
        return ahead if is_now else None
