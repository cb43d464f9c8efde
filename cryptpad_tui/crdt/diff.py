"""The smallest edits that turn one text into another: lines first, then words and characters of what changed.

Small edits matter because everyone else's concurrent typing survives in what is not touched. It must
never take quadratic time, whatever the texts: where an exact answer is too dear, a coarser edit is given.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Final

from cryptpad_tui.crdt.values import Position, TextEdit

_EXACT_LINES = 20_000
_EXACT_CHARS = 250_000
"""Products of the two sides' lengths up to which the exact matcher is quick enough."""
_EXACT_CHARS_IN_ALL = 4_000_000
_BY_WORDS_CHARS: Final = 1_000_000
"""So long may the two sides of one changed line be to be looked at word by word."""
_WORD: Final = re.compile(r"[0-9A-Za-z\u00c0-\u04ff]+|.", re.DOTALL)
"""A word of the scripts that have spaces, or one character."""

Span = tuple[int, int, int, int]
"""old start, old stop, new start, new stop."""


def smallest_edits(old: str, new: str) -> list[TextEdit]:
    """Ascending edits in the coordinates of `old`."""
    if old == new:
        return []
    old_lines, new_lines = old.split("\n"), new.split("\n")
    # Lines with their LF; the last line has none, and so never equals one that has.
    a = [line + "\n" for line in old_lines[:-1]] + old_lines[-1:]
    b = [line + "\n" for line in new_lines[:-1]] + new_lines[-1:]
    edits: list[TextEdit] = []
    budget = _EXACT_CHARS_IN_ALL
    for a0, a1, b0, b1 in _changed_lines(a, b):
        old_part, new_part = "".join(a[a0:a1]), "".join(b[b0:b1])
        if old_part == new_part:
            continue
        span = _trim_chars(old_part, new_part)
        work = (span[1] - span[0]) * (span[3] - span[2])
        exact = work <= min(budget, _EXACT_CHARS)
        budget -= work if exact else 0
        edits += _edits_inside(a0, old_part, new_part, span, exact=exact)
    return edits


def _changed_lines(a: Sequence[str], b: Sequence[str]) -> Iterator[Span]:
    """Spans of lines that differ, ascending (patience diff; the exact matcher for small gaps)."""
    stack: list[Span] = [(0, len(a), 0, len(b))]
    while stack:
        a0, a1, b0, b1 = _trim(a, b, stack.pop())
        if a0 == a1 and b0 == b1:
            continue
        if a0 == a1 or b0 == b1:
            yield a0, a1, b0, b1
        elif (a1 - a0) * (b1 - b0) <= _EXACT_LINES:
            yield from _exact(a, b, (a0, a1, b0, b1))
        elif anchors := _unique_common(a, b, (a0, a1, b0, b1)):
            gaps = []
            for i, j in anchors:
                gaps.append((a0, i, b0, j))
                a0, b0 = i + 1, j + 1
            gaps.append((a0, a1, b0, b1))
            stack += reversed(gaps)
        elif a1 - a0 == b1 - b0:
            # The same word replaced on every line: line by line, so that each edit stays small.
            yield from ((a0 + n, a0 + n + 1, b0 + n, b0 + n + 1) for n in range(a1 - a0))
        else:
            yield a0, a1, b0, b1


def _trim(a: Sequence[str], b: Sequence[str], span: Span) -> Span:
    a0, a1, b0, b1 = span
    while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
        a0, b0 = a0 + 1, b0 + 1
    while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
        a1, b1 = a1 - 1, b1 - 1
    return a0, a1, b0, b1


def _exact(a: Sequence[str], b: Sequence[str], span: Span) -> Iterator[Span]:
    a0, a1, b0, b1 = span
    for tag, i0, i1, j0, j1 in SequenceMatcher(None, a[a0:a1], b[b0:b1], autojunk=False).get_opcodes():
        if tag != "equal":
            yield a0 + i0, a0 + i1, b0 + j0, b0 + j1


def _unique_common(a: Sequence[str], b: Sequence[str], span: Span) -> list[tuple[int, int]]:
    """Lines that are there once on each side, in the longest run that ascends on both."""
    a0, a1, b0, b1 = span
    in_a, in_b = Counter(a[a0:a1]), Counter(b[b0:b1])
    place_in_b = {b[j]: j for j in range(b0, b1) if in_b[b[j]] == 1}
    pairs = [(i, place_in_b[a[i]]) for i in range(a0, a1) if in_a[a[i]] == 1 and a[i] in place_in_b]
    ends: list[int] = []
    last_of: list[int] = []
    before: list[int | None] = []
    for n, (_, j) in enumerate(pairs):
        k = bisect_left(ends, j)
        before.append(last_of[k - 1] if k else None)
        ends[k : k + 1] = [j]
        last_of[k : k + 1] = [n]
    found: list[tuple[int, int]] = []
    at: int | None = last_of[-1] if last_of else None
    while at is not None:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _edits_inside(line: int, old: str, new: str, span: Span, *, exact: bool) -> Iterator[TextEdit]:
    """The character edits of one changed block of lines, which starts at `line`."""
    a0, a1, b0, b1 = span
    cursor = _Cursor(line, old)
    spans = iter([span])
    if a0 != a1 and b0 != b1:
        spans = _exact(old, new, span) if exact else _by_words(old, new, span)
    for i0, i1, j0, j1 in spans:
        yield TextEdit(cursor.at(i0), cursor.at(i1), new[j0:j1])


def _by_words(old: str, new: str, span: Span) -> Iterator[Span]:
    """Of a long line too only what differs: two people who replace the same paragraph would double it."""
    a0, a1, b0, b1 = span
    if a1 - a0 + b1 - b0 > _BY_WORDS_CHARS:
        yield span
        return
    a, b = _WORD.findall(old[a0:a1]), _WORD.findall(new[b0:b1])
    at_a = list(accumulate(map(len, a), initial=a0))
    at_b = list(accumulate(map(len, b), initial=b0))
    for i0, i1, j0, j1 in _changed_lines(a, b):
        part = at_a[i0], at_a[i1], at_b[j0], at_b[j1]
        small = (part[1] - part[0]) * (part[3] - part[2]) <= _EXACT_LINES
        yield from _exact(old, new, part) if small else iter([part])


def _trim_chars(old: str, new: str) -> Span:
    """Trim by halving slices, so that a long common part costs a few comparisons in C."""
    limit = min(len(old), len(new))
    head = _common(limit, lambda n: old[:n] == new[:n])
    tail = _common(limit - head, lambda n: n == 0 or old[-n:] == new[-n:])
    return head, len(old) - tail, head, len(new) - tail


def _common(limit: int, same: Callable[[int], bool]) -> int:
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low


class _Cursor:
    """Turns ascending character offsets of a block into positions, reading each character once."""

    def __init__(self, line: int, text: str) -> None:
        self._line, self._text, self._offset, self._line_start = line, text, 0, 0

    def at(self, offset: int) -> Position:
        newlines = self._text.count("\n", self._offset, offset)
        if newlines:
            self._line += newlines
            self._line_start = self._text.rfind("\n", self._offset, offset) + 1
        self._offset = offset
        return Position(self._line, offset - self._line_start)
