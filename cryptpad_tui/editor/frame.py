"""What is on the screen, as values that compare: rows of styled, terminal-safe text, and the caret.

Two frames are compared row by row, and only rows that differ are drawn again. It must never contain a
character that a terminal would act upon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.graphemes import clusters, glyph, is_plain, next_edge, snap_back
from cryptpad_tui.editor.layout import Row
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened
from cryptpad_tui.editor.wrap import tab_cells


@dataclass(frozen=True, slots=True)
class Decoration:
    """A style over a range of the text; an empty range marks the one cluster at its start (a caret)."""

    start: Position
    end: Position
    style: str


@dataclass(frozen=True, slots=True)
class RowSpan:
    """Text to draw, its cells, and its styles from the outermost to the decorations."""

    text: str = field(repr=False)
    cells: int
    styles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaintedRow:
    """One row of the screen; `line` is -1 below the end of the document."""

    line: int
    start: int
    end: int
    first: bool
    spans: tuple[RowSpan, ...]
    cells: int
    unsure_from: int | None
    """The first cell from which terminals may disagree about widths."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything the widget draws, `height` rows of it."""

    rows: tuple[PaintedRow, ...]
    caret: tuple[int, int] | None
    caret_cells: int
    scroll: tuple[float, float]
    """Where the view stands and how much of the document it shows, from 0 to 1, counted in lines."""
    position: Position


BELOW_END = PaintedRow(-1, 0, 0, False, (), 0, None)


def changed_rows(before: Frame | None, after: Frame) -> list[int]:
    """The rows to draw again."""
    if before is None or len(before.rows) != len(after.rows):
        return list(range(len(after.rows)))
    changed = {y for y, (old, new) in enumerate(zip(before.rows, after.rows, strict=True)) if old != new}
    if (before.caret, before.caret_cells) != (after.caret, after.caret_cells):
        changed |= {caret[1] for caret in (before.caret, after.caret) if caret is not None}
    return sorted(changed)


@dataclass(frozen=True, slots=True)
class RowPaint:
    """The painted part of a row that its text and styles decide alone."""

    spans: tuple[RowSpan, ...]
    cells: int
    unsure_from: int | None


def paint(text: str, styles: Spans, marks: Spans, tab_width: int) -> RowPaint:
    """Draw a row's text; `styles` and `marks` (over them) are in columns of the row.

    A mark may reach one cell past the end of the text: the caret of someone at the end of a line.
    """
    if marks:
        styles = flattened([*styles, *marks])
        if styles and styles[-1].end > len(text):
            return _paint_past_end(text, styles, tab_width)
    if not is_plain(text):
        return _paint_clusters(text, styles, tab_width)
    spans: list[RowSpan] = []
    at = 0
    for start, end, names in styles:
        if at < start:
            spans.append(RowSpan(text[at:start], start - at, ()))
        spans.append(RowSpan(text[start:end], end - start, names))
        at = end
    if at < len(text):
        spans.append(RowSpan(text[at:], len(text) - at, ()))
    return RowPaint(tuple(spans), len(text), None)


def _paint_past_end(text: str, styles: Spans, tab_width: int) -> RowPaint:
    cut = [StyleSpan(s.start, min(s.end, len(text)), s.styles) for s in styles if s.start < len(text)]
    inside = paint(text, tuple(cut), (), tab_width)
    beyond = RowSpan(" ", 1, styles[-1].styles)
    return RowPaint((*inside.spans, beyond), inside.cells + 1, inside.unsure_from)


def _paint_clusters(text: str, styles: Spans, tab_width: int) -> RowPaint:
    """A cluster has the style of its first character: it is never cut, or it would change its width."""
    spans: list[RowSpan] = []
    unsure_from: int | None = None
    col = cells = i = 0
    for cluster in clusters(text):
        while i < len(styles) and styles[i].end <= col:
            i += 1
        names = styles[i].styles if i < len(styles) and styles[i].start <= col else ()
        if cluster == "\t":
            size = tab_cells(cells, tab_width)
            drawn = " " * size
        else:
            drawn, size, control, unsure = glyph(cluster)
            if unsure and unsure_from is None:
                unsure_from = cells
            if control:
                names = (*names, "control")
        if spans and spans[-1].styles == names:
            last = spans.pop()
            drawn, width = last.text + drawn, last.cells + size
        else:
            width = size
        spans.append(RowSpan(drawn, width, names))
        cells += size
        col += len(cluster)
    return RowPaint(tuple(spans), cells, unsure_from)


def clipped(spans: Spans, start: int, end: int) -> Spans:
    """The spans inside a row, in columns of the row."""
    if not start and (not spans or spans[-1].end <= end):
        return spans
    return tuple(
        StyleSpan(max(s.start, start) - start, min(s.end, end) - start, s.styles)
        for s in spans
        if s.start < end and s.end > start
    )


def marks_in(row: Row, line_text: str, decorations: Sequence[Decoration]) -> Spans:
    """The decorations that touch a row, in its columns."""
    found: list[StyleSpan] = []
    begin, stop = Position(row.line, row.start), Position(row.line, row.end)
    for one in decorations:
        if one.start > stop or one.end < begin or (one.start == stop and not row.last):
            continue
        start = max(one.start, begin).col
        if one.start == one.end:
            start = snap_back(line_text, start)
            end = next_edge(line_text, start) if start < len(line_text) else start + 1
        elif one.end <= stop:
            end = one.end.col
        else:
            # A selection over a line end shows it as one cell.
            end = row.end + row.last
        if start < end:
            found.append(StyleSpan(start - row.start, end - row.start, (one.style,)))
    return tuple(found)
