"""What is drawn beside and in place of the characters of rich text: borders of tables, small numbers.

Pure. It must never change how many cells a row takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from cryptpad_tui.editor.frame import RowSpan
from cryptpad_tui.editor.rich_table import BESIDE, Border, Edges, Table, TableRow, border

_MARK: Final = ("table.mark",)
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
    beside: TableRow | None = None
    """The row of a table that the line is in, where its cells stand side by side."""
    ruled: bool = False
    """A rule of a table stands above the line."""


UNSHAPED: Final = Shape(None, NO_MARGIN, 0, 0, 0.0)
BEHIND_TABLE: Final = UNSHAPED._replace(ruled=True)


def side_by_side(place: InGrid, texts: Sequence[tuple[int, Sequence[RowSpan], int]]) -> list[RowSpan]:
    """A row of a table: of each cell where its text begins, the text and its cells, from the left."""
    grid, end = place.grid, place.grid.bars[-1] + 1
    spans: list[RowSpan] = []
    at = 0
    for shift, shown, cells in texts:
        spans += [RowSpan(border(grid, at, shift, BESIDE), shift - at, _MARK), *scripted(shown)]
        at = shift + cells
    behind = max(0, end - at)
    return [*spans, RowSpan(border(grid, end - behind, end, BESIDE), behind, _MARK)] if behind else spans


def ruling(place: InGrid, kind: Border) -> list[RowSpan]:
    """A rule over the whole width of a table."""
    end = place.grid.bars[-1] + 1
    return [RowSpan(border(place.grid, 0, end, kind), end, _MARK)]


def blank(cells: int, styles: tuple[str, ...]) -> list[RowSpan]:
    return [RowSpan(" " * cells, cells, styles)] if cells > 0 else []
