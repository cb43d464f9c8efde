"""Visual mode: motions move the end of what is selected, operators take it.

What is selected is shown by the editor's selection, the caret by the state's cursor.
"""

from __future__ import annotations

from typing import Final

from cryptpad_tui.crdt.values import Position, end_of
from cryptpad_tui.editor.graphemes import clusters
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import Step
from cryptpad_tui.editor.vim import changes, insert, objects, operators
from cryptpad_tui.editor.vim.command_line import execute
from cryptpad_tui.editor.vim.context import Cancelled, Failed, Keys, Mode, Prefix, Sized, Vim
from cryptpad_tui.editor.vim.normal import (
    apply,
    read_key,
    read_motion,
    read_name,
    read_prefix,
)
from cryptpad_tui.editor.vim.places import Range, last_char, line_end, past, previous_place, whole_lines
from cryptpad_tui.editor.vim.search import read_line
from cryptpad_tui.editor.vim.single import SIMPLE

_OPERATORS: Final = {
    "d": "d", "x": "d", "delete": "d", "y": "y", "c": "c", "s": "c", ">": ">", "<": "<",
    "u": "gu", "U": "gU", "~": "g~", "gu": "gu", "gU": "gU", "g~": "g~",
    "D": "d", "X": "d", "Y": "y", "C": "c", "S": "c", "R": "c",
}  # fmt: skip
_WHOLE_LINES: Final = frozenset("DXYCSR")
_VIEW: Final = (
    "ctrl+d",
    "ctrl+u",
    "ctrl+f",
    "ctrl+b",
    "pagedown",
    "pageup",
    "ctrl+e",
    "ctrl+y",
    "zz",
    "zt",
    "zb",
)


def visual_mode(vim: Vim) -> Keys:
    """One command of visual mode."""
    prefix = Prefix()
    vim.record = []
    try:
        yield from read_prefix(vim, prefix)
        yield from read_name(vim)
        key = vim.last_key
        if vim.count is not None:
            prefix.count = vim.count
        vim.repeat_count, vim.repeat_register = prefix.count, prefix.register
        if key in ("v", "V"):
            _switch(vim, Mode.VISUAL if key == "v" else Mode.LINES)
        elif key in ("i", "a"):
            yield from read_key(vim)
            _select_object(vim, vim.last_key, prefix.times, around=key == "a")
        elif key == "r":
            yield from read_key(vim)
            _fill(vim, vim.last_key)
        elif key == ":":
            vim.leave_visual()
            yield from execute(vim, (yield from read_line(vim, ":", "'<,'>")))
        elif not _do(vim, prefix, key):
            target = yield from read_motion(vim, prefix, key, "")
            vim.go(target)
    except Cancelled:
        vim.leave_visual()
        raise


def _do(vim: Vim, prefix: Prefix, key: str) -> bool:
    """The keys that need no other; False if this is none of them."""
    if key in _OPERATORS:
        _operate(vim, prefix, key)
    elif key in ("o", "O"):
        vim.select(vim.cursor, vim.anchor)
    elif key in ("p", "P"):
        _put(vim, prefix, keep=key == "P")
    elif key in ("J", "gJ"):
        _join(vim, spaces=key == "J")
    elif key in ("A", "I"):
        _insert(vim, prefix, at_end=key == "A")
    elif key in _VIEW:
        SIMPLE[key](vim, prefix)
    elif key == "gv":
        mode, anchor, cursor = vim.visual_range or (vim.mode, vim.anchor, vim.cursor)
        vim.visual_range = (vim.mode, vim.anchor, vim.cursor)
        vim.mode = mode
        vim.select(anchor, cursor)
    else:
        return False
    return True


def _switch(vim: Vim, mode: Mode) -> None:
    if vim.mode is mode:
        vim.leave_visual()
        return
    vim.mode = mode
    vim.select(vim.anchor, vim.cursor)


def _size(vim: Vim, wanted: Range) -> Sized:
    if wanted.first == wanted.last and not wanted.linewise:
        cols = len(clusters(vim.lines[wanted.first][wanted.start.col : wanted.end.col]))
    else:
        cols = wanted.end.col
    return Sized(vim.mode, wanted.last - wanted.first, cols)


def _taken(vim: Vim) -> Range:
    """What is selected, without a last line's end that is not there."""
    wanted = vim.selected()
    vim.sized = _size(vim, wanted)
    return wanted


def _operate(vim: Vim, prefix: Prefix, key: str) -> None:
    operator = _OPERATORS[key]
    if operator != "y":
        vim.require_writable()
    wanted = _taken(vim)
    mode = vim.mode
    if (key in _WHOLE_LINES or operator in "><") and not wanted.linewise:
        wanted = whole_lines(*sorted((vim.anchor.line, vim.cursor.line)))
    head, upward = min(vim.anchor, vim.cursor), vim.cursor < vim.anchor
    vim.leave_visual(head)
    apply(vim, operator, wanted, prefix.register, prefix.times)
    if operator in ("y", "gu", "gU", "g~"):
        vim.place(head if mode is Mode.VISUAL or upward else Position(head.line, 0))


