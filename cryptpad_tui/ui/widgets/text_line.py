"""One row of text: title, status, keys. Each repaints only when its words change.

The status line repaints at most once a second by itself, and at once where it answers the person.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from cryptpad_tui.ui.widgets.parts import ROLES, Part, cells, fitted, segments

REPAINT_S: Final = 1.0
MESSAGE_S: Final = 6.0


class TextLine(Widget):
    """A row with a left and a right side."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"text-line--{role}" for role in ROLES}

    def __init__(self, left: Sequence[Part] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left: tuple[Part, ...] = tuple(left)
        self._right: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """What it says, without looks."""
        return "".join(text for text, _ in (*self._left, *self._right))

    def show(self, left: Sequence[Part], right: Sequence[Part] = ()) -> None:
        """Say this from now on."""
        if (tuple(left), tuple(right)) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        parts = fitted(self._left, self._right, width)
        return Strip(segments(parts, base, self._role_style)).adjust_cell_length(width, base)

    def _role_style(self, role: str) -> Style:
        return self.get_component_rich_style(f"text-line--{role}", partial=True)


class CalmLine(TextLine):
    """A row that others make change: repainted at most once a second."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._now = now
        self._painted_at = float("-inf")
        self._wanted: tuple[tuple[Part, ...], tuple[Part, ...]] = ((), ())
        self._repaint: Timer | None = None

    def show(self, left: Sequence[Part], right: Sequence[Part] = ()) -> None:
        """Say this from now on; painted within a second."""
        self._wanted = (tuple(left), tuple(right))
        wait_s = self._painted_at + REPAINT_S - self._now()
        if wait_s <= 0 or not self.is_running:
            self._paint()
        elif self._repaint is None:
            self._repaint = self.set_timer(wait_s, self._paint)

    def _content(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        return self._wanted

    def _paint(self) -> None:
        if self._repaint is not None:
            self._repaint.stop()
            self._repaint = None
        before = (self._left, self._right)
        super().show(*self._content())
        if (self._left, self._right) != before:
            self._painted_at = self._now()


class StatusLine(CalmLine):
    """How things stand; an answer to the person takes its place at once, for a moment."""

    _message: tuple[Part, ...] = ()
    _message_end: Timer | None = None

    def say(self, text: str, role: str = "strong") -> None:
        """Answer the person; gone after some seconds."""
        self._message = ((f" {text}", role),)
        if self._message_end is not None:
            self._message_end.stop()
        self._message_end = self.set_timer(MESSAGE_S, self._forget_message)
        self._paint()

    def hurry(self, *, alone: bool = False) -> None:
        """Paint what is wanted at once; `alone`, in the place of an answer."""
        if alone and self._message:
            self._message = ()
        self._paint()

    def _content(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        left, right = self._wanted
        return self._message or left, () if self._message else right

    def _forget_message(self) -> None:
        self._message, self._message_end = (), None
        self._paint()


class KeyBar(TextLine):
    """The keys that matter here, as many as fit. A click on one is the key."""

    @dataclass
    class Clicked(Message):
        """A key was clicked; `label` is what the bar calls it."""

        label: str

    def __init__(self, keys: Sequence[tuple[str, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.keys = tuple(keys)
        self._ends: list[int] = []
        """The first cell behind each key that is shown."""

    def show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show other keys."""
        self.keys = tuple(keys)
        self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        at = bisect_right(self._ends, event.x)
        if at < len(self._ends):
            event.stop()
            self.post_message(self.Clicked(self.keys[at][0]))

    def _lay_out(self) -> None:
        parts: list[Part] = []
        self._ends = []
        for key, word in self.keys:
            more: list[Part] = [(f" {key}", "key"), (f" {word} ", "")]
            if cells(parts) + cells(more) > self.size.width:
                break
            parts += more
            self._ends.append(cells(parts))
        self.show(parts)
