"""The lines of a text, and the way between lines, characters and bytes.

Lines stand in chunks whose size grows with the square root of the document; a lookup or an edit
touches one chunk and the sums of the chunks, so a key press costs the same in 10 kB and in 10 MB.

It must never walk the whole document for a lookup or an edit, and never split a line at anything
but LF.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from math import isqrt

from cryptpad_tui.crdt.values import ByteOffset, Position

_MIN_CHUNK_LINES = 256


class NotABoundary(ValueError):
    """A byte offset points into the middle of a character; nothing was changed. Please report this."""


def utf8_size(text: str) -> int:
    """The bytes `text` takes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def utf16_size(text: str) -> int:
    """The UTF-16 units of `text`, which the engine's clocks count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class LineIndex:
    """A text as lines. Positions are (line, column in code points); a position outside raises IndexError."""

    __slots__ = ("_byte_sizes", "_byte_starts", "_char_sizes", "_char_starts", "_chunk_lines", "_chunks",
                 "_line_bytes", "_line_starts")  # fmt: skip

    def __init__(self, text: str = "") -> None:
        self.reset(text)

    def reset(self, text: str) -> None:
        """Hold `text` instead: the one operation that costs the length of the document."""
        lines = text.split("\n")
        size = self._chunk_lines = max(_MIN_CHUNK_LINES, isqrt(len(lines)))
        self._chunks = [lines[i : i + size] for i in range(0, len(lines), size)]
        self._char_sizes = [_char_size(chunk) for chunk in self._chunks]
        if text.isascii():
            self._byte_sizes = self._char_sizes.copy()
        else:
            self._byte_sizes = [_byte_size(chunk) for chunk in self._chunks]
        # Bytes of each line of a chunk with its LF; made when first asked for.
        self._line_bytes: list[list[int] | None] = [None] * len(self._chunks)
        self._forget_sums(lines=True)

    # -- size

    def __len__(self) -> int:
        return self._lines_before()[-1]

    @property
    def char_count(self) -> int:
        return self._chars_before()[-1] - 1

    @property
    def byte_count(self) -> int:
        return self._bytes_before()[-1] - 1

    @property
    def end(self) -> Position:
        return Position(len(self) - 1, len(self._chunks[-1][-1]))

    # -- reading

    def __getitem__(self, line: int) -> str:
        k, i = self._find_line(line)
        return self._chunks[k][i]

    def lines(self, start: int, stop: int) -> list[str]:
        """The lines from `start` up to `stop`, clipped to the document."""
        start, stop = max(0, start), min(stop, len(self))
        if start >= stop:
            return []
        k, i = self._find_line(start)
        found = self._chunks[k][i : i + stop - start]
        while len(found) < stop - start:
            k += 1
            found += self._chunks[k][: stop - start - len(found)]
        return found

    def text(self, start: Position, end: Position) -> str:
        """The characters from `start` up to `end`."""
        if start > end:
            raise IndexError("a range ends before it starts")
        self._check(start)
        self._check(end)
        if start.line == end.line:
            return self[start.line][start.col : end.col]
        lines = self.lines(start.line, end.line + 1)
        lines[0] = lines[0][start.col :]
        lines[-1] = lines[-1][: end.col]
        return "\n".join(lines)

    def clamp(self, p: Position) -> Position:
        """The nearest position that exists."""
        if p.line < 0:
            return Position(0, 0)
        if p.line >= len(self):
            return self.end
        return Position(p.line, min(max(0, p.col), len(self[p.line])))

    # -- conversions

    def byte_of(self, p: Position) -> ByteOffset:
        """The UTF-8 offset of a position."""
        k, i, line = self._check(p)
        inside = p.col if line.isascii() else utf8_size(line[: p.col])
        return ByteOffset(self._bytes_before()[k] + sum(self._bytes_of(k)[:i]) + inside)

    def position_of(self, b: ByteOffset) -> Position:
        """The position at a UTF-8 offset, which must be between two characters."""
        starts = self._bytes_before()
        if not 0 <= b < starts[-1]:
            raise IndexError("the byte offset is outside the text")
        k = bisect_right(starts, b) - 1
        ends = list(accumulate(self._bytes_of(k)))
        inside = b - starts[k]
        i = bisect_right(ends, inside)
        if i:
            inside -= ends[i - 1]
        line = self._chunks[k][i]
        return Position(self._lines_before()[k] + i, inside if line.isascii() else _column_of(line, inside))

    def offset_of(self, p: Position) -> int:
        """The number of characters before a position."""
        k, i, _ = self._check(p)
        return self._chars_before()[k] + _char_size(self._chunks[k][:i]) + p.col

    def position_at(self, char_offset: int) -> Position:
        """The position after `char_offset` characters."""
        starts = self._chars_before()
        if not 0 <= char_offset < starts[-1]:
            raise IndexError("the character offset is outside the text")
        k = bisect_right(starts, char_offset) - 1
        is_ascii = self._char_sizes[k] == self._byte_sizes[k]
        sizes = self._bytes_of(k) if is_ascii else [len(line) + 1 for line in self._chunks[k]]
        ends = list(accumulate(sizes))
        inside = char_offset - starts[k]
        i = bisect_right(ends, inside)
        return Position(self._lines_before()[k] + i, inside - (ends[i - 1] if i else 0))

    # -- editing

    def replace(self, start: Position, end: Position, text: str) -> None:
        """Put `text` in the place of the characters from `start` up to `end`."""
        if start > end:
            raise IndexError("a range ends before it starts")
        k, i, first = self._check(start)
        if start.line == end.line and "\n" not in text:
            if not start.col <= end.col <= len(first):
                raise IndexError("the column is outside the line")
            self._set_line(k, i, first[: start.col] + text + first[end.col :])
            return
        last_k, last_i, last = self._check(end)
        made = (first[: start.col] + text + last[end.col :]).split("\n")
        self._set_chunks(k, last_k + 1, self._chunks[k][:i] + made + self._chunks[last_k][last_i + 1 :])

    def _set_line(self, k: int, i: int, line: str) -> None:
        old = self._chunks[k][i]
        self._chunks[k][i] = line
        new_bytes = utf8_size(line)
        sizes = self._line_bytes[k]
        old_bytes = sizes[i] - 1 if sizes is not None else utf8_size(old)
        if sizes is not None:
            sizes[i] = new_bytes + 1
        self._char_sizes[k] += len(line) - len(old)
        self._byte_sizes[k] += new_bytes - old_bytes
        self._forget_sums(lines=False)

    def _set_chunks(self, k: int, stop: int, lines: list[str]) -> None:
        """Put `lines` in the place of the chunks from `k` up to `stop`, in chunks of a sound size."""
        size = self._chunk_lines
        if len(lines) < size // 4 and len(self._chunks) > stop - k:
            # A crumb joins its neighbour, so that thousands of joins do not leave thousands of chunks.
            if k:
                k -= 1
                lines = self._chunks[k] + lines
            else:
                lines = lines + self._chunks[stop]
                stop += 1
        step = size if len(lines) > 2 * size else len(lines)
        made = [lines[i : i + step] for i in range(0, len(lines), step)]
        self._chunks[k:stop] = made
        self._char_sizes[k:stop] = [_char_size(chunk) for chunk in made]
        line_bytes = [_line_sizes(chunk) for chunk in made]
        self._byte_sizes[k:stop] = [sum(sizes) for sizes in line_bytes]
        self._line_bytes[k:stop] = line_bytes
        self._forget_sums(lines=True)

    # -- sums

    def _forget_sums(self, *, lines: bool) -> None:
        self._byte_starts: list[int] | None = None
        self._char_starts: list[int] | None = None
        if lines:
            self._line_starts: list[int] | None = None

    def _lines_before(self) -> list[int]:
        starts = self._line_starts
        if starts is None:
            starts = self._line_starts = list(accumulate(map(len, self._chunks), initial=0))
        return starts

    def _bytes_before(self) -> list[int]:
        starts = self._byte_starts
        if starts is None:
            starts = self._byte_starts = list(accumulate(self._byte_sizes, initial=0))
        return starts

    def _chars_before(self) -> list[int]:
        starts = self._char_starts
        if starts is None:
            starts = self._char_starts = list(accumulate(self._char_sizes, initial=0))
        return starts

    def _bytes_of(self, k: int) -> list[int]:
        sizes = self._line_bytes[k]
        if sizes is None:
            sizes = self._line_bytes[k] = _line_sizes(self._chunks[k])
        return sizes

    def _find_line(self, line: int) -> tuple[int, int]:
        starts = self._lines_before()
        if not 0 <= line < starts[-1]:
            raise IndexError("the line is outside the text")
        k = bisect_right(starts, line) - 1
        return k, line - starts[k]

    def _check(self, p: Position) -> tuple[int, int, str]:
        k, i = self._find_line(p.line)
        line = self._chunks[k][i]
        if not 0 <= p.col <= len(line):
            raise IndexError("the column is outside the line")
        return k, i, line


def _char_size(chunk: list[str]) -> int:
    return sum(map(len, chunk)) + len(chunk)


def _byte_size(chunk: list[str]) -> int:
    return len("\n".join(chunk).encode()) + 1


def _line_sizes(chunk: list[str]) -> list[int]:
    return [(len(line) if line.isascii() else len(line.encode())) + 1 for line in chunk]


def _column_of(line: str, size_bytes: int) -> int:
    try:
        return len(line.encode()[:size_bytes].decode())
    except UnicodeDecodeError as exc:
        raise NotABoundary("the byte offset is inside a character") from exc
