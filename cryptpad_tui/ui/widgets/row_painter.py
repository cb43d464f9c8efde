"""Turns painted rows into strips: gutter, text, name flag, scrollbar. It decides no layout."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Final, Protocol

from rich.segment import Segment
from textual.color import TRANSPARENT, Color
from textual.filter import LineFilter
from textual.strip import Strip

from cryptpad_tui.editor.frame import PaintedRow
from cryptpad_tui.ui.widgets.palette import Palette
from cryptpad_tui.ui.widgets.remote_cursors import Flag

_THUMB: Final = "▐"
_KEPT_STRIPS: Final = 512
_GUTTER_FROM_WIDTH: Final = 40
"""A narrower view has no room for line numbers."""


class HasLines(Protocol):
    """Something with lines to count."""

    @property
    def lines(self) -> Sized: ...


def gutter_cells(document: HasLines, width: int, *, shown: bool) -> int:
    """How many cells line numbers take, with the blank after them."""
    if not shown or width < _GUTTER_FROM_WIDTH:
        return 0
    return max(3, len(str(len(document.lines)))) + 1


@dataclass(frozen=True, slots=True)
class Scrollbar:
    """The rows that the thumb covers; none when everything is in view."""

    start: int = 0
    stop: int = 0

    @classmethod
    def of(cls, scroll: tuple[float, float], height: int, *, shown: bool) -> Scrollbar:
        """The thumb for a position and a visible part, both from 0 to 1."""
        position, part = scroll
        if not shown or part >= 1.0 or height <= 0:
            return cls()
        size = max(1, min(height, round(part * height)))
        start = min(height - size, round(position * height))
        return cls(start, start + size)

    def differences(self, other: Scrollbar) -> set[int]:
        """The rows where two thumbs differ."""
        return set(range(self.start, self.stop)) ^ set(range(other.start, other.stop))


class RowPainter:
    """Strips of one size in one theme; rows that come again cost a lookup."""

    def __init__(
        self,
        palette: Palette,
        *,
        width: int,
        gutter: int,
        scrollbar: bool,
        filters: Sequence[LineFilter] = (),
        background: Color = TRANSPARENT,
    ) -> None:
        self.gutter = gutter
        self.scrollbar = Scrollbar()
        self.has_scrollbar = scrollbar
        self.text_width = width - gutter - scrollbar
        self._palette = palette
        self._width = width
        self._filters = filters
        self._background = background
        self._kept: dict[tuple[int, bool, Flag | None], tuple[PaintedRow, Strip]] = {}

    def paint(self, row: PaintedRow, y: int, flag: Flag | None) -> Strip:
        """The row as the screen shows it at `y`."""
        thumb = self.scrollbar.start <= y < self.scrollbar.stop
        key = (id(row), thumb, flag)
        kept = self._kept.get(key)
        if kept is not None and kept[0] is row:
            return kept[1]
        strip = self._paint(row, thumb, flag)
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._background)
        if len(self._kept) >= _KEPT_STRIPS:
            self._kept.clear()
        self._kept[key] = (row, strip)
        return strip

    def _paint(self, row: PaintedRow, thumb: bool, flag: Flag | None) -> Strip:
        palette = self._palette
        text_width = self.text_width
        segments = [Segment(span.text, palette.style(span.styles)) for span in row.spans]
        if row.cells < text_width:
            segments.append(Segment(" " * (text_width - row.cells), palette.base))
        text = Strip(segments, text_width)
        if flag is not None:
            text = _with_flag(text, flag, palette)
        parts = [self._number(row), *text] if self.gutter else [*text]
        if self.has_scrollbar:
            parts.append(Segment(_THUMB if thumb else " ", palette.style(("scrollbar",))))
        return Strip(parts, self._width)

    def _number(self, row: PaintedRow) -> Segment:
        number = str(row.line + 1) if row.first and row.line >= 0 else ""
        return Segment(number.rjust(self.gutter - 1) + " ", self._palette.style(("gutter",)))


def _with_flag(text: Strip, flag: Flag, palette: Palette) -> Strip:
    label = Strip([Segment(flag.text, palette.style((flag.style,)))])
    end = flag.x + label.cell_length
    return Strip.join([text.crop(0, flag.x), label, text.crop(end)]).adjust_cell_length(
        text.cell_length, palette.base
    )
