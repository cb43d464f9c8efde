"""Paragraphs and sentences: where { } ( ) go.

A paragraph ends at an empty line. A sentence ends at `.`, `!` or `?`, closing signs behind it, and a blank or
the line's end. Pure; a search looks at the lines between here and there only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.vim.places import Range, last_char

_MOST_LINES: Final = 2_000
_SENTENCE_END: Final = regex.compile(r"[.!?][)\]\"']*(?:\s+|$)")


def next_paragraph(lines: Lines, place: Position, count: int) -> Position | None:
    line, total = place.line, len(lines)
    for left in range(count - 1, -1, -1):
        while line < total and not lines[line]:
            line += 1
        while line < total and lines[line]:
            line += 1
        if line >= total:
            return None if left else lines.end
    return Position(line, 0)


def previous_paragraph(lines: Lines, place: Position, count: int) -> Position | None:
    line = place.line
    for number in range(count):
        if number and not line:
            return None
        while line > 0 and not lines[line]:
            line -= 1
        while line > 0 and lines[line]:
            line -= 1
    return Position(line, 0)


def _starts(lines: Lines, line: int) -> list[int]:
    """The columns of a line where a sentence starts."""
    text = lines[line]
    if not text:
        return [0] if line == 0 or lines[line - 1] else []
    starts = []
    before = lines[line - 1] if line else ""
    if not before or _ends_sentence(before):
        starts.append(len(text) - len(text.lstrip()))
    starts += [int(found.end()) for found in _SENTENCE_END.finditer(text)]
    return sorted({start for start in starts if start < len(text)})


def _ends_sentence(text: str) -> bool:
    tail = text[-200:]
    return any(found.end() == len(tail) for found in _SENTENCE_END.finditer(tail))


def next_sentence(lines: Lines, place: Position, count: int) -> Position:
    for _ in range(count):
        found = None
        for line in range(place.line, len(lines)):
            ahead = [Position(line, col) for col in _starts(lines, line) if Position(line, col) > place]
            if ahead:
                found = ahead[0]
                break
        if found is None:
            return last_char(lines, len(lines) - 1)
        place = found
    return place


def previous_sentence(lines: Lines, place: Position, count: int) -> Position:
    for _ in range(count):
        found = Position(0, 0)
        for line in range(place.line, -1, -1):
            behind = [Position(line, col) for col in _starts(lines, line) if Position(line, col) < place]
            if behind:
                found = behind[-1]
                break
        place = found
    return place


def sentences(lines: Lines, place: Position, count: int, *, around: bool) -> Range | None:
    """is and as: the pieces of a paragraph from the caret's on; sentences and the blanks between count."""
    if not lines[place.line]:
        return None
    first, stop = _paragraph_of(lines, place.line)
    edges: list[Position] = []
    for line in range(first, stop):
        edges += [Position(line, col) for col in _starts(lines, line)]
    edges = [*edges, Position(stop - 1, len(lines[stop - 1]))]
    pieces: list[tuple[Position, Position]] = []
    for start, end in pairwise(edges):
        inner = _trimmed(lines, start, end)
        pieces += [(start, inner), (inner, end)] if inner < end else [(start, end)]
    at = next((i for i, (start, end) in enumerate(pieces) if start <= place < end), None)
    if at is None:
        return None
    last = at + (2 * count if around else count) - 1
    if around and last >= len(pieces) and at:
        at -= 1
    return Range(pieces[at][0], pieces[min(last, len(pieces) - 1)][1])


def _paragraph_of(lines: Lines, line: int) -> tuple[int, int]:
    first, stop = line, line + 1
    while first > 0 and lines[first - 1] and line - first < _MOST_LINES:
        first -= 1
    while stop < len(lines) and lines[stop] and stop - line < _MOST_LINES:
        stop += 1
    return first, stop


def _trimmed(lines: Lines, start: Position, end: Position) -> Position:
    """Before the blanks at the end of a sentence."""
    line, col = end
    while (line, col) > start:
        text = lines[line][:col].rstrip(" \t")
        if text and (line > start.line or len(text) > start.col):
            return Position(line, len(text))
        if line == start.line:
            return start
        line -= 1
        col = len(lines[line])
    return start
