"""The one table of the editor's commands: key maps, palette, help and docs/keys.md are made from it.

Commands are data. Every one can be reached with keys that a bare terminal sends; the keys that only
some terminals send stand behind those. It must never know who presses the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor import (
    edits,
    line_edits,
    motions,
    renumber,
    rich_blocks,
    rich_cells,
    rich_links,
    rich_marks,
    table_align,
)
from cryptpad_tui.editor.effects import Notice, OpenPrompt
from cryptpad_tui.editor.find import BadPattern, find_next, find_previous
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.viewport import centred, filled, scrolled


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can do. `keys` are Textual's names, the one to show first."""

    name: str
    title: str
    keys: tuple[str, ...]
    run: Callable[[EditorState, str], Step] = field(repr=False, compare=False)
    context: str = "editor"
    edits: bool = False
    """It changes the pad, so a reader of a read-only pad is told why it does not."""


def _editing(
    name: str, title: str, keys: tuple[str, ...], run: Callable[[EditorState, str], Step]
) -> Command:
    return Command(name, title, keys, run, edits=True)


_MOTIONS: tuple[tuple[str, str, motions.Motion, tuple[str, ...]], ...] = (
    ("left", "One character left", motions.left, ("left",)),
    ("right", "One character right", motions.right, ("right",)),
    ("up", "One row up", motions.up, ("up",)),
    ("down", "One row down", motions.down, ("down",)),
    ("word_left", "One word left", motions.word_left, ("ctrl+left",)),
    ("word_right", "One word right", motions.word_right, ("ctrl+right",)),
    ("row_start", "Start of the row, then of the text", motions.row_start, ("home",)),
    ("row_end", "End of the row, then of the line", motions.row_end, ("end",)),
    ("page_up", "One screen up", motions.page_up, ("pageup",)),
    ("page_down", "One screen down", motions.page_down, ("pagedown",)),
    ("document_start", "Start of the pad", motions.document_start, ("alt+u", "ctrl+home")),
    ("document_end", "End of the pad", motions.document_end, ("alt+d", "ctrl+end")),
)


def goto_line(state: EditorState, argument: str) -> Step:
    """Go to a line by its number, from 1; without a number, ask for one."""
    wanted = argument.strip()
    if not wanted:
        return Step(reveal=False, effects=(OpenPrompt("goto"),))
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 12:
        return Step(reveal=False, effects=(Notice("A line number is made of digits only."),))
    line = min(max(int(wanted), 1), len(state.lines)) - 1
    place = Position(line, 0)
    return Step(
        selection=caret(place), viewport=filled(centred(state.viewport, state.layout, place), state.layout)
    )


def open_find(state: EditorState, argument: str) -> Step:
    return Step(reveal=False, effects=(OpenPrompt("find"),))


def open_replace(state: EditorState, argument: str) -> Step:
    return Step(reveal=False, effects=(OpenPrompt("replace"),))


def go_to_next(state: EditorState, argument: str) -> Step:
    """The next match of what was searched for last."""
    if state.find is None or not state.find.query.text:
        return open_find(state, argument)
    query = state.find.query
    return _found(lambda: find_next(state.lines, query, state.selection.primary.end))


def go_to_previous(state: EditorState, argument: str) -> Step:
    """The match before the caret."""
    if state.find is None or not state.find.query.text:
        return open_find(state, argument)
    query = state.find.query
    return _found(lambda: find_previous(state.lines, query, state.selection.primary.start))


def _found(search: Callable[[], Selection | None]) -> Step:
    try:
        selection = search()
    except BadPattern as error:
        return Step(reveal=False, effects=(Notice(str(error)),))
    if selection is None:
        return Step(reveal=False, effects=(Notice("Not found."),))
    return Step(selection=selection)


def _scrolling(rows: int) -> Callable[[EditorState, str], Step]:
    def run(state: EditorState, argument: str) -> Step:
        view = scrolled(state.viewport, state.layout, rows)
        return Step(viewport=view, goal=state.goal, marking=state.marking, reveal=False)

    return run


