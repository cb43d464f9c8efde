"""Writes frames as the difference to what the terminal already shows.

Textual repaints whole regions: eight kilobytes for one letter. `FrameDiff` remembers every cell, and turns
an update into the fewest moves, colour changes and characters that make the terminal show it; rows that moved
are scrolled by the terminal itself. It stands on private names of Textual, whose version is pinned for that.

It must never guess: whoever disturbs the terminal (a resize, a suspended program, Ctrl+L) calls `forget`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.cells import cell_len
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from cryptpad_tui.ui.cells import BLANK, Cell, Row, cells_of, first_disputed, is_disputed
from cryptpad_tui.ui.pen import PLAIN, RESET, Look, draws_blank, transition
from cryptpad_tui.ui.row_diff import differing, distance, is_right_half, moved, runs, text_of

_SCROLL_MIN_ROWS: Final = 6
"""Fewer changed rows than this are cheaper to repaint than to look for a scroll."""
_SHIFT_MIN_CELLS: Final = 12
"""Fewer changed cells than this are written again rather than moved."""
_SHIFTS: Final = (1, -1, 2, -2, 4, -4)
"""By how many cells a row's end may have moved: a character, a wide one, an indentation."""


class FrameDiff:
    """What the terminal shows, and how to change it."""

    def __init__(
        self, colors: ColorSystem, *, erases_with_background: bool = False, shifts_cells: bool = True
    ) -> None:
        self._colors = colors
        self._shifts_cells = shifts_cells
        self._erases_with_background = erases_with_background
        self._rows: list[Row] = []
        self._size = (0, 0)
        self._known = False
        self._pen: Look = PLAIN
        self._at: tuple[int, int] | None = None
        self._out: list[str] = []

    def forget(self) -> None:
        """Trust nothing of what the terminal shows: the next frame sets every cell, pen and cursor."""
        self._known = False

    def render(self, update: CompositorUpdate, size: tuple[int, int], cursor: tuple[int, int]) -> str:
        """What to write so that the terminal shows `update`, its cursor at (column, row); "" if it does."""
        if not self._known or size != self._size:
            self._start(size)
        return self._render(strips_of(update), cursor)

    def render_rows(self, rows: Iterable[tuple[int, int, Strip]], cursor: tuple[int, int]) -> str | None:
        """The same for strips at (row, column); None while what the terminal shows is not known."""
        return self._render(rows, cursor) if self._known else None

    def _render(self, strips: Iterable[tuple[int, int, Strip]], cursor: tuple[int, int]) -> str:
        changed = self._changed_rows(strips)
        if len(changed) >= _SCROLL_MIN_ROWS:
            self._scroll(changed)
        for y in sorted(changed):
            self._write_row(y, changed[y])
        self._move(*cursor)
        return self._taken()

    def move_cursor(self, x: int, y: int) -> str:
        """What to write so that the cursor is at (column, row), with nothing painted; "" if it is there."""
        if not self._known:
            return ""
        self._move(x, y)
        return self._taken()

    def _taken(self) -> str:
        written, self._out = "".join(self._out), []
        return written

    def _start(self, size: tuple[int, int]) -> None:
        width, height = size
        self._rows = [[None] * width for _ in range(height)]
        self._size, self._known = size, True
        self._pen, self._at = PLAIN, None
        self._out.append(RESET)

    # ---- what changed

    def _changed_rows(self, strips: Iterable[tuple[int, int, Strip]]) -> dict[int, Row]:
        changed: dict[int, Row] = {}
        width, height = self._size
        for y, x, strip in strips:
            if not (0 <= y < height and x < width):
                continue
            row = changed.get(y)
            if row is None:
                row = changed[y] = self._rows[y].copy()
            cells = cells_of(strip, self._colors)[: width - x]
            row[x : x + len(cells)] = cells
        return {y: row for y, row in changed.items() if row != self._rows[y]}

    # ---- rows that moved

    def _scroll(self, changed: dict[int, Row]) -> None:
        """Let the terminal move the rows that only moved, if that leaves much less to write."""
        shift = self._likely_shift(changed)
        if not shift:
            return
        within = [y for y in changed if 0 <= y + shift < len(self._rows)]
        same = [y for y in within if distance(changed[y], self._rows[y + shift]) <= 2]
        if not same:
            return
        top, bottom = min(min(same), min(same) + shift), max(max(same), max(same) + shift)
        shifted = self._shifted(top, bottom, shift)
        current = {y: changed.get(y, self._rows[y]) for y in range(top, bottom + 1)}
        before = sum(distance(row, self._rows[y]) for y, row in current.items())
        after = sum(distance(row, shifted[y - top]) for y, row in current.items())
        if after * 2 > before:
            return
        self._write_scroll(top, bottom, shift)
        self._rows[top : bottom + 1] = shifted
        changed.update(current)

    def _likely_shift(self, changed: dict[int, Row]) -> int:
        old: dict[str, int] = {}
        for y, row in enumerate(self._rows):
            text = text_of(row)
            old[text] = -1 if text in old else y
        votes: Counter[int] = Counter()
        for y, row in changed.items():
            from_y = old.get(text_of(row), -1)
            if from_y >= 0 and from_y != y:
                votes[from_y - y] += 1
        shift, count = votes.most_common(1)[0] if votes else (0, 0)
        return shift if count >= 3 else 0

    def _shifted(self, top: int, bottom: int, shift: int) -> list[Row]:
        band = self._rows[top : bottom + 1]
        unknown: list[Row] = [[None] * self._size[0] for _ in range(min(abs(shift), len(band)))]
        return band[shift:] + unknown if shift > 0 else unknown + band[:shift]

    def _write_scroll(self, top: int, bottom: int, shift: int) -> None:
        # New lines take the pen's background; a plain pen makes that the same on every terminal.
        self._set_pen(PLAIN)
        self._out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1}H\x1b[{_count(abs(shift))}")
        self._out.append("M\x1b[r" if shift > 0 else "L\x1b[r")
        self._at = None

    # ---- one row

    def _write_row(self, y: int, row: Row) -> None:
        old = self._rows[y]
        self._rows[y] = row
        disputed = min(first_disputed(row), first_disputed(old))
        if disputed < len(row) and row[disputed:] != old[disputed:]:
            for start, stop in runs(row[:disputed], old[:disputed]):
                self._write_run(y, row, start, stop)
            self._write_disputed(y, row, disputed)
            return
        if disputed == len(row) and self._shifts_cells:
            old = self._shift_cells(y, row, old)
        for start, stop in runs(row, old):
            self._write_run(y, row, start, stop)

    def _shift_cells(self, y: int, row: Row, old: Row) -> Row:
        """Let the terminal move the end of a row where cells came in or went out; the row it then shows."""
        before = distance(row, old)
        if before < _SHIFT_MIN_CELLS:
            return old
        start = differing(row, old)[0]
        while start > 0 and (is_right_half(row[start]) or is_right_half(old[start])):
            start -= 1
        # What comes in takes the pen's background on some terminals, and on others none.
        fresh = BLANK if not self._pen.bg and not self._pen.bits else None
        candidates = [(distance(row, moved(old, start, cells, fresh)), cells) for cells in _SHIFTS]
        after, cells = min(candidates)
        if after + _SHIFT_MIN_CELLS > before:
            return old
        self._move(start, y)
        self._out.append(f"\x1b[{_count(abs(cells))}{'@' if cells > 0 else 'P'}")
        return moved(old, start, cells, fresh)

    def _write_run(self, y: int, row: Row, start: int, stop: int) -> None:
        erase_from = self._erasable_from(row, start, stop)
        self._move(start, y)
        for column in range(start, erase_from):
            self._put(row[column])
        self._erase(row, erase_from, stop, y)

    def _erasable_from(self, row: Row, start: int, stop: int) -> int:
        """Where the blanks begin that one "erase to the end of the row" makes, or `stop`."""
        last = row[-1]
        if stop < len(row) or last is None or last[0] != " " or last[1].bits or last[1].link:
            return stop
        if last[1].bg and not self._erases_with_background:
            return stop
        begin = stop
        while begin > start and row[begin - 1] == last:
            begin -= 1
        return begin if stop - begin > 3 else stop

    def _write_disputed(self, y: int, row: Row, start: int) -> None:
        """Rewrite the end of a row, with the column set anew after every cluster of disputed width."""
        while start > 0 and is_right_half(row[start]):
            start -= 1
        self._move(start, y)
        self._set_blank_pen(row[-1])
        self._out.append("\x1b[K")
        erase_from = self._erasable_from(row, start, len(row))
        for column in range(start, erase_from):
            cell = row[column]
            if cell is None or cell[0] == "":
                continue
            self._put(cell)
            if is_disputed(cell[0]):
                self._column(column + cell_len(cell[0]), y)
        self._erase(row, erase_from, len(row), y)

    def _column(self, x: int, y: int) -> None:
        """Set the column anew after a cluster that may have left the cursor anywhere in its row."""
        self._at = None
        if x < self._size[0]:
            self._out.append(f"\x1b[{_count(x + 1)}G")
            self._at = (x, y)

    def _erase(self, row: Row, start: int, stop: int, y: int) -> None:
        if start < stop:
            self._move(start, y)
            self._set_blank_pen(row[-1])
            self._out.append("\x1b[K")

    def _put(self, cell: Cell | None) -> None:
        text, look = cell or (" ", PLAIN)
        if text == "":
            return
        if not (text == " " and draws_blank(self._pen, look)):
            self._set_pen(look)
        self._out.append(text)
        if self._at is not None:
            x, y = self._at
            x += 1 if text.isascii() else cell_len(text)
            # Past the last column terminals differ about where the cursor is.
            self._at = (x, y) if x < self._size[0] else None

    # ---- pen and cursor

    def _set_pen(self, look: Look) -> None:
        if look != self._pen:
            self._out.append(transition(self._pen, look))
            self._pen = look

    def _set_blank_pen(self, cell: Cell | None) -> None:
        look = PLAIN if cell is None or cell[0] != " " else cell[1]
        if not draws_blank(self._pen, look):
            self._set_pen(look)

    def _move(self, x: int, y: int) -> None:
        if self._at == (x, y):
            return
        self._out.append(min(self._moves(x, y), key=len))
        self._at = (x, y)

    def _moves(self, x: int, y: int) -> Iterator[str]:
        yield f"\x1b[{_count(y + 1)}H" if x == 0 else f"\x1b[{_count(y + 1)};{x + 1}H"
        if self._at is None:
            return
        dx, dy = x - self._at[0], y - self._at[1]
        if dy == 0:
            if x == 0:
                yield "\r"
            yield f"\x1b[{_count(dx)}C" if dx > 0 else f"\x1b[{_count(-dx)}D"
            if -4 <= dx < 0:
                yield "\b" * -dx
        elif dx == 0:
            yield f"\x1b[{_count(dy)}B" if dy > 0 else f"\x1b[{_count(-dy)}A"


def strips_of(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of an update with the row and column where each begins."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, x1, x2 in update.spans:
            for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if chop is not None and x <= x2 and end > x1:
                    yield y, x, chop


def _count(number: int) -> str:
    """A parameter of a control sequence; one is what the terminal takes when there is none."""
    return "" if number == 1 else str(number)
