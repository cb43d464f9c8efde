"""Makes frames: the visible rows of a state, their styles, the selection and what is searched for.

Painted rows are kept by content, so a key press paints one row. It must never read lines that do not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.code_colours import CodeColours
from cryptpad_tui.editor.find import BadPattern, compiled, matches
from cryptpad_tui.editor.frame import (
    BELOW_END,
    Decoration,
    Frame,
    PaintedRow,
    RowPaint,
    RowSpan,
    clipped,
    marks_in,
    paint,
)
from cryptpad_tui.editor.graphemes import glyph, next_edge
from cryptpad_tui.editor.highlight import Highlighter
from cryptpad_tui.editor.layout import Row
from cryptpad_tui.editor.rich_frame import InGrid, Shape, scripted, side_by_side
from cryptpad_tui.editor.rich_look import RichLook
from cryptpad_tui.editor.screen_rows import lines_of, row_showing, screenful
from cryptpad_tui.editor.spans import Spans
from cryptpad_tui.editor.state import EditorState
from cryptpad_tui.editor.viewport import extent, top_row

_ROWS_KEPT = 512


class _Shown(NamedTuple):
    """A state, and the lines of which something shows, with their styles."""

    state: EditorState
    first: int
    texts: list[str]
    styles: list[Spans]


class Painter:
    """Paints one view; it holds nothing but caches."""

    def __init__(self, highlighter: Highlighter | RichLook, code: CodeColours | None = None) -> None:
        self._highlighter = highlighter
        self._code = code
        self._look = highlighter if isinstance(highlighter, RichLook) else None
        self._paint = lru_cache(_ROWS_KEPT)(paint)
        self._margined: dict[tuple[int, int], tuple[Row, tuple[RowSpan, ...], Shape, PaintedRow]] = {}
        """Rows of rich text by where they begin: of which spans and shape they were made."""

        self._tables: dict[tuple[int, int], tuple[Row, tuple[object, ...], PaintedRow]] = {}
        """The same of rows of tables."""

    def frame(self, state: EditorState, decorations: Sequence[Decoration]) -> Frame:
        screen = screenful(state.layout, top_row(state.viewport, state.layout), state.viewport.height)
        rows = [row for row, _ in screen]
        first, stop = lines_of(state.layout, rows)
        styles = self._highlighter.spans(first, stop)
        if self._code is not None:
            styles = self._code.over(first, styles)
        shown = _Shown(state, first, state.lines.lines(first, stop), styles)
        over = _own_marks(shown, [piece for _, pieces in screen for piece in pieces], decorations)
        painted = [self._row(shown, row, over, pieces) for row, pieces in screen]
        painted += [BELOW_END] * (state.viewport.height - len(painted))
        caret, caret_cells = _caret(state, rows)
        scroll = extent(state.viewport, state.layout, rows[-1])
        return Frame(tuple(painted), caret, caret_cells, scroll, state.drawn_caret)

    def _row(self, shown: _Shown, row: Row, over: Sequence[Decoration], cells: Sequence[Row]) -> PaintedRow:
        """A row of the screen: one of text, the cells of a table's row, or a rule."""
        state, look = shown.state, self._look
        if len(cells) == 1 and (look is None or look.shape(row.line, state.layout.width).place is None):
            painted = self._text_row(shown, row, over)
            return painted if look is None else self._with_margin(state, row, painted)
        assert look is not None
        if not cells:
            spans = look.rule(row.line, state.layout.width)
            return PaintedRow(
                row.line, row.start, row.end, False, tuple(spans), sum([span.cells for span in spans]), None
            )
        return self._table_row(look, row, state, [(one, self._text_row(shown, one, over)) for one in cells])

    def _table_row(
        self, look: RichLook, row: Row, state: EditorState, cells: Sequence[tuple[Row, PaintedRow]]
    ) -> PaintedRow:
        shape = look.shape(row.line, state.layout.width)
        assert shape.place is not None
        made_of = (shape, *[painted.spans for _, painted in cells])
        known = self._tables.get((row.line, row.start))
        if known is not None and known[0] == row and _are(known[1], made_of):
            return known[2]
        made = self._table_row_anew(shape.place, row, state, cells)
        if len(self._tables) >= _ROWS_KEPT:
            self._tables.clear()
        self._tables[row.line, row.start] = (row, made_of, made)
        return made

    def _table_row_anew(
        self, place: InGrid, row: Row, state: EditorState, cells: Sequence[tuple[Row, PaintedRow]]
    ) -> PaintedRow:
        texts = [(state.layout.shift(one), painted.spans, painted.cells) for one, painted in cells]
        spans = tuple(side_by_side(place, texts))
        unsure = [
            painted.unsure_from + text[0]
            for text, (_, painted) in zip(texts, cells, strict=True)
            if painted.unsure_from is not None
        ]
        return PaintedRow(
            row.line,
            row.start,
            row.end,
            row.start == 0,
            spans,
            sum([span.cells for span in spans]),
            min(unsure, default=None),
        )

    def _text_row(self, shown: _Shown, row: Row, over: Sequence[Decoration]) -> PaintedRow:
        text = shown.texts[row.line - shown.first]
        styles = shown.styles[row.line - shown.first]
        marks = marks_in(row, text, over) if over else ()
        made: RowPaint = self._paint(
            text[row.start : row.end],
            clipped(styles, row.start, row.end),
            marks,
            shown.state.layout.tab_width,
        )
        return PaintedRow(
            row.line, row.start, row.end, row.start == 0, made.spans, made.cells, made.unsure_from
        )

    def _with_margin(self, state: EditorState, row: Row, shown: PaintedRow) -> PaintedRow:
        """The row of a rich text with what stands left and right of it."""
        assert self._look is not None
        place, shape = (row.line, row.start), self._look.shape(row.line, state.layout.width)
        known = self._margined.get(place)
        if known is not None and known[0] == row and known[1] is shown.spans and known[2] is shape:
            return known[3]
        made = self._margined_anew(self._look, state, row, shown)
        # What is said of an object may change with nothing else.
        if not any("image" in span.styles for span in shown.spans):
            if len(self._margined) >= _ROWS_KEPT:
                self._margined.clear()
            self._margined[place] = (row, shown.spans, shape, made)
        return made

    def _margined_anew(self, look: RichLook, state: EditorState, row: Row, shown: PaintedRow) -> PaintedRow:
        shift = state.layout.shift(row)
        left, right = look.around(row, shift, shown.cells, state.layout.width)
        if not shift and not right and all(not span.styles for span in shown.spans):
            return shown
        cells = shift + shown.cells + sum([span.cells for span in right])
        unsure = None if shown.unsure_from is None else shown.unsure_from + shift
        return replace(shown, spans=(*left, *scripted(shown.spans), *right), cells=cells, unsure_from=unsure)


