"""Commands that change text around the caret: typing, new lines, deleting, the clipboard.

Each answers the smallest edits that do it, so that concurrent edits of others survive.
"""

from __future__ import annotations

import regex

from cryptpad_tui.crdt.values import Position, TextEdit, end_of
from cryptpad_tui.editor import rich_blocks, rich_cells
from cryptpad_tui.editor.clean import cleaned
from cryptpad_tui.editor.effects import CopyToTerminal, Effects, Notice
from cryptpad_tui.editor.layout import text_cells
from cryptpad_tui.editor.motions import after, after_word, before, before_word
from cryptpad_tui.editor.rich_marks import pieces_with_marks, set_link
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step

_ADDRESS = regex.compile(r"(?:https?|mailto|gemini|ftp)://?[^\s<>\"']{2,2000}")
_NOTHING_COPIED = "There is nothing to paste: copy something, or use your terminal's paste key."
_AROUND = {"*": "*", "_": "_", "~": "~", "`": "`", '"': '"', "[": "]", "(": ")", "{": "}"}
"""What stands around a selection when the first of each is typed in markdown."""
_INDENT = regex.compile(r"[ \t]*")
_ITEM = regex.compile(
    r"(?P<quote>(?:[ \t]{0,3}>[ \t]?)*)(?P<indent>[ \t]*)"
    r"(?:(?P<mark>[-+*])|(?P<number>\d{1,9})(?P<dot>[.)]))(?P<gap>[ \t]+)(?P<task>\[[ xX]\][ \t]+)?"
)
_QUOTE = regex.compile(r"(?:[ \t]{0,3}>[ \t]?)+")


def replaced(state: EditorState, text: str, *, own_group: bool = True, effects: Effects = ()) -> Step:
    """The selection replaced by clean text, the caret behind it."""
    chosen = state.selection.primary
    if chosen.empty and not text:
        return Step(effects=effects, reveal=False)
    place = caret(end_of(chosen.start, text))
    if state.marks is not None:
        made = pieces_with_marks(state, chosen.start, chosen.end, text)
        return Step(made, place, own_group=own_group, effects=effects, typing=state.typing)
    edit = TextEdit(chosen.start, chosen.end, text)
    return Step((edit,), place, own_group=own_group, effects=effects)


def insert_text(state: EditorState, argument: str) -> Step:
    """Type: joins the undo step of the keys before it. In markdown some signs go around what is selected."""
    chosen = state.selection.primary
    if state.markdown and argument in _AROUND and chosen.start.line == chosen.end.line and not chosen.empty:
        return _put_around(chosen, argument)
    text, note = cleaned(argument)
    return replaced(state, text, own_group="\n" in text, effects=(Notice(note),) if note else ())


def _put_around(chosen: Selection, sign: str) -> Step:
    """The signs at both ends; what was selected stays so, for the next one."""
    before, behind = (
        TextEdit(chosen.start, chosen.start, sign),
        TextEdit(chosen.end, chosen.end, _AROUND[sign]),
    )
    anchor, head = [Position(place.line, place.col + 1) for place in (chosen.anchor, chosen.head)]
    return Step((before, behind), Selection(anchor, head))


def insert_pasted(state: EditorState, argument: str) -> Step:
    """What the terminal pasted, as one undo step."""
    text, note = cleaned(argument)
    if not state.selection.primary.empty and _ADDRESS.fullmatch(text):
        return set_link(state, text)
    return replaced(state, text, effects=(Notice(note),) if note else ())


def newline(state: EditorState, argument: str) -> Step:
    """A line break that keeps the indentation and, in markdown, goes on with the list or the quote."""
    if state.marks is not None:
        return rich_blocks.newline(state, argument)
    start = state.selection.primary.start
    text = state.lines[start.line]
    head = text[: start.col]
    if state.markdown:
        item = _ITEM.match(text)
        if item is not None and item.end() <= start.col:
            if item.end() == len(text) and state.selection.primary.empty:
                return _ended(start, int(item.end("quote")))
            return replaced(state, "\n" + _next_item(item), own_group=False)
        quote = _QUOTE.match(text)
        if quote is not None and quote.end() <= start.col:
            if quote.end() == len(text) and state.selection.primary.empty:
                return _ended(start, 0)
            return replaced(state, "\n" + quote[0], own_group=False)
    indent = _INDENT.match(head)
    return replaced(state, "\n" + (indent[0] if indent else ""), own_group=False)


def plain_newline(state: EditorState, argument: str) -> Step:
    return replaced(state, "\n", own_group=False)


def _ended(start: Position, col: int) -> Step:
    """An empty item or quote ends the list: its mark goes away."""
    return Step((TextEdit(Position(start.line, col), start, ""),), caret(Position(start.line, col)))


def _next_item(item: regex.Match[str]) -> str:
    mark = item["mark"] or f"{int(item['number']) + 1}{item['dot']}"
    return f"{item['quote']}{item['indent']}{mark}{item['gap']}{'[ ] ' if item['task'] else ''}"


