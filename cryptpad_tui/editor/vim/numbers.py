"""Ctrl+A and Ctrl+X: the number at the caret or behind it in its line, made larger or smaller. Pure."""

from __future__ import annotations

from typing import Final

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import EditorState, Step

_NUMBER: Final = regex.compile(r"0[xX][0-9a-fA-F]{1,16}|-?[0-9]{1,18}(?![0-9])")
_NEAR: Final = 2_000
"""A number is looked for so many characters around the caret."""


def added(state: EditorState, by: int) -> Step | None:
    """The number with `by` added, the caret on its last digit; None where there is none."""
    line, col = state.head
    text = state.lines[line]
    found = [one for one in _NUMBER.finditer(text, max(0, col - _NEAR), col + _NEAR) if one.end() > col]
    if not found:
        return None
    start, end, number = int(found[0].start()), int(found[0].end()), str(found[0][0])
    made = _hexadecimal(number, by) if number[:2] in ("0x", "0X") else _decimal(number, by)
    attributes = dict(state.marks.marks_at(Position(line, start))) if state.marks is not None else None
    edit = TextEdit(Position(line, start), Position(line, end), made, attributes)
    return Step((edit,), caret(Position(line, start + len(made) - 1)))


def _decimal(number: str, by: int) -> str:
    """Zeros in front stay, so that columns of numbers do."""
    value = int(number) + by
    digits = len(number.lstrip("-"))
    kept = digits if number.lstrip("-").startswith("0") else 0
    return f"{'-' if value < 0 else ''}{abs(value):0{kept}d}"


def _hexadecimal(number: str, by: int) -> str:
    value = (int(number, 16) + by) % (1 << 64)
    kind = "X" if any(char in "ABCDEF" for char in number[2:]) else "x"
    return f"{number[:2]}{value:0{len(number) - 2}{kind}}"
