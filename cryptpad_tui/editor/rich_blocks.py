"""Block formats of rich text: headings, lists, quotes, code, tables, and what the editing keys do in them.

A line's block format stands on the LF that ends it, so the last line of a pad gets an LF to carry one.
Pure: a command answers the edits and formats to make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from cryptpad_tui.crdt.kinds import BLOCK_KEYS
from cryptpad_tui.crdt.values import Attributes, AttributeValue, Formatted, Position, TextEdit
from cryptpad_tui.editor import rich_cells
from cryptpad_tui.editor.code_languages import language_of_word
from cryptpad_tui.editor.effects import Notice, OpenPrompt
from cryptpad_tui.editor.rich_cells import STEP
from cryptpad_tui.editor.rich_look import MAX_INDENT, indent_of, level_of
from cryptpad_tui.editor.rich_table import cell_name
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import EditorState, Step, chosen_lines

_KINDS: Final = ("header", "list", "blockquote", "code-block", "rule", "table")
"""Formats of which a line has one at most."""
_NO_BLOCK: Final[Attributes] = dict.fromkeys(sorted(BLOCK_KEYS))
_ONLY_RICH: Final = "Only rich text pads have that; in markdown, write its sign."
_ONLY_TEXT: Final = "A cell of a table holds text alone; formats of characters go there."
_ALIGNS: Final = ("center", "right", "justify")


def block_at(state: EditorState, line: int) -> dict[str, AttributeValue]:
    """The block format of a line."""
    if state.marks is None:
        return {}
    return {key: value for key, value in state.marks.line(line).block if key in BLOCK_KEYS}


# -- choosing a format


def toggling_block(key: str, value: AttributeValue) -> Callable[[EditorState, str], Step]:
    """The command that makes the chosen lines one kind of block, or paragraphs where they are it already."""

    def run(state: EditorState, argument: str) -> Step:
        if state.marks is None:
            return _said(_ONLY_RICH)
        first, last = chosen_lines(state)
        wanted = argument.strip() or value
        on = all(block_at(state, line).get(key) == wanted for line in range(first, last + 1))
        return format_lines(state, first, last, only(key, None if on else wanted))

    return run


def next_heading(state: EditorState, argument: str) -> Step:
    """Heading 1, 2, 3, and back to a paragraph."""
    if state.marks is None:
        return _said(_ONLY_RICH)
    first, last = chosen_lines(state)
    level = level_of(block_at(state, first))
    return format_lines(state, first, last, only("header", level + 1 if level < 3 else None))


def next_alignment(state: EditorState, argument: str) -> Step:
    """Centred, right, justified, and back to the left."""
    if state.marks is None:
        return _said(_ONLY_RICH)
    first, last = chosen_lines(state)
    order: tuple[AttributeValue, ...] = (*_ALIGNS, None)
    now = block_at(state, first).get("align")
    value = order[(order.index(now) + 1) % len(order)] if now in order else None
    return format_lines(state, first, last, {"align": value})


def paragraph(state: EditorState, argument: str) -> Step:
    """Plain paragraphs."""
    if state.marks is None:
        return _said(_ONLY_RICH)
    return format_lines(state, *chosen_lines(state), _NO_BLOCK)


def toggle_task(state: EditorState, argument: str) -> Step:
    """Tick or untick the items; other lines become tasks."""
    first, last = chosen_lines(state)
    done = all(block_at(state, line).get("list") == "checked" for line in range(first, last + 1))
    is_task = all(
        block_at(state, line).get("list") in ("checked", "unchecked") for line in range(first, last + 1)
    )
    value = "unchecked" if done or not is_task else "checked"
    return format_lines(state, first, last, only("list", value, keep=("indent",)))


def format_lines(state: EditorState, first: int, last: int, attributes: Attributes) -> Step:
    """Set block formats on the line ends of the lines from `first` to `last`; cells take alignment alone."""
    if _hits_cells(state, first, last, attributes):
        return _said(_ONLY_TEXT)
    edits: tuple[TextEdit, ...] = ()
    if last + 1 == len(state.lines):
        if not any(value is not None for value in attributes.values()) and first == last:
            return Step(selection=state.selection.primary, reveal=False)
        end = state.lines.end
        edits = (TextEdit(end, end, "\n", {}),)
    formats = tuple(_on_line_end(state, line, attributes) for line in range(first, last + 1))
    return Step(edits, state.selection.primary, formats=formats)


def _on_line_end(state: EditorState, line: int, attributes: Attributes) -> Formatted:
    return Formatted(Position(line, len(state.lines[line])), Position(line + 1, 0), attributes)


def _hits_cells(state: EditorState, first: int, last: int, attributes: Attributes) -> bool:
    if state.marks is None or attributes.keys() <= {"align"}:
        return False
    return any(cell_name(found.block) for found in state.marks.lines(first, last + 1))


def only(key: str, value: AttributeValue, *, keep: Sequence[str] = ()) -> dict[str, AttributeValue]:
    """`key` set, and what cannot stand beside it taken away."""
    gone = [other for other in (*_KINDS, "indent") if other != key and other not in keep]
    return {**dict.fromkeys(gone), key: value}


def _said(text: str) -> Step:
    return Step(reveal=False, effects=(Notice(text),))


# -- what the keys do


def newline(state: EditorState, argument: str) -> Step:
    """Enter: goes on with a list, a quote or code; leaves it from an empty line; ends a heading."""
    if (table := rich_cells.table_around(state)) is not None:
        return rich_cells.cell_below(state, table)
    chosen = state.selection.primary
    start = chosen.start
    block, text = block_at(state, start.line), state.lines[start.line]
    if chosen.empty and (named := _naming_code(state, start)) is not None:
        return named
    if chosen.empty and not text and "code-block" in block:
        leaves = _leaving_code(state, start.line)
        if leaves is not None:
            return leaves
    elif chosen.empty and not text and block.keys() & {"list", "blockquote"}:
        if depth := indent_of(block):
            return format_lines(state, start.line, start.line, {"indent": depth - 1 or None})
        return format_lines(state, start.line, start.line, _NO_BLOCK)
    below = Position(start.line + 1, 0)
    after = block_at(state, chosen.end.line)
    rest = len(state.lines[chosen.end.line]) - chosen.end.col
    formats: tuple[Formatted, ...] = ()
    if chosen.end.line + 1 < len(state.lines):
        line_end = (Position(below.line, rest), Position(below.line + 1, 0))
        if level_of(after) and not rest:
            formats = (Formatted(*line_end, {"header": None}),)
        elif after.get("list") == "checked":
            formats = (Formatted(*line_end, {"list": "unchecked"}),)
        elif after.get("rule"):
            formats = (Formatted(*line_end, {"rule": None}),)
    first: Attributes = block
    if not start.col and text and level_of(block):
        first = {}
    edit = TextEdit(start, chosen.end, "\n", first)
    return Step((edit,), caret(below), own_group=False, formats=formats)


def _naming_code(state: EditorState, place: Position) -> Step | None:
    """Enter behind the name of a language, alone in its block: ```python is typed so in markdown."""
    line, text = place.line, state.lines[place.line]
    if block_at(state, line).get("code-block") != "plain" or place.col < len(text):
        return None
    beside = [one for one in (line - 1, line + 1) if 0 <= one < len(state.lines)]
    if language_of_word(text) is None or any("code-block" in block_at(state, one) for one in beside):
        return None
    start = Position(line, 0)
    named = Formatted(start, Position(line + 1, 0), {"code-block": text.strip().lower()})
    return Step((TextEdit(start, place, ""),), caret(start), formats=(named,))


def _leaving_code(state: EditorState, line: int) -> Step | None:
    """Enter on an empty line of code: the second of them at the end leaves it, since code has empty lines.

    The one line of a block that was begun stays: who types ``` presses Enter behind it.
    """
    above = line > 0 and "code-block" in block_at(state, line - 1)
    below = line + 1 < len(state.lines) and "code-block" in block_at(state, line + 1)
    if not above and not below:
        return Step(selection=state.selection.primary)
    if below or state.lines[line - 1]:
        return None
    taken = TextEdit(Position(line - 1, 0), Position(line, 0), "")
    left = Formatted(Position(line - 1, 0), Position(line, 0), _NO_BLOCK)
    return Step((taken,), caret(Position(line - 1, 0)), formats=(left,))


def delete_backward(state: EditorState, plain: Step) -> Step:
    """Backspace at the start of a formatted line takes its format, then joins it to the line above."""
    chosen = state.selection.primary
    if chosen.empty and chosen.head.col == 0:
        line = chosen.head.line
        block = block_at(state, line)
        depth = indent_of(block)
        if "table" in block:
            return keeping_first_block(state, plain)
        if depth:
            return format_lines(state, line, line, {"indent": depth - 1 or None})
        if block.keys() & set(_KINDS):
            return format_lines(state, line, line, _NO_BLOCK)
    return keeping_first_block(state, plain)


def keeping_first_block(state: EditorState, plain: Step) -> Step:
    """A deletion over line ends: what is joined keeps the format of its first line, where that has text."""
    kept = rich_cells.keeping_grid(state, plain)
    if kept is not plain:
        return kept
    if len(plain.edits) != 1 or plain.edits[0].text:
        return plain
    start, end = plain.edits[0].start, plain.edits[0].end
    if start.line == end.line or not start.col or end.line + 1 >= len(state.lines):
        return plain
    first, last = block_at(state, start.line), block_at(state, end.line)
    if first == last:
        return plain
    length = start.col + len(state.lines[end.line]) - end.col
    wanted = {**dict.fromkeys(last), **first}
    joined = Formatted(Position(start.line, length), Position(start.line + 1, 0), wanted)
    return replace(plain, own_group=True, formats=(joined,))


def tab(state: EditorState, argument: str) -> Step | None:
    """Tab: deeper in a list, the next cell in a table; None where it is an ordinary tab."""
    if (table := rich_cells.table_around(state)) is not None:
        return rich_cells.cell_beside(state, table, 1)
    first, last = chosen_lines(state)
    blocks = [block_at(state, line) for line in range(first, last + 1)]
    if any("list" in block for block in blocks):
        return _indented(state, first, 1)
    return None


def outdent(state: EditorState, argument: str) -> Step:
    """Shift+Tab: less deep, or the cell before."""
    if (table := rich_cells.table_around(state)) is not None:
        return rich_cells.cell_beside(state, table, -1)
    return _indented(state, chosen_lines(state)[0], -1)


def indent(state: EditorState, argument: str) -> Step:
    """Deeper, whatever the lines are."""
    return _indented(state, chosen_lines(state)[0], 1)


def _indented(state: EditorState, first: int, by: int) -> Step:
    formats: list[Formatted] = []
    for line in range(first, chosen_lines(state)[1] + 1):
        block = block_at(state, line)
        depth = indent_of(block)
        if "table" in block:
            continue
        wanted = max(0, min(MAX_INDENT, depth + by))
        if wanted != depth and line + 1 < len(state.lines):
            formats.append(_on_line_end(state, line, {"indent": wanted or None}))
    return Step(selection=state.selection.primary, formats=tuple(formats), reveal=False)


def insert_table(state: EditorState, argument: str) -> Step:
    """An empty table below the caret's line; `argument` is its size as ROWSxCOLUMNS."""
    if state.marks is None:
        return _said(_ONLY_RICH)
    if not argument.strip():
        return Step(reveal=False, effects=(OpenPrompt("table"),))
    size = re.fullmatch(r"\s*(\d{1,2})\s*[x×*]\s*(\d{1,2})\s*", argument)
    if size is None or not int(size[1]) or not int(size[2]):
        return _said("A size is two numbers, as 3x2: rows and columns.")
    head = state.head
    end = Position(head.line, len(state.lines[head.line]))
    known = {str(block_at(state, line).get("table", "")).partition("/")[0] for line in _near(state)}
    name = next(str(number) for number in range(1, 1_000_000) if str(number) not in known)
    rows, columns = [range(STEP, (int(number) + 1) * STEP, STEP) for number in (size[1], size[2])]
    cells: list[Attributes] = [{"table": f"{name}/{row}/{column}"} for row in rows for column in columns]
    edits = [TextEdit(end, end, "\n", block) for block in (block_at(state, head.line), *cells)]
    return Step(tuple(edits), caret(Position(head.line + 1, 0)))


def _near(state: EditorState) -> range:
    return range(max(0, state.head.line - 2_000), min(len(state.lines), state.head.line + 2_000))