def _own_marks(shown: _Shown, rows: Sequence[Row], decorations: Sequence[Decoration]) -> list[Decoration]:
    """The decorations that may show, with the search and the selection over them."""
    state = shown.state
    begin = Position(shown.first, min([row.start for row in rows if row.line == shown.first], default=0))
    stop = max([Position(row.line, row.end) for row in rows], default=begin)
    over = [one for one in decorations if one.start <= stop and one.end >= begin]
    pattern = searched(state)
    if pattern is not None:
        for row in rows:
            text = shown.texts[row.line - shown.first]
            for start, end in matches(pattern, text, row.start, row.end):
                over.append(Decoration(Position(row.line, start), Position(row.line, end), "find"))
    for chosen in state.selection.items:
        if not chosen.empty:
            over.append(Decoration(chosen.start, chosen.end, "selection"))
    return over


def _are(known: tuple[object, ...], wanted: tuple[object, ...]) -> bool:
    return len(known) == len(wanted) and all(one is other for one, other in zip(known, wanted, strict=True))


def searched(state: EditorState) -> regex.Pattern[str] | None:
    """What is searched for and shown."""
    if state.find is None or not (state.find.open or state.find.marked) or not state.find.query.text:
        return None
    try:
        return compiled(state.find.query)
    except BadPattern:
        return None


def _caret(state: EditorState, rows: list[Row]) -> tuple[tuple[int, int] | None, int]:
    head = state.drawn_caret
    row = row_showing(state.layout, head)
    if row not in rows:
        return None, 1
    x = min(state.layout.cell_of(state.layout.row_at(head), head.col), state.layout.width - 1)
    text = state.lines[head.line]
    under = text[head.col : next_edge(text, head.col)]
    wide = under not in ("", "\t") and glyph(under).cells == 2 and not glyph(under).control
    return (x, rows.index(row)), 2 if wide else 1
