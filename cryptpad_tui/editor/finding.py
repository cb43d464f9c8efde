"""Incremental search, and replacing what it found.

The caret goes to the first match from where it stood, and back if there is none. A replacement is a step as
any command's: this room never edits the text itself.
"""

from __future__ import annotations

from dataclasses import replace

from cryptpad_tui.crdt.values import Change, end_of
from cryptpad_tui.editor import viewport
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.find import Query, find_next, replacements
from cryptpad_tui.editor.selection import Selections, after_edits, caret, mapped
from cryptpad_tui.editor.state import EditorState, Find, Step


def started(state: EditorState) -> EditorState:
    """Search from here."""
    return replace(state, find=Find(Query(), state.selection.primary, state.viewport), marking=False)


def updated(state: EditorState, query: Query) -> tuple[EditorState, bool]:
    """Go to the first match of `query`; whether there is one. Raises BadPattern."""
    find = state.find or Find(Query(), state.selection.primary, state.viewport)
    state = replace(state, find=replace(find, query=query, open=True), goal=None)
    match = find_next(state.lines, query, find.origin.start) if query.text else None
    if match is None:
        view = find.origin_view
        return replace(state, selection=Selections((find.origin,)), viewport=view), not query.text
    view = viewport.revealing(state.viewport, state.layout, match.head, state.settings.scroll_margin)
    return replace(state, selection=Selections((match,)), viewport=view), True


def replace_one(state: EditorState, template: str) -> Step:
    """Replace the match that is selected, and go to the next one; raises BadPattern."""
    find, chosen = state.find, state.selection.primary
    if find is None or not find.query.text:
        return Step(reveal=False)
    made = [] if chosen.empty else replacements(state.lines, find.query, template, chosen)
    exact = [one.edit for one in made if (one.edit.start, one.edit.end) == (chosen.start, chosen.end)]
    if not exact:
        match = find_next(state.lines, find.query, chosen.end)
        return Step(selection=match) if match else Step(reveal=False, effects=(Notice("Not found."),))
    return Step((exact[0],), caret(end_of(chosen.start, exact[0].text)))


def replace_all(state: EditorState, template: str) -> Step:
    """Replace every match as one undo step; raises BadPattern."""
    if state.find is None or not state.find.query.text:
        return Step(reveal=False)
    made = replacements(state.lines, state.find.query, template)
    if not made:
        return Step(reveal=False, effects=(Notice("Nothing to replace."),))
    lines = len({one.edit.start.line for one in made})
    said = Notice(f"Replaced {len(made):,} in {lines:,} {'line' if lines == 1 else 'lines'}.")
    head = after_edits(state.head, [one.edit for one in made])
    return Step(tuple([one.edit for one in made]), caret(head), reveal=False, effects=(said,))


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
