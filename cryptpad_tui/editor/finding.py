"""Incremental search: the caret goes to the first match from where it stood, and back if there is none.

It must never edit the text.
"""

from __future__ import annotations

from dataclasses import replace

from cryptpad_tui.crdt.values import Change
from cryptpad_tui.editor import viewport
from cryptpad_tui.editor.find import find_next
from cryptpad_tui.editor.selection import Selections, mapped
from cryptpad_tui.editor.state import EditorState, Find


def started(state: EditorState) -> EditorState:
    """Search from here."""
    return replace(state, find=Find("", state.selection.primary, state.viewport), marking=False)


def updated(state: EditorState, needle: str) -> tuple[EditorState, bool]:
    """Go to the first match of `needle`; whether there is one."""
    find = state.find or Find("", state.selection.primary, state.viewport)
    state = replace(state, find=replace(find, needle=needle, open=True), goal=None)
    match = find_next(state.lines, needle, find.origin.start) if needle else None
    if match is None:
        view = find.origin_view
        return replace(state, selection=Selections((find.origin,)), viewport=view), not needle
    view = viewport.revealing(state.viewport, state.layout, match.head, state.settings.scroll_margin)
    return replace(state, selection=Selections((match,)), viewport=view), True


def accepted(state: EditorState) -> EditorState:
    """Stay at the match; what was searched for is remembered."""
    return replace(state, find=replace(state.find, open=False) if state.find else None)


def cancelled(state: EditorState) -> EditorState:
    """Go back to where the search began."""
    find = state.find
    if find is None or not find.open:
        return state
    return replace(state, find=None, selection=Selections((find.origin,)), viewport=find.origin_view)


def followed(state: EditorState, change: Change) -> Find | None:
    """Where the search began, after a change."""
    find = state.find
    if find is None:
        return None
    view = viewport.mapped(find.origin_view, state.layout, change)
    return replace(find, origin=mapped(find.origin, change.edits, state.lines), origin_view=view)
