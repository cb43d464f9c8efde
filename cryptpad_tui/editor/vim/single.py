"""The keys of normal mode that stand alone: i a o, x and its kin, p, u, scrolling, v, r, m, Z.

Each does its work at once, with the count and the register that stood before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.commands import scroll_to_caret
from cryptpad_tui.editor.effects import AskScreen
from cryptpad_tui.editor.screen_rows import moved, row_showing
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import Step
from cryptpad_tui.editor.viewport import at_top, scrolled
from cryptpad_tui.editor.vim import changes, insert, numbers
from cryptpad_tui.editor.vim.context import Failed, Mode, Prefix, Vim
from cryptpad_tui.editor.vim.motions import Kind, Target
from cryptpad_tui.editor.vim.places import first_nonblank, line_end, past


def _insert_at(place: Callable[[Vim], Position]) -> Callable[[Vim, Prefix], None]:
    def run(vim: Vim, prefix: Prefix) -> None:
        vim.require_writable()
        vim.editor.end_undo_group()
        vim.take(Step(selection=caret(place(vim))))
        insert.begin(vim, times=prefix.times)

    return run


def _after(vim: Vim) -> Position:
    head = vim.cursor
    return past(vim.lines, head) if head.col < len(vim.lines[head.line]) else head


def _text_start(vim: Vim) -> Position:
    line = vim.cursor.line
    text = vim.lines[line]
    return line_end(vim.lines, line) if not text.strip(" \t") else first_nonblank(vim.lines, line)


def _open(*, below: bool) -> Callable[[Vim, Prefix], None]:
    def run(vim: Vim, prefix: Prefix) -> None:
        vim.require_writable()
        insert.open_insert(vim, lambda: changes.open_line(vim.state, below=below), prefix.times)

    return run


def _step(function: Callable[[Vim, Prefix], Step | None]) -> Callable[[Vim, Prefix], None]:
    """A change in one step."""

    def run(vim: Vim, prefix: Prefix) -> None:
        vim.require_writable()
        step = function(vim, prefix)
        if step is None:
            raise Failed
        vim.changed = True
        vim.take(step)
        vim.place(vim.state.head)

    return run


def _join(spaces: bool) -> Callable[[Vim, Prefix], Step | None]:
    def run(vim: Vim, prefix: Prefix) -> Step | None:
        line = vim.cursor.line
        return changes.join(vim.state, line, line + max(1, prefix.times - 1), spaces=spaces)

    return run


def _put(*, after: bool) -> Callable[[Vim, Prefix], Step | None]:
    def run(vim: Vim, prefix: Prefix) -> Step | None:
        held = vim.register(prefix.register)
        step = changes.put(vim.state, held, prefix.times, after=after)
        if step is None:
            raise vim.fail("That would be too much text at once.")
        return step

    return run


def _history(name: str) -> Callable[[Vim, Prefix], None]:
    def run(vim: Vim, prefix: Prefix) -> None:
        vim.require_writable()
        for _ in range(min(prefix.times, 1000)):
            vim.effects += vim.editor.run(f"history.{name}")
            if vim.editor.undone_at is None:
                raise Failed
        place = vim.lines.clamp(vim.editor.undone_at or vim.cursor)
        vim.place(first_nonblank(vim.lines, place.line) if not place.col else place)

    return run


def _scroll(share: float) -> Callable[[Vim, Prefix], None]:
    """Ctrl+D, Ctrl+U, Ctrl+F, Ctrl+B: the text and the caret."""

    def run(vim: Vim, prefix: Prefix) -> None:
        state = vim.state
        height = state.viewport.height
        half = abs(share) < 1
        size = prefix.count or height // 2 if half else (height - 2) * prefix.times
        rows = min(max(1, size), 100_000) * (1 if share > 0 else -1)
        row, went = moved(state.layout, row_showing(state.layout, vim.cursor), rows)
        if not went:
            raise Failed
        view = scrolled(state.viewport, state.layout, rows)
        vim.go(Target(first_nonblank(vim.lines, row.line), Kind.LINES), view)

    return run


def _looking(vim: Vim) -> Step:
    """A step that moves nothing but the view."""
    state = vim.state
    return Step(selection=state.selection.primary, goal=state.goal, cursor=state.cursor, reveal=False)


def _row(rows: int) -> Callable[[Vim, Prefix], None]:
    def run(vim: Vim, prefix: Prefix) -> None:
        state = vim.state
        view = scrolled(state.viewport, state.layout, rows * min(prefix.times, 10_000))
        vim.take(replace(_looking(vim), viewport=view))

    return run


def _at(where: str) -> Callable[[Vim, Prefix], None]:
    """zz zt zb: the caret's line to the middle, the top, the bottom."""

    def run(vim: Vim, prefix: Prefix) -> None:
        state = vim.cursor_state()
        view = scroll_to_caret(state, "").viewport
        if where != "z":
            margin = min(state.settings.scroll_margin, (state.viewport.height - 1) // 2)
            up = margin if where == "t" else state.viewport.height - 1 - margin
            row = moved(state.layout, row_showing(state.layout, state.head), -up)[0]
            view = at_top(state.viewport, state.layout, Position(row.line, row.start))
        vim.take(replace(_looking(vim), viewport=view))

    return run


def _visual(mode: Mode) -> Callable[[Vim, Prefix], None]:
    def run(vim: Vim, prefix: Prefix) -> None:
        vim.mode = mode
        place = vim.cursor
        vim.select(place, place)

    return run


def _reselect(vim: Vim, prefix: Prefix) -> None:
    if vim.visual_range is None:
        raise Failed
    mode, anchor, cursor = vim.visual_range
    vim.mode = mode
    vim.select(anchor, cursor)


def _replace_chars(vim: Vim, prefix: Prefix, char: str) -> None:
    vim.require_writable()
    char = {"enter": "\n", "tab": "\t"}.get(char, char)
    step = changes.replace_chars(vim.cursor_state(), prefix.times, char) if len(char) == 1 else None
    if step is None:
        raise Failed
    vim.changed = True
    vim.take(step)
    vim.place(vim.state.head)


def _mark(vim: Vim, prefix: Prefix, name: str) -> None:
    if len(name) != 1 or not name.isascii() or not name.islower():
        raise Failed
    vim.marks[name] = vim.cursor


def _close(vim: Vim, prefix: Prefix, key: str) -> None:
    if key not in "ZQ":
        raise Failed
    vim.effects.append(AskScreen("pad.close"))


SIMPLE: Final[dict[str, Callable[[Vim, Prefix], None]]] = {
    "i": _insert_at(lambda vim: vim.cursor),
    "insert": _insert_at(lambda vim: vim.cursor),
    "a": _insert_at(_after),
    "I": _insert_at(_text_start),
    "gI": _insert_at(lambda vim: Position(vim.cursor.line, 0)),
    "A": _insert_at(lambda vim: line_end(vim.lines, vim.cursor.line)),
    "o": _open(below=True),
    "O": _open(below=False),
    "~": _step(lambda vim, prefix: changes.switch_case(vim.state, prefix.times)),
    "J": _step(_join(True)),
    "gJ": _step(_join(False)),
    "p": _step(_put(after=True)),
    "P": _step(_put(after=False)),
    "u": _history("undo"),
    "ctrl+r": _history("redo"),
    "ctrl+d": _scroll(0.5),
    "ctrl+u": _scroll(-0.5),
    "ctrl+f": _scroll(1),
    "ctrl+b": _scroll(-1),
    "pagedown": _scroll(1),
    "pageup": _scroll(-1),
    "ctrl+e": _row(1),
    "ctrl+y": _row(-1),
    "zz": _at("z"),
    "zt": _at("t"),
    "zb": _at("b"),
    "v": _visual(Mode.VISUAL),
    "V": _visual(Mode.LINES),
    "gv": _reselect,
    "gi": _insert_at(lambda vim: vim.lines.clamp(vim.left_at or vim.cursor)),
    "ctrl+a": _step(lambda vim, prefix: numbers.added(vim.cursor_state(), prefix.times)),
    "ctrl+x": _step(lambda vim, prefix: numbers.added(vim.cursor_state(), -prefix.times)),
}
CHAR_COMMANDS: Final[dict[str, Callable[[Vim, Prefix, str], None]]] = {
    "r": _replace_chars,
    "m": _mark,
    "Z": _close,
}
