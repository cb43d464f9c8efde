"""Normal mode: counts, registers, operators with motions and text objects, and the keys that stand alone.

A command reads its keys one by one and then does it. Nothing is done before it is whole.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final

from cryptpad_tui.editor.vim import insert, objects, operators
from cryptpad_tui.editor.vim.command_line import execute
from cryptpad_tui.editor.vim.context import MAX_COUNT, Cancelled, Failed, Keys, Prefix, Vim
from cryptpad_tui.editor.vim.motions import CHAR_MOTIONS, MOTIONS, Ask, Kind, Target, find_again
from cryptpad_tui.editor.vim.places import Range, first_nonblank, whole_lines
from cryptpad_tui.editor.vim.registers import NAMES
from cryptpad_tui.editor.vim.search import (
    SEARCH_KEYS,
    read_line,
    read_pattern,
    search_again,
    search_for,
    search_word,
)
from cryptpad_tui.editor.vim.single import CHAR_COMMANDS, SIMPLE

LEAVE: Final = ("escape", "ctrl+c")
PREFIXED: Final = ("g", "z")
_SHORT: Final = {"D": "d$", "C": "c$", "x": "dl", "X": "dh", "s": "cl", "S": "cc", "Y": "yy"}
_ALIASES: Final = {"delete": "x"}


def read_key(vim: Vim) -> Keys:
    """The next key of this command, put to `vim.pending`. Raises Cancelled for Escape."""
    key: str = yield
    if key in LEAVE:
        raise Cancelled
    vim.pending += key if len(key) == 1 else ""
    vim.last_key = key
    vim.record.append(key)


def read_prefix(vim: Vim, prefix: Prefix) -> Keys:
    """A count and a register, in any order; the key behind them is left in `vim.last_key`."""
    digits, record = "", list(vim.record)
    while True:
        yield from read_key(vim)
        key = vim.last_key
        if key in "123456789" or (key == "0" and digits):
            digits = (digits + key)[:9]
        elif key == '"':
            yield from read_key(vim)
            if vim.last_key not in NAMES:
                raise Failed
            prefix.register = vim.last_key
        else:
            break
    vim.record = [*record, vim.last_key]
    if digits:
        prefix.count = min((prefix.count or 1) * int(digits), MAX_COUNT)


def read_name(vim: Vim) -> Keys:
    """The rest of a key of two: g and z wait for another one."""
    name = vim.last_key
    if name in PREFIXED:
        yield from read_key(vim)
        name += vim.last_key
    vim.last_key = _ALIASES.get(name, name)


def normal_mode(vim: Vim) -> Keys:
    """One command of normal mode."""
    prefix = Prefix()
    vim.record = []
    yield from read_prefix(vim, prefix)
    yield from read_name(vim)
    key = vim.last_key
    if vim.count is not None:
        prefix.count = vim.count
    vim.repeat_count = prefix.count
    vim.repeat_register = prefix.register
    if key in _SHORT:
        operator, motion = _SHORT[key][0], _SHORT[key][1]
        yield from _operate(vim, prefix, operator, given=motion)
    elif key in operators.OPERATORS:
        yield from _operate(vim, prefix, key)
    elif key in SIMPLE:
        SIMPLE[key](vim, prefix)
    elif key in CHAR_COMMANDS:
        yield from read_key(vim)
        CHAR_COMMANDS[key](vim, prefix, vim.last_key)
    elif key == ":":
        start = f".,.+{prefix.count - 1}" if prefix.count else ""
        yield from execute(vim, (yield from read_line(vim, ":", start)))
    elif key in ".@q":
        yield from _again(vim, prefix, key)
    else:
        target = yield from read_motion(vim, prefix, key, "")
        vim.go(target)


def _again(vim: Vim, prefix: Prefix, key: str) -> Keys:
    if key == ".":
        vim.player.repeat(prefix.count)
    elif key == "q":
        if vim.macro is None:
            yield from read_key(vim)
        vim.player.switch_recording(vim.last_key)
    else:
        yield from read_key(vim)
        vim.player.play(vim.last_key, prefix.times)


def read_motion(vim: Vim, prefix: Prefix, key: str, operator: str) -> Generator[None, str, Target]:
    """A motion's remaining keys, and where it goes. Raises Failed."""
    ask = Ask(prefix.count, "", operator)
    state = vim.cursor_state()
    target: Target | None = None
    if key in MOTIONS:
        target = MOTIONS[key](state, ask)
    elif key in CHAR_MOTIONS:
        yield from read_key(vim)
        char = "\t" if vim.last_key == "tab" else vim.last_key
        vim.find = (key, char)
        target = CHAR_MOTIONS[key](state, replace(ask, char=char)) if len(char) == 1 else None
    elif key in (";", ",") and vim.find is not None:
        found = vim.find[0] if key == ";" else vim.find[0].swapcase()
        target = find_again(state, ask, found, vim.find[1])
    elif key in SEARCH_KEYS:
        target = search_for(vim, key, (yield from read_pattern(vim, key)), prefix.times)
    elif key in ("n", "N"):
        target = search_again(vim, prefix.times, reverse=key == "N")
    elif key in ("*", "#", "g*", "g#"):
        target = search_word(vim, prefix.times, forward=key[-1] == "*", whole=len(key) == 1)
    elif key in ("'", "`"):
        yield from read_key(vim)
        target = _marked(vim, vim.last_key, exact=key == "`")
    if target is None:
        raise Failed
    return target


