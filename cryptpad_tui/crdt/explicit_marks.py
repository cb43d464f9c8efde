"""The marks that new text will have, said with the edit instead of left to the engine's place. Pure.

Text takes over the marks of the character before it in its line, an LF those of the line it cuts. It never
changes which characters an edit takes or makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cryptpad_tui.crdt.kinds import INLINE_KEYS
from cryptpad_tui.crdt.mark_index import MarkIndex, frozen
from cryptpad_tui.crdt.values import Position, TextEdit, end_of


def explicit(marks: MarkIndex | None, edit: TextEdit) -> list[TextEdit]:
    """The edit with the marks of its text, in steps of which each follows the one before."""
    if marks is None or edit.attributes is not None or not edit.text:
        return [edit]
    before = Position(edit.start.line, max(0, edit.start.col - 1))
    inline = {key: value for key, value in marks.marks_at(before) if key in INLINE_KEYS and key != "object"}
    block = dict(marks.line(edit.start.line).block)
    made: list[TextEdit] = []
    start, end = edit.start, edit.end
    for piece in _pieces(edit.text):
        made.append(TextEdit(start, end, piece, block if piece == "\n" else inline))
        start = end = end_of(start, piece)
    return made


def explicit_in_place(marks: MarkIndex | None, edit: TextEdit) -> list[TextEdit]:
    """As `explicit`, in the coordinates before the first step."""
    steps = explicit(marks, edit)
    return [steps[0], *[replace(step, start=edit.end, end=edit.end) for step in steps[1:]]]


def inherits(marks: MarkIndex | None, edits: Sequence[TextEdit]) -> bool:
    """Whether each text has the marks of the character that it stands behind, be that one replaced or not."""
    return marks is not None and all(_takes_over(marks, edit) for edit in edits)


def _takes_over(marks: MarkIndex, edit: TextEdit) -> bool:
    start, end = edit.start, edit.end
    if not edit.text:
        return True
    if not end.col or (start < end and start.line != end.line):
        return False
    return marks.marks_at(Position(end.line, end.col - 1)) == frozen(edit.attributes or {})


def _pieces(text: str) -> list[str]:
    """The text cut before and behind each LF."""
    pieces = [part for piece in text.split("\n") for part in (piece, "\n")][:-1]
    return [piece for piece in pieces if piece]
