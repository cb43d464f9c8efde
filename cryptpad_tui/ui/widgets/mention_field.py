"""A line of input in which Tab completes the name behind an `@`. It tells nobody anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textual import events

from cryptpad_tui.people.mentions import completed
from cryptpad_tui.ui.screens.fields import Field

Names = Callable[[], Sequence[str]]


class MentionField(Field):
    """Tab never leads out of it: the text is behind it, and the name may not be there yet."""

    def __init__(self, names: Names, **options: Any) -> None:
        super().__init__(**options)
        self._names = names

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            rest = completed(self.value[: self.cursor_position], self._names())
            if rest is not None:
                self.insert_text_at_cursor(rest)
            return
        await super()._on_key(event)
        event.prevent_default()