def _marked(vim: Vim, name: str, *, exact: bool) -> Target:
    name = "'" if name == "`" else name
    place = vim.marks.get(name)
    if place is None:
        raise vim.fail("There is no such mark.")
    place = vim.lines.clamp(place)
    if exact:
        return Target(place, Kind.EXCLUSIVE, jump=True)
    return Target(first_nonblank(vim.lines, place.line), Kind.LINES, jump=True)


# -- operators


def _operate(vim: Vim, prefix: Prefix, operator: str, given: str = "") -> Keys:
    """An operator with a motion, a text object, or itself for lines."""
    if given:
        vim.last_key = given
    else:
        yield from read_prefix(vim, prefix)
        if vim.count is not None:
            prefix.count = vim.count
        vim.repeat_count, vim.repeat_register = prefix.count, prefix.register
        yield from read_name(vim)
    key = vim.last_key
    if operator != "y":
        vim.require_writable()
    if key == operator or (len(operator) == 2 and key in (operator[-1], operator * 1)):
        wanted = _these_lines(vim, prefix.times)
        start = first_nonblank(vim.lines, wanted.first) if operator in operators.CASES else vim.cursor
        wanted = Range(start, wanted.end, linewise=True)
    elif key in ("i", "a"):
        yield from read_key(vim)
        wanted = _object(vim, vim.last_key, prefix.times, around=key == "a")
    else:
        target = yield from read_motion(vim, prefix, key, operator)
        wanted = operators.range_of(vim.lines, vim.cursor, target)
        if operator == "d":
            wanted = operators.for_delete(vim.lines, wanted)
    if not wanted.linewise and wanted.start == wanted.end and operator != "c":
        raise Failed
    apply(vim, operator, wanted, prefix.register)


def _these_lines(vim: Vim, count: int) -> Range:
    line = vim.cursor.line
    last = line + count - 1
    if last >= len(vim.lines):
        last = len(vim.lines) - 1
        if line == last:
            raise Failed
    return whole_lines(line, last)


def _object(vim: Vim, name: str, count: int, *, around: bool) -> Range:
    finder = objects.OBJECTS.get(name)
    found = None if finder is None else finder(vim.lines, vim.cursor, count, around)
    if found is None:
        raise Failed
    return found


def apply(vim: Vim, operator: str, wanted: Range, register: str, times: int = 1) -> None:
    """Do an operator to a range."""
    state = vim.cursor_state()
    if operator == "y":
        vim.keep(register, operators.text_of(vim.state, wanted), deleted=False)
        vim.place(wanted.start)
        return
    vim.require_writable()
    vim.changed = True
    vim.editor.end_undo_group()
    if operator in "dc":
        vim.keep(register, operators.text_of(vim.state, wanted), deleted=True)
        if operator == "d":
            vim.take(operators.delete(state, wanted))
            vim.place(vim.state.head)
        else:
            step = operators.change(state, wanted)
            vim.take(step)
            fresh = wanted.linewise and bool(vim.lines[vim.state.head.line])
            insert.begin(vim, fresh=fresh)
    elif operator in operators.SHIFTS:
        for _ in range(min(times, 50)):
            vim.take(operators.SHIFTS[operator](vim.state, wanted))
        vim.place(first_nonblank(vim.lines, wanted.first))
    else:
        vim.take(operators.CASES[operator](state, wanted))
        vim.place(vim.state.head)
