"""How rich text looks in cells: the styles of its marks, and what stands left of a line for its block format.

It reads the marks of the lines that show, and no others but the items of a numbered list above them. It must
never put a remote value into a style unless it is one of the values that a style can have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from cryptpad_tui.crdt.mark_index import Frozen, LineMarks, MarkIndex
from cryptpad_tui.crdt.values import AttributeValue, Change
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened

MAX_INDENT: Final = 8
INDENT_CELLS: Final = 2
_NUMBERS_FROM: Final = 2_000
"""A list is counted from at most so many lines above: beyond, an item shows no number."""
_BULLETS: Final = "•◦▪"
_SHARES: Final = {"center": 0.5, "right": 1.0}
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}").fullmatch
COLOURS: Final = frozenset({"red", "green", "yellow", "blue", "magenta", "cyan", "white", "black"})


class Margin(NamedTuple):
    """What stands left of the text on a line's first row, and on its others; both take the same cells."""

    first: str = ""
    rest: str = ""
    style: str = ""


NO_MARGIN: Final = Margin()


class RichLook:
    """Styles and margins of one rich text; holds nothing but caches."""

    def __init__(self, lines: Lines, marks: MarkIndex) -> None:
        self._lines = lines
        self._marks = marks
        self._spans = lru_cache(1_024)(_spans_of)
        self._numbers: dict[int, int] = {}
        self._numbers_of = -1

    # -- what a layout asks

    def cells(self, line: int) -> int:
        """The cells of a line's margin."""
        return len(self.margin(line).first)

    def share(self, line: int) -> float:
        """How much of a row's free cells stand left of its text."""
        block = self._marks.line(line).block
        return _SHARES.get(str(dict(block).get("align")), 0.0) if block else 0.0

    # -- what a painter asks

    def margin(self, line: int) -> Margin:
        """What stands left of the text of a line."""
        frozen_block = self._marks.line(line).block
        if not frozen_block:
            return NO_MARGIN
        block = dict(frozen_block)
        indent = " " * (INDENT_CELLS * indent_of(block))
        kind = block.get("list")
        if kind is not None:
            mark, style = self._list_mark(line, str(kind), indent_of(block))
            return Margin(indent + mark, indent + " " * len(mark), style)
        if block.get("rule"):
            return Margin("─── ", "    ", "rule")
        if block.get("blockquote"):
            return Margin(indent + "│ ", indent + "│ ", "quote.mark")
        if block.get("code-block"):
            return Margin(indent + "┊ ", indent + "┊ ", "code.mark")
        if "table" in block:
            return Margin(self._table_mark(line, str(block["table"])), "│ ", "table.mark")
        return Margin(indent, indent) if indent else NO_MARGIN

    def spans(self, first: int, stop: int) -> list[Spans]:
        """The styles of the lines from `first` up to `stop`."""
        found = self._marks.lines(first, stop)
        return [
            self._spans(marks, len(text)) if marks.runs or marks.block else ()
            for marks, text in zip(found, self._lines.lines(first, stop), strict=True)
        ]

    def follow(self, change: Change) -> None:
        """Nothing to do: the marks follow the document."""

    def refine(self, lines: int) -> bool:
        """Nothing is guessed."""
        return False

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

    def _number(self, line: int, depth: int) -> int:
        """The place of an ordered item in its list, from 1; 0 where that is too far up to count."""
        if self._numbers_of != self._marks.block_version:
            self._numbers, self._numbers_of = {}, self._marks.block_version
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

    def _table_mark(self, line: int, cell: str) -> str:
        above = dict(self._marks.line(line - 1).block).get("table") if line else None
        table, _, place = cell.partition("/")
        if above is None or str(above).partition("/")[0] != table:
            return "┌ "
        return "│ " if str(above).split("/")[1:2] == place.split("/")[:1] else "├ "


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
    whole = _block_style(dict(marks.block))
    if whole and length:
        ranges.append(StyleSpan(0, length, (whole,)))
    ranges += [
        StyleSpan(run.start, run.end, names) for run in marks.runs if (names := _inline_styles(run.marks))
    ]
    return flattened(ranges)


def _block_style(block: Mapping[str, AttributeValue]) -> str:
    if level := level_of(block):
        return f"heading.{level}"
    if block.get("blockquote"):
        return "quote"
    if block.get("code-block"):
        return "code.block"
    return "task.text" if block.get("list") == "checked" else ""


_SIMPLE: Final = {
    "bold": "strong",
    "italic": "emphasis",
    "underline": "underline",
    "strike": "strike",
    "code": "code",
    "link": "link.text",
}


def _inline_styles(marks: Frozen) -> tuple[str, ...]:
    names = [_SIMPLE[key] for key, value in marks if key in _SIMPLE and value]
    for key, value in marks:
        if key == "script" and value in ("sup", "sub"):
            names.append(f"script.{value}")
        elif key in ("color", "background") and (shown := _colour(value)):
            names.append(f"{'fg' if key == 'color' else 'bg'}.{shown}")
    return tuple(names)


def is_colour(text: str) -> bool:
    """Whether a lower-case text names a colour that is shown."""
    return bool(_HEX(text)) or text in COLOURS


def _colour(value: AttributeValue) -> str:
    text = str(value).lower()
    return text if is_colour(text) else ""