def _fill(vim: Vim, char: str) -> None:
    if len(char) != 1:
        raise Failed
    vim.require_writable()
    wanted = _taken(vim)
    vim.leave_visual(wanted.start)
    vim.changed = True
    vim.take(changes.fill_range(vim.state, wanted, char))
    vim.place(vim.state.head)


def _put(vim: Vim, prefix: Prefix, *, keep: bool) -> None:
    """The selection replaced by a register; it goes to the register itself, but for P."""
    vim.require_writable()
    held = vim.register(prefix.register)
    wanted = _taken(vim)
    gone = operators.text_of(vim.state, wanted)
    vim.leave_visual(wanted.start)
    vim.changed = True
    state = vim.state
    times = max(1, min(prefix.times, changes.MAX_PUT_CHARS // max(1, len(held.text))))
    text = held.text * times
    if wanted.linewise:
        end = line_end(vim.lines, wanted.last)
        edits = operators.put_over(state, Position(wanted.first, 0), end, text.removesuffix("\n"), held)
        place = Position(wanted.first, 0)
    else:
        text = "\n" + text if held.linewise else text
        edits = operators.put_over(state, wanted.start, wanted.end, text, held)
        place = wanted.start
    vim.take(Step(edits, caret(place)))
    behind = end_of(place, text)
    if not wanted.linewise and held.linewise:
        vim.place(Position(place.line + 1, 0))
    elif not wanted.linewise and "\n" not in text:
        vim.place(previous_place(vim.lines, behind) or behind if behind.col > place.col else place)
    else:
        vim.place(place)
    if not keep:
        vim.keep("", gone, deleted=True)


def _join(vim: Vim, *, spaces: bool) -> None:
    vim.require_writable()
    wanted = _taken(vim)
    first, last = sorted((vim.anchor.line, vim.cursor.line))
    vim.leave_visual(wanted.start)
    step = changes.join(vim.state, first, max(last, first + 1), spaces=spaces)
    if step is None:
        raise Failed
    vim.changed = True
    vim.take(step)
    vim.place(vim.state.head)


def _insert(vim: Vim, prefix: Prefix, *, at_end: bool) -> None:
    """I and A: before and behind what is selected."""
    vim.require_writable()
    wanted = vim.selected()
    if vim.mode is Mode.LINES:
        place = line_end(vim.lines, wanted.last) if at_end else Position(wanted.first, 0)
    else:
        cursor = max(vim.anchor, vim.cursor)
        behind = min(past(vim.lines, cursor), line_end(vim.lines, cursor.line))
        place = behind if at_end else wanted.start
    vim.leave_visual(wanted.start)
    vim.editor.end_undo_group()
    vim.take(Step(selection=caret(place)))
    insert.begin(vim, times=prefix.times)


def _select_object(vim: Vim, name: str, count: int, *, around: bool) -> None:
    finder = objects.OBJECTS.get(name)
    if finder is None:
        raise Failed
    grows = vim.anchor != vim.cursor
    place = vim.cursor
    if grows and name in "wWp" and vim.cursor > vim.anchor:
        place = past(vim.lines, vim.cursor)
        if name == "p" and vim.cursor.line + 1 < len(vim.lines):
            place = Position(vim.cursor.line + 1, 0)
    found = finder(vim.lines, place, count, around)
    if found is None or (not found.linewise and found.start == found.end):
        raise Failed
    anchor = vim.anchor if grows and name in "wWp" else found.start
    if found.linewise:
        if name == "p":
            vim.mode = Mode.LINES
        vim.select(anchor, last_char(vim.lines, found.last) if name != "p" else Position(found.last, 0))
        return
    vim.select(anchor, previous_place(vim.lines, found.end) or found.start if found.end.col else
               line_end(vim.lines, found.end.line - 1))  # fmt: skip


def select_size(vim: Vim, size: Sized) -> None:
    """Select as much as a recorded operator took, from the caret on."""
    start = vim.cursor
    vim.mode = size.mode
    last = min(start.line + size.lines, len(vim.lines) - 1)
    if size.mode is Mode.LINES:
        vim.select(start, Position(last, start.col))
        return
    if size.lines:
        end = Position(last, max(0, size.cols - 1))
    else:
        end = start
        for _ in range(size.cols - 1):
            following = past(vim.lines, end)
            if following.line != start.line or following.col >= len(vim.lines[start.line]):
                break
            end = following
    vim.select(start, end)
