"""The preview of a markdown pad on the screen: rows that follow the source, painted where they differ.

It looks at the source when nothing was typed for a moment, and at least once a second while somebody types.
It must never do work on a key press, never read more than what is near the screen, and never open a link.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from cryptpad_tui.convert.preview import Colours
from cryptpad_tui.convert.preview_rows import PreviewRow, with_matches
from cryptpad_tui.convert.preview_window import Place, PreviewWindow
from cryptpad_tui.crdt.values import Change, Origin, Position, map_position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.frame import BELOW_END
from cryptpad_tui.editor.painter import searched
from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.palette import Palette
from cryptpad_tui.ui.widgets.row_painter import RowPainter, Scrollbar

IDLE_S: Final = 0.15
"""So long after the last change the preview is brought up to date."""
LATEST_S: Final = 1.0
"""It never stays behind for longer, however fast people type."""
MOVE_S: Final = 0.03
"""So long after the source was scrolled."""
_WHEEL_ROWS: Final = 3


class Owner(Protocol):
    """Who shows and hides the pane."""

    def arrange(self) -> None: ...
    def left(self) -> None: ...
    def typed(self) -> None: ...


class PreviewPane(Widget, can_focus=True):
    """What the source reads as, around where the source is."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "PreviewPane { width: 1fr; height: 1fr; display: none; }"

    def __init__(
        self,
        editor: Editor,
        document: ViewDocument,
        owner: Owner,
        *,
        colours: Colours | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id="preview")
        self._owner = owner
        self.rows: list[PreviewRow] = []
        self.updates = 0
        self._editor = editor
        self._document = document
        self._now, self._colours = now, colours
        self._window: PreviewWindow | None = None
        self._painter: RowPainter | None = None
        self._place = Place()
        self._seen: object = None  # where the source was when this followed it
        self._top: Position | None = None  # where the person scrolled to, away from the source
        self._is_behind = True
        self._timer: Timer | None = None
        self._first_told = self._last_told = 0.0
        self._stop_observing = document.observe(self._changed)

    def close(self) -> None:
        """The pad is being left."""
        self._stop_observing()

    # ---- when to look

    def source_shown(self) -> None:
        """The source was painted: it may be somewhere else."""
        if self.display and self.is_running:
            self._last_told = self._now()
            if self._timer is None:
                self._first_told = self._last_told
                self._timer = self.set_timer(self._patience, self._due)

    @property
    def _patience(self) -> float:
        return IDLE_S if self._is_behind else MOVE_S

    def _due(self) -> None:
        now = self._now()
        wait = min(self._last_told + self._patience, self._first_told + LATEST_S) - now
        if wait > 0.005:
            self._timer = self.set_timer(wait, self._due)
        else:
            self._timer = None
            self.update()

    def _changed(self, change: Change) -> None:
        self._is_behind = True
        if self._top is not None:
            for edit in change.edits:
                self._top = map_position(self._top, edit)
            if change.origin is Origin.REMOTE:
                # The source kept its place in the text, so the reader of the preview does as well.
                self._seen = self._source()
        self.source_shown()

    # ---- what to show

    def _new_window(self, painter: RowPainter) -> PreviewWindow:
        states = self._editor.block_states
        return PreviewWindow(self._document.lines, states, painter.text_width, colours=self._colours)

    def recolour(self) -> None:
        """More is known of the colours of code."""
        if self._window is not None and self.is_running:
            self._window.recolour()
            self.source_shown()

    def update(self) -> None:
        """Read what is around the source's place, and paint the rows that differ."""
        if not self.display or self._painter is None or self._window is None:
            return
        self.updates += 1
        if self._window.lines is not self._document.lines:
            self._window = self._new_window(self._painter)
        self._window.forget()
        source, height = self._source(), self.size.height
        if source != self._seen or (self._is_behind and self._top is None):
            self._top = None
            self._place = self._followed(self._window, height)
        elif self._top is not None and self._is_behind:
            self._place = self._window.place_of(self._top.line)
        self._seen, self._is_behind = source, False
        self._show(self._window.rows(self._place, height))

    def _source(self) -> object:
        return self._editor.state.viewport, self._editor.state.head

    def _followed(self, window: PreviewWindow, height: int) -> Place:
        """Where the source's top row is in the preview, or where its caret is if that would not show."""
        state = self._editor.state
        top = state.viewport.top
        length = len(state.lines[min(top.line, len(state.lines) - 1)])
        place = window.sound(window.place_of(top.line, top.col / length if length else 0.0), height)
        shown = self._editor.frame().rows
        if any(row.line == state.head.line for row in shown):
            place = window.revealing(place, state.head.line, height)
        return place

    def scroll_rows(self, rows: int) -> None:
        """Look further up or down; the source stays."""
        window, height = self._window, self.size.height
        if window is None:
            return
        if self._is_behind:
            self.update()
        self._place = window.sound(window.moved(self._place, rows)[0], height)
        found = window.rows(self._place, height)
        self._top = Position(found[0].line, 0) if found else Position(0, 0)
        self._show(found)

    def _show(self, rows: list[PreviewRow]) -> None:
        painter, before = self._painter, self.rows
        assert painter is not None
        pattern = searched(self._editor.state)
        if pattern is not None:
            rows = with_matches(rows, pattern)
        # A row that looks the same stays the same object: its strip is kept by that.
        self.rows = [
            before[y]._replace(line=row.line) if y < len(before) and before[y].row == row.row else row
            for y, row in enumerate(rows)
        ]
        changed = {
            y for y in range(max(len(before), len(rows))) if self._row(before, y) != self._row(rows, y)
        }
        bar = painter.scrollbar
        painter.scrollbar = Scrollbar.of(self._extent(), self.size.height, shown=painter.has_scrollbar)
        changed |= bar.differences(painter.scrollbar)
        if changed and not self._screen_app.paint_rows(self, [(y, self.render_line(y)) for y in changed]):
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    @staticmethod
    def _row(rows: list[PreviewRow], y: int) -> object:
        return rows[y].row if y < len(rows) else BELOW_END

    def _extent(self) -> tuple[float, float]:
        """Where the view stands and how much it shows, from 0 to 1, counted in lines of the source."""
        full = len(self.rows) >= self.size.height
        if not self.rows or (self._place == Place() and not full):
            return 0.0, 1.0
        total = len(self._document.lines)
        first, last = self.rows[0].line, self.rows[-1].line
        return first / total, (last + 1 - first) / total

    # ---- painting

    def render_line(self, y: int) -> Strip:
        if self._painter is None:
            return Strip.blank(self.size.width, self.rich_style)
        row = self.rows[y].row if y < len(self.rows) else BELOW_END
        return self._painter.paint(row, y, None)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region, as the painter keeps them."""
        left, right = crop.column_span
        return [self.render_line(y).crop(left, right) for y in crop.line_range]

    @property
    def _screen_app(self) -> SafeApp:
        app = self.app
        assert isinstance(app, SafeApp)
        return app

    def lay_out(self) -> None:
        """Fit the size and the colours; everything is painted anew."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        app = self.app
        colours = Palette(
            app.theme_variables, base=self.rich_style, ansi=app.native_ansi_color, dark=app.current_theme.dark
        )
        self._painter = RowPainter(
            colours,
            width=width,
            gutter=0,
            scrollbar=True,
            filters=tuple(app.get_line_filters()),
            background=self.background_colors[1],
        )
        self._window = self._new_window(self._painter)
        self._seen, self.rows = None, []
        self.update()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.lay_out()
        self._owner.arrange()

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)

    def on_unmount(self) -> None:
        # The signal would keep this widget, and with it the document, as long as the app lives.
        self.app.theme_changed_signal.unsubscribe(self)

    def _theme_changed(self, theme: object) -> None:
        if self.display:
            self.lay_out()

    # ---- hands

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL_ROWS)

    def on_key(self, event: events.Key) -> None:
        """Where the preview has the screen to itself, the arrows move it."""
        page = max(1, self.size.height - 1)
        steps = {"list.up": -1, "list.down": 1, "list.page_up": -page, "list.page_down": page}
        rows = steps.get(app_keymap().command(event.key, "list") or "")
        if rows is not None:
            self.scroll_rows(rows)
        elif event.key == "escape":
            self._owner.left()
        elif event.is_printable:
            self._owner.typed()
        else:
            return
        event.stop()
        event.prevent_default()
