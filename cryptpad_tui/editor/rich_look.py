"""How rich text looks in cells: the styles of its marks, and what stands left of a line for its block format.

It reads the marks of the lines that show, and no others but the items of a numbered list above them. It must
never put a remote value into a style unless it is one of the values that a style can have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

from cryptpad_tui.crdt.mark_index import Frozen, LineMarks, MarkIndex
from cryptpad_tui.crdt.values import AttributeValue, Change
from cryptpad_tui.editor.frame import RowSpan
from cryptpad_tui.editor.layout import MIN_WIDTH, Lines, Row, text_cells
from cryptpad_tui.editor.rich_frame import (
    BEHIND_TABLE,
    NO_MARGIN,
    UNSHAPED,
    InGrid,
    Margin,
    Shape,
    blank,
    ruling,
)
from cryptpad_tui.editor.rich_styles import inline_styles
from cryptpad_tui.editor.rich_table import (
    BETWEEN,
    BOTTOM,
    TOP,
    Table,
    TableRow,
    cell_name,
    edges,
    table_at,
)
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened
from cryptpad_tui.editor.widths import char_cells

MAX_INDENT: Final = 8
INDENT_CELLS: Final = 2
_NUMBERS_FROM: Final = 2_000
"""A list is counted from at most so many lines above: beyond, an item shows no number."""
_SHAPES_KEPT: Final = 4_096
_TAB_CELLS: Final = 8
"""A tab in a table takes at most so many."""
_MOST_WIDE: Final = 1_024
"""The characters of a line that count for the width of its column."""
_BULLETS: Final = "•◦▪"
CODE: Final = ("code.block", "code.ground")
_SHARES: Final = {"center": 0.5, "right": 1.0}
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#._-]{1,20}").fullmatch


class RichLook:
    """Styles and margins of one rich text; holds nothing but caches."""

    def __init__(self, lines: Lines, marks: MarkIndex) -> None:
        self._lines = lines
        self._marks = marks
        self._spans = lru_cache(1_024)(_spans_of)
        self._cells = lru_cache(4_096)(partial(text_cells, tab_width=_TAB_CELLS))
        self._numbers: dict[int, int] = {}
        self._tables: list[tuple[Table, tuple[int, ...]]] = []
        """Tables that were drawn, with the cells of the widest text in each column."""
        self._shapes: dict[tuple[int, int], Shape] = {}
        self._version = -1
        self.caption: Callable[[AttributeValue], str] = lambda value: ""
        """What is said of an object behind the last row of its line: safe for a terminal."""

    # -- what a layout asks

    def cells(self, line: int, width: int) -> int:
        """The cells left of a line's text."""
        return self.shape(line, width).cells

    def right(self, line: int, width: int) -> int:
        """The cells right of a line's text that are a table's."""
        return self.shape(line, width).right

    def share(self, line: int, width: int) -> float:
        """How much of a row's free cells stand left of its text."""
        return self.shape(line, width).share

    def in_table(self, line: int, width: int) -> tuple[TableRow | None, bool]:
        """The row of a table whose cells stand side by side, and whether a rule stands above the line."""
        shape = self.shape(line, width)
        return shape.beside, shape.ruled

    def shape(self, line: int, width: int) -> Shape:
        """What stands beside a line: the same object until the blocks of any line change."""
        self._fresh()
        shape = self._shapes.get((line, width))
        if shape is None:
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            shape = self._shapes[line, width] = self._shape_of(line, width)
        return shape

    def _shape_of(self, line: int, width: int) -> Shape:
        block = self._marks.line(line).block
        ruled = line > 0 and self._in_grid(line - 1, self._marks.line(line - 1).block, width) is not None
        if not block:
            return BEHIND_TABLE if ruled else UNSHAPED
        share = _SHARES.get(str(dict(block).get("align")), 0.0)
        margin, place = self._margin(line, block), self._in_grid(line, block, width)
        if place is None:
            return Shape(None, margin, len(margin.first), 0, share, ruled=ruled)
        left, own = place.grid.left(place.column), place.table.rows[place.table.row_of(line)]
        right = width - left - place.grid.room(place.column)
        beside = own if len(place.grid.bars) > 2 else None
        return Shape(place, margin, left, right, share, beside, own.start == line)

    # -- what a painter asks

    def _margin(self, line: int, frozen_block: Frozen) -> Margin:
        """What stands left of the text of a line."""
        block = dict(frozen_block)
        indent = " " * (INDENT_CELLS * indent_of(block))
        kind = block.get("list")
        if kind is not None:
            mark, style = self._list_mark(line, str(kind), indent_of(block))
            return Margin(indent + mark, indent + " " * len(mark), (style,))
        if block.get("blockquote"):
            return Margin(indent + "│ ", indent + "│ ", ("quote.mark",))
        if block.get("code-block"):
            return Margin(indent + "┊ ", indent + "┊ ", (*CODE, "code.mark"))
        return Margin(indent, indent) if indent else NO_MARGIN

    def rule(self, line: int, width: int) -> list[RowSpan]:
        """The rule of a table above a line."""
        place = self.shape(line, width).place
        kind = BOTTOM
        if place is None:
            place = self.shape(line - 1, width).place
        elif line > place.table.start or (line and self.shape(line - 1, width).place is not None):
            kind = BETWEEN
        else:
            kind = TOP
        return [] if place is None else ruling(place, kind)

    def around(self, row: Row, shift: int, cells: int, width: int) -> tuple[list[RowSpan], list[RowSpan]]:
        """What is drawn left and right of a row whose text takes so many cells from `shift` on."""
        margin = self.shape(row.line, width).margin
        marks = self._marks.line(row.line)
        block = marks.block
        if marks.runs and row.last and (said := self._captions(marks, width - shift - cells)):
            return blank(shift, ()) if not block else self._left(margin, row, shift), said
        if not block:
            return blank(shift, ()), []
        mark = (margin.rest if row.start else margin.first)[:shift]
        left = [RowSpan(mark, len(mark), margin.styles)] if mark else []
        right: list[RowSpan] = []
        free = width - shift - cells
        for key, value in block:
            if key == "rule" and value:
                line = "─" * free if not cells else f" {'─' * (free - 1)}" if free > 1 else ""
                right = [RowSpan(line, len(line), ("rule",))] if line else []
            elif key == "code-block" and value:
                left += blank(shift - len(mark), CODE)
                right = self._behind_code(row, str(value), free)
                return left, right
        return [*left, *blank(shift - len(mark), ())], right

    def _left(self, margin: Margin, row: Row, shift: int) -> list[RowSpan]:
        mark = (margin.rest if row.start else margin.first)[:shift]
        return [RowSpan(mark, len(mark), margin.styles), *blank(shift - len(mark), ())] if mark else []

    def _captions(self, marks: LineMarks, free: int) -> list[RowSpan]:
        """What stands behind a line with objects, as far as there is room."""
        values = [dict(run.marks)["object"] for run in marks.runs if any(k == "object" for k, _ in run.marks)]
        said = "".join([f" ▏{text}" for value in values if (text := self.caption(value))])
        kept, cells = "", 0
        for char in said:
            if cells + char_cells(char) > free - 1:
                break
            kept, cells = kept + char, cells + char_cells(char)
        return [RowSpan(kept, cells, ("image",))] if kept else []

    def _behind_code(self, row: Row, language: str, free: int) -> list[RowSpan]:
        """The ground of a code block up to the edge, with its language where it begins."""
        above = self._marks.line(row.line - 1).block if row.line and not row.start else ()
        named = language if not row.start and dict(above).get("code-block") != language else ""
        known = _LANGUAGE(named) and named not in ("plain", "text")
        if not known or free < len(named) + 3:
            return blank(free, CODE)
        ground = blank(free - len(named) - 1, CODE)
        return [*ground, RowSpan(named, len(named), (*CODE, "code.info")), *blank(1, CODE)]

    def spans(self, first: int, stop: int) -> list[Spans]:
        """The styles of the lines from `first` up to `stop`."""
        found = self._marks.lines(first, stop)
        return [
            self._spans(marks, len(text)) if marks.runs or marks.block else ()
            for marks, text in zip(found, self._lines.lines(first, stop), strict=True)
        ]

    def follow(self, change: Change) -> None:
        """The marks follow the document; here are the columns of tables as wide as their text."""
        self._fresh()
        for table, widest in self._tables:
            touched = any(table.start <= edit.start.line < table.stop for edit in change.edits)
            if touched and self._widest(table) != widest:
                self._tables, self._shapes = [], {}
                return

    def refine(self, lines: int) -> bool:
        """Nothing is guessed; the marks of lines far away are worked out meanwhile."""
        return self._marks.work_out(lines)

    # -- lists and tables

    def _list_mark(self, line: int, kind: str, depth: int) -> tuple[str, str]:
        if kind == "ordered":
            number = self._number(line, depth)
            return f"{number}. " if number else "#. ", "list.mark"
        if kind == "checked":
            return "☑ ", "task.done"
        if kind == "unchecked":
            return "☐ ", "task.open"
        return f"{_BULLETS[depth % len(_BULLETS)]} ", "list.mark"

    def _fresh(self) -> None:
        """Forget what hangs on the blocks of other lines, when any may be another."""
        if self._version != self._marks.block_version:
            self._numbers, self._tables, self._shapes = {}, [], {}
            self._version = self._marks.block_version

    def _number(self, line: int, depth: int) -> int:
        """The place of an ordered item in its list, from 1; 0 where that is too far up to count."""
        known = self._numbers.get(line)
        if known is None:
            known = self._numbers[line] = self._counted(line, depth)
        return known

    def _counted(self, line: int, depth: int) -> int:
        count = 1
        for above in range(line - 1, max(-1, line - 1 - _NUMBERS_FROM), -1):
            block = dict(self._marks.line(above).block)
            if "list" not in block or indent_of(block) < depth:
                return count
            if indent_of(block) == depth:
                if block["list"] != "ordered":
                    return count
                if above in self._numbers:
                    return self._numbers[above] + count if self._numbers[above] else 0
                count += 1
        return count if line <= _NUMBERS_FROM else 0

    def _in_grid(self, line: int, block: Frozen, width: int) -> InGrid | None:
        """Where a line stands in its table; None where it is in none, or where none fits."""
        if width < MIN_WIDTH + 4 or cell_name(block) is None:
            return None
        known = next((one for one in self._tables if one[0].start <= line < one[0].stop), None)
        if known is None:
            table = table_at(self._marks, line)
            assert table is not None
            known = table, self._widest(table)
            self._tables.append(known)
        return InGrid(known[0], edges(known[1], width), known[0].cell_of(line).column)

    def _widest(self, table: Table) -> tuple[int, ...]:
        """The cells of the widest line in each column, as far as any screen could show them."""
        widest = [0] * len(table.columns)
        texts = self._lines.lines(table.start, table.stop)
        for cell in [cell for row in table.rows for cell in row.cells]:
            for text in texts[cell.start - table.start : cell.stop - table.start]:
                widest[cell.column] = max(widest[cell.column], self._cells(text[:_MOST_WIDE]))
        return tuple(widest)


def indent_of(block: Mapping[str, AttributeValue]) -> int:
    """How deep a line stands, 0 to 8, whatever somebody wrote there."""
    value = block.get("indent")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0
    return max(0, min(MAX_INDENT, int(value)))


def level_of(block: Mapping[str, AttributeValue]) -> int:
    """The level of a heading, 1 to 6; 0 for none."""
    value = block.get("header")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0
    return int(value) if 1 <= value <= 6 else 0


def _spans_of(marks: LineMarks, length: int) -> Spans:
    ranges: list[StyleSpan] = []
    whole = _block_styles(dict(marks.block))
    if whole and length:
        ranges.append(StyleSpan(0, length, whole))
    ranges += [
        StyleSpan(run.start, run.end, names) for run in marks.runs if (names := inline_styles(run.marks))
    ]
    return flattened(ranges)


def _block_styles(block: Mapping[str, AttributeValue]) -> tuple[str, ...]:
    if level := level_of(block):
        return (f"heading.{level}",)
    if block.get("blockquote"):
        return ("quote",)
    if block.get("code-block"):
        return CODE
    return ("task.text",) if block.get("list") == "checked" else ()
