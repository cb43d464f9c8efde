"""The word motions of vim: w b e ge, and W B E gE for words between blanks.

A word is a run of letters, digits and `_`, or of other signs; Han, Hiragana, Katakana and Hangul are runs of
their own; an empty line is a word too. Runs are found by patterns, never character by character.
"""

from __future__ import annotations

from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.graphemes import previous_edge, snap_back, snap_on
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.vim.places import last_char, next_place, previous_place

_SCRIPTS: Final = r"\p{Han}", r"\p{Hiragana}", r"\p{Katakana}ー", r"\p{Hangul}"
_CLASSES: Final = (
    r"\s+",
    *(rf"[{script}][{script}\p{{M}}]*" for script in _SCRIPTS),
    rf"(?:(?![{''.join(_SCRIPTS)}])\w)+",
    r"[^\w\s][^\w\s\p{M}\p{Cf}]*(?:[\p{M}\p{Cf}][^\w\s]*)*",
)
_RUN: Final = regex.compile("|".join(f"({one})" for one in _CLASSES))
_BIG_RUN: Final = regex.compile(r"(\s+)|(\S+)")
_BACK: Final = tuple(
    regex.compile(f"(?r)(?:{one})")
    for one in (
        r"\s+",
        *(rf"[{script}\p{{M}}]+" for script in _SCRIPTS),
        rf"(?:(?![{''.join(_SCRIPTS)}])\w)+",
        r"(?:[^\w\s][\p{M}\p{Cf}]*)+",
    )
)
_BIG_BACK: Final = (regex.compile(r"(?r)\s+"), regex.compile(r"(?r)\S+"))


def kind_at(lines: Lines, place: Position, *, big: bool) -> int:
    """The class of the character at a place: 0 for blanks, line ends and empty lines."""
    text = lines[place.line]
    if place.col >= len(text):
        return 0
    found = (_BIG_RUN if big else _RUN).match(text, place.col)
    return int(found.lastindex) - 1 if found else len(_CLASSES) - 1


def run_end(lines: Lines, place: Position, *, big: bool) -> Position:
    """Behind the run that a place is in."""
    text = lines[place.line]
    found = (_BIG_RUN if big else _RUN).match(text, place.col)
    if found is None:
        return Position(place.line, min(len(text), place.col + 1))
    return Position(place.line, snap_on(text, int(found.end())))


def run_start(lines: Lines, place: Position, *, big: bool) -> Position:
    """The start of the run that a place is in."""
    text = lines[place.line]
    kind = kind_at(lines, place, big=big)
    end = snap_on(text, min(len(text), place.col + 1))
    found = (_BIG_BACK if big else _BACK)[kind].match(text, 0, end)
    return Position(place.line, snap_back(text, min(place.col, int(found.start())))) if found else place


def _is_empty(lines: Lines, place: Position) -> bool:
    return not lines[place.line]


def forward(
    lines: Lines, place: Position, count: int, *, big: bool, operator: bool = False
) -> Position | None:
    """w: the start of the next word. With an operator the last word may end at its line's end."""
    for left in range(count - 1, -1, -1):
        if kind_at(lines, place, big=big) or not _is_empty(lines, place):
            place = run_end(lines, place, big=big)
            if place.col < len(lines[place.line]) and kind_at(lines, place, big=big) == 0:
                place = run_end(lines, place, big=big)
            if place.col < len(lines[place.line]):
                continue
        if operator and not left and not (_is_empty(lines, place)):
            return place
        found = _over_blank_lines(lines, place, stop_at_end=operator and not left)
        if found is None:
            return lines.end if left == 0 or operator else last_char(lines, len(lines) - 1)
        place = found
    return place


def _over_blank_lines(lines: Lines, place: Position, *, stop_at_end: bool) -> Position | None:
    """From a line's end to the next word or empty line."""
    for line in range(place.line + 1, len(lines)):
        text = lines[line]
        if not text:
            return Position(line, 0)
        if not text.isspace():
            return Position(line, len(text) - len(text.lstrip()))
    return None


def end(lines: Lines, place: Position, count: int, *, big: bool, stay: bool = False) -> Position | None:
    """e: on the last character of the word; with `stay`, of the word that the caret is in already (cw)."""
    for number in range(count):
        kind = kind_at(lines, place, big=big)
        following = next_place(lines, place)
        if kind and _same_run(lines, place, following, big=big):
            place = _on_last(lines, run_end(lines, place, big=big))
        elif not (stay and kind):
            if following is None:
                return place if number else None
            found = _first_of_word(lines, following, big=big)
            if found is None:
                return last_char(lines, len(lines) - 1)
            place = _on_last(lines, run_end(lines, found, big=big))
        stay = False
    return place


def _same_run(lines: Lines, place: Position, following: Position | None, *, big: bool) -> bool:
    return following is not None and following < run_end(lines, place, big=big)


def _on_last(lines: Lines, behind: Position) -> Position:
    return Position(behind.line, previous_edge(lines[behind.line], behind.col))


def _first_of_word(lines: Lines, place: Position, *, big: bool) -> Position | None:
    """The next character that is no blank, from `place` on."""
    text = lines[place.line]
    if kind_at(lines, place, big=big):
        return place
    col = run_end(lines, place, big=big).col if place.col < len(text) else len(text)
    if col < len(text):
        return Position(place.line, col)
    for line in range(place.line + 1, len(lines)):
        text = lines[line]
        if text and not text.isspace():
            return Position(line, len(text) - len(text.lstrip()))
    return None


def backward(lines: Lines, place: Position, count: int, *, big: bool) -> Position | None:
    """b: the start of the word before."""
    for number in range(count):
        before = previous_place(lines, place)
        if before is None:
            return place if number else None
        found = _last_of_word(lines, before, big=big, empty_counts=True)
        place = Position(0, 0) if found is None else run_start(lines, found, big=big)
    return place


def _last_of_word(lines: Lines, place: Position, *, big: bool, empty_counts: bool) -> Position | None:
    """The next character that is no blank, from `place` back; an empty line may count as one."""
    if kind_at(lines, place, big=big) or (empty_counts and _is_empty(lines, place)):
        return place
    text = lines[place.line][: place.col].rstrip()
    if text:
        return Position(place.line, previous_edge(lines[place.line], len(text)))
    for line in range(place.line - 1, -1, -1):
        text = lines[line]
        if not text and empty_counts:
            return Position(line, 0)
        if text and not text.isspace():
            return Position(line, previous_edge(text, len(text.rstrip())))
    return None


def end_backward(lines: Lines, place: Position, count: int, *, big: bool) -> Position | None:
    """ge: on the last character of the word before."""
    for _ in range(count):
        if kind_at(lines, place, big=big):
            start = run_start(lines, place, big=big)
            before = previous_place(lines, start)
        else:
            before = previous_place(lines, place)
        if before is None:
            return Position(0, 0)
        found = _last_of_word(lines, before, big=big, empty_counts=True)
        place = Position(0, 0) if found is None else found
    return place
