"""Search and `:s` over lines, as vim counts matches.

A match of nothing counts for `:s` (`:%s/^/> /`). Patterns have a time limit; the document is never joined.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor.find import (
    MAX_REPLACED,
    REPLACE_S,
    SEARCH_S,
    BadPattern,
    Query,
    compiled,
    find_next,
    find_previous,
)
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.vim.places import past

_BLOCK_LINES = 1024
_TOO_LONG = "This pattern takes too long."


@dataclass(frozen=True, slots=True)
class Substitution:
    edits: tuple[TextEdit, ...]
    count: int
    lines: int
    last_line: int


def searched(lines: Lines, query: Query, place: Position, *, forward: bool) -> Position | None:
    """Where the next match starts, going round at the ends of the text. Raises BadPattern."""
    if forward:
        behind = past(lines, place)
        found = find_next(lines, query, behind)
        return None if found is None else found.start
    pattern = compiled(query)
    try:
        here = [
            int(match.start())
            for match in pattern.finditer(lines[place.line], timeout=SEARCH_S)
            if match.start() < min(match.end(), place.col)
        ]
    except TimeoutError:
        raise BadPattern(_TOO_LONG) from None
    if here:
        return Position(place.line, here[-1])
    found = find_previous(lines, query, Position(place.line, 0))
    return None if found is None else found.start


def substitution(
    lines: Lines, query: Query, template: str, first: int, last: int, *, everywhere: bool
) -> Substitution:
    """The edits of `:s`. Raises BadPattern."""
    pattern = compiled(query)
    until = time.monotonic() + REPLACE_S
    made: list[TextEdit] = []
    count = changed = 0
    last_line = first
    for start in range(first, last + 1, _BLOCK_LINES):
        for line, text in enumerate(lines.lines(start, min(last + 1, start + _BLOCK_LINES)), start):
            found = _matches(pattern, text, until, everywhere=everywhere)
            if not found:
                continue
            count, changed, last_line = count + len(found), changed + 1, line
            made += [edit for match in found if (edit := _edit(line, match, template)) is not None]
            if count > MAX_REPLACED:
                raise BadPattern(f"There are more than {MAX_REPLACED:,} matches; name fewer lines.")
    return Substitution(tuple(made), count, changed, last_line)


def _matches(
    pattern: regex.Pattern[str], text: str, until: float, *, everywhere: bool
) -> list[regex.Match[str]]:
    left = until - time.monotonic()
    if left <= 0:
        raise BadPattern(_TOO_LONG)
    try:
        if not everywhere:
            one = pattern.search(text, timeout=left)
            return [] if one is None else [one]
        found: list[regex.Match[str]] = []
        for match in pattern.finditer(text, timeout=left):
            # Right behind a match nothing matches again.
            if match.end() > match.start() or not found or found[-1].end() < match.start():
                found.append(match)
        return found
    except TimeoutError:
        raise BadPattern(_TOO_LONG) from None


def _edit(line: int, match: regex.Match[str], template: str) -> TextEdit | None:
    try:
        text = str(match.expand(template))
    except (regex.error, IndexError, KeyError) as error:
        raise BadPattern(f"The replacement does not fit the pattern: {error}.") from None
    if text == match.group():
        return None
    return TextEdit(Position(line, int(match.start())), Position(line, int(match.end())), text)
