"""A list of rows with one chosen: paints what is visible, and repaints what changed.

Ten thousand rows cost what one screen of them costs. The rows are the caller's values; how one looks is a
function of it. It never takes the keyboard: the screen around it moves the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cryptpad_tui.ui.widgets.parts import ROLES, Part, fitted, segments

Row = TypeVar("Row")
Painting = tuple[Sequence[Part], Sequence[Part]]
"""The left and the right side of a row."""


class RowList(Widget, Generic[Row]):
    """Rows, one below the other."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row-list--{role}" for role in ROLES} | {"row-list--chosen"}

    class Chosen(Message):
        """The person pressed the row that was chosen already."""

    def __init__(
        self,
        paint: Callable[[Row, int], Painting],
        *,
        empty: Sequence[Sequence[Part]] = (),
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: Sequence[Row] = ()
        self.index = 0
        self._paint = paint
        self._empty = empty
        self._top = 0
        self._shown: dict[int, Painting] = {}

    @property
    def chosen(self) -> Row | None:
        """The row that a command is about."""
        return self.rows[self.index] if self.rows else None

    def show(self, rows: Sequence[Row], *, index: int | None = None) -> None:
        """Show these rows from now on; only those that look different are painted."""
        before, top, chosen = dict(self._shown), self._top, self.index
        was_empty = not self.rows
        self.rows = rows
        self.index = self._bounded(self.index if index is None else index)
        self._reveal()
        if top != self._top or was_empty or not rows:
            self._shown.clear()
            self.refresh()
            return
        rows_here = range(self._top, self._top + self.size.height)
        changed = {at for at in rows_here if before.get(at) != self._painting(at)}
        if chosen != self.index:
            changed |= {chosen, self.index}
        self._refresh_rows(changed)

    def show_empty(self, empty: Sequence[Sequence[Part]]) -> None:
        """What to say where there are no rows."""
        self._empty = empty
        if not self.rows:
            self.refresh()

    def move(self, rows: int) -> None:
        """Choose another row."""
        self.choose(self.index + rows)

    def choose(self, index: int) -> None:
        """Choose a row by its number."""
        before, top = self.index, self._top
        self.index = self._bounded(index)
        self._reveal()
        if top != self._top:
            self._shown.clear()
            self.refresh()
        elif before != self.index:
            self._refresh_rows({before, self.index})

    @property
    def page(self) -> int:
        """How many rows a page key moves."""
        return max(1, self.size.height - 1)

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        at = self._top + y
        if not self.rows:
            parts: Sequence[Part] = self._empty[y] if y < len(self._empty) else ()
            return Strip(segments(parts, base, self._role_style)).adjust_cell_length(width, base)
        painting = self._painting(at)
        if painting is None:
            return Strip.blank(width, base)
        self._shown[at] = painting
        row = fitted([(" ", ""), *painting[0]], [*painting[1], (" ", "")], width)
        if at == self.index:
            base = base + self._role_style("chosen")
            return Strip(segments([(text, "") for text, _ in row], base, self._role_style))
        return Strip(segments(row, base, self._role_style))

    def on_resize(self, event: events.Resize) -> None:
        top = self._top
        self._reveal()
        if top != self._top:
            self._shown.clear()
            self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        at = self._top + event.y
        if event.button == 1 and at < len(self.rows):
            event.stop()
            if at == self.index:
                self.post_message(self.Chosen())
            self.choose(at)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)

    def _painting(self, at: int) -> Painting | None:
        return self._paint(self.rows[at], self.size.width) if 0 <= at < len(self.rows) else None

    def _bounded(self, index: int) -> int:
        return max(0, min(index, len(self.rows) - 1))

    def _reveal(self) -> None:
        height = self.size.height
        if not height:
            # Not laid out yet: the first resize reveals.
            return
        self._top = max(0, min(self._top, len(self.rows) - height))
        if self.index < self._top:
            self._top = self.index
        elif self.index >= self._top + height:
            self._top = self.index - height + 1

    def _refresh_rows(self, indices: set[int]) -> None:
        width, height = self.size
        here = [at - self._top for at in indices if 0 <= at - self._top < height]
        if here:
            self.refresh(*(Region(0, y, width, 1) for y in here))

    def _role_style(self, role: str) -> Style:
        return self.get_component_rich_style(f"row-list--{role}", partial=True)
