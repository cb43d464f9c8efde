"""The rows of a preview around one place: pieces of the source are read when they are about to be seen.

A place is a piece and a row of it. Reading a piece again costs a lookup while its text is the same, so a
change of the document costs the pieces that it touched. It must never read what is far from the place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import accumulate
from typing import Final, NamedTuple

from cryptpad_tui.convert.preview import Colours, preview_of
from cryptpad_tui.convert.preview_rows import PreviewRow, painted, rows_of
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.markdown_pieces import Pieces, States

_PIECES_KEPT: Final = 256
_MAX_PIECES: Final = 80
"""So many pieces are looked at for one screen: thousands of blank lines end it."""
_GAP: Final = painted((), 0)


class Place(NamedTuple):
    """Where a view begins: a piece by its first line, and the row of it."""

    piece: int = 0
    row: int = 0


class PreviewWindow:
    """The preview of one document at one width."""

    def __init__(self, lines: Lines, states: States, width: int, *, colours: Colours | None = None) -> None:
        self.lines = lines
        self._pieces = Pieces(lines, states)
        self.width = width
        self._read = lru_cache(_PIECES_KEPT)(partial(_rows_of_text, colours))

    def recolour(self) -> None:
        """The colours of code that was read are other ones."""
        self._read.cache_clear()

    def forget(self) -> None:
        """The document has changed."""
        self._pieces.forget()

    # -- reading

    def rows(self, place: Place, height: int) -> list[PreviewRow]:
        """The rows from a place on; fewer than `height` at the end."""
        found: list[PreviewRow] = []
        first, skip = place
        for _ in range(_MAX_PIECES):
            rows = self._rows_of(first)
            found += rows[skip : skip + height - len(found)]
            first, skip = self._pieces.edge_after(first), 0
            if len(found) >= height or first >= len(self.lines):
                break
        return found

    def _rows_of(self, first: int) -> Sequence[PreviewRow]:
        """The rows of a piece, with the empty one below it."""
        piece = self._pieces.piece(first)
        read = self._read(piece.text, self.width, piece.added, piece.first == 0)
        rows = [row._replace(line=row.line + first) for row in read]
        if rows and piece.whole:
            rows.append(PreviewRow(max(rows[-1].line, piece.stop - 1), _GAP))
        return rows

    # -- places

    def place_of(self, line: int, share: float = 0.0) -> Place:
        """The row that shows a line of the source; `share` is how far into the line, from 0 to 1."""
        line = max(0, min(line, len(self.lines) - 1))
        first = self._pieces.edge_before(line)
        rows = self._rows_of(first)
        lines = [row.line for row in rows]
        at = bisect_left(lines, line)
        if at == len(rows):
            return Place(first, max(0, at - 1))
        same = bisect_left(lines, lines[at] + 1) - at
        into = int(same * share) if lines[at] == line else 0
        return Place(first, at + min(into, same - 1))

    def moved(self, place: Place, rows: int) -> tuple[Place, int]:
        """The place so many rows further down, or up; and how far that really is."""
        first, at = place
        left = rows
        for _ in range(_MAX_PIECES):
            count = len(self._rows_of(first))
            if 0 <= at + left < count:
                return Place(first, at + left), rows
            if left < 0:
                if not first:
                    return Place(0, 0), rows - left - at
                left, first = left + at, self._pieces.edge_before(first - 1)
                at = len(self._rows_of(first))
                continue
            after = self._pieces.edge_after(first)
            if after >= len(self.lines):
                last = max(0, count - 1)
                return Place(first, last), rows - left + last - at
            left, first, at = left - (count - at), after, 0
        return Place(first, 0), rows - left

    def sound(self, place: Place, height: int) -> Place:
        """The place, or the last one from which half of a screen is full."""
        half = max(1, height // 2)
        short = half - len(self.rows(place, half))
        return self.moved(place, -short)[0] if short > 0 else place

    def revealing(self, place: Place, line: int, height: int) -> Place:
        """The place moved as little as it must so that the rows of a line are in view."""
        rows = self.rows(place, height)
        lines = [row.line for row in rows]
        if rows and lines[0] <= line <= lines[-1]:
            return place
        wanted = self.place_of(line)
        if not rows or line < lines[0]:
            return wanted
        return self.moved(wanted, -(height - 1 - min(2, height // 4)))[0]


def _rows_of_text(
    colours: Colours | None, text: str, width: int, added: int, top: bool
) -> tuple[PreviewRow, ...]:
    """The rows of a piece, counted from its first line; without those of the lines that were added to it."""
    rows = rows_of(preview_of(text, whole=top, colours=colours), width)
    lines = accumulate([row.line - added for row in rows], max)
    return tuple([row._replace(line=line) for line, row in zip(lines, rows, strict=True) if line >= 0])
