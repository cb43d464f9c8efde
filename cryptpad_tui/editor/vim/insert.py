"""Insert mode: the default map's keys, until Escape; what was typed can be repeated.

A caret that moves by itself begins another insertion, as in vim. It must never take a key from the app.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.edits import insert_text
from cryptpad_tui.editor.graphemes import previous_edge
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import Step
from cryptpad_tui.editor.vim.context import Failed, Keys, Mode, Vim
from cryptpad_tui.editor.vim.operators import spliced
from cryptpad_tui.editor.vim.places import is_blank

LEAVE: Final = ("escape", "ctrl+c")
MAX_REPEATED_KEYS: Final = 2000
MAX_REPEATED_CHARS: Final = 1_000_000
PASTED: Final = "paste:"
"""What a pasted text is recorded as, with the text behind it."""


def begin(vim: Vim, *, times: int = 1, again: Callable[[], None] | None = None, fresh: bool = False) -> None:
    """Go to insert mode where the caret is."""
    vim.mode = Mode.INSERT
    vim.inserted = []
    vim.insert_times = times
    vim.insert_again = again
    vim.fresh_indent = fresh
    vim.changed = True


def insert_key(vim: Vim, key: str) -> None:
    """One key of insert mode that is not Escape."""
    if key.startswith(PASTED):
        vim.effects += vim.editor.paste(key[len(PASTED) :])
    elif (name := vim.default_key(key)) is not None:
        vim.effects += vim.editor.run(name)
    elif len(key) == 1:
        vim.effects += vim.editor.type(key)
    vim.fresh_indent = False


def insert_mode(vim: Vim) -> Keys:
    """Keys up to Escape."""
    key: str = yield
    vim.record.append(key)
    if key in LEAVE:
        _leave(vim)
    elif key == "ctrl+r":
        vim.pending = '"'
        name: str = yield
        vim.record.append(name)
        vim.pending = ""
        if name not in LEAVE:
            held = vim.register(name)
            insert_key(vim, PASTED + held.text)
            vim.inserted.append(PASTED + held.text)
    else:
        vim.inserted.append(key)
        insert_key(vim, key)
        if _moves(vim, key):
            vim.inserted.clear()
            vim.insert_times, vim.insert_again = 1, None
            vim.record[:] = ["i"]


def _moves(vim: Vim, key: str) -> bool:
    name = vim.default_key(key)
    return name is not None and not COMMANDS[name].edits and not key.startswith(PASTED)


def _leave(vim: Vim) -> None:
    """Write it as often as was asked for, and go back to normal mode."""
    typed, times = list(vim.inserted), vim.insert_times
    vim.insert_times = 1
    plain = vim.insert_again is None and all(len(key) == 1 for key in typed)
    if len(typed) * (times - 1) > (MAX_REPEATED_CHARS if plain else MAX_REPEATED_KEYS):
        vim.say("That is too much to write again and again; it was written once.")
        times = 1
    if plain and times > 1:
        vim.take(insert_text(vim.state, "".join(typed) * (times - 1)))
        times = 1
    for _ in range(times - 1):
        if vim.insert_again is not None:
            vim.insert_again()
        for key in typed:
            insert_key(vim, key)
    line, col = vim.state.head
    text = vim.lines[line]
    if vim.fresh_indent and text and is_blank(text) and vim.state.marks is None:
        vim.take(Step(spliced(vim.state, Position(line, 0), Position(line, len(text)), ""),
                      caret(Position(line, 0)), own_group=False))  # fmt: skip
        col = 0
    vim.fresh_indent = False
    vim.mode = Mode.NORMAL
    vim.left_at = Position(line, col)
    col = previous_edge(vim.lines[line], col) if col else 0
    vim.editor.end_undo_group()
    vim.take(Step(selection=caret(Position(line, col))))


def open_insert(vim: Vim, opened: Callable[[], Step], times: int) -> None:
    """o and O: a line, then insert mode in it."""

    def again() -> None:
        vim.take(opened())

    vim.editor.end_undo_group()
    again()
    if vim.editor.read_only:
        raise Failed
    line = vim.state.head.line
    begin(vim, times=times, again=again, fresh=is_blank(vim.lines[line]) and bool(vim.lines[line]))
