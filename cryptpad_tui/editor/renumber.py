"""Numbering the items of an ordered markdown list anew, from the number that the first one has.

Lists inside others keep their numbers; what belongs to an item moves along where its mark becomes wider. It
must never read more than a bounded number of lines around the caret.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.state import EditorState, Step

_MAX_LINES: Final = 5_000
_LEAD: Final = regex.compile(r"(?P<quote>(?:[ \t]{0,3}>[ \t]?)*)(?P<indent>[ \t]*)")
_ITEM: Final = regex.compile(r"(?P<number>\d{1,9})(?P<dot>[.)])(?=[ \t]|$)")


class _Line(NamedTuple):
    """How a line begins: its quote marks, its indentation in cells, and the item's number if it has one."""

    quotes: int
    start: int
    indent: int
    blank: bool
    number: int | None
    digits: int
    dot: str


def _read(text: str) -> _Line:
    lead = _LEAD.match(text)
    assert lead is not None
    start = int(lead.start("indent"))
    item = _ITEM.match(text, lead.end())
    number = None if item is None else int(item["number"])
    digits = 0 if item is None else len(item["number"])
    dot = "" if item is None else str(item["dot"])
    indent = len(lead["indent"].expandtabs(4))
    return _Line(lead["quote"].count(">"), start, indent, lead.end() == len(text), number, digits, dot)


def renumber(state: EditorState, argument: str) -> Step:
    """Number the list around the caret."""
    if state.marks is not None:
        return Step(reveal=False, effects=(Notice("Lists of rich text number themselves."),))
    at = _item_above(state.lines, state.head.line)
    if at is None:
        return Step(reveal=False, effects=(Notice("There is no numbered list here."),))
    first = _first_item(state.lines, at)
    edits = _edits(state.lines, first)
    if not edits:
        return Step(reveal=False, effects=(Notice("The numbers are right already."),))
    return Step(tuple(edits))


def _item_above(lines: Lines, line: int) -> int | None:
    """The numbered item that a line is, or belongs to."""
    own = _read(lines[line])
    limit = own.indent if not own.blank else 10**6
    for at in range(line, max(-1, line - _MAX_LINES), -1):
        here = _read(lines[at])
        if here.number is not None and (at == line or here.indent < limit):
            return at
        if not here.blank:
            limit = min(limit, here.indent)
        if not limit and not here.blank:
            return None
    return None


def _belongs(here: _Line, item: _Line) -> bool:
    """Whether a line may stand inside of the list of an item."""
    return here.blank or (here.quotes == item.quotes and here.indent > item.indent)


def _is_next(here: _Line, item: _Line) -> bool:
    return (here.number is not None and here.dot == item.dot and here.quotes == item.quotes) and (
        here.indent == item.indent
    )


def _first_item(lines: Lines, at: int) -> int:
    item, first = _read(lines[at]), at
    for line in range(at - 1, max(-1, at - _MAX_LINES), -1):
        here = _read(lines[line])
        if _is_next(here, item):
            first = line
        elif not _belongs(here, item):
            break
    return first


def _edits(lines: Lines, first: int) -> list[TextEdit]:
    texts = lines.lines(first, first + 2 * _MAX_LINES)
    item = _read(texts[0])
    number, shift = item.number or 0, 0
    edits: list[TextEdit] = []
    for line, text in enumerate(texts, first):
        here = _read(text)
        if line == first:
            continue
        if _is_next(here, item):
            number += 1
            wanted = str(number)
            start = here.start + len(text[here.start :]) - len(text[here.start :].lstrip(" \t"))
            shift = len(wanted) - here.digits
            if here.number != number or shift:
                edits.append(TextEdit(Position(line, start), Position(line, start + here.digits), wanted))
        elif not _belongs(here, item):
            break
        elif shift and not here.blank:
            edits += _moved(line, text, here, shift)
    return edits


def _moved(line: int, text: str, here: _Line, shift: int) -> list[TextEdit]:
    """A line inside of an item, moved with it."""
    start = Position(line, here.start)
    if shift > 0:
        return [TextEdit(start, start, " " * shift)]
    spaces = len(text[here.start :]) - len(text[here.start :].lstrip(" "))
    size = min(-shift, spaces)
    return [TextEdit(start, Position(line, here.start + size), "")] if size else []
