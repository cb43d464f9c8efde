"""Where a line breaks into rows: after a space, beside a wide character, or within a word too long for a row.

One cell at the right of every row is kept for the caret or for the space a row ends with, so that the
caret always has a cell to stand in. A wide character is never split.

It must never look at more than the text it is given; the layout gives it pieces of bounded length.
"""

from __future__ import annotations

from cryptpad_tui.editor.graphemes import clusters, glyph, is_plain

_NEVER_FIRST = frozenset(
    "、。，．：；！？）］｝〉》」』】〕〗〙〛’”・ー々゛゜ぁぃぅぇぉっゃゅょァィゥェォッャュョ…"
)


def wrap(text: str, width: int, tab_width: int) -> tuple[int, ...]:
    """The columns where the rows of `text` start, in a text area `width` cells wide."""
    if is_plain(text):
        return _wrap_plain(text, width - 1)
    return _Wrapping(width - 1, tab_width).starts_of(text)


def tab_cells(cells: int, tab_width: int) -> int:
    """The cells of a tab that starts after `cells` cells of its row."""
    return tab_width - cells % tab_width


def _wrap_plain(text: str, room: int) -> tuple[int, ...]:
    starts = [0]
    start = 0
    while len(text) - start > room:
        if text[start + room] == " ":
            cut = start + room + 1
        else:
            word = text.rfind(" ", start, start + room) + 1
            cut = word if word and not text[start:word].isspace() else start + room
        starts.append(cut)
        start = cut
    return tuple(starts)


class _Wrapping:
    """One pass over the clusters of a text."""

    def __init__(self, room: int, tab_width: int) -> None:
        self._room = room
        self._tab_width = tab_width
        self._starts = [0]
        self._begin_row(0)

    def _begin_row(self, cells: int) -> None:
        self._cells = cells
        self._solid = cells > 0  # the row holds more than the spaces it starts with
        self._break_at = -1  # the last place where the row may end
        self._break_cells = 0  # the cells before it
        self._after_wide = False

    def starts_of(self, text: str) -> tuple[int, ...]:
        col = 0
        for cluster in clusters(text):
            is_tab = cluster == "\t"
            size = tab_cells(self._cells, self._tab_width) if is_tab else glyph(cluster).cells
            is_wide = size == 2 and not cluster.isascii()
            if self._solid and (is_wide or self._after_wide) and cluster not in _NEVER_FIRST:
                self._break_at, self._break_cells = col, self._cells
            end = col + len(cluster)
            if cluster == " " and self._cells == self._room:
                # The space stands in the cell that was kept; a caret behind it needs a row.
                self._starts.append(end)
                self._begin_row(0)
                col = end
                continue
            if self._cells and self._cells + size > self._room:
                self._cut(col, None if is_tab else size)
                size = tab_cells(self._cells, self._tab_width) if is_tab else size
            self._cells += size
            self._after_wide = is_wide
            col = end
            if is_tab or cluster == " ":
                if self._solid:
                    self._break_at, self._break_cells = col, self._cells
            else:
                self._solid = True
        return tuple(self._starts)

    def _cut(self, col: int, size: int | None) -> None:
        """End the row before the cluster at `col`, which takes `size` cells; None for a tab, whose cells
        hang on its place."""
        carried = self._cells - self._break_cells
        size = tab_cells(carried, self._tab_width) if size is None else size
        if self._break_at > self._starts[-1] and carried + size <= self._room:
            self._starts.append(self._break_at)
            self._begin_row(carried)
        else:
            self._starts.append(col)
            self._begin_row(0)
