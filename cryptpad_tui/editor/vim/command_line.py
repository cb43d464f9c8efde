"""Does what a line behind a colon asks for; what the screen must do goes out as effects.

Errors are sentences. Nothing is run that is not in ex.py's table.
"""

from __future__ import annotations

from typing import Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.effects import AskScreen
from cryptpad_tui.editor.find import BadPattern
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import Step
from cryptpad_tui.editor.vim import changes, ex, operators
from cryptpad_tui.editor.vim.confirm import Rest, confirmed
from cryptpad_tui.editor.vim.context import Keys, Vim
from cryptpad_tui.editor.vim.motions import Kind, Target
from cryptpad_tui.editor.vim.pattern import query_of, template_of
from cryptpad_tui.editor.vim.places import first_nonblank, whole_lines
from cryptpad_tui.editor.vim.search import current_query
from cryptpad_tui.editor.vim.substitute import substitution

_SCREEN: Final = {
    "w": ("pad.save",),
    "q": ("pad.close",),
    "wq": ("pad.save", "pad.close"),
    "qa": ("app.quit",),
    "help": ("app.help",),
}


def execute(vim: Vim, line: str) -> Keys:
    """Do a line; it may ask for more keys. Raises Failed with a sentence."""
    chosen = vim.visual_range
    lines = None
    if chosen is not None:
        total = len(vim.lines)
        ends = sorted(min(place.line, total - 1) for place in chosen[1:])
        lines = ex.Lines(ends[0], ends[1])
    try:
        asked = ex.parsed(line, vim.cursor.line, len(vim.lines), lines)
        if isinstance(asked, ex.Goto):
            vim.go(Target(first_nonblank(vim.lines, asked.line), Kind.LINES, jump=True))
        elif isinstance(asked, ex.Substitute):
            yield from _substitute(vim, asked)
        elif asked is not None:
            _call(vim, asked)
    except (ex.ExError, BadPattern) as error:
        raise vim.fail(str(error)) from None


def _call(vim: Vim, call: ex.Call) -> None:
    if call.name in _SCREEN:
        vim.effects += [AskScreen(command) for command in _SCREEN[call.name]]
    elif call.name == "noh":
        vim.editor.highlight(None)
    elif call.name in ("u", "redo"):
        vim.effects += vim.editor.run("history.undo" if call.name == "u" else "history.redo")
        vim.place(vim.state.head)
    else:
        _on_lines(vim, call)


def _on_lines(vim: Vim, call: ex.Call) -> None:
    here = vim.cursor.line
    lines = call.lines or ex.Lines(here, here)
    wanted = whole_lines(lines.first, lines.last)
    register = call.argument[:1] if call.name in ("d", "y") else ""
    if call.name in ("d", "y"):
        vim.keep(register, operators.text_of(vim.state, wanted), deleted=call.name == "d")
    if call.name == "y":
        return
    vim.require_writable()
    vim.editor.end_undo_group()
    if call.name == "d":
        vim.take(operators.delete(vim.state, wanted))
    elif call.name == "j":
        last = lines.last if lines.last > lines.first else lines.first + 1
        step = changes.join(vim.state, lines.first, last)
        if step is not None:
            vim.take(step)
            vim.place(first_nonblank(vim.lines, lines.first))
    else:
        for _ in range(min(int(call.argument or 1), 50)):
            vim.take(operators.SHIFTS[call.name](vim.state, wanted))
        vim.place(first_nonblank(vim.lines, lines.last))
    vim.place(vim.state.head)


def _substitute(vim: Vim, asked: ex.Substitute) -> Keys:
    vim.require_writable()
    if asked.pattern:
        prefix = "\\c" if asked.ignore_case else ""
        query = query_of(prefix + asked.pattern, ignore_case=asked.ignore_case)
        vim.last_pattern, vim.query = asked.pattern, None
    else:
        query = current_query(vim)
    made = substitution(
        vim.lines,
        query,
        template_of(asked.replacement),
        asked.lines.first,
        asked.lines.last,
        everywhere=asked.everywhere,
    )
    if not made.count:
        raise vim.fail(f"Not found: {asked.pattern[:40] or vim.last_pattern[:40]}")
    said = f"{made.count:,} in {made.lines:,} {'line' if made.lines == 1 else 'lines'}."
    if asked.count_only:
        vim.say(f"Found {said}")
        return
    vim.editor.highlight(query)
    rest = Rest.TEXT
    if asked.ask:
        made, rest = yield from confirmed(vim, made)
        if not made.edits:
            return
        said = f"{made.count:,} in {made.lines:,} {'line' if made.lines == 1 else 'lines'}."
    breaks = sum(edit.text.count("\n") for edit in made.edits)
    if made.edits:
        edits = operators.with_marks(vim.state, made.edits)
        vim.take(Step(edits, None if rest is Rest.MATCH else caret(Position(made.last_line, 0))))
    if made.lines > 1:
        vim.say(f"Replaced {said}")
    last = made.last_line + breaks
    places = {Rest.MATCH: vim.cursor, Rest.LINE: Position(last, 0)}
    vim.place(places.get(rest) or first_nonblank(vim.lines, last))
