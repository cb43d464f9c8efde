"""Where the others are: their carets, selections and name flags, as values.

Names are foreign text: what reaches the screen from here is made safe. A remote caret never moves ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import regex

from cryptpad_tui.crdt.values import Change, Position, map_position
from cryptpad_tui.editor.frame import Decoration, Frame
from cryptpad_tui.editor.layout import Layout
from cryptpad_tui.editor.screen_rows import row_showing
from cryptpad_tui.editor.widths import char_cells

MAX_SHOWN: Final = 64
"""More people than this are somewhere in the pad; their carets are not drawn."""
_FLAG_CELLS: Final = 16
_UNSAFE: Final = regex.compile(r"[\p{C}\p{Zl}\p{Zp}\p{M}]")


@dataclass(frozen=True, slots=True)
class RemoteCursor:
    """One person's caret; `anchor` is the other end of their selection, `key` tells two of one name apart."""

    key: str
    name: str
    colour: str
    caret: Position
    anchor: Position | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A name drawn over one row of the screen."""

    x: int
    y: int
    text: str
    style: str


def through(cursors: Sequence[RemoteCursor], change: Change) -> tuple[RemoteCursor, ...]:
    """The cursors after a change, until their owners say where they are."""
    moved: list[RemoteCursor] = []
    for cursor in cursors:
        caret, anchor = cursor.caret, cursor.anchor
        for edit in change.edits:
            caret = map_position(caret, edit)
            anchor = None if anchor is None else map_position(anchor, edit)
        moved.append(replace(cursor, caret=caret, anchor=anchor))
    return tuple(moved)


def decorations(cursors: Iterable[RemoteCursor]) -> list[Decoration]:
    """What the cursors paint over the text: selections first, carets on top."""
    selections: list[Decoration] = []
    carets: list[Decoration] = []
    for cursor in cursors:
        if cursor.anchor is not None and cursor.anchor != cursor.caret:
            start, end = sorted((cursor.anchor, cursor.caret))
            selections.append(Decoration(start, end, f"peer.{cursor.colour}"))
        carets.append(Decoration(cursor.caret, cursor.caret, f"peer.{cursor.colour}:caret"))
    return selections + carets


def flag_text(name: str) -> str:
    """A name as a flag shows it: one row, no character that could do anything, at most 16 cells."""
    text, cells = "", 0
    for char in _UNSAFE.sub("", name).strip() or "?":
        cells += char_cells(char)
        if cells > _FLAG_CELLS:
            break
        text += char
    return f" {text} "


def flags(cursors: Iterable[RemoteCursor], frame: Frame, layout: Layout) -> dict[int, Flag]:
    """The flags to draw, by row: above the caret they belong to, or below it; never over our caret's row."""
    placed: dict[int, Flag] = {}
    own_row = frame.caret[1] if frame.caret is not None else -1
    for cursor in cursors:
        cell = _cell_of(cursor.caret, frame, layout)
        if cell is None:
            continue
        x, y = cell
        for row in (y - 1, y + 1):
            if 0 <= row < len(frame.rows) and row != own_row and row not in placed:
                text = flag_text(cursor.name)
                left = max(0, min(x, layout.width - sum(map(char_cells, text))))
                placed[row] = Flag(left, row, text, f"peer.{cursor.colour}:flag")
                break
    return placed


def _cell_of(position: Position, frame: Frame, layout: Layout) -> tuple[int, int] | None:
    """The cell where a position is shown, or None."""
    position = layout.lines.clamp(position)
    row = row_showing(layout, position)
    for y, painted in enumerate(frame.rows):
        if (painted.line, painted.start) == (row.line, row.start):
            return layout.cell_of(layout.row_at(position), position.col), y
    return None
