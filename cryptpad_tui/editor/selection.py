"""Where the caret is and what is selected, and how that follows edits by others.

A caret belongs to the text around it: what others insert exactly at it comes after it, what they insert
at the edges of a selection stays outside it. It must always stand inside the text at a cluster edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptpad_tui.crdt.values import Position, TextEdit, end_of, map_position
from cryptpad_tui.editor.graphemes import snap_back, snap_on
from cryptpad_tui.editor.layout import Lines


class Selection(NamedTuple):
    """From where a selection was begun to where the caret is; equal when nothing is selected."""

    anchor: Position
    head: Position

    @property
    def start(self) -> Position:
        return min(self.anchor, self.head)

    @property
    def end(self) -> Position:
        return max(self.anchor, self.head)

    @property
    def empty(self) -> bool:
        return self.anchor == self.head


def caret(position: Position) -> Selection:
    return Selection(position, position)


@dataclass(frozen=True, slots=True)
class Selections:
    """The selections of one view: one today, several by design."""

    items: tuple[Selection, ...] = (Selection(Position(0, 0), Position(0, 0)),)

    @property
    def primary(self) -> Selection:
        return self.items[0]


def mapped(selection: Selection, edits: Iterable[TextEdit], lines: Lines) -> Selection:
    """The selection after edits (each in the coordinates that the edits before left) that it did not make."""
    backward = selection.head < selection.anchor
    start, end, empty = selection.start, selection.end, selection.empty
    for edit in edits:
        end = map_position(end, edit)
        start = end if empty else min(map_position(start, edit, push=True), end)
    if empty:
        return caret(on_edge(end, lines))
    start, end = on_edge(start, lines, back=True), on_edge(end, lines)
    return Selection(end, start) if backward else Selection(start, end)


def on_edge(position: Position, lines: Lines, *, back: bool = False) -> Position:
    """The nearest place that exists and is a cluster edge: after the cluster it fell into, or before."""
    position = lines.clamp(position)
    text = lines[position.line]
    return Position(position.line, (snap_back if back else snap_on)(text, position.col))


def after_edits(position: Position, edits: Sequence[TextEdit], *, push: bool = False) -> Position:
    """Where a position is after edits that are all in the coordinates before the first (ascending)."""
    for edit in reversed(edits):
        position = map_position(position, edit, push=push)
    return position


def changed_place(edits: Sequence[TextEdit]) -> Position:
    """Where an undo takes the caret: behind what its first edit put back."""
    return end_of(edits[0].start, edits[0].text)
