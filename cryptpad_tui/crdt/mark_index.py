"""The marks of a rich text by line, kept in step with its edits: what a painter asks for, line by line.

A line has marks on its characters and, from the LF that ends it, block formats. The last line has no LF and
so no block formats. Stored by chunks as the lines are, so that a key press costs the same in every document.

It must never read the whole document but in `reset`, and never hold what the engine does not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import isqrt
from typing import Final, NamedTuple

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.values import Attributes, AttributeValue, Change, Position

_MIN_CHUNK_LINES: Final = 256

Frozen = tuple[tuple[str, AttributeValue], ...]
"""Attributes as a value: sorted pairs, none of them None."""


class MarkRun(NamedTuple):
    """Columns `start` to `end` of a line that carry the same marks, at least one."""

    start: int
    end: int
    marks: Frozen


class LineMarks(NamedTuple):
    """The marked runs of a line, ascending, and what the LF that ends it carries."""

    runs: tuple[MarkRun, ...] = ()
    block: Frozen = ()


UNMARKED: Final = LineMarks()


def frozen(attributes: Attributes) -> Frozen:
    """Attributes as a value that compares; those that are None are none."""
    return tuple(sorted([(key, value) for key, value in attributes.items() if value is not None]))


class MarkIndex:
    """The marks of `lines`, which must be brought up to date first, each time."""

    def __init__(self, lines: LineIndex, runs: Iterable[tuple[str, Attributes]]) -> None:
        self._lines = lines
        self.block_version = 0
        """Changes with the number of lines and with any block format: what numbered lists depend on."""
        self.reset(runs)

    def reset(self, runs: Iterable[tuple[str, Attributes]]) -> None:
        """Hold the marks of these runs, which make up the whole text."""
        made: list[LineMarks] = []
        open_runs: list[MarkRun] = []
        col = 0
        for text, attributes in runs:
            marks = frozen(attributes)
            pieces = text.split("\n")
            for i, piece in enumerate(pieces):
                _extend(open_runs, col, col + len(piece), marks)
                col += len(piece)
                if i + 1 < len(pieces):
                    made.append(_line(open_runs, marks))
                    open_runs, col = [], 0
        made.append(_line(open_runs, ()))
        self._size = max(_MIN_CHUNK_LINES, isqrt(len(made)))
        self._chunks = [made[i : i + self._size] for i in range(0, len(made), self._size)]
        self._starts: list[int] | None = None
        self.block_version += 1

    # -- reading

    def __len__(self) -> int:
        return self._chunk_starts()[-1]

    def line(self, number: int) -> LineMarks:
        """The marks of one line; IndexError outside the document."""
        k, i = self._find(number)
        return self._chunks[k][i]

    def lines(self, start: int, stop: int) -> list[LineMarks]:
        """The marks of the lines from `start` up to `stop`, clipped to the document."""
        start, stop = max(0, start), min(stop, len(self))
        found: list[LineMarks] = []
        while start + len(found) < stop:
            k, i = self._find(start + len(found))
            found += self._chunks[k][i : i + stop - start - len(found)]
        return found

    def marks_at(self, position: Position) -> Frozen:
        """The marks of the character at a position; those of the LF at a line's end."""
        found = self.line(position.line)
        for run in found.runs:
            if run.start <= position.col < run.end:
                return run.marks
        return found.block if position.col >= len(self._lines[position.line]) else ()

    # -- following

    def follow(self, change: Change) -> None:
        """Take in a change of the text, after the lines did."""
        for edit in change.edits:
            self._replace(edit.start, edit.end, edit.text, frozen(edit.attributes or {}))
        for start, end, attributes in change.formatted:
            self._format(start, end, attributes)

    def _replace(self, start: Position, end: Position, text: str, marks: Frozen) -> None:
        last = self.line(end.line)
        runs = [
            MarkRun(run.start, min(run.end, start.col), run.marks)
            for run in self.line(start.line).runs
            if run.start < start.col
        ]
        made: list[LineMarks] = []
        col = start.col
        for i, piece in enumerate(text.split("\n")):
            if i:
                made.append(_line(runs, marks))
                runs, col = [], 0
            _extend(runs, col, col + len(piece), marks)
            col += len(piece)
        shift = col - end.col
        for run in last.runs:
            if run.end > end.col:
                _extend(runs, max(run.start, end.col) + shift, run.end + shift, run.marks)
        made.append(_line(runs, last.block))
        self._splice(start.line, end.line + 1, made)

    def _format(self, start: Position, end: Position, attributes: Attributes) -> None:
        for number in range(start.line, end.line + 1):
            found = self.line(number)
            first = start.col if number == start.line else 0
            past = end.col if number == end.line else len(self._lines[number])
            block = found.block if number == end.line else _updated(found.block, attributes)
            runs = _formatted(found.runs, first, past, attributes)
            self._splice(number, number + 1, [LineMarks(runs, block)])

    # -- chunks

    def _splice(self, start: int, stop: int, made: Sequence[LineMarks]) -> None:
        """Put `made` in the place of the lines from `start` up to `stop`."""
        k, i = self._find(start)
        if stop - start == 1 == len(made):
            if self._chunks[k][i].block != made[0].block:
                self.block_version += 1
            self._chunks[k][i] = made[0]
            return
        self.block_version += 1
        self._starts = None
        gone = stop - start
        chunk = self._chunks[k]
        taken = min(gone, len(chunk) - i)
        chunk[i : i + taken] = made
        gone -= taken
        while gone:
            after = self._chunks[k + 1]
            taken = min(gone, len(after))
            del after[:taken]
            gone -= taken
            if not after:
                del self._chunks[k + 1]
        if len(chunk) > 2 * self._size:
            self._chunks[k : k + 1] = [chunk[j : j + self._size] for j in range(0, len(chunk), self._size)]

    def _chunk_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = [0, *accumulate(map(len, self._chunks))]
        return self._starts

    def _find(self, number: int) -> tuple[int, int]:
        starts = self._chunk_starts()
        if not 0 <= number < starts[-1]:
            raise IndexError("a line outside the document")
        k = bisect_right(starts, number) - 1
        return k, number - starts[k]


def _line(runs: Sequence[MarkRun], block: Frozen) -> LineMarks:
    return LineMarks(tuple(runs), block) if runs or block else UNMARKED


def _extend(runs: list[MarkRun], start: int, end: int, marks: Frozen) -> None:
    """Add a run behind those there, joined to the last where it goes on with it."""
    if start >= end or not marks:
        return
    if runs and runs[-1].end == start and runs[-1].marks == marks:
        runs[-1] = MarkRun(runs[-1].start, end, marks)
    else:
        runs.append(MarkRun(start, end, marks))


def _updated(marks: Frozen, attributes: Attributes) -> Frozen:
    return frozen({**dict(marks), **attributes})


def _formatted(runs: Sequence[MarkRun], first: int, past: int, attributes: Attributes) -> tuple[MarkRun, ...]:
    """The runs with `attributes` set on the columns from `first` up to `past`."""
    made: list[MarkRun] = []
    col = first
    for run in runs:
        _extend(made, run.start, min(run.end, first), run.marks)
        inside_start, inside_end = max(run.start, first), min(run.end, past)
        if inside_start < inside_end:
            _extend(made, col, inside_start, frozen(attributes))
            _extend(made, inside_start, inside_end, _updated(run.marks, attributes))
            col = inside_end
        if run.end > past:
            _extend(made, col, past, frozen(attributes))
            col = max(col, past)
            _extend(made, max(run.start, past), run.end, run.marks)
    _extend(made, col, past, frozen(attributes))
    return tuple(made)
