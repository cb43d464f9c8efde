"""The motions of vim, one table: a key, where it goes, and what an operator takes of the way.

Each is a function from a state, a count and perhaps a character to a target. None of them changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor import motions as default_motions
from cryptpad_tui.editor.graphemes import next_edge, previous_edge, snap_back
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.state import EditorState
from cryptpad_tui.editor.viewport import visible_rows
from cryptpad_tui.editor.vim import pairs, paragraphs, rows, words
from cryptpad_tui.editor.vim.places import (
    END_OF_LINE,
    at_goal,
    first_nonblank,
    goal_of,
    last_char,
    line_end,
    on_char,
)


class Kind(Enum):
    """What an operator takes: up to the target, with the target, or whole lines."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Target:
    place: Position
    kind: Kind
    goal: int | None = None
    jump: bool = False
    """Far enough that the place before is kept for the mark `'`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a motion was asked for."""

    count: int | None = None
    char: str = ""
    operator: str = ""
    """The operator that waits for it, if any."""

    @property
    def times(self) -> int:
        return self.count or 1


Motion = Callable[[EditorState, Ask], Target | None]


def _left(state: EditorState, ask: Ask) -> Target | None:
    line, col = state.head
    if not col and not ask.operator:
        return None
    text = state.lines[line]
    for _ in range(min(ask.times, col)):
        col = previous_edge(text, col) if col else 0
    return Target(Position(line, col), Kind.EXCLUSIVE)


def _right(state: EditorState, ask: Ask) -> Target | None:
    line, col = state.head
    text = state.lines[line]
    end = len(text) if ask.operator else last_char(state.lines, line).col
    if col >= end and not ask.operator:
        return None
    for _ in range(min(ask.times, len(text))):
        col = next_edge(text, col) if col < end else col
    return Target(Position(line, min(col, end)), Kind.EXCLUSIVE)


def _line_wise(step: int) -> Motion:
    by_rows = _row_wise(default_motions.down if step > 0 else default_motions.up)

    def run(state: EditorState, ask: Ask) -> Target | None:
        if not ask.operator and rows.at_table(state, step):
            return by_rows(state, ask)
        line = state.head.line + step * ask.times
        if not 0 <= line < len(state.lines):
            if state.head.line == (len(state.lines) - 1 if step > 0 else 0):
                return None
            line = max(0, min(line, len(state.lines) - 1))
        goal = goal_of(state, state.head) if state.goal is None else state.goal
        return Target(at_goal(state, line, goal), Kind.LINES, goal)

    return run


def _row_wise(motion: default_motions.Motion) -> Motion:
    def run(state: EditorState, ask: Ask) -> Target | None:
        place = rows.by_rows(state, ask.times, motion)
        return None if place is None else Target(place.position, Kind.EXCLUSIVE, place.goal)

    return run


def _line_start(state: EditorState, ask: Ask) -> Target:
    return Target(Position(state.head.line, 0), Kind.EXCLUSIVE)


def _first_char(state: EditorState, ask: Ask) -> Target:
    return Target(first_nonblank(state.lines, state.head.line), Kind.EXCLUSIVE)


def _line_end(state: EditorState, ask: Ask) -> Target | None:
    last = len(state.lines) - 1
    line = min(state.head.line + ask.times - 1, last)
    if ask.times > 1 and state.head.line == last:
        return None
    place = last_char(state.lines, line)
    return Target(place, Kind.INCLUSIVE, END_OF_LINE)


def _last_nonblank(state: EditorState, ask: Ask) -> Target | None:
    """g_: the last character that is no blank, of this line or so many below."""
    last = len(state.lines) - 1
    if ask.times > 1 and state.head.line == last:
        return None
    line = min(state.head.line + ask.times - 1, last)
    text = state.lines[line].rstrip(" \t")
    return Target(Position(line, previous_edge(text, len(text)) if text else 0), Kind.INCLUSIVE)


def _column(state: EditorState, ask: Ask) -> Target:
    return Target(at_goal(state, state.head.line, ask.times - 1), Kind.EXCLUSIVE, ask.times - 1)


def _first_of(step: int, *, from_here: bool = False) -> Motion:
    """+ - and _: the first character of a line below or above."""

    def run(state: EditorState, ask: Ask) -> Target | None:
        line = state.head.line + step * (ask.times - from_here)
        last = len(state.lines) - 1
        if not 0 <= line <= last and state.head.line == (last if step > 0 else 0):
            return None
        return Target(first_nonblank(state.lines, max(0, min(line, last))), Kind.LINES)

    return run


def _goto(default_last: bool) -> Motion:
    def run(state: EditorState, ask: Ask) -> Target:
        last = len(state.lines) - 1
        line = min(ask.count - 1, last) if ask.count else (last if default_last else 0)
        return Target(first_nonblank(state.lines, line), Kind.LINES, jump=True)

    return run


