"""Rows of text at a width, found from where the reader is; `screen_rows` puts them on the screen.

A row is known by the line and the column it starts at, so an edit elsewhere never renumbers it. Wraps
are kept by the content of the line: an edit needs no invalidation, only the edited line is wrapped again.
Lines longer than a page are wrapped page by page, and a page always starts a row.

It must never do work that grows with the document or with the length of a line.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.graphemes import MAX_CELLS, clusters, glyph, is_plain, snap_back
from cryptpad_tui.editor.wrap import tab_cells, wrap

if TYPE_CHECKING:
    from cryptpad_tui.editor.rich_table import TableRow
    from cryptpad_tui.editor.screen_rows import Band

PAGE_CHARS = 8192
MIN_WIDTH = MAX_CELLS + 2
_WRAPS_KEPT = 1024


class Lines(Protocol):
    """What the editor reads of a document: the line index's reading half."""

    def __len__(self) -> int: ...
    def __getitem__(self, line: int, /) -> str: ...
    @property
    def end(self) -> Position: ...
    def lines(self, start: int, stop: int) -> list[str]: ...
    def text(self, start: Position, end: Position) -> str: ...
    def clamp(self, p: Position) -> Position: ...


class Row(NamedTuple):
    """Columns `start` to `end` of a line; `end` is the next row's start, or the end of the line."""

    line: int
    start: int
    end: int
    last: bool
    """It ends its line, so a caret can stand behind it."""


class Margins(Protocol):
    """What stands left and right of the text of a line: bullets, bars, and the shift that aligns a row."""

    def cells(self, line: int, width: int, /) -> int: ...
    def right(self, line: int, width: int, /) -> int: ...
    def share(self, line: int, width: int, /) -> float: ...
    def in_table(self, line: int, width: int, /) -> tuple[TableRow | None, bool]: ...


class NoMargins:
    """The margins of plain text."""

    def cells(self, line: int, width: int, /) -> int:
        """The cells left of a line's text, in rows of `width`."""
        return 0

    def right(self, line: int, width: int, /) -> int:
        """The cells right of it that it must leave free."""
        return 0

    def share(self, line: int, width: int, /) -> float:
        """How much of a row's free cells stand left of its text: 0 left, a half centred, 1 right."""
        return 0.0

    def in_table(self, line: int, width: int, /) -> tuple[TableRow | None, bool]:
        """The row of a table whose cells stand side by side, and whether a rule stands above the line."""
        return None, False


class Layout:
    """How the lines of one document break into rows at one width."""

    def __init__(
        self,
        lines: Lines,
        width: int,
        tab_width: int = 4,
        margins: Margins = NoMargins(),  # noqa: B008 - holds nothing
    ) -> None:
        self.lines = lines
        self.width = max(width, MIN_WIDTH)
        self.tab_width = tab_width
        self.margins = margins
        self.flat = isinstance(margins, NoMargins)
        """No line stands beside another, and there are no rules."""
        self.bands: dict[int, tuple[TableRow, list[str], Band]] = {}
        """What `screen_rows` worked out, by the first line of each table's row."""

        def wrapped(text: str, width: int) -> tuple[int, ...]:
            return wrap(text, width, tab_width)

        self._wrapped = lru_cache(_WRAPS_KEPT)(wrapped)

    def resized(self, width: int) -> Layout:
        """The same document at another width."""
        return Layout(self.lines, width, self.tab_width, self.margins)

    def _room(self, line: int) -> int:
        width = self.width
        return max(MIN_WIDTH, width - self.margins.cells(line, width) - self.margins.right(line, width))

    def shift(self, row: Row) -> int:
        """The cells left of a row's text: the margin of its line, and what aligns it."""
        margin = min(self.margins.cells(row.line, self.width), self.width - MIN_WIDTH)
        share = self.margins.share(row.line, self.width)
        if not share:
            return margin
        cells = text_cells(self.lines[row.line][row.start : row.end], self.tab_width)
        free = self.width - self.margins.right(row.line, self.width) - margin - 1 - cells
        return margin + int(max(0, free) * share)

    # -- rows

    def row_at(self, position: Position) -> Row:
        """The row that shows a position; where two rows meet it is the lower one."""
        text, room = self.lines[position.line], self._room(position.line)
        if len(text) < room and is_plain(text):
            return Row(position.line, 0, len(text), True)
        page_start, page_end = _page(text, position.col)
        page = text if page_end - page_start == len(text) else text[page_start:page_end]
        starts = self._wrapped(page, room)
        i = bisect_right(starts, position.col - page_start) - 1
        start = page_start + starts[i]
        if i + 1 < len(starts):
            return Row(position.line, start, page_start + starts[i + 1], False)
        return Row(position.line, start, page_end, page_end == len(text))

    # -- cells

    def cell_of(self, row: Row, col: int) -> int:
        """The cells of a row before a column."""
        text = self.lines[row.line][row.start : min(col, row.end)]
        return self.shift(row) + text_cells(text, self.tab_width)

    def col_at(self, row: Row, cell: int) -> int:
        """The column of the cluster that covers a cell; past the row's end, its last place for a caret."""
        text = self.lines[row.line][row.start : row.end]
        cell -= self.shift(row)
        if is_plain(text):
            most = len(text) if row.last else max(0, len(text) - 1)
            return row.start + max(0, min(cell, most))
        col = cells = 0
        for cluster in clusters(text):
            cells += tab_cells(cells, self.tab_width) if cluster == "\t" else glyph(cluster).cells
            if cell < cells or (not row.last and col + len(cluster) == len(text)):
                return row.start + col
            col += len(cluster)
        return row.end


def text_cells(text: str, tab_width: int) -> int:
    """The cells of a text that starts a row."""
    if is_plain(text):
        return len(text)
    cells = 0
    for cluster in clusters(text):
        cells += tab_cells(cells, tab_width) if cluster == "\t" else glyph(cluster).cells
    return cells


def _page(text: str, col: int) -> tuple[int, int]:
    """The part of a line that is wrapped together with `col`, cut at cluster edges."""
    if len(text) <= PAGE_CHARS:
        return 0, len(text)
    number = min(col, len(text) - 1) // PAGE_CHARS
    start = snap_back(text, number * PAGE_CHARS)
    end = snap_back(text, (number + 1) * PAGE_CHARS)
    if col >= end and end < len(text):
        start, end = end, snap_back(text, (number + 2) * PAGE_CHARS)
    return start, end
