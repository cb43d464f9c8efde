"""Places as vim counts them: on a character, the first that is no blank, the column that j and k keep to.

Pure. It must never walk more than a bounded piece of a long line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.graphemes import next_edge, previous_edge, snap_back
from cryptpad_tui.editor.layout import Lines, text_cells
from cryptpad_tui.editor.state import EditorState

END_OF_LINE: Final = 1 << 40
"""The goal that `$` leaves: every line's end."""
_EXACT_COLS: Final = 4096
_BLANKS: Final = regex.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Range:
    """The text that an operator takes: up to `end`, or whole lines."""

    start: Position
    end: Position
    linewise: bool = False

    @property
    def first(self) -> int:
        return self.start.line

    @property
    def last(self) -> int:
        return self.end.line


def whole_lines(first: int, last: int) -> Range:
    return Range(Position(first, 0), Position(last, 0), linewise=True)


def line_end(lines: Lines, line: int) -> Position:
    return Position(line, len(lines[line]))


def last_char(lines: Lines, line: int) -> Position:
    """On the last character of a line."""
    text = lines[line]
    return Position(line, previous_edge(text, len(text)) if text else 0)


def on_char(lines: Lines, place: Position) -> Position:
    """The nearest place that normal mode's caret can have."""
    place = lines.clamp(place)
    text = lines[place.line]
    if place.col >= len(text):
        return last_char(lines, place.line)
    return Position(place.line, snap_back(text, place.col))


def first_nonblank(lines: Lines, line: int) -> Position:
    """On the first character that is no blank, else on the last of the line."""
    text = lines[line]
    col = len(indent_of(text))
    return Position(line, col) if col < len(text) else last_char(lines, line)


def indent_of(text: str) -> str:
    found = _BLANKS.match(text)
    return str(found[0]) if found else ""


def in_indent(lines: Lines, place: Position) -> bool:
    """Only blanks are before the place."""
    return len(indent_of(lines[place.line])) >= place.col


def is_blank(text: str) -> bool:
    return not text.strip(" \t")


def next_place(lines: Lines, place: Position) -> Position | None:
    """One character on; a line's end is no place, but for an empty line. None at the end of the text."""
    text = lines[place.line]
    if place.col < len(text):
        col = next_edge(text, place.col)
        if col < len(text):
            return Position(place.line, col)
    return Position(place.line + 1, 0) if place.line + 1 < len(lines) else None


def previous_place(lines: Lines, place: Position) -> Position | None:
    if place.col:
        return Position(place.line, previous_edge(lines[place.line], place.col))
    return last_char(lines, place.line - 1) if place.line else None


def past(lines: Lines, place: Position) -> Position:
    """Behind the character at a place; over the line's end where there is none."""
    text = lines[place.line]
    if place.col < len(text):
        return Position(place.line, next_edge(text, place.col))
    return Position(place.line + 1, 0) if place.line + 1 < len(lines) else place


def goal_of(state: EditorState, place: Position) -> int:
    """The cell of a place from its line's start; far out in a long line its column stands for that."""
    if place.col > _EXACT_COLS:
        return place.col
    return text_cells(state.lines[place.line][: place.col], state.layout.tab_width)


def at_goal(state: EditorState, line: int, goal: int) -> Position:
    """The place of a line that is nearest to a goal."""
    text = state.lines[line]
    if goal >= len(text) * 16 or goal >= END_OF_LINE:
        return Position(line, len(text))
    if goal > _EXACT_COLS:
        return Position(line, snap_back(text, min(goal, len(text))))
    col = cells = 0
    width = state.layout.tab_width
    while col < len(text):
        end = next_edge(text, col)
        piece = text[col:end]
        cells += width - cells % width if piece == "\t" else text_cells(piece, width)
        if cells > goal:
            return Position(line, col)
        col = end
    return Position(line, col)
