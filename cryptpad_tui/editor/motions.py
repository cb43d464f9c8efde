"""Where the caret goes: each motion is a function from a state to a place, and makes two commands.

Motions are by grapheme cluster, word, row, screenful and document. They must never change the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.graphemes import next_edge, previous_edge
from cryptpad_tui.editor.screen_rows import is_rule, moved, row_showing, under
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.viewport import Viewport, scrolled
from cryptpad_tui.editor.words import next_word_end, previous_word_start


class Place(NamedTuple):
    """Where a motion ends; `goal` is kept only by motions that go up and down."""

    position: Position
    goal: int | None = None
    viewport: Viewport | None = None


Motion = Callable[[EditorState], Place]
CommandFunction = Callable[[EditorState, str], Step]


def left(state: EditorState) -> Place:
    return Place(before(state, state.head))


def right(state: EditorState) -> Place:
    return Place(after(state, state.head))


def before(state: EditorState, place: Position) -> Position:
    """One cluster back, over the end of the line above."""
    line, col = place
    if col:
        return Position(line, previous_edge(state.lines[line], col))
    return Position(line - 1, len(state.lines[line - 1])) if line else place


def after(state: EditorState, place: Position) -> Position:
    """One cluster on, over the end of the line."""
    line, col = place
    text = state.lines[line]
    if col < len(text):
        return Position(line, next_edge(text, col))
    return Position(line + 1, 0) if line + 1 < len(state.lines) else place


def word_left(state: EditorState) -> Place:
    return Place(before_word(state, state.head))


def word_right(state: EditorState) -> Place:
    return Place(after_word(state, state.head))


def before_word(state: EditorState, place: Position) -> Position:
    if not place.col:
        return before(state, place)
    return Position(place.line, previous_word_start(state.lines[place.line], place.col))


def after_word(state: EditorState, place: Position) -> Position:
    text = state.lines[place.line]
    if place.col == len(text):
        return after(state, place)
    return Position(place.line, next_word_end(text, place.col))


def _vertical(state: EditorState, rows: int) -> Place:
    layout, head = state.layout, state.head
    own = layout.row_at(head)
    goal = layout.cell_of(own, head.col) if state.goal is None else state.goal
    row, went = moved(layout, row_showing(layout, head), rows)
    # Beside a longer cell a short one has no other row: on to the next one of the table.
    while went and (is_rule(row) or under(layout, row, goal) == own):
        row, went = moved(layout, row, 1 if rows > 0 else -1)
    if not went:
        end = Position(0, 0) if rows < 0 else state.lines.end
        return Place(end, goal)
    target = under(layout, row, goal)
    return Place(Position(target.line, layout.col_at(target, goal)), goal)


def up(state: EditorState) -> Place:
    return _vertical(state, -1)


def down(state: EditorState) -> Place:
    return _vertical(state, 1)


def page_up(state: EditorState) -> Place:
    return _page(state, -1)


def page_down(state: EditorState) -> Place:
    return _page(state, 1)


def _page(state: EditorState, direction: int) -> Place:
    rows = direction * max(1, state.viewport.height - 2)
    return _vertical(state, rows)._replace(viewport=scrolled(state.viewport, state.layout, rows))


def row_start(state: EditorState) -> Place:
    """The row's start; from there the text after the indentation; from there the line's start."""
    line, col = state.head
    row = state.layout.row_at(state.head)
    text = state.lines[line]
    indent = len(text) - len(text.lstrip(" \t"))
    if row.start and col != row.start:
        return Place(Position(line, row.start))
    return Place(Position(line, indent if col > indent or col == 0 else 0))


def row_end(state: EditorState) -> Place:
    """The row's last place for the caret; from there the line's end."""
    row = state.layout.row_at(state.head)
    text = state.lines[row.line]
    last = row.end if row.last else previous_edge(text, row.end)
    return Place(Position(row.line, len(text) if state.head.col == last else last))


def document_start(state: EditorState) -> Place:
    return Place(Position(0, 0))


def document_end(state: EditorState) -> Place:
    return Place(state.lines.end)


def moving(motion: Motion) -> CommandFunction:
    """The command that goes there, selecting if the mark is set."""

    def run(state: EditorState, argument: str) -> Step:
        if state.marking:
            return _extended(state, motion)
        chosen = state.selection.primary
        if not chosen.empty and motion in (left, right):
            return Step(selection=caret(chosen.start if motion is left else chosen.end))
        place = motion(state)
        return Step(selection=caret(place.position), goal=place.goal, viewport=place.viewport)

    return run


def selecting(motion: Motion) -> CommandFunction:
    """The command that selects up to there."""

    def run(state: EditorState, argument: str) -> Step:
        return _extended(state, motion)

    return run


def _extended(state: EditorState, motion: Motion) -> Step:
    place = motion(state)
    selection = Selection(state.selection.primary.anchor, place.position)
    return Step(selection=selection, goal=place.goal, viewport=place.viewport, marking=state.marking)
