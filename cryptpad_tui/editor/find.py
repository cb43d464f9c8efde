"""Literal search, line by line: a needle without capitals ignores case.

It must never join the document to one text, and a needle holds no line break.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.selection import Selection

_BLOCK_LINES = 1024
MAX_NEEDLE = 1000


def compiled(needle: str) -> regex.Pattern[str]:
    """The pattern of a needle."""
    needle = needle[:MAX_NEEDLE].partition("\n")[0]
    flags = regex.IGNORECASE if needle == needle.lower() else 0
    return regex.compile(regex.escape(needle, special_only=True, literal_spaces=True), flags)


def find_next(lines: Lines, needle: str, start: Position) -> Selection | None:
    """The first match that starts at `start` or later, going round at the end of the document."""
    pattern = compiled(needle)
    match = pattern.search(lines[start.line], start.col)
    if match is not None:
        return _selection(start.line, match)
    for first, block in _blocks_after(lines, start.line):
        if not pattern.search("\n".join(block)):
            continue
        for i, text in enumerate(block, first):
            match = pattern.search(text)
            if match is not None:
                return _selection(i, match)
    return None


def find_previous(lines: Lines, needle: str, end: Position) -> Selection | None:
    """The last match that ends at `end` or before, going round at the start of the document."""
    pattern = compiled(needle)
    match = _last(pattern, lines[end.line], end.col)
    if match is not None:
        return _selection(end.line, match)
    for first, block in _blocks_before(lines, end.line):
        if not pattern.search("\n".join(block)):
            continue
        for i in range(len(block) - 1, -1, -1):
            match = _last(pattern, block[i], len(block[i]))
            if match is not None:
                return _selection(first + i, match)
    return None


def matches(pattern: regex.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The matches that touch the columns from `start` to `end`; the rest of the line is not read."""
    low, high = max(0, start - MAX_NEEDLE), min(len(text), end + MAX_NEEDLE)
    return [m.span() for m in pattern.finditer(text, low, high) if m.end() > start and m.start() < end]


def _last(pattern: regex.Pattern[str], text: str, end: int) -> regex.Match[str] | None:
    found = None
    for match in pattern.finditer(text, 0, end):
        found = match
    return found


def _selection(line: int, match: regex.Match[str]) -> Selection:
    return Selection(Position(line, int(match.start())), Position(line, int(match.end())))


def _blocks_after(lines: Lines, line: int) -> Iterator[tuple[int, list[str]]]:
    """Every line once, from the one after `line` round to `line` itself."""
    for start in range(line + 1, len(lines), _BLOCK_LINES):
        yield start, lines.lines(start, start + _BLOCK_LINES)
    for start in range(0, line + 1, _BLOCK_LINES):
        yield start, lines.lines(start, min(start + _BLOCK_LINES, line + 1))


def _blocks_before(lines: Lines, line: int) -> Iterator[tuple[int, list[str]]]:
    for stop in range(line, 0, -_BLOCK_LINES):
        start = max(0, stop - _BLOCK_LINES)
        yield start, lines.lines(start, stop)
    for stop in range(len(lines), line, -_BLOCK_LINES):
        start = max(line, stop - _BLOCK_LINES)
        yield start, lines.lines(start, stop)
