"""What the mouse does: places, words and lines by click, drag and double click; pure answers to cells.

It must never edit the text.
"""

from __future__ import annotations

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.line_edits import select_line, select_word
from cryptpad_tui.editor.screen_rows import under
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.viewport import scrolled, visible_rows


def position_at(state: EditorState, x: int, y: int) -> Position:
    """The place under a cell; below the text, the end of the document."""
    rows = visible_rows(state.viewport, state.layout)
    if y >= len(rows):
        return state.lines.end if len(rows) < state.viewport.height else position_at(state, x, len(rows) - 1)
    row = under(state.layout, rows[max(0, y)], x)
    return Position(row.line, state.layout.col_at(row, max(0, x)))


def clicked(state: EditorState, x: int, y: int, *, count: int, extend: bool) -> Step:
    """Once for the caret, twice for the word, three times for the line."""
    place = position_at(state, x, y)
    if extend:
        return Step(selection=Selection(state.selection.primary.anchor, place), reveal=False)
    if count == 1:
        return Step(selection=caret(place), reveal=False)
    at_place = EditorState(
        state.lines, state.layout, state.viewport, selection=type(state.selection)((caret(place),))
    )
    step = (select_word if count == 2 else select_line)(at_place, "")
    return Step(selection=step.selection, reveal=False)


def dragged(state: EditorState, x: int, y: int, origin: Selection) -> Step:
    """Select from what was clicked to a cell; outside the view, one row more each time."""
    view = state.viewport
    if y < 0 or y >= view.height:
        view = scrolled(view, state.layout, -1 if y < 0 else 1)
        moved = EditorState(state.lines, state.layout, view)
        place = position_at(moved, x, 0 if y < 0 else view.height - 1)
    else:
        place = position_at(state, x, y)
    if place < origin.start:
        selection = Selection(origin.end, place)
    else:
        selection = Selection(origin.start, max(place, origin.end))
    return Step(selection=selection, viewport=view, reveal=False)
