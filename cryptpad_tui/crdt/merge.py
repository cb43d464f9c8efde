"""Bringing back a text that somebody edited outside: their edits on what the text is by then. Pure.

The three texts are what they were given, what they made of it, and what it is here meanwhile. It must never
take back what others wrote in the meantime, even inside a passage that was deleted outside.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from cryptpad_tui.crdt.diff import smallest_edits
from cryptpad_tui.crdt.values import Position, TextEdit


class Span(NamedTuple):
    """Characters `start` up to `end` become `text`; `came` is where in the edited text that stands."""

    start: int
    end: int
    text: str
    came: int = 0


class Offsets:
    """A text's places as numbers of characters, and back."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def of(self, position: Position) -> int:
        return self._starts[position.line] + position.col

    def at(self, offset: int) -> Position:
        line = min(bisect_right(self._starts, offset) - 1, len(self._starts) - 2)
        return Position(line, offset - self._starts[line])


def difference(old: str, new: str) -> list[Span]:
    """The smallest edits that turn `old` into `new`, ascending, in characters of `old`."""
    offsets = Offsets(old)
    found, shift = [], 0
    for edit in smallest_edits(old, new):
        start, end = offsets.of(edit.start), offsets.of(edit.end)
        found.append(Span(start, end, edit.text, start + shift))
        shift += len(edit.text) - (end - start)
    return found


def merged_spans(base: str, edited: str, present: str) -> list[Span]:
    """The edits from `base` to `edited`, in characters of `present`: ascending, not overlapping."""
    here = Places(difference(base, present))
    return [span for edit in difference(base, edited) for span in here.brought(edit)]


def merged_edits(base: str, edited: str, present: str) -> list[TextEdit]:
    """The same as edits of the present text."""
    offsets = Offsets(present)
    return [
        TextEdit(offsets.at(span.start), offsets.at(span.end), span.text)
        for span in merged_spans(base, edited, present)
    ]


class Places:
    """Where the characters of the base are after the edits of others.

    What is put exactly where others wrote stands before it, or behind it with `after`.
    """

    def __init__(self, others: Sequence[Span], *, after: bool = False) -> None:
        self._others = others
        self._after = after
        self._starts = [span.start for span in others]
        self._shifts = [0, *accumulate(len(span.text) - (span.end - span.start) for span in others)]

    def place(self, offset: int) -> int:
        """Where a place between two characters is."""
        at = bisect_right(self._starts, offset) - 1
        if at < 0:
            return offset
        other = self._others[at]
        if offset < other.end or (offset == other.start and not self._after):
            return other.start + self._shifts[at]
        return offset + self._shifts[at + 1]

    def brought(self, edit: Span) -> Iterator[Span]:
        """One edit, cut where others wrote into what it deletes: theirs stays."""
        text, came, first = edit.text, edit.came, True
        for start, end in self._left_of(edit.start, edit.end):
            yield Span(start, end, text if first else "", came)
            first = False
        if first and text:
            place = self.place(edit.start)
            yield Span(place, place, text, came)

    def _left_of(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The present ranges of what is left of a range of the base."""
        at = max(0, bisect_right(self._starts, start) - 1)
        for index in range(at, len(self._others)):
            other = self._others[index]
            if other.start >= end:
                break
            if start < other.start:
                yield start + self._shifts[index], other.start + self._shifts[index]
            start = max(start, other.end)
        if start < end:
            shift = self._shifts[bisect_right(self._starts, start)]
            yield start + shift, end + shift
