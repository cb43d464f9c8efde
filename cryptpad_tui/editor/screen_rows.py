"""The rows of the screen: a row of text, the cells of a table's row side by side, or a rule of a table.

A row of the screen is named by a row of text that stands in it: of cells side by side by the leftmost that is
so long. A rule has no text; it is named by the line below it and a start before the line's first column.
It must never do work that grows with the document or with the length of a cell.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import PAGE_CHARS, Layout, Row

_RULE: Final = -1
_MOST_LINES: Final = 100
"""Cells with more lines, or with more text than a page, stand one below the other."""


class Band(NamedTuple):
    """The cells of a table's row, each as its rows of text."""

    start: int
    stop: int
    cells: tuple[tuple[Row, ...], ...]

    @property
    def height(self) -> int:
        return max(map(len, self.cells))

    def at(self, row: Row) -> int:
        """How many rows of the screen stand above a row of text in its band."""
        return next(rows.index(row) for rows in self.cells if row in rows)

    def named(self, number: int) -> Row:
        """The row of text that names a row of the screen: never one above that of the row before."""
        return next(rows[number] for rows in self.cells if len(rows) > number)


def is_rule(row: Row) -> bool:
    """Whether a row of the screen is a rule of a table."""
    return row.start < 0


def row_showing(layout: Layout, position: Position) -> Row:
    """The row of the screen that shows a position, or the rule that its column before the first means."""
    if position.col < 0:
        found, _ = _next(layout, max(0, min(position.line, len(layout.lines) - 1)))
        assert found is not None
        return found
    row = layout.row_at(position)
    band = None if layout.flat else _band(layout, row.line)
    return row if band is None else band.named(band.at(row))


def below(layout: Layout, row: Row) -> Row | None:
    """The next row of the screen."""
    if is_rule(row):
        return row_showing(layout, Position(row.line, 0))
    band = _band(layout, row.line)
    if band is None:
        if not row.last:
            return layout.row_at(Position(row.line, row.end))
        line = row.line + 1
    else:
        number = band.at(row) + 1
        if number < band.height:
            return band.named(number)
        line = band.stop
    return _next(layout, line)[0]


def above(layout: Layout, row: Row) -> Row | None:
    """The row of the screen before."""
    line = row.line
    if not is_rule(row):
        band = _band(layout, row.line)
        if band is None and row.start > 0:
            return layout.row_at(Position(row.line, row.start - 1))
        if band is not None:
            if number := band.at(row):
                return band.named(number - 1)
            line = band.start
        if layout.margins.in_table(line, layout.width)[1]:
            return _rule(line)
    return _last_of(layout, line - 1) if line else None


def moved(layout: Layout, row: Row, rows: int) -> tuple[Row, int]:
    """The row `rows` below (above, if negative), and how far it really is at an end of the document."""
    done = 0
    while done != rows:
        found = below(layout, row) if rows > 0 else above(layout, row)
        if found is None:
            break
        row = found
        done += 1 if rows > 0 else -1
    return row, done


def screenful(layout: Layout, top: Row, height: int) -> list[tuple[Row, tuple[Row, ...]]]:
    """Rows of the screen from `top` on, each with the rows of text that stand in it, from the left."""
    shown: list[tuple[Row, tuple[Row, ...]]] = []
    row: Row | None = top
    band = None if is_rule(top) else _band(layout, top.line)
    while row is not None and len(shown) < height:
        if band is not None:
            for number in range(band.at(row), band.height):
                row = band.named(number)
                shown.append((row, tuple([rows[number] for rows in band.cells if len(rows) > number])))
            row, band = _next(layout, band.stop)
        elif is_rule(row):
            shown.append((row, ()))
            band = _band(layout, row.line)
            row = layout.row_at(Position(row.line, 0)) if band is None else band.named(0)
        else:
            shown.append((row, (row,)))
            row, band = (
                _next(layout, row.line + 1)
                if row.last
                else (layout.row_at(Position(row.line, row.end)), None)
            )
    return shown[:height]


def _next(layout: Layout, line: int) -> tuple[Row | None, Band | None]:
    """The uppermost row of the screen that belongs to a line, if there is such a line, and its band."""
    if line >= len(layout.lines):
        return None, None
    if not layout.flat:
        beside, ruled = layout.margins.in_table(line, layout.width)
        if ruled:
            return _rule(line), None
        if beside is not None and (band := _band(layout, line)) is not None:
            return band.named(0), band
    return layout.row_at(Position(line, 0)), None


def under(layout: Layout, row: Row, cell: int) -> Row:
    """The row of text that a cell of a row of the screen belongs to: of a table, that of its column."""
    if is_rule(row):
        row = row_showing(layout, Position(row.line, 0))
    band = _band(layout, row.line)
    if band is None:
        return row
    lefts = [layout.margins.cells(rows[0].line, layout.width) - 2 for rows in band.cells]
    chosen = max([i for i, left in enumerate(lefts) if left <= cell], default=0)
    rows = band.cells[chosen]
    return rows[min(band.at(row), len(rows) - 1)]


def lines_of(layout: Layout, rows: list[Row]) -> tuple[int, int]:
    """The lines that rows of the screen show anything of: from the first up to the second."""
    first, last = _band(layout, rows[0].line), _band(layout, rows[-1].line)
    start = rows[0].line if first is None else first.start
    return start, rows[-1].line + 1 if last is None or is_rule(rows[-1]) else last.stop


def ends_line(layout: Layout, row: Row) -> int | None:
    """The line behind everything that a row of the screen ends; None where something of it comes below."""
    if is_rule(row):
        return row.line
    band = _band(layout, row.line)
    if band is None:
        return row.line + 1 if row.last else None
    return band.stop if band.at(row) + 1 == band.height else None


def _rule(line: int) -> Row:
    return Row(line, _RULE, _RULE, False)


def _last_of(layout: Layout, line: int) -> Row:
    band = _band(layout, line)
    if band is not None:
        return band.named(band.height - 1)
    return layout.row_at(Position(line, len(layout.lines[line])))


def _band(layout: Layout, line: int) -> Band | None:
    """The cells beside one another that a line is one of; None where it stands alone."""
    own = None if layout.flat else layout.margins.in_table(line, layout.width)[0]
    if own is None or own.stop - own.start > _MOST_LINES:
        return None
    texts = layout.lines.lines(own.start, own.stop)
    kept = layout.bands.get(own.start)
    if kept is not None and kept[0] is own and kept[1] == texts:
        return kept[2]
    if sum(map(len, texts)) > PAGE_CHARS:
        return None
    made = Band(own.start, own.stop, tuple([_rows(layout, cell.start, cell.stop) for cell in own.cells]))
    if len(layout.bands) >= _MOST_LINES:
        layout.bands.clear()
    layout.bands[own.start] = (own, texts, made)
    return made


def _rows(layout: Layout, start: int, stop: int) -> tuple[Row, ...]:
    rows: list[Row] = []
    for line in range(start, stop):
        row = layout.row_at(Position(line, 0))
        rows.append(row)
        while not row.last:
            row = layout.row_at(Position(line, row.end))
            rows.append(row)
    return tuple(rows)
