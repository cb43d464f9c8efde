"""Makes frames: the visible rows of a state, their styles, the selection and what is searched for.

Painted rows are kept by content, so a key press paints one row. It must never read lines that do not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

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
from cryptpad_tui.editor.rich_frame import Shape, scripted
from cryptpad_tui.editor.rich_look import RichLook
from cryptpad_tui.editor.spans import Spans
from cryptpad_tui.editor.state import EditorState
from cryptpad_tui.editor.viewport import extent, visible_rows

_ROWS_KEPT = 512


class Painter:
    """Paints one view; it holds nothing but caches."""

    def __init__(self, highlighter: Highlighter | RichLook, code: CodeColours | None = None) -> None:
        self._highlighter = highlighter
        self._code = code
        self._look = highlighter if isinstance(highlighter, RichLook) else None
        self._paint = lru_cache(_ROWS_KEPT)(paint)
        self._margined: dict[tuple[int, int], tuple[Row, tuple[RowSpan, ...], Shape, PaintedRow]] = {}
        """Rows of rich text by where they begin: of which spans and shape they were made."""

    def frame(self, state: EditorState, decorations: Sequence[Decoration]) -> Frame:
        rows = visible_rows(state.viewport, state.layout)
        first = rows[0].line
        styles = self._highlighter.spans(first, rows[-1].line + 1)
        if self._code is not None:
            styles = self._code.over(first, styles)
        texts = state.lines.lines(first, rows[-1].line + 1)
        over = _own_marks(state, rows, texts, decorations)
        painted = [
            self._row(row, texts[row.line - first], styles[row.line - first], over, state.layout.tab_width)
            for row in rows
        ]
        if self._look is not None:
            painted = [self._with_margin(state, row, shown) for row, shown in zip(rows, painted, strict=True)]
        painted += [BELOW_END] * (state.viewport.height - len(painted))
        caret, caret_cells = _caret(state, rows)
        scroll = extent(state.viewport, state.layout, rows[-1])
        return Frame(tuple(painted), caret, caret_cells, scroll, state.drawn_caret)

    def _row(
        self, row: Row, text: str, styles: Spans, over: Sequence[Decoration], tab_width: int
    ) -> PaintedRow:
        marks = marks_in(row, text, over) if over else ()
        shown: RowPaint = self._paint(
            text[row.start : row.end], clipped(styles, row.start, row.end), marks, tab_width
        )
        return PaintedRow(
            row.line, row.start, row.end, row.start == 0, shown.spans, shown.cells, shown.unsure_from
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


def _own_marks(
    state: EditorState, rows: list[Row], texts: list[str], decorations: Sequence[Decoration]
) -> list[Decoration]:
    """The decorations that may show, with the search and the selection over them."""
    begin = Position(rows[0].line, rows[0].start)
    stop = Position(rows[-1].line, rows[-1].end)
    over = [one for one in decorations if one.start <= stop and one.end >= begin]
    pattern = searched(state)
    if pattern is not None:
        for row in rows:
            text = texts[row.line - begin.line]
            for start, end in matches(pattern, text, row.start, row.end):
                over.append(Decoration(Position(row.line, start), Position(row.line, end), "find"))
    for chosen in state.selection.items:
        if not chosen.empty:
            over.append(Decoration(chosen.start, chosen.end, "selection"))
    return over


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
    row = state.layout.row_at(head)
    if row not in rows:
        return None, 1
    x = min(state.layout.cell_of(row, head.col), state.layout.width - 1)
    text = state.lines[head.line]
    under = text[head.col : next_edge(text, head.col)]
    wide = under not in ("", "\t") and glyph(under).cells == 2 and not glyph(under).control
    return (x, rows.index(row)), 2 if wide else 1