def insert_tab(state: EditorState) -> Step:
    """Spaces up to the next stop, or a tab where tabs are the indentation."""
    unit = state.settings.indent
    if unit == "\t":
        return replaced(state, "\t", own_group=False)
    start = state.selection.primary.start
    cells = text_cells(state.lines[start.line][: start.col][-1000:], state.settings.tab_width)
    return replaced(state, " " * (len(unit) - cells % len(unit)), own_group=False)


# -- deleting


def _deleted(state: EditorState, start: Position, end: Position, *, own_group: bool) -> Step:
    chosen = state.selection.primary
    if not chosen.empty:
        start, end, own_group = chosen.start, chosen.end, True
    if start == end:
        return Step(reveal=False)
    step = Step((TextEdit(start, end, ""),), caret(start), own_group=own_group)
    return step if state.marks is None else rich_blocks.keeping_first_block(state, step)


def delete_backward(state: EditorState, argument: str) -> Step:
    step = _deleted(state, before(state, state.head), state.head, own_group=False)
    return step if state.marks is None else rich_blocks.delete_backward(state, step)


def delete_forward(state: EditorState, argument: str) -> Step:
    return _deleted(state, state.head, after(state, state.head), own_group=False)


def delete_word_backward(state: EditorState, argument: str) -> Step:
    return _deleted(state, before_word(state, state.head), state.head, own_group=True)


def delete_word_forward(state: EditorState, argument: str) -> Step:
    return _deleted(state, state.head, after_word(state, state.head), own_group=True)


def delete_to_line_start(state: EditorState, argument: str) -> Step:
    start = Position(state.head.line, 0)
    return _deleted(state, start if state.head.col else before(state, state.head), state.head, own_group=True)


def delete_to_line_end(state: EditorState, argument: str) -> Step:
    end = Position(state.head.line, len(state.lines[state.head.line]))
    return _deleted(state, state.head, end if state.head != end else after(state, end), own_group=True)


# -- the clipboard


def copy(state: EditorState, argument: str) -> Step:
    """The selection, or the whole line if nothing is selected."""
    chosen = state.selection.primary
    if chosen.empty:
        text = state.lines[chosen.head.line] + "\n"
        return Step(clipboard=text, clipboard_lines=True, reveal=False, effects=(CopyToTerminal(text),))
    text = state.selected_text()
    return Step(selection=chosen, clipboard=text, reveal=False, effects=(CopyToTerminal(text),))


def cut(state: EditorState, argument: str) -> Step:
    """The selection, or the whole line if nothing is selected."""
    chosen = state.selection.primary
    if chosen.empty:
        text = state.lines[chosen.head.line] + "\n"
        edit, place = line_removal(state, chosen.head.line, chosen.head.line, chosen.head.col)
        step = Step(
            (edit,) if edit.start < edit.end else (),
            caret(place),
            clipboard=text,
            clipboard_lines=True,
            effects=(CopyToTerminal(text),),
        )
        return rich_cells.keeping_grid(state, step)
    text = state.selected_text()
    edit = TextEdit(chosen.start, chosen.end, "")
    step = Step((edit,), caret(chosen.start), clipboard=text, effects=(CopyToTerminal(text),))
    return step if state.marks is None else rich_blocks.keeping_first_block(state, step)


def paste(state: EditorState, argument: str) -> Step:
    """The editor's own clipboard; whole lines go above the caret's line."""
    if not state.clipboard:
        return Step(effects=(Notice(_NOTHING_COPIED),))
    chosen = state.selection.primary
    if state.clipboard_lines and chosen.empty:
        edit = TextEdit(Position(chosen.head.line, 0), Position(chosen.head.line, 0), state.clipboard)
        moved = chosen.head.line + state.clipboard.count("\n")
        return Step((edit,), caret(Position(moved, chosen.head.col)))
    return replaced(state, state.clipboard)


def line_removal(state: EditorState, first: int, last: int, col: int) -> tuple[TextEdit, Position]:
    """The edit that takes whole lines away, and where the caret goes."""
    lines = state.lines
    if last + 1 < len(lines):
        edit = TextEdit(Position(first, 0), Position(last + 1, 0), "")
        return edit, Position(first, min(col, len(lines[last + 1])))
    end = Position(last, len(lines[last]))
    if first == 0:
        return TextEdit(Position(0, 0), end, ""), Position(0, 0)
    if state.marks is not None and state.marks.line(first - 1).block:
        # The line before keeps its line end, on which its format stands.
        return TextEdit(Position(first, 0), end, ""), Position(first, 0)
    above = len(lines[first - 1])
    return TextEdit(Position(first - 1, above), end, ""), Position(first - 1, min(col, above))


def undo(state: EditorState, argument: str) -> Step:
    return Step(history="undo")


def redo(state: EditorState, argument: str) -> Step:
    return Step(history="redo")
