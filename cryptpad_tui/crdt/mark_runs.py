"""The marks of one line, and what an edit makes of them. Pure values and functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from cryptpad_tui.crdt.values import Attributes, AttributeValue

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


def line_of(runs: Sequence[MarkRun], block: Frozen) -> LineMarks:
    return LineMarks(tuple(runs), block) if runs or block else UNMARKED


def extend(runs: list[MarkRun], start: int, end: int, marks: Frozen) -> None:
    """Add a run behind those there, joined to the last where it goes on with it."""
    if start >= end or not marks:
        return
    if runs and runs[-1].end == start and runs[-1].marks == marks:
        runs[-1] = MarkRun(runs[-1].start, end, marks)
    else:
        runs.append(MarkRun(start, end, marks))


def updated(marks: Frozen, attributes: Attributes) -> Frozen:
    return frozen({**dict(marks), **attributes})


def formatted(runs: Sequence[MarkRun], first: int, past: int, attributes: Attributes) -> tuple[MarkRun, ...]:
    """The runs with `attributes` set on the columns from `first` up to `past`."""
    made: list[MarkRun] = []
    col = first
    for run in runs:
        extend(made, run.start, min(run.end, first), run.marks)
        inside_start, inside_end = max(run.start, first), min(run.end, past)
        if inside_start < inside_end:
            extend(made, col, inside_start, frozen(attributes))
            extend(made, inside_start, inside_end, updated(run.marks, attributes))
            col = inside_end
        if run.end > past:
            extend(made, col, past, frozen(attributes))
            col = max(col, past)
            extend(made, max(run.start, past), run.end, run.marks)
    extend(made, col, past, frozen(attributes))
    return tuple(made)


def marked(found: LineMarks, first: int, past: int, attributes: Attributes) -> LineMarks:
    """A line with `attributes` set on the columns from `first` up to `past`."""
    return line_of(formatted(found.runs, first, past, attributes), found.block)


def replaced(found: LineMarks, first: int, last: int, size: int, marks: Frozen) -> LineMarks:
    """A line of which the columns from `first` up to `last` became so many with these marks."""
    runs = [MarkRun(run.start, min(run.end, first), run.marks) for run in found.runs if run.start < first]
    extend(runs, first, first + size, marks)
    shift = first + size - last
    for run in found.runs:
        if run.end > last:
            extend(runs, max(run.start, last) + shift, run.end + shift, run.marks)
    return line_of(runs, found.block)


class ColdLines(Protocol):
    """Lines whose marks nobody asked for."""

    def __len__(self) -> int: ...
    def worked_out(self) -> list[LineMarks]: ...


class TouchedLines:
    """Such lines, in which somebody edited or formatted since."""

    __slots__ = ("_changes", "_lines")

    def __init__(self, lines: ColdLines) -> None:
        self._lines = lines
        self._changes: list[tuple[int, Callable[[LineMarks], LineMarks]]] = []

    def __len__(self) -> int:
        return len(self._lines)

    def change(self, number: int, change: Callable[[LineMarks], LineMarks]) -> None:
        """One of the lines becomes what this makes of it, when somebody asks."""
        self._changes.append((number, change))

    def worked_out(self) -> list[LineMarks]:
        made = self._lines.worked_out()
        for number, change in self._changes:
            made[number] = change(made[number])
        return made
