"""Tables of rich text: which lines make one, and where its columns stand in cells of the screen.

A cell is a line (or some, one below the other) whose LF carries `table=TABLE/ROW/COLUMN`. What people do at
the same time may leave a row twice, a cell too many or one too few: every sequence of cells is some table.
It must never read more than a bounded number of lines around the one it is asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from cryptpad_tui.crdt.mark_index import Frozen, MarkIndex
from cryptpad_tui.editor.layout import MIN_WIDTH

MOST_LINES: Final = 2_000
"""A table is looked at so far up and down; beyond, it is another one on the screen."""
_MOST_COLUMNS: Final = 100
_LEAST_CELLS: Final = MIN_WIDTH
"""Narrower columns cannot be read: then each cell has the whole width."""
_STEP_CELLS: Final = 8
"""Columns grow by so much at once, so that a table stands still for most letters that are typed in it."""


class CellName(NamedTuple):
    """What the LF of a cell's line carries."""

    table: str
    row: str
    column: str

    @property
    def value(self) -> str:
        return "/".join(self)


class TableCell(NamedTuple):
    """The lines of one cell; `column` counts from 0."""

    column: int
    start: int
    stop: int


class TableRow(NamedTuple):
    """One row of a table: its name and its cells, in the order of the document."""

    name: str
    cells: tuple[TableCell, ...]

    @property
    def start(self) -> int:
        return self.cells[0].start

    @property
    def stop(self) -> int:
        return self.cells[-1].stop


class Table(NamedTuple):
    """The lines from `start` up to `stop`, the names of the columns from the left, and the rows."""

    name: str
    start: int
    stop: int
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def row_of(self, line: int) -> int:
        """The number of the row that a line is in, from 0."""
        return bisect_right(self.rows, line, key=lambda row: row.start) - 1

    def cell_of(self, line: int) -> TableCell:
        """The cell that a line is in."""
        cells = self.rows[self.row_of(line)].cells
        return cells[bisect_right(cells, line, key=lambda cell: cell.start) - 1]


def cell_name(block: Frozen) -> CellName | None:
    """The cell that a line is, whatever somebody wrote there; None for no cell."""
    for key, value in block:
        if key == "table" and value is not None:
            parts = [*str(value).split("/", 2), "", ""]
            return CellName(*parts[:3])
    return None


def table_at(marks: MarkIndex, line: int) -> Table | None:
    """The table that a line belongs to."""
    own = cell_name(marks.line(line).block)
    if own is None:
        return None
    above = _names(marks, max(0, line - MOST_LINES), line)
    below = _names(marks, line, line + MOST_LINES)
    before = _of_table(reversed(above), own.table)[::-1]
    return table_of([*before, *_of_table(below, own.table)], line - len(before))


def _names(marks: MarkIndex, start: int, stop: int) -> list[CellName | None]:
    return [cell_name(found.block) for found in marks.lines(start, stop)]


def _of_table(names: Iterable[CellName | None], table: str) -> list[CellName]:
    found: list[CellName] = []
    for one in names:
        if one is None or one.table != table:
            break
        found.append(one)
    return found


def table_of(cells: Sequence[CellName], start: int) -> Table:
    """The table that the lines from `start` on make."""
    columns = _columns(cells)
    rows: list[TableRow] = []
    own: list[TableCell] = []
    for line, one in enumerate(cells, start):
        column = min(columns.get(one.column, 0), _MOST_COLUMNS - 1)
        before = cells[line - start - 1]
        if own and (before.row != one.row or column < own[-1].column):
            rows.append(TableRow(before.row, tuple(own)))
            own = []
        if own and own[-1].column == column:
            own[-1] = own[-1]._replace(stop=line + 1)
        else:
            own.append(TableCell(column, line, line + 1))
    rows.append(TableRow(cells[-1].row, tuple(own)))
    return Table(cells[0].table, start, start + len(cells), tuple(columns), tuple(rows))


def _columns(cells: Sequence[CellName]) -> dict[str, int]:
    """The columns from the left: as the rows have them, what only some have behind its neighbour."""
    order: list[str] = []
    known: set[str] = set()
    before: CellName | None = None
    for one in cells:
        if one.column not in known and len(order) < _MOST_COLUMNS:
            follows = before is not None and before.row == one.row
            order.insert(order.index(before.column) + 1 if before is not None and follows else 0, one.column)
            known.add(one.column)
        before = one if one.column in known else before
    return {name: i for i, name in enumerate(order)}


# -- on the screen


_BESIDE_TEXT: Final = 2
"""A bar and a blank left of each column's text."""


class Edges(NamedTuple):
    """Where the bars of a table stand, one more than there are columns."""

    bars: tuple[int, ...]

    def left(self, column: int) -> int:
        """The first cell of a column's text."""
        return self.bars[min(column, len(self.bars) - 2)] + _BESIDE_TEXT

    def room(self, column: int) -> int:
        """The cells of a column's text, with one for the caret."""
        return self.bars[min(column, len(self.bars) - 2) + 1] - self.left(column)


@lru_cache(64)
def edges(widest: tuple[int, ...], width: int) -> Edges:
    """Where the columns stand in rows of `width`, given the cells of the widest text in each.

    A column is as wide as its text in steps of eight; where a row has no room for all, the narrow ones keep
    theirs and the others share the rest. Where that leaves too little there is a single column of the whole
    width.
    """
    columns = len(widest)
    if (width - 1) // columns - _BESIDE_TEXT < _LEAST_CELLS:
        return Edges((0, width - 1))
    free = width - 1 - _BESIDE_TEXT * columns
    rooms: dict[int, int] = {}
    for i in sorted(range(columns), key=widest.__getitem__):
        rooms[i] = min(_room(widest[i]), free // (columns - len(rooms)))
        free -= rooms[i]
    return Edges(tuple(accumulate([rooms[i] + _BESIDE_TEXT for i in range(columns)], initial=0)))


def _room(cells: int) -> int:
    """The cells of a column for a text of `cells`, with one for the caret."""
    return _LEAST_CELLS + max(0, -(-(cells + 1 - _LEAST_CELLS) // _STEP_CELLS)) * _STEP_CELLS


class Border(NamedTuple):
    """The signs of a border."""

    left: str
    line: str
    middle: str
    right: str


TOP: Final = Border("┌", "─", "┬", "┐")
BETWEEN: Final = Border("├", "─", "┼", "┤")
BOTTOM: Final = Border("└", "─", "┴", "┘")
BESIDE: Final = Border("│", " ", "│", "│")


def border(grid: Edges, start: int, stop: int, kind: Border) -> str:
    """The part of a border from one cell of the screen up to another."""
    left, line, middle, right = kind
    signs = [line] * (stop - start)
    for i, bar in enumerate(grid.bars):
        if start <= bar < stop:
            signs[bar - start] = left if not i else right if i + 1 == len(grid.bars) else middle
    return "".join(signs)
