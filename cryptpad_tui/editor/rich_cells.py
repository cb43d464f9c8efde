"""Editing tables of rich text: from cell to cell, rows and columns more or fewer, and deletions that keep
the grid.

Pure: a command answers the edits and formats to make. New cells come in as one run of LFs each, so that two
people who add a row at once get two rows, never two that are mixed. It must never touch the text of a cell
that it was not asked to delete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from cryptpad_tui.crdt.values import Attributes, Formatted, Position, TextEdit
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.rich_table import CellName, Table, TableCell, TableRow, cell_name, table_at
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step

_NO_TABLE: Final = "The caret is in no table."
_NUMBER_DIGITS: Final = 9
STEP: Final = 100
"""Between the numbers of rows, and of columns: one more between two then changes no other cell, so it goes
together with what somebody else does to the table."""


def names_cell(state: EditorState, line: int) -> bool:
    """Whether a line is a cell of a table."""
    return state.marks is not None and cell_name(state.marks.line(line).block) is not None


def table_around(state: EditorState) -> Table | None:
    """The table that the caret is in."""
    return None if state.marks is None else table_at(state.marks, state.head.line)


def in_table(command: Callable[[EditorState, Table], Step]) -> Callable[[EditorState, str], Step]:
    """A command of the editor from one that needs a table."""

    def run(state: EditorState, argument: str) -> Step:
        table = table_around(state)
        if table is None:
            return Step(reveal=False, effects=(Notice(_NO_TABLE),))
        return command(state, table)

    return run


# -- from cell to cell


def cell_below(state: EditorState, table: Table) -> Step:
    """Enter: the cell below; behind the last row a row more, but from an empty one out of the table."""
    number, cell = table.row_of(state.head.line), table.cell_of(state.head.line)
    if number + 1 < len(table.rows):
        return Step(selection=caret(_end(state, _at_column(table.rows[number + 1], cell.column))))
    row = table.rows[number]
    if len(table.rows) > 1 and not any(state.lines.lines(row.start, row.stop)):
        return _without(row.start, row.stop)
    return row_added(state, table, number + 1)


def cell_beside(state: EditorState, table: Table, by: int) -> Step:
    """Tab and Shift+Tab: the next cell, with its text selected; behind the last one a row more."""
    cells = [cell for row in table.rows for cell in row.cells]
    target = cells.index(table.cell_of(state.head.line)) + by
    if target >= len(cells):
        return row_added(state, table, len(table.rows), column=0)
    if target < 0:
        return Step(reveal=False)
    return Step(selection=Selection(Position(cells[target].start, 0), _end(state, cells[target])))


def _at_column(row: TableRow, column: int) -> TableCell:
    return next((cell for cell in reversed(row.cells) if cell.column <= column), row.cells[0])


def _end(state: EditorState, cell: TableCell) -> Position:
    return Position(cell.stop - 1, len(state.lines[cell.stop - 1]))


# -- rows and columns


def row_below(state: EditorState, table: Table) -> Step:
    """A row below the caret's."""
    return row_added(state, table, table.row_of(state.head.line) + 1)


def row_above(state: EditorState, table: Table) -> Step:
    """A row above the caret's."""
    return row_added(state, table, table.row_of(state.head.line))


def row_added(state: EditorState, table: Table, number: int, *, column: int | None = None) -> Step:
    """An empty row as the one of this number; the caret stays in its column."""
    at = table.rows[number].start if number < len(table.rows) else table.stop
    if column is None:
        column = table.cell_of(state.head.line).column
    names = numbered([*_row_names(table, 0, number), "", *_row_names(table, number)])
    columns = table.columns
    cells = [CellName(table.name, names[number], one) for one in columns]
    edit = TextEdit(Position(at, 0), Position(at, 0), "\n" * len(cells), _named(cells[0]))
    formats = [_name_line(at + i, 0, one) for i, one in enumerate(cells) if i]
    for i, row in enumerate(table.rows):
        name = names[i + (i >= number)]
        if name != row.name:
            shift = len(cells) if i >= number else 0
            formats += _renamed(state, table, row.cells, shift, row=name)
    place = Position(at + min(column, len(columns) - 1), 0)
    return Step((edit,), caret(place), formats=tuple(formats))


def column_right(state: EditorState, table: Table) -> Step:
    """A column right of the caret's."""
    return _column_added(state, table, table.cell_of(state.head.line).column + 1)


def column_left(state: EditorState, table: Table) -> Step:
    """A column left of the caret's."""
    return _column_added(state, table, table.cell_of(state.head.line).column)


def _column_added(state: EditorState, table: Table, number: int) -> Step:
    names = numbered([*table.columns[:number], "", *table.columns[number:]])
    edits: list[TextEdit] = []
    formats: list[Formatted] = []
    place = state.head
    here = table.row_of(state.head.line)
    for i, row in enumerate(table.rows):
        behind = next((cell.start for cell in row.cells if cell.column >= number), row.stop)
        cell = CellName(table.name, row.name, names[number])
        edits.append(TextEdit(Position(behind, 0), Position(behind, 0), "\n", _named(cell)))
        if i == here:
            place = Position(behind + i, 0)
        for one in row.cells:
            name = names[one.column + (one.column >= number)]
            if name != table.columns[one.column]:
                shift = i + (one.start >= behind)
                formats += _renamed(state, table, [one], shift, column=name)
    return Step(tuple(edits), caret(place), formats=tuple(formats))


