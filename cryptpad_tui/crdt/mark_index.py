"""The marks of a rich text by line, kept in step with its edits: what a painter asks for, line by line.

A line has marks on its characters and, from the LF that ends it, block formats. The last line has no LF and
so no block formats. Stored by chunks as the lines are, so that a key press costs the same in every document;
a chunk is worked out when somebody first asks for one of its lines, so that a long document opens at once.

It must never read the whole document but in `reset`, and never hold what the engine does not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import accumulate
from math import isqrt
from typing import Any, Final

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_runs import (
    UNMARKED,
    ColdLines,
    Frozen,
    LineMarks,
    MarkRun,
    TouchedLines,
    extend,
    formatted,
    frozen,
    line_of,
    marked,
    replaced,
    updated,
)
from cryptpad_tui.crdt.values import Attributes, Change, Position

__all__ = [
    "UNMARKED",
    "ColdLines",
    "Frozen",
    "LineMarks",
    "MarkIndex",
    "MarkRun",
    "Piece",
    "Run",
    "frozen",
    "merged",
]

_MIN_CHUNK_LINES: Final = 256

Piece = tuple[str, Attributes | None]
"""Text with its attributes, as the engine gives it: cut anywhere, and None for none."""
Run = tuple[str, dict[str, Any]]


def merged(pieces: Iterable[Piece]) -> list[Run]:
    """Maximal runs of equal attributes, none of them None."""
    runs: list[Run] = []
    for text, found in pieces:
        marks = dict(found) if found else {}
        if marks and None in marks.values():
            marks = {key: value for key, value in marks.items() if value is not None}
        if runs and runs[-1][1] == marks:
            runs[-1] = (runs[-1][0] + text, marks)
        else:
            runs.append((text, marks))
    return runs


class _Cold:
    """So many of them, behind the first LFs of a piece."""

    __slots__ = ("_first", "_pieces", "_size", "_skipped")

    def __init__(self, pieces: Sequence[Piece], size: int, first: int, skipped: int) -> None:
        self._pieces, self._size, self._first, self._skipped = pieces, size, first, skipped

    def __len__(self) -> int:
        return self._size

    def worked_out(self) -> list[LineMarks]:
        made: list[LineMarks] = []
        runs: list[MarkRun] = []
        col, skip = 0, self._skipped
        for number in range(self._first, len(self._pieces)):
            text, attributes = self._pieces[number]
            marks = frozen(attributes) if attributes else ()
            texts = text.split("\n", skip + self._size - len(made))[skip:]
            for i, part in enumerate(texts):
                if i:
                    made.append(line_of(runs, marks))
                    runs, col = [], 0
                    if len(made) == self._size:
                        return made
                extend(runs, col, col + len(part), marks)
                col += len(part)
            skip = 0
        made.append(line_of(runs, ()))
        return made


class MarkIndex:
    """The marks of `lines`, which must be brought up to date first, each time."""

    def __init__(self, lines: LineIndex, runs: Iterable[Piece], *, kept: Sequence[ColdLines] = ()) -> None:
        """`kept`: what the `chunks` of such an index were, in place of `runs`."""
        self._lines = lines
        self.block_version = 0
        """Changes with the number of lines and with any block format: what numbered lists depend on."""
        self._chunks: list[list[LineMarks] | ColdLines] = list(kept)
        self._size = max(_MIN_CHUNK_LINES, isqrt(len(lines)))
        # To work out what was kept takes a millisecond or two when it is asked for: not worth an idle turn.
        self._cold = 0
        self._unpacked = 0
        self._starts: list[int] | None = None
        if not kept:
            self.reset(runs)

    def reset(self, runs: Iterable[Piece]) -> None:
        """Hold the marks of these runs, which make up the whole text."""
        pieces = list(runs)
        starts = list(accumulate([text.count("\n") for text, _ in pieces], initial=0))
        count = starts[-1] + 1
        size = self._size = max(_MIN_CHUNK_LINES, isqrt(count))
        self._chunks = []
        for line in range(0, count, size):
            first = max(0, bisect_left(starts, line) - 1)
            self._chunks.append(_Cold(pieces, min(size, count - line), first, line - starts[first]))
        self._cold = len(self._chunks)
        self._starts = None
        self.block_version += 1

    def work_out(self, lines: int) -> bool:
        """Work out the marks of about so many lines that nobody asked for; True if some are left."""
        while self._cold and lines > 0:
            self._cold -= 1
            if self._cold < len(self._chunks):
                lines -= len(self._chunk(self._cold))
        return bool(self._cold)

    def begin_packing(self) -> None:
        """Let `pack` begin anew."""
        self._unpacked = len(self._chunks)

    def pack(self, lines: int, pack: Callable[[list[LineMarks]], ColdLines]) -> bool:
        """Pack about so many lines that were worked out or touched; True if some are left."""
        while self._unpacked and lines > 0:
            self._unpacked -= 1
            chunk = self._chunks[self._unpacked] if self._unpacked < len(self._chunks) else []
            if isinstance(chunk, list | _Cold | TouchedLines) and chunk:
                lines -= len(chunk)
                self._chunks[self._unpacked] = pack(self._chunk(self._unpacked))
        return bool(self._unpacked)

    def chunks(self) -> Sequence[list[LineMarks] | ColdLines]:
        """All that is held, some of it not worked out."""
        return tuple(self._chunks)

    # -- reading

    def __len__(self) -> int:
        return self._chunk_starts()[-1]

    def line(self, number: int) -> LineMarks:
        """The marks of one line; IndexError outside the document."""
        k, i = self._find(number)
        return self._chunk(k)[i]

    def lines(self, start: int, stop: int) -> list[LineMarks]:
        """The marks of the lines from `start` up to `stop`, clipped to the document."""
        start, stop = max(0, start), min(stop, len(self))
        found: list[LineMarks] = []
        while start + len(found) < stop:
            k, i = self._find(start + len(found))
            found += self._chunk(k)[i : i + stop - start - len(found)]
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

    def _change_cold(self, number: int, change: Callable[[LineMarks], LineMarks]) -> bool:
        """Leave a change of one line, but not of its end, for whoever asks; False where it is worked out."""
        k, i = self._find(number)
        chunk = self._chunks[k]
        if isinstance(chunk, list):
            return False
        touched = chunk if isinstance(chunk, TouchedLines) else TouchedLines(chunk)
        self._chunks[k] = touched
        touched.change(i, change)
        return True

    def _replace(self, start: Position, end: Position, text: str, marks: Frozen) -> None:
        if start.line == end.line and "\n" not in text:
            edit = partial(replaced, first=start.col, last=end.col, size=len(text), marks=marks)
            if self._change_cold(start.line, edit):
                return
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
                made.append(line_of(runs, marks))
                runs, col = [], 0
            extend(runs, col, col + len(piece), marks)
            col += len(piece)
        shift = col - end.col
        for run in last.runs:
            if run.end > end.col:
                extend(runs, max(run.start, end.col) + shift, run.end + shift, run.marks)
        made.append(line_of(runs, last.block))
        self._splice(start.line, end.line + 1, made)

    def _format(self, start: Position, end: Position, attributes: Attributes) -> None:
        if start.line == end.line:
            mark = partial(marked, first=start.col, past=end.col, attributes=attributes)
            if self._change_cold(start.line, mark):
                return
        for number in range(start.line, end.line + 1):
            found = self.line(number)
            first = start.col if number == start.line else 0
            past = end.col if number == end.line else len(self._lines[number])
            block = found.block if number == end.line else updated(found.block, attributes)
            runs = formatted(found.runs, first, past, attributes)
            self._splice(number, number + 1, [LineMarks(runs, block)])

    # -- chunks

    def _splice(self, start: int, stop: int, made: Sequence[LineMarks]) -> None:
        """Put `made` in the place of the lines from `start` up to `stop`."""
        k, i = self._find(start)
        if stop - start == 1 == len(made):
            chunk = self._chunk(k)
            if chunk[i].block != made[0].block:
                self.block_version += 1
            chunk[i] = made[0]
            return
        self.block_version += 1
        gone = stop - start
        chunk = self._chunk(k)
        taken = min(gone, len(chunk) - i)
        chunk[i : i + taken] = made
        gone -= taken
        is_long = len(chunk) > 2 * self._size
        if self._starts is not None and not gone and not is_long:
            # Most often at the end of what there is: then this costs nothing.
            self._starts[k + 1 :] = [each + len(made) - taken for each in self._starts[k + 1 :]]
            return
        self._starts = None
        while gone:
            after = self._chunk(k + 1)
            taken = min(gone, len(after))
            del after[:taken]
            gone -= taken
            if not after:
                del self._chunks[k + 1]
        if is_long:
            self._chunks[k : k + 1] = [chunk[j : j + self._size] for j in range(0, len(chunk), self._size)]

    def _chunk(self, k: int) -> list[LineMarks]:
        chunk = self._chunks[k]
        if not isinstance(chunk, list):
            chunk = self._chunks[k] = chunk.worked_out()
        return chunk

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
