"""The values that text travels in: positions, edits, changes, and the four coordinate types.

A pad's text has four coordinate systems, and mixing them is how editors corrupt documents:

- `ByteOffset`: UTF-8 bytes from the start of the text. The CRDT engine counts these.
- `Position`: a line and a column in characters (code points). Edits and carets use these.
- `CellCol`: terminal cells from the left edge of a row; a wide character takes two.
- `RowIndex`: a screen row after soft wrapping.

Lines are split at LF only. U+2028, U+0085, VT and FF are ordinary characters here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, NewType

ByteOffset = NewType("ByteOffset", int)
CellCol = NewType("CellCol", int)
RowIndex = NewType("RowIndex", int)

AttributeValue = str | int | float | bool | None
Attributes = Mapping[str, AttributeValue]


class Position(NamedTuple):
    """A place between two characters: `line` from 0, `col` in code points from the line's start."""

    line: int
    col: int


class Origin(Enum):
    """Who made a change, so that a view knows whether its caret follows it."""

    LOCAL = "local"
    """Typed here."""
    REMOTE = "remote"
    """Came from someone else, or from another window of this vault."""
    UNDO = "undo"
    """Undo or redo of an own edit: the caret goes where the text changed."""
    RELOAD = "reload"
    """The document was rebuilt; every line may differ."""


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace the characters from `start` up to `end` by `text`.

    `attributes` None: as an edit to make, the marks of the place; in a `Change`, no marks at all.
    """

    start: Position
    end: Position
    text: str
    attributes: Attributes | None = None


class Formatted(NamedTuple):
    """A range whose attributes change: those named, to these values; None takes one away."""

    start: Position
    end: Position
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to the text.

    `edits` apply one after the other: each is in the coordinates that the edits before it left.
    Edits come in ascending order, so a caret is mapped through them from the first to the last.
    `formatted` are ranges (in the final coordinates) of which these attributes alone changed; None is gone.
    """

    edits: tuple[TextEdit, ...]
    origin: Origin
    formatted: tuple[Formatted, ...] = ()


def end_of(start: Position, text: str) -> Position:
    """Where an insertion of `text` at `start` ends."""
    newlines = text.count("\n")
    if not newlines:
        return Position(start.line, start.col + len(text))
    return Position(start.line + newlines, len(text) - text.rfind("\n") - 1)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that keeps its meaning while others edit: next to the character that `client` wrote at `clock`.

    `assoc` >= 0 sticks to the character after the place, < 0 to the one before. An end of the text
    that has no character is (0, 0) with that `assoc`. These three integers are what presence carries
    (protocol §12).
    """

    client: int
    clock: int
    assoc: int


def map_position(position: Position, edit: TextEdit, *, push: bool = False) -> Position:
    """Where `position` is after `edit`; at an insertion exactly there it stays, unless `push`.

    A position inside a deleted range goes to the range's start.
    """
    if position < edit.start or (position == edit.start and not (push and edit.start == edit.end)):
        return position
    inserted_end = end_of(edit.start, edit.text)
    if position < edit.end:
        return edit.start
    if position.line == edit.end.line:
        return Position(inserted_end.line, inserted_end.col + position.col - edit.end.col)
    return Position(position.line + inserted_end.line - edit.end.line, position.col)
