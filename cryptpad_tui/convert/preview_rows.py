"""Rows of a markdown preview at a width, painted by the painter of rich text.

A row knows its line of the source and nothing else of the document, so that rows are equal where they look
equal. It must never make a row wider than it was asked to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import regex

from cryptpad_tui.convert.preview_lines import Block, Shown, ShownTable, Styled
from cryptpad_tui.convert.preview_table import grid_rows
from cryptpad_tui.editor.find import matches
from cryptpad_tui.editor.frame import BELOW_END, PaintedRow, RowPaint, RowSpan, clipped, paint
from cryptpad_tui.editor.graphemes import clusters, glyph, is_plain
from cryptpad_tui.editor.layout import MIN_WIDTH, text_cells
from cryptpad_tui.editor.wrap import wrap

TAB_CELLS: Final = 4


class PreviewRow(NamedTuple):
    """A row and the line of the source that it shows, or begins to."""

    line: int
    row: PaintedRow
    margin: int = 0
    """The characters at its start that are no text."""
    goes_on: bool = False
    """Whether its text goes on from the row before: they are one line of the document, wrapped."""


def rows_of(blocks: Iterable[Block], width: int) -> list[PreviewRow]:
    """What these blocks look like."""
    width = max(width, 2 * MIN_WIDTH)
    rows: list[PreviewRow] = []
    for block in blocks:
        rows += _rows_of_table(block, width) if isinstance(block, ShownTable) else _rows_of_line(block, width)
    return rows


def painted(spans: Sequence[RowSpan], cells: int, unsure_from: int | None = None) -> PaintedRow:
    """A row that is equal to every row that looks the same."""
    return PaintedRow(BELOW_END.line, 0, 0, False, tuple(spans), cells, unsure_from)


def with_matches(rows: Sequence[PreviewRow], pattern: regex.Pattern[str]) -> list[PreviewRow]:
    """The rows with what is searched for marked in them, also where a match goes over the end of a row."""
    marked: list[PreviewRow] = []
    first = 0
    for past in range(1, len(rows) + 1):
        if past == len(rows) or not rows[past].goes_on:
            marked += _marked(rows[first:past], pattern)
            first = past
    return marked


def _marked(rows: Sequence[PreviewRow], pattern: regex.Pattern[str]) -> list[PreviewRow]:
    """Rows of one line. A margin is looked at in the first alone: a bullet is text, blanks are not."""
    texts = ["".join([span.text for span in row.row.spans]) for row in rows]
    shown = texts[0] + "".join([text[row.margin :] for text, row in zip(texts[1:], rows[1:], strict=True)])
    found = matches(pattern, shown, 0, len(shown))
    if not found:
        return list(rows)
    made: list[PreviewRow] = []
    at = 0
    for number, row in enumerate(rows):
        at -= row.margin if number else 0
        made.append(row._replace(row=_with_spans_marked(row, found, at, skipped=row.margin if number else 0)))
        at += len(texts[number])
    return made


def _with_spans_marked(
    row: PreviewRow, found: Sequence[tuple[int, int]], at: int, *, skipped: int
) -> PaintedRow:
    """A cluster that is found in part is marked whole."""
    made: list[RowSpan] = []
    begins = at + skipped
    for span in row.row.spans:
        for text, cells in _cells_of(span):
            hit = at >= begins and any(start < at + len(text) and at < end for start, end in found)
            styles = (*span.styles, "find") if hit else span.styles
            at += len(text)
            last = made.pop() if made and made[-1].styles == styles else RowSpan("", 0, styles)
            made.append(RowSpan(last.text + text, last.cells + cells, styles))
    spans = tuple(made)
    return row.row if spans == row.row.spans else replace(row.row, spans=spans)


def _cells_of(span: RowSpan) -> list[tuple[str, int]]:
    if is_plain(span.text) or len(span.text) == span.cells:
        return [(char, 1) for char in span.text]
    return [(cluster, glyph(cluster).cells) for cluster in clusters(span.text)]


def _rows_of_line(one: Shown, width: int) -> list[PreviewRow]:
    first, rest = _margin(one.first, width), _margin(one.rest, width)
    margin = sum([span.cells for span in first])
    room = width - margin
    if one.fill:
        size = text_cells(one.text, TAB_CELLS) if one.text else room
        size = min(size, room - 1)
        names = one.spans[0].styles if one.spans else ()
        return [PreviewRow(one.line, painted((*first, RowSpan(one.fill * size, size, names)), margin + size))]
    starts = wrap(one.text, room, TAB_CELLS)
    breaks = [col for col, _ in one.breaks]
    rows: list[PreviewRow] = []
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else len(one.text)
        shown = paint(one.text[start:end], clipped(one.spans, start, end), (), TAB_CELLS)
        passed = bisect_right(breaks, start)
        line = one.breaks[passed - 1][1] if passed else one.line
        beside = rest if at else first
        length = sum([len(span.text) for span in beside])
        rows.append(PreviewRow(line, _beside(beside, margin, shown), length, goes_on=at > 0))
    return rows


def _beside(margin: Sequence[RowSpan], cells: int, shown: RowPaint) -> PaintedRow:
    unsure = None if shown.unsure_from is None else shown.unsure_from + cells
    return painted((*margin, *shown.spans), cells + shown.cells, unsure)


def _margin(parts: Sequence[Styled], width: int) -> list[RowSpan]:
    """What stands left of a row; the deepest nested leaves half of the width to the text."""
    spans: list[RowSpan] = []
    left = width // 2
    for text, style in parts:
        cut = text[:left]
        if cut:
            spans.append(RowSpan(cut, len(cut), (style,)))
        left -= len(cut)
    return spans


def _rows_of_table(table: ShownTable, width: int) -> list[PreviewRow]:
    first, rest = _margin(table.first, width), _margin(table.rest, width)
    margin = sum([span.cells for span in first])
    rows: list[PreviewRow] = []
    for line, shown in grid_rows(table, width - margin, TAB_CELLS):
        rows.append(PreviewRow(line, _beside(rest if rows else first, margin, shown)))
    return rows
