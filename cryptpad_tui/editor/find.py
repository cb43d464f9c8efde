"""Search and replace, line by line: literal, by whole words, or by a regular expression with a time limit.

Without a wish, a query without capitals ignores case. It must never join the document to one text, a query
holds no line break, and a pattern that takes too long is given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.selection import Selection

_BLOCK_LINES: Final = 1024
MAX_NEEDLE: Final = 1000
SEARCH_S: Final = 0.5
REPLACE_S: Final = 5.0
PAINT_S: Final = 0.05
MAX_REPLACED: Final = 100_000


class Query(NamedTuple):
    """What is searched for. `case` None: capitals in the text decide."""

    text: str = ""
    is_regex: bool = False
    case: bool | None = None
    word: bool = False


class BadPattern(ValueError):
    """What is wrong with a pattern, for the person who types it."""


class Replacement(NamedTuple):
    """One match and what would stand in its place."""

    edit: TextEdit
    line_before: str
    line_after: str


@lru_cache(64)
def compiled(query: Query) -> regex.Pattern[str]:
    """The pattern of a query; raises BadPattern."""
    text = query.text[:MAX_NEEDLE].partition("\n")[0]
    case = text != text.lower() if query.case is None else query.case
    source = text if query.is_regex else regex.escape(text, special_only=True, literal_spaces=True)
    if query.word:
        source = rf"\b(?:{source})\b"
    try:
        return regex.compile(source, 0 if case else regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError) as error:
        raise BadPattern(f"This is no pattern yet: {getattr(error, 'msg', 'too deep')}.") from None


class _Budget:
    """Time that one search may take, whatever its pattern."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise BadPattern("This pattern takes too long.")
        return left


def _search(pattern: regex.Pattern[str], text: str, start: int, budget: _Budget) -> regex.Match[str] | None:
    try:
        found = pattern.search(text, start, timeout=budget.left)
        while found is not None and found.start() == found.end():
            # What matches nothing is not shown, and nothing is gained by going there.
            if found.end() >= len(text):
                return None
            found = pattern.search(text, found.end() + 1, timeout=budget.left)
        return found
    except TimeoutError:
        raise BadPattern("This pattern takes too long.") from None


def _all(pattern: regex.Pattern[str], text: str, end: int, budget: _Budget) -> list[regex.Match[str]]:
    try:
        return [m for m in pattern.finditer(text, 0, end, timeout=budget.left) if m.start() < m.end()]
    except TimeoutError:
        raise BadPattern("This pattern takes too long.") from None


def find_next(lines: Lines, query: Query, start: Position) -> Selection | None:
    """The first match that starts at `start` or later, going round at the end of the document."""
    pattern, budget = compiled(query), _Budget(SEARCH_S)
    match = _search(pattern, lines[start.line], start.col, budget)
    if match is not None:
        return _selection(start.line, match)
    for first, block in _blocks_after(lines, start.line):
        if not query.is_regex and not _search(pattern, "\n".join(block), 0, budget):
            continue
        for i, text in enumerate(block, first):
            match = _search(pattern, text, 0, budget)
            if match is not None:
                return _selection(i, match)
    return None


def find_previous(lines: Lines, query: Query, end: Position) -> Selection | None:
    """The last match that ends at `end` or before, going round at the start of the document."""
    pattern, budget = compiled(query), _Budget(SEARCH_S)
    match = _last(pattern, lines[end.line], end.col, budget)
    if match is not None:
        return _selection(end.line, match)
    for first, block in _blocks_before(lines, end.line):
        if not query.is_regex and not _search(pattern, "\n".join(block), 0, budget):
            continue
        for i in range(len(block) - 1, -1, -1):
            match = _last(pattern, block[i], len(block[i]), budget)
            if match is not None:
                return _selection(first + i, match)
    return None


def matches(pattern: regex.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The matches that touch the columns from `start` to `end`; the rest of the line is not read.

    None are shown where the pattern takes long: painting waits for nothing.
    """
    low, high = max(0, start - MAX_NEEDLE), min(len(text), end + MAX_NEEDLE)
    try:
        found = [m.span() for m in pattern.finditer(text, low, high, timeout=PAINT_S)]
    except TimeoutError:
        return []
    return [(first, last) for first, last in found if first < last and last > start and first < end]


def count_in(lines: Lines, query: Query, first: int, stop: int) -> int:
    """How many matches the lines from `first` up to `stop` hold: a slice of counting them all."""
    pattern, budget = compiled(query), _Budget(SEARCH_S)
    return sum(len(_all(pattern, text, len(text), budget)) for text in lines.lines(first, stop))


def replacements(
    lines: Lines, query: Query, template: str, scope: Selection | None = None
) -> list[Replacement]:
    """Every match, or those inside `scope`, with what would stand there; raises BadPattern.

    In a regular expression's template, \\1 and \\g<name> are the groups.
    """
    if "\n" in template:
        raise BadPattern("A replacement is one line.")
    pattern, budget = compiled(query), _Budget(REPLACE_S)
    start = scope.start if scope else Position(0, 0)
    end = scope.end if scope else lines.end
    made: list[Replacement] = []
    for first in range(start.line, end.line + 1, _BLOCK_LINES):
        for number, text in enumerate(lines.lines(first, min(end.line + 1, first + _BLOCK_LINES)), first):
            low = start.col if number == start.line else 0
            high = end.col if number == end.line else len(text)
            found = [
                m for m in _all(pattern, text, len(text), budget) if low <= m.start() and m.end() <= high
            ]
            made += _in_line(number, text, found, query, template)
            if len(made) > MAX_REPLACED:
                raise BadPattern(
                    f"There are more than {MAX_REPLACED:,} matches; search for something narrower."
                )
    return made


def _in_line(
    number: int, text: str, found: Sequence[regex.Match[str]], query: Query, template: str
) -> list[Replacement]:
    made: list[Replacement] = []
    for match in found:
        new = _expanded(match, query, template)
        if new != match.group():
            edit = TextEdit(Position(number, match.start()), Position(number, match.end()), new)
            made.append(Replacement(edit, text, text[: match.start()] + new + text[match.end() :]))
    return made


def _expanded(match: regex.Match[str], query: Query, template: str) -> str:
    if not query.is_regex:
        return template
    try:
        return str(match.expand(template))
    except (regex.error, IndexError, KeyError) as error:
        raise BadPattern(f"The replacement does not fit the pattern: {error}.") from None


def _last(pattern: regex.Pattern[str], text: str, end: int, budget: _Budget) -> regex.Match[str] | None:
    found = _all(pattern, text, end, budget)
    return found[-1] if found else None


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
