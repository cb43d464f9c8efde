"""Commands on whole lines: delete, move, duplicate, indent, task boxes; and on what is selected.

A moved line is the neighbour that jumps over it, so that the carets of others stay in their lines.
"""

from __future__ import annotations

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor import rich_blocks, rich_cells
from cryptpad_tui.editor.edits import insert_tab, line_removal
from cryptpad_tui.editor.selection import Selection, after_edits, caret
from cryptpad_tui.editor.state import EditorState, Step, chosen_lines
from cryptpad_tui.editor.words import word_around

_TASK = regex.compile(
    r"(?P<lead>(?:[ \t]{0,3}>[ \t]?)*[ \t]*)(?P<mark>(?:[-+*]|\d{1,9}[.)])[ \t]+)?"
    r"(?P<box>\[(?P<done>[ xX])\](?=[ \t]|$))?"
)


def _at(line: int, col: int, text: str) -> TextEdit:
    return TextEdit(Position(line, col), Position(line, col), text)


def _moved(selection: Selection, lines: int) -> Selection:
    anchor, head = selection
    return Selection(Position(anchor.line + lines, anchor.col), Position(head.line + lines, head.col))


def delete_line(state: EditorState, argument: str) -> Step:
    first, last = chosen_lines(state)
    edit, place = line_removal(state, first, last, state.head.col)
    if edit.start == edit.end:
        return Step(reveal=False)
    return rich_cells.keeping_grid(state, Step((edit,), caret(place)))


def move_up(state: EditorState, argument: str) -> Step:
    first, last = chosen_lines(state)
    if first == 0:
        return Step(reveal=False)
    above = state.lines[first - 1]
    edits = (
        TextEdit(Position(first - 1, 0), Position(first, 0), ""),
        _at(last, len(state.lines[last]), "\n" + above),
    )
    return Step(edits, _within(_moved(state.selection.primary, -1), last - 1, len(state.lines[last])))


def move_down(state: EditorState, argument: str) -> Step:
    first, last = chosen_lines(state)
    if last + 1 >= len(state.lines):
        return Step(reveal=False)
    below = state.lines[last + 1]
    end = Position(last, len(state.lines[last]))
    edits = (_at(first, 0, below + "\n"), TextEdit(end, Position(last + 1, len(below)), ""))
    return Step(edits, _within(_moved(state.selection.primary, 1), last + 1, end.col))


def _within(selection: Selection, last: int, length: int) -> Selection:
    """A selection up to the next line's start is cut back to the lines that moved."""
    end = Position(last, length)
    return Selection(min(selection.anchor, end), min(selection.head, end))


def duplicate(state: EditorState, argument: str) -> Step:
    """The lines again below themselves; the caret goes to the copy."""
    first, last = chosen_lines(state)
    end = Position(last, len(state.lines[last]))
    copy = state.lines.text(Position(first, 0), end)
    return Step((_at(last, end.col, "\n" + copy),), _moved(state.selection.primary, last - first + 1))


def indent(state: EditorState, argument: str) -> Step:
    """Indent the lines; empty ones stay empty."""
    if state.marks is not None:
        return rich_blocks.indent(state, argument)
    first, last = chosen_lines(state)
    unit = state.settings.indent
    texts = state.lines.lines(first, last + 1)
    edits = tuple(_at(first + i, 0, unit) for i, text in enumerate(texts) if text)
    return _on_lines(state, edits, push=True)


def outdent(state: EditorState, argument: str) -> Step:
    if state.marks is not None:
        return rich_blocks.outdent(state, argument)
    first, last = chosen_lines(state)
    edits = []
    for i, text in enumerate(state.lines.lines(first, last + 1), first):
        spaces = len(text) - len(text.lstrip(" "))
        size = 1 if text.startswith("\t") else min(spaces, len(state.settings.indent.expandtabs(4)))
        if size:
            edits.append(TextEdit(Position(i, 0), Position(i, size), ""))
    return _on_lines(state, tuple(edits), push=False)


def _on_lines(state: EditorState, edits: tuple[TextEdit, ...], *, push: bool) -> Step:
    if not edits:
        return Step(reveal=False)
    anchor, head = state.selection.primary
    return Step(edits, Selection(_follow(anchor, edits, push), _follow(head, edits, push)))


def _follow(place: Position, edits: tuple[TextEdit, ...], push: bool) -> Position:
    return after_edits(place, [edit for edit in edits if edit.start.line == place.line], push=push)


def tab(state: EditorState, argument: str) -> Step:
    """Indent what is selected or the list item at the caret; otherwise go to the next stop."""
    if state.marks is not None and (deeper := rich_blocks.tab(state, argument)) is not None:
        return deeper
    chosen = state.selection.primary
    if chosen.start.line != chosen.end.line:
        return indent(state, argument)
    text = state.lines[chosen.head.line]
    item = _TASK.match(text)
    at_item = item is not None and item["mark"] and chosen.head.col <= item.end()
    if state.markdown and chosen.empty and at_item:
        return indent(state, argument)
    return insert_tab(state)


def toggle_task(state: EditorState, argument: str) -> Step:
    """Tick or untick the boxes of the lines; a line without one gets one."""
    if state.marks is not None:
        return rich_blocks.toggle_task(state, argument)
    first, last = chosen_lines(state)
    edits = []
    for i, text in enumerate(state.lines.lines(first, last + 1), first):
        match = _TASK.match(text)
        if match is None or (not text.strip() and first != last):
            continue
        if match["box"]:
            start = Position(i, int(match.start("done")))
            box = "x" if match["done"] == " " else " "
            edits.append(TextEdit(start, Position(i, start.col + 1), box))
        elif match["mark"]:
            edits.append(_at(i, int(match.end()), "[ ] "))
        else:
            edits.append(_at(i, int(match.end()), "- [ ] "))
    if not edits:
        return Step(reveal=False)
    anchor, head = state.selection.primary
    made = tuple(edits)
    return Step(made, Selection(_kept(anchor, made), _kept(head, made)))


def _kept(place: Position, edits: tuple[TextEdit, ...]) -> Position:
    """A caret behind the box stays behind it when the mark in the box is replaced."""
    near = [edit for edit in edits if edit.start.line == place.line]
    if any(edit.start < edit.end for edit in near):
        return place
    return after_edits(place, near, push=True)


# -- selecting


def select_all(state: EditorState, argument: str) -> Step:
    return Step(selection=Selection(Position(0, 0), state.lines.end), reveal=False)


def select_word(state: EditorState, argument: str) -> Step:
    head = state.head
    start, end = word_around(state.lines[head.line], head.col)
    return Step(selection=Selection(Position(head.line, start), Position(head.line, end)))


def select_line(state: EditorState, argument: str) -> Step:
    """The whole lines of the selection with their line end; again, the next line as well."""
    chosen = state.selection.primary
    start = Position(chosen.start.line, 0)
    line = chosen.end.line
    end = Position(line + 1, 0) if line + 1 < len(state.lines) else Position(line, len(state.lines[line]))
    return Step(selection=Selection(start, end), reveal=False)


def clear_selection(state: EditorState, argument: str) -> Step:
    return Step(selection=caret(state.head), reveal=False)


def toggle_mark(state: EditorState, argument: str) -> Step:
    """Set the mark: motions select until it is taken away."""
    return Step(selection=caret(state.head), marking=not state.marking, reveal=False)
