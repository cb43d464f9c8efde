"""A table as a grid: columns as wide as what is in them, or as the width lets them be.

Wide characters count two cells. Cells that do not fit take several rows; columns that do not fit are left out
and a sign says so. It must never make a row wider than it was asked to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cryptpad_tui.convert.preview_lines import ShownCell, ShownTable
from cryptpad_tui.editor.frame import RowPaint, RowSpan, clipped, paint
from cryptpad_tui.editor.graphemes import MAX_CELLS
from cryptpad_tui.editor.layout import text_cells
from cryptpad_tui.editor.wrap import wrap

_MARK: Final = ("table.mark",)
_AROUND: Final = 3
"""A border and the blanks beside it."""
_EMPTY: Final = RowPaint((), 0, None)


def grid_rows(table: ShownTable, width: int, tab_cells: int) -> Iterator[tuple[int, RowPaint]]:
    """Each row of the grid with its line of the source."""
    widths = column_widths(_natural(table, tab_cells), width)
    more = len(widths) < len(table.aligns)
    yield table.line, _rule("┌┬┐", widths, more=more)
    last = table.line
    for at, (line, cells) in enumerate(table.rows):
        for row in _row(cells, table.aligns, widths, tab_cells, more=more):
            yield line, row
        if at == 0:
            yield line + 1, _rule("├┼┤", widths, more=more)
        last = max(line, table.line + 1)
    yield last, _rule("└┴┘", widths, more=more)


def _natural(table: ShownTable, tab_cells: int) -> list[int]:
    """The cells of the widest text of each column."""
    widths = [1] * len(table.aligns)
    for _, cells in table.rows:
        for at, cell in enumerate(cells[: len(widths)]):
            widths[at] = max(widths[at], text_cells(cell.text, tab_cells))
    return widths


def column_widths(natural: Sequence[int], width: int) -> list[int]:
    """How wide columns are: the widest give way first, and the last where nothing else helps."""
    columns = list(natural)
    while columns:
        # One cell at the right of a row stays free, and a sign may stand for what is left out.
        room = width - 1 - _AROUND * len(columns) - 1 - (2 if len(columns) < len(natural) else 0)
        if sum(columns) <= room:
            return columns
        least = [min(one, MAX_CELLS) for one in columns]
        if sum(least) <= room:
            return _narrowed(columns, least, room)
        columns.pop()
    return columns


def _narrowed(columns: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    low, high = 0, max(columns)
    while low < high:
        limit = (low + high + 1) // 2
        if sum([max(least[at], min(one, limit)) for at, one in enumerate(columns)]) <= room:
            low = limit
        else:
            high = limit - 1
    return [max(least[at], min(one, low)) for at, one in enumerate(columns)]


def _rule(signs: str, widths: Sequence[int], *, more: bool) -> RowPaint:
    text = signs[0] + signs[1].join(["─" * (width + 2) for width in widths])
    text += signs[1] + "─…" if more else signs[2]
    return RowPaint((RowSpan(text, len(text), _MARK),), len(text), None)


def _row(
    cells: Sequence[ShownCell], aligns: Sequence[str], widths: Sequence[int], tab_cells: int, *, more: bool
) -> Iterator[RowPaint]:
    """The rows that one row of the table takes."""
    columns = [_broken(cells[at], width, tab_cells) for at, width in enumerate(widths) if at < len(cells)]
    for y in range(max([1, *map(len, columns)])):
        spans: list[RowSpan] = []
        used = 0
        unsure: int | None = None
        for at, width in enumerate(widths):
            shown = columns[at][y] if at < len(columns) and y < len(columns[at]) else _EMPTY
            free = max(0, width - shown.cells)
            left = free if aligns[at] == "right" else free // 2 if aligns[at] == "center" else 0
            spans.append(RowSpan("│ " + " " * left, 2 + left, _MARK))
            if unsure is None and shown.unsure_from is not None:
                unsure = used + 2 + left + shown.unsure_from
            spans += shown.spans
            spans.append(RowSpan(" " * (free - left + 1), free - left + 1, ()))
            used += width + _AROUND
        end = "│ …" if more else "│"
        spans.append(RowSpan(end, len(end), _MARK))
        yield RowPaint(tuple(spans), used + len(end), unsure)


def _broken(cell: ShownCell, width: int, tab_cells: int) -> list[RowPaint]:
    """A cell as rows of at most `width` cells."""
    text = cell.text
    if text_cells(text, tab_cells) <= width:
        return [paint(text, cell.spans, (), tab_cells)]
    starts = wrap(text, width + 1, tab_cells)
    rows: list[RowPaint] = []
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else len(text)
        # The space that a row ends with has no cell here.
        piece = text[start:end].rstrip(" ")
        rows.append(paint(piece, clipped(cell.spans, start, start + len(piece)), (), tab_cells))
    return rows
