"""What is drawn beside and in place of the characters of rich text: borders of tables, small numbers.

Pure. It must never change how many cells a row takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from cryptpad_tui.editor.frame import RowSpan
from cryptpad_tui.editor.layout import Row
from cryptpad_tui.editor.rich_table import BESIDE, BETWEEN, BOTTOM, TOP, Edges, Table, border

OBJECT: Final = "\ufffc"
_RAISED: Final = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def scripted(spans: Iterable[RowSpan]) -> tuple[RowSpan, ...]:
    """Raised and lowered numbers as the characters that look so; other characters have their style alone."""
    return tuple(
        [
            replace(span, text=span.text.translate(_RAISED))
            if "script.sup" in span.styles
            else replace(span, text=span.text.translate(_LOWERED))
            if "script.sub" in span.styles
            else replace(span, text=span.text.replace(OBJECT, "▣"))
            if "image" in span.styles
            else span
            for span in spans
        ]
    )


class InGrid(NamedTuple):
    """A line in a table that is drawn."""

    table: Table
    grid: Edges
    column: int


class Margin(NamedTuple):
    """What stands left of the text on a line's first row, and on its others; both take the same cells."""

    first: str = ""
    rest: str = ""
    styles: tuple[str, ...] = ()


NO_MARGIN: Final = Margin()


class Shape(NamedTuple):
    """What hangs on the block formats of a line and of those above it alone: asked for often for each key."""

    place: InGrid | None
    margin: Margin
    cells: int
    right: int
    share: float


UNSHAPED: Final = Shape(None, NO_MARGIN, 0, 0, 0.0)


def beside_cell(place: InGrid, row: Row, shift: int, cells: int) -> tuple[list[RowSpan], list[RowSpan]]:
    """The table around one cell: a border where its row begins and where the table ends."""
    table, grid, _ = place
    kind = BESIDE
    if not row.start and any(one.start == row.line for one in table.rows):
        kind = BETWEEN if row.line > table.start else TOP
    elif row.last and row.line + 1 == table.stop:
        kind = BOTTOM
    end = grid.bars[-1] + 1
    left = border(grid, 0, shift - 1, kind) + " "
    behind = max(0, end - shift - cells)
    right = border(grid, end - behind, end, kind)
    if len(right) > 1:
        right = " " + right[1:]
    style = ("table.mark",)
    return [RowSpan(left, shift, style)], [RowSpan(right, behind, style)] if behind else []


def blank(cells: int, styles: tuple[str, ...]) -> list[RowSpan]:
    return [RowSpan(" " * cells, cells, styles)] if cells > 0 else []