def scroll_to_caret(state: EditorState, argument: str) -> Step:
    view = centred(state.viewport, state.layout, state.head)
    return Step(viewport=view, goal=state.goal, marking=state.marking, reveal=False)


def _commands() -> tuple[Command, ...]:
    made: list[Command] = []
    for name, title, motion, keys in _MOTIONS:
        made.append(Command(f"cursor.{name}", title, keys, motions.moving(motion)))
    for name, title, motion, keys in _MOTIONS:
        shifted = tuple(_shifted(key) for key in keys if not key.startswith("alt+"))
        made.append(Command(f"select.{name}", f"Select: {title.lower()}", shifted, motions.selecting(motion)))
    made += _OTHERS
    return tuple(made)


def _shifted(key: str) -> str:
    return f"ctrl+shift+{key[5:]}" if key.startswith("ctrl+") else f"shift+{key}"


_OTHERS: tuple[Command, ...] = (
    Command(
        "select.mark",
        "Set the mark: motions select",
        ("alt+a", "ctrl+@", "ctrl+space"),
        line_edits.toggle_mark,
    ),
    Command("select.all", "Select all", ("ctrl+a",), line_edits.select_all),
    Command("select.word", "Select the word", ("alt+w",), line_edits.select_word),
    Command("select.line", "Select the line", ("alt+l",), line_edits.select_line),
    Command("select.clear", "Select nothing", ("escape",), line_edits.clear_selection),
    _editing("edit.newline", "New line", ("enter", "ctrl+j"), edits.newline),
    _editing("edit.plain_newline", "New line without indentation", ("alt+j",), edits.plain_newline),
    _editing("edit.tab", "Indent, or go to the next tab stop", ("tab",), line_edits.tab),
    _editing("edit.indent", "Indent the lines", ("alt+i",), line_edits.indent),
    _editing("edit.outdent", "Outdent the lines", ("shift+tab", "alt+e"), line_edits.outdent),
    _editing("delete.backward", "Delete the character before", ("backspace",), edits.delete_backward),
    _editing("delete.forward", "Delete the character after", ("delete", "ctrl+d"), edits.delete_forward),
    _editing(
        "delete.word_backward",
        "Delete the word before",
        ("ctrl+w", "ctrl+backspace", "alt+backspace"),
        edits.delete_word_backward,
    ),
    _editing(
        "delete.word_forward",
        "Delete the word after",
        ("alt+t", "ctrl+delete", "alt+delete"),
        edits.delete_word_forward,
    ),
    _editing(
        "delete.to_line_start", "Delete to the start of the line", ("ctrl+u",), edits.delete_to_line_start
    ),
    _editing("delete.to_line_end", "Delete to the end of the line", ("ctrl+k",), edits.delete_to_line_end),
    _editing("line.delete", "Delete the line", ("alt+k", "ctrl+shift+k"), line_edits.delete_line),
    _editing("line.move_up", "Move the line up", ("alt+shift+u", "alt+up"), line_edits.move_up),
    _editing("line.move_down", "Move the line down", ("alt+shift+d", "alt+down"), line_edits.move_down),
    _editing("line.duplicate", "Duplicate the line", ("alt+shift+c", "alt+shift+down"), line_edits.duplicate),
    _editing("format.bold", "Bold", ("alt+shift+b", "ctrl+b"), rich_marks.toggling("bold")),
    _editing("format.italic", "Italic", ("alt+shift+i",), rich_marks.toggling("italic")),
    _editing("format.underline", "Underline", ("alt+shift+n",), rich_marks.toggling("underline")),
    _editing("format.strike", "Strike through", ("alt+shift+s",), rich_marks.toggling("strike")),
    _editing("format.code", "Code", ("alt+shift+m",), rich_marks.toggling("code")),
    _editing("format.script", "Superscript, subscript, neither", (), rich_marks.set_script),
    _editing("format.link", "Make a link, or take it away", ("alt+shift+l",), rich_marks.set_link),
    _editing("format.colour", "Colour of the text", (), rich_marks.set_colour),
    _editing("format.background", "Colour behind the text", (), rich_marks.set_background),
    _editing("format.clear", "Plain text", (), rich_marks.clear_marks),
    _editing("format.heading", "Heading 1, 2, 3, none", ("alt+h",), rich_blocks.next_heading),
    *[
        _editing(
            f"format.heading_{level}", f"Heading {level}", (), rich_blocks.toggling_block("header", level)
        )
        for level in range(1, 7)
    ],
    _editing("format.paragraph", "Paragraph", ("alt+shift+h",), rich_blocks.paragraph),
    _editing("format.bullets", "Bullet list", ("alt+o",), rich_blocks.toggling_block("list", "bullet")),
    _editing(
        "format.numbers", "Numbered list", ("alt+shift+g",), rich_blocks.toggling_block("list", "ordered")
    ),
    _editing("format.tasks", "Check list", ("alt+shift+t",), rich_blocks.toggling_block("list", "unchecked")),
    _editing("format.quote", "Quote", ("alt+q",), rich_blocks.toggling_block("blockquote", value=True)),
    _editing("format.code_block", "Code block", (), rich_blocks.toggling_block("code-block", "plain")),
    _editing("format.align", "Centre, right, justify, left", (), rich_blocks.next_alignment),
    _editing("format.rule", "Horizontal rule", (), rich_blocks.toggling_block("rule", value=True)),
    _editing("format.table", "Insert a table", (), rich_blocks.insert_table),
    *[
        _editing(f"format.table_{name}", title, (), rich_cells.in_table(command))
        for name, title, command in (
            ("row_below", "Table: a row below", rich_cells.row_below),
            ("row_above", "Table: a row above", rich_cells.row_above),
            ("column_right", "Table: a column to the right", rich_cells.column_right),
            ("column_left", "Table: a column to the left", rich_cells.column_left),
            ("delete_row", "Table: delete the row", rich_cells.delete_row),
            ("delete_column", "Table: delete the column", rich_cells.delete_column),
            ("delete", "Table: delete it whole", rich_cells.delete_table),
        )
    ],
    Command("link.show", "Say where the link leads", ("alt+g",), rich_links.show_link),
    Command("link.copy", "Copy where the link leads", ("alt+z",), rich_links.copy_link),
    _editing("task.toggle", "Tick or untick the task", ("alt+x",), line_edits.toggle_task),
    _editing("list.renumber", "Number the list anew", ("alt+shift+r",), renumber.renumber),
    _editing("table.align", "Align the columns of the table", ("alt+shift+a",), table_align.align_table),
    Command("clipboard.copy", "Copy", ("ctrl+c", "alt+c", "ctrl+insert"), edits.copy),
    _editing("clipboard.cut", "Cut", ("ctrl+x", "shift+delete"), edits.cut),
    _editing("clipboard.paste", "Paste", ("ctrl+v", "shift+insert"), edits.paste),
    _editing("history.undo", "Undo my last change", ("ctrl+z", "ctrl+underscore"), edits.undo),
    _editing("history.redo", "Redo my last change", ("ctrl+y", "ctrl+shift+z"), edits.redo),
    Command("goto.line", "Go to a line", ("ctrl+g",), goto_line),
    Command("find.open", "Find", ("ctrl+f",), open_find),
    _editing("find.replace", "Find and replace", ("alt+shift+f",), open_replace),
    Command("find.next", "Find the next one", ("f3", "alt+n"), go_to_next),
    Command("find.previous", "Find the one before", ("alt+p", "shift+f3"), go_to_previous),
    Command("view.scroll_up", "Scroll up a row", ("alt+y", "ctrl+up"), _scrolling(-1)),
    Command("view.scroll_down", "Scroll down a row", ("alt+v", "ctrl+down"), _scrolling(1)),
    Command("view.centre", "Bring the caret to the middle", ("alt+m",), scroll_to_caret),
)

COMMANDS: Mapping[str, Command] = {command.name: command for command in _commands()}
"""By name, in the order in which help shows them."""
