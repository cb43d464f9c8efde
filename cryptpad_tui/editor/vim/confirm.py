"""`:s///c`: asks at each match, and answers with the edits that were wanted.

Nothing is changed while it asks, so that all of it is one undo step. A line that somebody else changed
meanwhile is left alone.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from cryptpad_tui.crdt.values import TextEdit
from cryptpad_tui.editor.vim.context import Vim
from cryptpad_tui.editor.vim.substitute import Substitution

_SHOWN: Final = 30
_LEAVE: Final = ("q", "escape", "ctrl+c")


class Rest(Enum):
    """Where the caret stays, by the last answer, as in vim."""

    MATCH = auto()
    """At the match that was not replaced."""
    LINE = auto()
    """Where the line of the last one begins that was asked about and replaced."""
    TEXT = auto()
    """As where nobody was asked."""


def confirmed(vim: Vim, made: Substitution) -> Generator[None, str, tuple[Substitution, Rest]]:
    """What the person wants of it."""
    rest = Rest.MATCH
    texts = {edit.start.line: vim.lines[edit.start.line] for edit in made.edits}
    wanted: list[TextEdit] = []
    left = list(made.edits)
    try:
        while left:
            edit = left.pop(0)
            if edit.end > vim.lines.clamp(edit.end):
                break
            vim.place(edit.start)
            vim.prompt = f":replace with “{_short(edit.text)}”? (y n a l q)"
            key = yield from _answer(vim)
            rest = {"y": Rest.LINE, "l": Rest.LINE, "a": Rest.TEXT}.get(key, Rest.MATCH)
            if key in _LEAVE:
                break
            if key in "yal":
                wanted.append(edit)
            if key == "a":
                wanted += left
            if key in "al":
                break
    finally:
        vim.prompt = None
    kept = [edit for edit in wanted if _line(vim, edit.start.line) == texts[edit.start.line]]
    if len(kept) < len(wanted):
        vim.say("Lines that somebody else changed meanwhile were left as they are.")
    lines = {edit.start.line for edit in kept}
    last = max(lines, default=0)
    return replace(made, edits=tuple(kept), count=len(kept), lines=len(lines), last_line=last), rest


def _answer(vim: Vim) -> Generator[None, str, str]:
    while True:
        key: str = yield
        vim.record.append(key)
        if key in _LEAVE or key in ("y", "n", "a", "l"):
            return key


def _line(vim: Vim, number: int) -> str | None:
    return vim.lines[number] if number < len(vim.lines) else None


def _short(text: str) -> str:
    line = text.replace("\n", "⏎")
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
