"""The marks of some lines as bytes for the vault, read again when somebody asks for one of the lines.

JSON: the distinct sets of marks, then for each line the number of its block's set, how many marked runs it
has, and of each run its start, end and set. Set 0 is no marks. It must never read what another than one's own
vault wrote: nothing in it is judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from cryptpad_tui.crdt.mark_index import UNMARKED, Frozen, LineMarks, MarkRun


class PackedLines:
    """So many lines, not yet read."""

    __slots__ = ("_size", "raw")

    def __init__(self, raw: bytes, size: int) -> None:
        self.raw, self._size = raw, size

    def __len__(self) -> int:
        return self._size

    def worked_out(self) -> list[LineMarks]:
        """The marks of each line."""
        named, numbers = json.loads(self.raw)
        known: list[Frozen] = [tuple([(key, value) for key, value in pairs]) for pairs in named]
        made: list[LineMarks] = []
        at = 0
        for _ in range(self._size):
            block, count = numbers[at], numbers[at + 1]
            at += 2
            if not (block or count):
                made.append(UNMARKED)
                continue
            runs = [
                MarkRun(numbers[i], numbers[i + 1], known[numbers[i + 2]])
                for i in range(at, at + 3 * count, 3)
            ]
            made.append(LineMarks(tuple(runs), known[block]))
            at += 3 * count
        return made


def pack_lines(lines: Sequence[LineMarks]) -> PackedLines:
    """These as bytes, to be read again when somebody asks for one."""
    return PackedLines(packed(lines), len(lines))


def packed(lines: Sequence[LineMarks]) -> bytes:
    """What `PackedLines` reads."""
    known: dict[tuple[tuple[str, type, object], ...], int] = {(): 0}
    named: list[Frozen] = [()]
    numbers: list[int] = []

    def number_of(marks: Frozen) -> int:
        # With the types: True and 1 are one key of a dict, and not one value in a text.
        key = tuple([(name, type(value), value) for name, value in marks])
        number = known.setdefault(key, len(named))
        if number == len(named):
            named.append(marks)
        return number

    for runs, block in lines:
        numbers += (number_of(block) if block else 0, len(runs))
        for start, end, marks in runs:
            numbers += (start, end, number_of(marks))
    return json.dumps([named, numbers], separators=(",", ":")).encode()
