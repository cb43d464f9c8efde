"""How many matches a document has and which of them one is, counted in slices; and replacements to look at.

It must never count the whole document at once: the person is typing what is searched for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, islice
from typing import Final, NamedTuple

from cryptpad_tui.editor.find import PAINT_S, Query, Replacement, compiled, count_in
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.selection import Selection

SLICE_LINES: Final = 512
_BEFORE: Final = 20
"""Characters that are shown before what is replaced first."""
_SHOWN: Final = 240


class MatchCount:
    """The count of one query over one document, which must not change meanwhile."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.is_done = False
        self._counts: list[int] = []

    @property
    def total(self) -> int:
        """The matches counted so far."""
        return sum(self._counts)

    def count_on(self, lines: Lines) -> bool:
        """Count a slice; whether some are left. Raises BadPattern."""
        first = len(self._counts) * SLICE_LINES
        if first < len(lines):
            self._counts.append(count_in(lines, self.query, first, first + SLICE_LINES))
        self.is_done = first + SLICE_LINES >= len(lines)
        return not self.is_done

    def ordinal(self, lines: Lines, match: Selection) -> int:
        """Which match that is, from 1; 0 while it is not counted, or where it is none. Raises BadPattern."""
        line, col = match.start
        at = line // SLICE_LINES
        if match.empty or at >= len(self._counts):
            return 0
        before = sum(self._counts[:at]) + count_in(lines, self.query, at * SLICE_LINES, line)
        try:
            for found in compiled(self.query).finditer(lines[line], timeout=PAINT_S):
                if found.start() < found.end():
                    before += 1
                    if found.start() == col:
                        return before
        except TimeoutError:
            return 0
        return 0


class ReplacedLine(NamedTuple):
    """A line that a replacement changes, as it is and as it would be; cut to what a person can compare."""

    line: int
    before: str
    after: str


def replaced_lines(made: Iterable[Replacement], most: int) -> list[ReplacedLine]:
    """The first lines that replacements change, each with all of them."""
    shown: list[ReplacedLine] = []
    for line, group in islice(groupby(made, key=lambda one: one.edit.start.line), most):
        edits = list(group)
        before = edits[0].line_before
        start = max(0, edits[0].edit.start.col - _BEFORE)
        at, after = start, ""
        for one in edits:
            if len(after) > _SHOWN:
                break
            after += before[at : one.edit.start.col] + one.edit.text
            at = one.edit.end.col
        after += before[at : at + _SHOWN]
        lead = "…" if start else ""
        shown.append(ReplacedLine(line, lead + before[start : start + _SHOWN], lead + after[:_SHOWN]))
    return shown
