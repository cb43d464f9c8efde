"""Up and down by rows of the screen, for gj and gk, and for j and k where cells stand side by side. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptpad_tui.editor.motions import Motion, Place
from cryptpad_tui.editor.selection import Selections, caret
from cryptpad_tui.editor.state import EditorState

_MOST: Final = 10_000


def at_table(state: EditorState, step: int) -> bool:
    """Whether the caret's line or the next is a cell beside others: then the line below is not the next."""
    margins, width, line = state.layout.margins, state.layout.width, state.head.line
    near = (line, max(0, min(line + step, len(state.lines) - 1)))
    return any(margins.in_table(one, width)[0] is not None for one in near)


def by_rows(state: EditorState, times: int, motion: Motion) -> Place | None:
    """So many rows up or down, as far as there are any; None where there is none."""
    at = state
    for _ in range(min(times, _MOST)):
        place = motion(at)
        if state.layout.row_at(place.position) == state.layout.row_at(at.head):
            break
        at = replace(at, selection=Selections((caret(place.position),)), goal=place.goal)
    return None if at is state else Place(at.head, at.goal)
