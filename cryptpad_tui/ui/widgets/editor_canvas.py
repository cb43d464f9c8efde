"""The painting half of the pad editor: what of an `Editor` is on the screen, and what of it changed.

It takes the pure editor's visible frame, compares it with the one before, and paints the rows that differ and
nothing else. It must never do work that grows with the document, and never move the reader's view.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from textual import events
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.code_colours import Request
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.frame import Decoration, Frame, changed_rows
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.palette import Palette
from cryptpad_tui.ui.widgets.remote_cursors import MAX_SHOWN, Flag, RemoteCursor, decorations, flags, through
from cryptpad_tui.ui.widgets.row_painter import RowPainter, Scrollbar, gutter_cells

FLAG_S = 3.0
"""How long a name stays over a caret that moved."""
SCROLLBAR_FROM_WIDTH = 20
_REFINE_AFTER_S = 0.3
"""Background lexing begins when nothing was typed for this long."""
_REFINE_NEXT_S = 0.02
Marker = Callable[[int, int], Iterable[Decoration]]
"""Decorations for the first to the last line in view; it must cost no more than those lines do."""


class EditorCanvas(Widget):
    """One view of one pad, without hands. It fills its widget: a border belongs to a container around it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "EditorCanvas { width: 1fr; height: 1fr; pointer: text; }"

    def __init__(
        self,
        document: ViewDocument,
        *,
        language: str,
        line_numbers: bool,
        scrollbar: bool,
        now: Callable[[], float],
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.editor = Editor(document, language=language)
        self.line_numbers = line_numbers
        self._document = document
        self._scrollbar = scrollbar
        self._now = now
        self._remote: tuple[RemoteCursor, ...] = ()
        self.markers: list[Marker] = []
        self.colour_reader: Callable[[Request], None] | None = None
        """Asked for the colours of code, when nobody types."""
        self._flagged: dict[str, float] = {}
        self._frame: Frame | None = None
        self._flags: dict[int, Flag] = {}
        self._painter: RowPainter | None = None
        self._acting = False
        self._update_wanted = False
        self._refine_timer: Timer | None = None
        self._flag_timer: Timer | None = None
        self._stop_observing = document.observe(self._document_changed)

    @property
    def shows_terminal_cursor(self) -> bool:
        """The terminal's cursor is the caret, while the caret is in view."""
        return self._frame is not None and self._frame.caret is not None

    @property
    def position(self) -> Position:
        """Where the caret is."""
        return self.editor.state.drawn_caret

    def set_remote_cursors(self, cursors: Sequence[RemoteCursor]) -> None:
        """Show where the others are. A name is shown for a moment over a caret that moved."""
        before = {cursor.key: cursor.caret for cursor in self._remote}
        self._remote = tuple(cursors[:MAX_SHOWN])
        until = self._now() + FLAG_S
        moved = {c.key: until for c in self._remote if before.get(c.key) != c.caret}
        present = {cursor.key for cursor in self._remote}
        self._flagged = {key: at for key, at in (self._flagged | moved).items() if key in present}
        if moved and self._flag_timer is None and self.is_running:
            self._flag_timer = self.set_timer(FLAG_S, self._lower_flags)
        self._want_update()

    # ---- painting

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        frame, painter = self._frame, self._painter
        if frame is None or painter is None or y >= len(frame.rows):
            return Strip.blank(self.size.width, self.rich_style)
        return painter.paint(frame.rows[y], y, self._flags.get(y))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region; the painter keeps what it painted, so Textual's cache only costs time."""
        strips = [self.render_line(y) for y in crop.line_range]
        left, right = crop.column_span
        if (left, right) == (0, self.size.width):
            return strips
        return [strip.crop(left, right) for strip in strips]

    def update_view(self) -> None:
        """Take the editor's frame and paint what differs from the one before."""
        self._update_wanted = False
        painter = self._painter
        if painter is None or self._gutter_cells() != painter.gutter:
            painter = self._lay_out()
        if painter is None:
            return
        before, flags_before, bar_before = self._frame, self._flags, painter.scrollbar
        after = self._frame = self.editor.frame(self._decorations())
        self._flags = self._raised_flags(after)
        painter.scrollbar = Scrollbar.of(after.scroll, len(after.rows), shown=painter.has_scrollbar)
        rows = set(changed_rows(before, after)) | bar_before.differences(painter.scrollbar)
        if self._flags != flags_before:
            ys = self._flags.keys() | flags_before.keys()
            rows |= {y for y in ys if flags_before.get(y) != self._flags.get(y)}
        self._place_caret()
        self._paint(before is None, rows)
        if before is not None and before.position != after.position:
            self.caret_moved()
        if self._wanted_colours() is not None:
            self._want_refining(_REFINE_NEXT_S)

    def caret_moved(self) -> None:
        """The caret is somewhere else, or the text changed."""

    def _decorations(self) -> list[Decoration]:
        """What lies over the text: the marks of features below the carets of the others."""
        first, last = self.editor.lines_shown() if self.markers else (0, 0)
        marks = [mark for marker in self.markers for mark in marker(first, last)]
        return marks + decorations(self._remote)

    def _paint(self, whole: bool, rows: Collection[int]) -> None:
        app = self._screen_app
        if whole:
            self.refresh()
        elif not rows:
            app.place_cursor()
        elif not app.paint_rows(self, [(y, self.render_line(y)) for y in rows]):
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in rows))

    def _place_caret(self) -> None:
        frame, painter = self._frame, self._painter
        if self.has_focus and painter is not None and frame is not None and frame.caret is not None:
            x, y = self.content_region.offset
            self.app.cursor_position = Offset(x + painter.gutter + frame.caret[0], y + frame.caret[1])

    @property
    def _screen_app(self) -> SafeApp:
        app = self.app
        assert isinstance(app, SafeApp)
        return app

    # ---- size and colours

    def _lay_out(self) -> RowPainter | None:
        """Fit the editor to the widget; everything is painted anew."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return None
        app = self.app
        palette = Palette(
            app.theme_variables,
            base=self.rich_style,
            ansi=app.native_ansi_color,
            dark=app.current_theme.dark,
            colours=not app.no_color,
        )
        self._painter = RowPainter(
            palette,
            width=width,
            gutter=self._gutter_cells(),
            scrollbar=self._scrollbar and width > SCROLLBAR_FROM_WIDTH,
            filters=tuple(app.get_line_filters()),
            background=self.background_colors[1],
        )
        self.editor.resize(self._painter.text_width, height)
        self._frame = None
        return self._painter

    def _gutter_cells(self) -> int:
        return gutter_cells(self._document, self.size.width, shown=self.line_numbers)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.update_view()

    def on_focus(self, event: events.Focus) -> None:
        self._place_caret()
        self._screen_app.place_cursor()

    def on_blur(self, event: events.Blur) -> None:
        self._screen_app.place_cursor()

    def on_mount(self, event: events.Mount) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self._want_refining(_REFINE_NEXT_S)

    def on_unmount(self) -> None:
        # The signal would keep this widget, and with it the document, as long as the app lives.
        self.app.theme_changed_signal.unsubscribe(self)
        self._stop_observing()
        self.editor.close()

    def _theme_changed(self, theme: object) -> None:
        self._lay_out()
        self.update_view()

    # ---- name flags

    def _raised_flags(self, frame: Frame) -> dict[int, Flag]:
        if not self._flagged:
            return {}
        now = self._now()
        raised = [c for c in self._remote if self._flagged.get(c.key, 0.0) > now]
        return flags(raised, frame, self.editor.state.layout) if raised else {}

    def _lower_flags(self) -> None:
        now = self._now()
        self._flagged = {key: at for key, at in self._flagged.items() if at > now}
        left = [at - now for at in self._flagged.values()]
        self._flag_timer = self.set_timer(max(left), self._lower_flags) if left else None
        self.update_view()

    # ---- what happens around it

    def _document_changed(self, change: Change) -> None:
        if self._remote:
            self._remote = through(self._remote, change)
        self.caret_moved()
        if not self._acting or change.origin is Origin.REMOTE:
            self._want_update()
        if self._refine_timer is not None:
            self._refine_timer.reset()
        else:
            self._want_refining(_REFINE_AFTER_S)

    def _want_update(self) -> None:
        """Paint soon: many changes in a row are one frame."""
        if not self._update_wanted and self.is_attached:
            self._update_wanted = True
            self.call_next(self._update_if_wanted)

    def _update_if_wanted(self) -> None:
        if self._update_wanted:
            self.update_view()

    def _want_refining(self, after_s: float) -> None:
        if self._refine_timer is None and self.is_running:
            self._refine_timer = self.set_timer(after_s, self._refine)

    def _refine(self) -> None:
        """One slice of background lexing; keys come first."""
        self._refine_timer = None
        if self.editor.refine():
            self._want_refining(_REFINE_NEXT_S)
        wanted = self._wanted_colours()
        if wanted is not None and self.colour_reader is not None:
            self.colour_reader(wanted)
        else:
            self.update_view()

    def _wanted_colours(self) -> Request | None:
        if self.colour_reader is None or self.editor.code is None:
            return None
        return self.editor.code.wanted

    def take_colours(self, request: Request, found: Sequence[Sequence[tuple[int, int, str]]] | None) -> None:
        """The colours that were asked for; None where there are none."""
        if self.editor.code is not None:
            self.editor.code.take(request, found)
            self.update_view()

    def speak(self, language: str) -> None:
        """Read the text as this language."""
        if self.editor.speak(language):
            self.update_view()
