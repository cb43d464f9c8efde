"""Input fields: a passphrase that cannot be copied out, a link that survives wrapped lines, a filter."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding
from textual.geometry import Offset
from textual.widgets._input import Input

_FRAME = dict.fromkeys(map(ord, "│┃|▐"))


class Field(Input):
    """One line of input without a frame."""

    # A terminal turns an Enter that was typed before the program started into Ctrl+J.
    BINDINGS: ClassVar[list[Any]] = [Binding("ctrl+j", "submit", show=False)]

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"compact": True, "select_on_focus": False, **options})

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the next letter goes: the library's own is a cell further at the end, and scrolls later."""
        x, y = super().cursor_screen_offset
        first, width = self.content_region.x, self.content_region.width
        return Offset(min(x - int(self.cursor_at_end), first + max(width - 1, 0)), y)


class LineField(Field):
    """A question beside a text that stays in sight: Tab does not lead into the text while it is asked."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)
        event.prevent_default()


class SecretField(Field):
    """A passphrase: never shown, never copied."""

    def __init__(self, **options: Any) -> None:
        super().__init__(password=True, select_on_focus=True, **options)

    def action_copy(self) -> None:
        """A passphrase does not go to a clipboard."""

    def action_cut(self) -> None:
        """A passphrase does not go to a clipboard."""


class LinkField(Field):
    """A link, however many lines its paste came in."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        # A link that was marked with the mouse brings the frame of the box around it along.
        self.replace("".join(event.text.translate(_FRAME).split()), *self.selection)


class FilterField(Field):
    """Letters filter the list; in an empty filter `?` asks for help, and a space marks a row."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("question_mark", "space") and not self.value:
            event.prevent_default()
            return
        await super()._on_key(event)
        event.prevent_default()
