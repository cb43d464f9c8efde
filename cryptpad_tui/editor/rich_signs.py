"""Signs that become formats as they are typed at the start of a line of rich text. Pure: it gives steps."""

from __future__ import annotations

import re
from typing import Final

from cryptpad_tui.crdt.values import Attributes, Formatted, Position, TextEdit
from cryptpad_tui.editor.rich_blocks import block_at, only
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import EditorState, Step

_SIGN: Final = re.compile(
    r"(?P<head>#{1,6})|(?P<bullet>[-*+])|(?P<number>1[.)])|(?P<task>\[(?P<done>[ xX]?)\])|>"
)
_TASK: Final = re.compile(r"\[(?P<done>[ xX]?)\] ")
"""In a list it makes another kind of item, as deep as it was."""


def typed_sign(state: EditorState) -> Step | None:
    """What the line's beginning turns into, where a sign and a space were typed there; None for nothing."""
    head = state.head
    before = state.lines[head.line][: head.col]
    block = block_at(state, head.line)
    if "list" in block and (task := _TASK.fullmatch(before)) is not None:
        return _turned(state, {"list": _task(task["done"])})
    if block or not before.endswith((" ", "`")):
        return None
    if before == "```":
        return _turned(state, only("code-block", "plain"))
    found = _SIGN.fullmatch(before[:-1]) if before.endswith(" ") else None
    if found is None:
        return None
    if found["head"]:
        return _turned(state, only("header", len(found["head"])))
    if found["bullet"]:
        return _turned(state, only("list", "bullet"))
    if found["number"]:
        return _turned(state, only("list", "ordered"))
    if found["task"]:
        return _turned(state, only("list", _task(found["done"])))
    return _turned(state, only("blockquote", value=True))


def _task(done: str) -> str:
    return "checked" if done in ("x", "X") else "unchecked"


def _turned(state: EditorState, attributes: Attributes) -> Step:
    head = state.head
    start = Position(head.line, 0)
    edits = [TextEdit(start, head, "")]
    if head.line + 1 == len(state.lines):
        edits.append(TextEdit(state.lines.end, state.lines.end, "\n", {}))
    length = len(state.lines[head.line]) - head.col
    line_end = Formatted(Position(head.line, length), Position(head.line + 1, 0), attributes)
    return Step(tuple(edits), caret(start), formats=(line_end,))
