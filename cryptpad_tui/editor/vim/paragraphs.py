"""Paragraphs and sentences: where { } ( ) go.

A paragraph ends at an empty line. A sentence ends at `.`, `!` or `?`, closing signs behind it, and a blank or
the line's end. Pure; a search looks at the lines between here and there only.
"""

from __future__ import annotations

from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.vim.places import last_char

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