def delete_row(state: EditorState, table: Table) -> Step:
    """Take the caret's row away; with the last row, the table."""
    row = table.rows[table.row_of(state.head.line)]
    return _without(row.start, row.stop)


def delete_column(state: EditorState, table: Table) -> Step:
    """Take the caret's column away; with the last column, the table."""
    column = table.cell_of(state.head.line).column
    if len(table.columns) == 1:
        return delete_table(state, table)
    gone = [cell for row in table.rows for cell in row.cells if cell.column == column]
    edits = tuple([TextEdit(Position(cell.start, 0), Position(cell.stop, 0), "") for cell in gone])
    above = sum([cell.stop - cell.start for cell in gone if cell.stop <= state.head.line])
    own = table.cell_of(state.head.line)
    return Step(edits, caret(Position(max(table.start, own.start - above), 0)))


def delete_table(state: EditorState, table: Table) -> Step:
    """Take the whole table away."""
    return _without(table.start, table.stop)


def _without(start: int, stop: int) -> Step:
    place = Position(start, 0)
    return Step((TextEdit(place, Position(stop, 0), ""),), caret(place))


# -- names


def _row_names(table: Table, start: int, stop: int | None = None) -> list[str]:
    return [row.name for row in table.rows[start:stop]]


def numbered(names: Sequence[str]) -> list[str]:
    """Ascending numbers for all, an unused one for "": names that can stay stay, so that few cells change."""
    made: list[str] = []
    last = 0
    for i, name in enumerate(names):
        number = _number(name)
        if number <= last:
            behind = _number(names[i + 1]) if not name and i + 1 < len(names) else 0
            number = (last + behind) // 2 if behind - last > 1 else last + STEP
        made.append(str(number))
        last = number
    return made


def _number(name: str) -> int:
    usable = name.isascii() and name.isdigit() and len(name) <= _NUMBER_DIGITS
    return int(name) if usable else 0


def _named(cell: CellName) -> Attributes:
    return {"table": cell.value}


def _name_line(line: int, length: int, cell: CellName) -> Formatted:
    return Formatted(Position(line, length), Position(line + 1, 0), _named(cell))


def _renamed(
    state: EditorState,
    table: Table,
    cells: Sequence[TableCell],
    shift: int,
    *,
    row: str | None = None,
    column: str | None = None,
) -> list[Formatted]:
    """Another row's or column's name for cells, which the edits move down by `shift` lines."""
    assert state.marks is not None
    formats: list[Formatted] = []
    for cell in cells:
        for line in range(cell.start, cell.stop):
            name = cell_name(state.marks.line(line).block)
            assert name is not None
            wanted = CellName(table.name, row or name.row, column or name.column)
            formats.append(_name_line(line + shift, len(state.lines[line]), wanted))
    return formats


# -- deleting


def keeping_grid(state: EditorState, step: Step) -> Step:
    """A deletion that empties the cells it only partly covers, and joins none of them to what is beside."""
    if state.marks is None or len(step.edits) != 1 or step.edits[0].text:
        return step
    one = step.edits[0]
    pieces = pieces_beside_grid(state, one.start, one.end)
    if pieces is None:
        return step
    edits = tuple([TextEdit(start, end, "") for start, end in pieces])
    if not edits and names_cell(state, state.head.line):
        return replace(step, edits=(), selection=None, reveal=False)
    return replace(step, edits=edits)


def pieces_beside_grid(
    state: EditorState, start: Position, end: Position
) -> list[tuple[Position, Position]] | None:
    """The parts of a range that can go so that the grid stays; None where it is all of it."""
    assert state.marks is not None
    if start.line == end.line:
        return None
    names = [cell_name(found.block) for found in state.marks.lines(start.line, end.line + 1)]
    if not any(names):
        return None
    _forget_whole_tables(state, names, start, end)
    pieces: list[tuple[Position, Position]] = []
    begin = start
    for i, (own, below) in enumerate(pairwise(names)):
        # An empty line before a cell can go; text there would become the cell's.
        joins = own == below or (own is None and begin.col == 0)
        if not joins:
            line = start.line + i
            pieces.append((begin, Position(line, len(state.lines[line]))))
            begin = Position(line + 1, 0)
    pieces.append((begin, end))
    if len(pieces) == 1:
        return None
    return [(first, past) for first, past in pieces if first < past]


def _forget_whole_tables(
    state: EditorState, names: list[CellName | None], start: Position, end: Position
) -> None:
    """Tables that lie whole in a range are deleted as other lines are."""
    assert state.marks is not None
    first = 0
    while first < len(names):
        own = names[first]
        past = first + 1
        while own is not None and past < len(names) and (one := names[past]) and one.table == own.table:
            past += 1
        above = state.marks.line(start.line - 1).block if start.line else ()
        begun = cell_name(above)
        whole = first > 0 or (start.col == 0 and (begun is None or own is None or begun.table != own.table))
        if own is not None and whole and past < len(names):
            names[first:past] = [None] * (past - first)
        first = past
