"""The changes of one key: x r ~ J p P o O, as steps.

Each answers the smallest edits that do it. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptpad_tui.crdt.values import Position, TextEdit, end_of
from cryptpad_tui.editor import edits, rich_copies
from cryptpad_tui.editor.graphemes import next_edge, previous_edge
from cryptpad_tui.editor.selection import Selections, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.vim.operators import MAX_LINES, rewritten, spliced
from cryptpad_tui.editor.vim.places import Range, indent_of, line_end, past
from cryptpad_tui.editor.vim.registers import Register

MAX_PUT_CHARS: Final = 1_000_000


def characters(state: EditorState, count: int, *, before: bool = False) -> Range | None:
    """The characters that x and X take, of the caret's line; None if there are none."""
    line, col = state.head
    text = state.lines[line]
    other = col
    for _ in range(min(count, len(text))):
        if before:
            other = previous_edge(text, other) if other else 0
        elif other < len(text):
            other = next_edge(text, other)
    if other == col:
        return None
    return Range(Position(line, min(col, other)), Position(line, max(col, other)))


def replace_chars(state: EditorState, count: int, char: str) -> Step | None:
    """r: the characters by another one; None where the line has not so many."""
    line, col = state.head
    text, end, clusters = state.lines[line], col, 0
    while clusters < count and end < len(text):
        end, clusters = next_edge(text, end), clusters + 1
    if clusters < count:
        return None
    start, stop = Position(line, col), Position(line, end)
    if char == "\n":
        return Step(spliced(state, start, stop, "\n"), caret(Position(line + 1, 0)))
    made = _filled(state, Range(start, stop), char * clusters)
    return Step(made, caret(Position(line, col + (clusters - 1) * len(char))))


def _filled(state: EditorState, wanted: Range, text: str) -> tuple[TextEdit, ...]:
    attributes = dict(state.marks.marks_at(wanted.start)) if state.marks is not None else None
    return (TextEdit(wanted.start, wanted.end, text, attributes),)


def fill_range(state: EditorState, wanted: Range, char: str) -> Step:
    """r in visual mode: every character of the range."""
    made: list[TextEdit] = []
    for line in range(wanted.first, min(wanted.last, wanted.first + MAX_LINES) + 1):
        whole = wanted.linewise
        low = 0 if whole or line > wanted.first else wanted.start.col
        high = len(state.lines[line]) if whole or line < wanted.last else wanted.end.col
        made += rewritten(state, line, low, high, lambda piece: char * len(piece))
    start = Position(wanted.first, 0) if wanted.linewise else wanted.start
    return Step(tuple(made), caret(start))


def switch_case(state: EditorState, count: int) -> Step | None:
    """~: the characters in the other case; the caret goes on."""
    taken = characters(state, count)
    if taken is None:
        return None
    made = rewritten(state, taken.first, taken.start.col, taken.end.col, str.swapcase)
    grown = sum(len(edit.text) - (edit.end.col - edit.start.col) for edit in made)
    return Step(tuple(made), caret(Position(taken.end.line, taken.end.col + grown)))


def join(state: EditorState, first: int, last: int, *, spaces: bool = True) -> Step | None:
    """J: the lines as one, with one blank where they met; gJ without."""
    lines = state.lines
    last = min(last, len(lines) - 1, first + MAX_LINES)
    if last <= first:
        return None
    made: list[TextEdit] = []
    place = len(lines[first])
    length, ends_blank = len(lines[first]), lines[first][-1:] in (" ", "\t")
    for line in range(first, last):
        below = lines[line + 1]
        skip = len(indent_of(below)) if spaces else 0
        rest = below[skip:]
        gap = " " if spaces and rest and not rest.startswith(")") and length and not ends_blank else ""
        place = length
        end = len(lines[line])
        made.append(TextEdit(Position(line, end), Position(line + 1, skip), gap))
        length += len(gap) + len(rest)
        ends_blank = (rest or gap or (" " if ends_blank else ""))[-1:] in (" ", "\t")
    head = place if length > place else max(0, place - 1)
    return Step(tuple(made), caret(Position(first, head)))


def put(state: EditorState, held: Register, count: int, *, after: bool) -> Step | None:
    """p and P: whole lines below or above, text behind or before the caret; None if it would be too much."""
    if len(held.text) * count > MAX_PUT_CHARS:
        return None
    return _put_lines(state, held, count, after) if held.linewise else _put_text(state, held, count, after)


def _put_lines(state: EditorState, held: Register, count: int, after: bool) -> Step:
    text = held.text * count
    line = state.head.line + (1 if after else 0)
    indent = len(indent_of(held.text.partition("\n")[0]))
    place = caret(Position(line, indent))
    if state.marks is not None and held.pieces:
        made = rich_copies.lines_put(state, line, held.pieces * count)
        if made is not None:
            return Step(made, place)
    if line < len(state.lines):
        return Step(spliced(state, Position(line, 0), Position(line, 0), text), place)
    end = line_end(state.lines, line - 1)
    return Step(spliced(state, end, end, "\n" + text.removesuffix("\n")), place)


def _put_text(state: EditorState, held: Register, count: int, after: bool) -> Step:
    head = state.head
    here = past(state.lines, head) if after and state.lines[head.line] else head
    if here.line != head.line:
        here = line_end(state.lines, head.line)
    text = held.text * count
    rich = (
        rich_copies.put_at(state, here, here, held.pieces * count)
        if state.marks is not None and held.pieces
        else None
    )
    made = spliced(state, here, here, text) if rich is None else rich
    if "\n" in text:
        return Step(made, caret(here))
    behind = end_of(here, text)
    last = previous_edge(text, len(text)) if text else 0
    return Step(made, caret(Position(behind.line, behind.col - (len(text) - last))))


def open_line(state: EditorState, *, below: bool) -> Step:
    """o and O: a line to write in, indented as its neighbour; below a list item, the next item."""
    line = state.head.line
    text = state.lines[line]
    if below:
        end = line_end(state.lines, line)
        at_end = replace(state, selection=Selections((caret(end),)))
        step = edits.newline(at_end, "")
        if any("\n" in edit.text for edit in step.edits):
            return replace(step, own_group=False)
        indent = indent_of(text) if state.marks is None else ""
        made = spliced(state, end, end, "\n" + indent)
        return Step(made, caret(Position(line + 1, len(indent))), own_group=False)
    start = Position(line, 0)
    indent = indent_of(text) if state.marks is None else ""
    return Step(
        spliced(state, start, start, indent + "\n"), caret(Position(line, len(indent))), own_group=False
    )