def _screen(where: str) -> Motion:
    """H M L: a line of the window."""

    def run(state: EditorState, ask: Ask) -> Target:
        shown = visible_rows(state.viewport, state.layout)
        margin = min(state.settings.scroll_margin, (state.viewport.height - 1) // 2)
        at_start, at_end = shown[0].line == 0 and shown[0].start <= 0, shown[-1].line == len(state.lines) - 1
        if where == "H":
            at = max(ask.times - 1, 0 if at_start else margin)
        elif where == "M":
            at = (len(shown) - 1) // 2
        else:
            at = len(shown) - 1 - max(ask.times - 1, 0 if at_end else margin)
        row = shown[max(0, min(at, len(shown) - 1))]
        return Target(first_nonblank(state.lines, row.line), Kind.LINES, jump=True)

    return run


def _word(
    function: Callable[..., Position | None], kind: Kind, *, big: bool, forward: bool = False
) -> Motion:
    def run(state: EditorState, ask: Ask) -> Target | None:
        lines, head = state.lines, state.head
        if forward and ask.operator == "c" and words.kind_at(lines, head, big=big):
            place = words.end(lines, head, ask.times, big=big, stay=True)
            return None if place is None else Target(place, Kind.INCLUSIVE)
        if forward:
            place = words.forward(lines, head, ask.times, big=big, operator=bool(ask.operator))
            if place is not None and not ask.operator:
                place = on_char(lines, place)
        else:
            place = function(lines, head, ask.times, big=big)
        if place is None or (place == head and not ask.operator):
            return None
        return Target(place, kind)

    return run


def _paragraph(function: Callable[[Lines, Position, int], Position | None], kind: Kind) -> Motion:
    def run(state: EditorState, ask: Ask) -> Target | None:
        place = function(state.lines, state.head, ask.times)
        if place is None or (place == state.head and not ask.operator):
            return None
        at_end = place == line_end(state.lines, place.line) and place.line == len(state.lines) - 1
        if at_end and place.col and function is paragraphs.next_paragraph and ask.operator:
            return Target(last_char(state.lines, place.line), Kind.INCLUSIVE, jump=True)
        return Target(place, kind, jump=True)

    return run


def _pair(state: EditorState, ask: Ask) -> Target | None:
    if ask.count:
        line = min((ask.count * len(state.lines) + 99) // 100, len(state.lines)) - 1
        return Target(first_nonblank(state.lines, line), Kind.LINES, jump=True)
    place = pairs.matching(state.lines, state.head)
    return None if place is None else Target(place, Kind.INCLUSIVE, jump=True)


def _find(*, forward: bool, till: bool) -> Motion:
    """f F t T in the caret's line."""

    def run(state: EditorState, ask: Ask) -> Target | None:
        line, col = state.head
        place = find_char(state.lines[line], col, ask, forward=forward, till=till)
        if place is None:
            return None
        return Target(Position(line, place), Kind.INCLUSIVE if forward else Kind.EXCLUSIVE)

    return run


def find_char(text: str, col: int, ask: Ask, *, forward: bool, till: bool, again: bool = False) -> int | None:
    """The column where f, F, t or T goes; `again` is for ; and , which do not stay before the same sign."""
    at = col
    skip = 1 if till and again and ask.times == 1 else 0
    for number in range(ask.times):
        start = at
        if forward:
            at = text.find(ask.char, start + 1 + (skip if not number else 0))
        else:
            at = text.rfind(ask.char, 0, max(0, start - (skip if not number else 0)))
        if at < 0:
            return None
    if not till:
        return snap_back(text, at)
    return previous_edge(text, at) if forward else next_edge(text, at)


def find_again(state: EditorState, ask: Ask, key: str, char: str) -> Target | None:
    """; and , : the last f, F, t or T once more."""
    forward, till = key in "ft", key in "tT"
    line, col = state.head
    again = Ask(ask.count, char, ask.operator)
    place = find_char(state.lines[line], col, again, forward=forward, till=till, again=True)
    if place is None:
        return None
    return Target(Position(line, place), Kind.INCLUSIVE if forward else Kind.EXCLUSIVE)


_DOWN, _UP = _line_wise(1), _line_wise(-1)
MOTIONS: Final[dict[str, Motion]] = {
    "h": _left, "left": _left, "backspace": _left, "l": _right, "right": _right, " ": _right,
    "j": _DOWN, "down": _DOWN, "ctrl+j": _DOWN, "ctrl+n": _DOWN, "k": _UP, "up": _UP,
    "gj": _row_wise(default_motions.down), "gk": _row_wise(default_motions.up),
    "0": _line_start, "home": _line_start, "^": _first_char, "$": _line_end, "end": _line_end, "|": _column,
    "g_": _last_nonblank,
    "+": _first_of(1), "enter": _first_of(1), "-": _first_of(-1), "_": _first_of(1, from_here=True),
    "gg": _goto(False), "G": _goto(True), "ctrl+home": _goto(False), "ctrl+end": _goto(True),
    "H": _screen("H"), "M": _screen("M"), "L": _screen("L"),
    "w": _word(words.forward, Kind.EXCLUSIVE, big=False, forward=True),
    "W": _word(words.forward, Kind.EXCLUSIVE, big=True, forward=True),
    "e": _word(words.end, Kind.INCLUSIVE, big=False), "E": _word(words.end, Kind.INCLUSIVE, big=True),
    "b": _word(words.backward, Kind.EXCLUSIVE, big=False),
    "B": _word(words.backward, Kind.EXCLUSIVE, big=True),
    "ge": _word(words.end_backward, Kind.INCLUSIVE, big=False),
    "gE": _word(words.end_backward, Kind.INCLUSIVE, big=True),
    "ctrl+right": _word(words.forward, Kind.EXCLUSIVE, big=True, forward=True),
    "ctrl+left": _word(words.backward, Kind.EXCLUSIVE, big=True),
    "}": _paragraph(paragraphs.next_paragraph, Kind.EXCLUSIVE),
    "{": _paragraph(paragraphs.previous_paragraph, Kind.EXCLUSIVE),
    ")": _paragraph(paragraphs.next_sentence, Kind.EXCLUSIVE),
    "(": _paragraph(paragraphs.previous_sentence, Kind.EXCLUSIVE),
    "%": _pair,
}  # fmt: skip
CHAR_MOTIONS: Final[dict[str, Motion]] = {
    "f": _find(forward=True, till=False),
    "F": _find(forward=False, till=False),
    "t": _find(forward=True, till=True),
    "T": _find(forward=False, till=True),
}
"""Motions that wait for a character."""
