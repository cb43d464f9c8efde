"""Text of rich text that is copied, pasted, moved or duplicated with its marks.

The clipboard outside holds text alone. What was copied here is remembered with its marks; the same text
pasted again gets them, any other is plain. Pure: a step of a command comes in, one with marks goes out. It
must never change which characters a step makes, but for a line end where a format needs one to stand on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS
from cryptpad_tui.crdt.values import Attributes, Position, TextEdit
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.rich_table import cell_name
from cryptpad_tui.editor.state import EditorState, Step, chosen_lines

MAX_CHARS: Final = 2_000_000
"""Of a text that is remembered with its marks."""
_IN_CELLS: Final = "Lines stay in their cell of a table: the rows of a table have commands of their own."

Piece = tuple[str, Attributes]


@dataclass(frozen=True, slots=True, repr=False)
class Copied:
    """A copied text, cut where its marks change; each line end stands alone."""

    text: str = ""
    pieces: tuple[Piece, ...] = field(default=())


def copied(state: EditorState, step: Step) -> Copied | None:
    """What a step that fills the clipboard copies from the text before it."""
    text = step.clipboard
    if state.marks is None or not text or len(text) > MAX_CHARS:
        return None
    chosen = state.selection.primary
    if step.clipboard_lines:
        line = chosen.head.line
        pieces = [*pieces_between(state, Position(line, 0), _end(state, line)), ("\n", block_of(state, line))]
    else:
        pieces = pieces_between(state, chosen.start, chosen.end)
    return Copied(text, tuple(pieces)) if "".join(piece for piece, _ in pieces) == text else None


def pasted(state: EditorState, step: Step, held: Copied) -> Step:
    """A step that inserts text, with the marks that the text was copied with, where it is that text."""
    edits = step.edits
    if state.marks is None or not held.pieces or "".join(edit.text for edit in edits) != held.text:
        return step
    start, end = edits[0].start, edits[0].end
    if any(edit.start != end or edit.end != end for edit in edits[1:]):
        return step
    made = put_at(state, start, end, held.pieces)
    return step if made is None else replace(step, edits=made)


def put_at(
    state: EditorState, start: Position, end: Position, pieces: tuple[Piece, ...]
) -> tuple[TextEdit, ...] | None:
    """Pieces with their marks in the place of a range; None in a table, whose cells stay what they are."""
    if _cells(state, start.line, end.line):
        return None
    if start.col:
        # The line that the text goes into keeps its format.
        first = next((n for n, piece in enumerate(pieces) if piece[0] == "\n"), None)
        if first is not None:
            pieces = (*pieces[:first], ("\n", block_of(state, start.line)), *pieces[first + 1 :])
    return _edits(start, end, pieces)


def whole_lines(state: EditorState, first: int, last: int) -> tuple[Piece, ...]:
    """Lines with their marks and formats, each with its line end."""
    pieces = pieces_between(state, Position(first, 0), _end(state, last))
    return (*pieces, ("\n", block_of(state, last)))


def lines_put(state: EditorState, line: int, pieces: tuple[Piece, ...]) -> tuple[TextEdit, ...] | None:
    """Whole lines as the ones from `line` on; None in a table."""
    in_table = _cells(state, max(0, line - 1), min(line, len(state.lines) - 1))
    return None if in_table else _lines_put(state, line, pieces)


def _lines_put(state: EditorState, line: int, pieces: tuple[Piece, ...]) -> tuple[TextEdit, ...]:
    if line < len(state.lines):
        return _edits(Position(line, 0), Position(line, 0), pieces)
    *text, (_, block) = pieces
    # Behind the last line, which has no line end; a format needs one.
    end = state.lines.end
    return _edits(end, end, (("\n", {}), *text, *([("\n", block)] if block else [])))


def line_step(state: EditorState, name: str, step: Step) -> Step:
    """A step that moves or duplicates lines, with their formats."""
    if state.marks is None or not step.edits:
        return step
    first, last = chosen_lines(state)
    near = {"line.move_up": (first - 1, last), "line.move_down": (first, last + 1)}.get(name, (first, last))
    if len(set(_names(state, *near))) > 1:
        return Step(reveal=False, effects=(Notice(_IN_CELLS),))
    if name == "line.move_up":
        taken = TextEdit(Position(first - 1, 0), Position(first, 0), "")
        return replace(step, edits=(taken, *_lines_at(state, last + 1, first - 1, first - 1)))
    if name == "line.duplicate":
        return replace(step, edits=_lines_at(state, last + 1, first, last))
    below = last + 1
    taken = TextEdit(Position(below, 0), Position(below + 1, 0), "")
    if below + 1 == len(state.lines):
        # The last line ends the text: only where the line before has no format does it go with its line end.
        start = Position(below, 0) if block_of(state, last) else _end(state, last)
        taken = TextEdit(start, _end(state, below), "")
    return replace(step, edits=(*_lines_at(state, first, below, below), taken))


def pieces_between(state: EditorState, start: Position, end: Position) -> list[Piece]:
    """The text of a range, cut where its marks change; each line end stands alone."""
    pieces: list[Piece] = []
    for number in range(start.line, end.line + 1):
        text = state.lines[number]
        first = start.col if number == start.line else 0
        past = end.col if number == end.line else len(text)
        pieces += _inline_pieces(state, number, text, first, past)
        if number < end.line:
            pieces.append(("\n", block_of(state, number)))
    return pieces


def block_of(state: EditorState, line: int) -> Attributes:
    """The block format of a line."""
    assert state.marks is not None
    return {key: value for key, value in state.marks.line(line).block if key in BLOCK_KEYS}


def _inline_pieces(state: EditorState, line: int, text: str, first: int, past: int) -> list[Piece]:
    assert state.marks is not None
    pieces: list[Piece] = []
    at = first
    for run in state.marks.line(line).runs:
        start, end = max(run.start, first), min(run.end, past)
        if start < end:
            if at < start:
                pieces.append((text[at:start], {}))
            pieces.append((text[start:end], {key: value for key, value in run.marks if key in INLINE_KEYS}))
            at = end
    if at < past:
        pieces.append((text[at:past], {}))
    return pieces


def _lines_at(state: EditorState, line: int, first: int, last: int) -> tuple[TextEdit, ...]:
    """The lines from `first` to `last` once more, as the ones from `line` on."""
    return _lines_put(state, line, whole_lines(state, first, last))


def _edits(start: Position, end: Position, pieces: tuple[Piece, ...]) -> tuple[TextEdit, ...]:
    """Pieces in the place of a range, in the coordinates before the first."""
    return tuple(TextEdit(end if n else start, end, *piece) for n, piece in enumerate(pieces))


def _names(state: EditorState, first: int, last: int) -> list[object]:
    assert state.marks is not None
    return [cell_name(found.block) for found in state.marks.lines(first, last + 1)]


def _cells(state: EditorState, first: int, last: int) -> bool:
    return any(name is not None for name in _names(state, first, last))


def _end(state: EditorState, line: int) -> Position:
    return Position(line, len(state.lines[line]))
