"""Two rows of cells compared: where they differ, how far, and what a row is after its end moved.

Pure: no terminal and no bytes here.
"""

from __future__ import annotations

from operator import ne
from typing import Final

from cryptpad_tui.ui.cells import Cell, Row

GAP_CELLS: Final = 4
"""Unchanged cells between two changes are written again when that is shorter than a move."""


def distance(row: Row, old: Row) -> int:
    """How many cells differ."""
    return sum(map(ne, row, old))


def differing(row: Row, old: Row) -> list[int]:
    """The columns that differ."""
    return [column for column, differs in enumerate(map(ne, row, old)) if differs]


def runs(row: Row, old: Row) -> list[tuple[int, int]]:
    """The spans of cells that differ, with small gaps between them closed; none begins inside a wide cell."""
    found: list[tuple[int, int]] = []
    for column in differing(row, old):
        if found and column - found[-1][1] <= GAP_CELLS and _one_look(row, found[-1][1] - 1, column):
            found[-1] = (found[-1][0], column + 1)
        else:
            start = column
            while start > 0 and is_right_half(row[start]):
                start -= 1
            found.append((start, column + 1))
    return found


def moved(old: Row, start: int, cells: int, fresh: Cell | None) -> Row:
    """A row after `cells` came in (or, negative, went out) at `start`, where `fresh` fills what is empty."""
    gap: Row = [fresh] * abs(cells)
    if cells > 0:
        cut = len(old) - cells
        row = old[:start] + gap + old[start:cut]
        if start < cut and is_right_half(old[cut]):
            row[-1] = None
        return row[: len(old)]
    rest = old[start - cells :]
    if rest and is_right_half(rest[0]):
        rest[0] = None
    return (old[:start] + rest + gap)[: len(old)]


def is_right_half(cell: Cell | None) -> bool:
    """Whether the cell is the second one of a wide character."""
    return cell is not None and cell[0] == ""


def text_of(row: Row) -> str:
    """The row's text but for its last column, which may hold a scrollbar that stays while the text moves."""
    return "".join([cell[0] if cell is not None else "\0" for cell in row[:-1]])


def _one_look(row: Row, start: int, stop: int) -> bool:
    """Whether cells can be written one after the other without a change of pen."""
    looks = {cell[1] for cell in row[start : stop + 1] if cell is not None and cell[0] != " "}
    return len(looks) <= 1 and all(cell is not None for cell in row[start:stop])
