"""What the operators d c y > < gu gU g~ do to a range, as steps.

Edits are the smallest that do it, so that concurrent edits of others survive, and in rich text they keep the
marks of what stays. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor import line_edits, rich_blocks, rich_copies
from cryptpad_tui.editor.edits import line_removal
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.rich_marks import pieces_with_marks
from cryptpad_tui.editor.selection import Selection, Selections, after_edits, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.vim.motions import Kind, Target
from cryptpad_tui.editor.vim.places import (
    Range,
    first_nonblank,
    in_indent,
    indent_of,
    is_blank,
    line_end,
    past,
    whole_lines,
)
from cryptpad_tui.editor.vim.registers import Register

MAX_LINES: Final = 100_000
"""More lines than this are not changed line by line in one step."""


def range_of(lines: Lines, start: Position, target: Target) -> Range:
    """The text from the caret to a motion's target, by vim's rules for its kind."""
    first, last = min(start, target.place), max(start, target.place)
    if target.kind is Kind.LINES:
        return Range(first, last, linewise=True)
    if target.kind is Kind.INCLUSIVE:
        return Range(first, min(past(lines, last), line_end(lines, last.line)))
    if first.line < last.line and last.col == 0:
        # An exclusive motion to a line's start ends at the end of the line above.
        if in_indent(lines, first):
            return Range(first, line_end(lines, last.line - 1), linewise=True)
        return Range(first, line_end(lines, last.line - 1))
    return Range(first, last)


def for_delete(lines: Lines, wanted: Range) -> Range:
    """Only blanks around what is deleted of several lines: whole lines are."""
    if wanted.linewise or wanted.first == wanted.last:
        return wanted
    rest = lines[wanted.last][wanted.end.col :]
    if in_indent(lines, wanted.start) and is_blank(rest):
        return whole_lines(wanted.first, wanted.last)
    return wanted


def text_of(state: EditorState, wanted: Range) -> Register:
    """What a register gets of a range."""
    lines = state.lines
    first, past = wanted.start, wanted.end
    if wanted.linewise:
        first, past = Position(wanted.first, 0), line_end(lines, wanted.last)
    text, pieces = lines.text(first, past) + "\n" * wanted.linewise, tuple[rich_copies.Piece, ...]()
    if state.marks is not None and len(text) <= rich_copies.MAX_CHARS:
        if wanted.linewise:
            pieces = rich_copies.whole_lines(state, wanted.first, wanted.last)
        else:
            pieces = tuple(rich_copies.pieces_between(state, first, past))
    return Register(text, wanted.linewise, pieces)


def spliced(state: EditorState, start: Position, end: Position, text: str) -> tuple[TextEdit, ...]:
    """Text in the place of a range, with the marks that typing there gives."""
    if state.marks is not None and text:
        at_start = replace(state, selection=Selections((caret(start),)), typing=None)
        return pieces_with_marks(at_start, start, end, text)
    return (TextEdit(start, end, text),) if text or start < end else ()


def put_over(
    state: EditorState, start: Position, end: Position, text: str, held: Register
) -> tuple[TextEdit, ...]:
    """What a register holds in the place of a range, with its marks where it is what is put."""
    if state.marks is not None and held.pieces and text in (held.text, held.text.removesuffix("\n")):
        pieces = held.pieces if text == held.text else held.pieces[:-1]
        made = rich_copies.put_at(state, start, end, pieces)
        if made is not None:
            return made
    return spliced(state, start, end, text)


def with_marks(state: EditorState, edits: tuple[TextEdit, ...]) -> tuple[TextEdit, ...]:
    """Edits whose text has the marks of what it stands for."""
    marks = state.marks
    if marks is None:
        return edits
    made: list[TextEdit] = []
    for edit in edits:
        if "\n" in edit.text:
            made += spliced(state, edit.start, edit.end, edit.text)
        elif edit.text and edit.start < edit.end:
            made.append(replace(edit, attributes=dict(marks.marks_at(edit.start))))
        else:
            made.append(edit)
    return tuple(made)


def delete(state: EditorState, wanted: Range) -> Step:
    lines = state.lines
    if not wanted.linewise:
        step = Step(spliced(state, wanted.start, wanted.end, ""), caret(wanted.start))
        return step if state.marks is None else rich_blocks.keeping_first_block(state, step)
    edit, _ = line_removal(state, wanted.first, wanted.last, 0)
    if wanted.last + 1 < len(lines):
        col = first_nonblank(lines, wanted.last + 1).col
        place = Position(wanted.first, col)
    elif wanted.first:
        place = first_nonblank(lines, wanted.first - 1)
    else:
        place = Position(0, 0)
    return Step((edit,) if edit.start < edit.end else (), caret(place))


def change(state: EditorState, wanted: Range) -> Step:
    """Deleted, and the caret where the other text is written; whole lines keep one, with its indentation."""
    if not wanted.linewise:
        return replace(delete(state, wanted), own_group=False)
    indent = len(indent_of(state.lines[wanted.first])) if state.marks is None else 0
    start, end = Position(wanted.first, indent), line_end(state.lines, wanted.last)
    if wanted.first == wanted.last:
        return Step(spliced(state, start, end, ""), caret(start), own_group=False)
    step = Step((TextEdit(start, end, ""),), caret(start))
    if state.marks is not None:
        step = rich_blocks.keeping_first_block(state, step)
    return replace(step, own_group=False)


def shifted(*, right: bool) -> Callable[[EditorState, Range], Step]:
    """> and <: the lines one step in or out."""

    def run(state: EditorState, wanted: Range, times: int = 1) -> Step:
        chosen = Selection(Position(wanted.first, 0), line_end(state.lines, wanted.last))
        on_lines = replace(state, selection=Selections((chosen,)))
        step = (line_edits.indent if right else line_edits.outdent)(on_lines, "")
        first = first_nonblank(state.lines, wanted.first)
        here = [edit for edit in step.edits if edit.start.line == wanted.first]
        return replace(step, selection=caret(after_edits(first, here, push=True)))

    return run


def recased(transform: Callable[[str], str]) -> Callable[[EditorState, Range], Step]:
    """gu gU g~: letters in the other case, those that differ only."""

    def run(state: EditorState, wanted: Range) -> Step:
        made: list[TextEdit] = []
        start = Position(wanted.first, 0) if wanted.linewise else wanted.start
        end = line_end(state.lines, wanted.last) if wanted.linewise else wanted.end
        for line in range(start.line, min(end.line, start.line + MAX_LINES) + 1):
            low = start.col if line == start.line else 0
            high = end.col if line == end.line else len(state.lines[line])
            made += rewritten(state, line, low, high, transform)
        return Step(tuple(made), caret(wanted.start))

    return run


def rewritten(
    state: EditorState, line: int, low: int, high: int, transform: Callable[[str], str]
) -> list[TextEdit]:
    """Each run of characters that the transform changes, as an edit that keeps its marks."""
    text = state.lines[line]
    made: list[TextEdit] = []
    at = low
    while at < high:
        if transform(text[at]) == text[at]:
            at += 1
            continue
        marks = state.marks.marks_at(Position(line, at)) if state.marks is not None else None
        end = at + 1
        while end < high and transform(text[end]) != text[end]:
            if state.marks is not None and state.marks.marks_at(Position(line, end)) != marks:
                break
            end += 1
        attributes = dict(marks) if marks is not None else None
        made.append(TextEdit(Position(line, at), Position(line, end), transform(text[at:end]), attributes))
        at = end
    return made


CASES: Final[dict[str, Callable[[EditorState, Range], Step]]] = {
    "gu": recased(str.lower),
    "gU": recased(str.upper),
    "g~": recased(str.swapcase),
}
SHIFTS: Final = {">": shifted(right=True), "<": shifted(right=False)}
OPERATORS: Final = ("d", "c", "y", ">", "<", "gu", "gU", "g~")
