"""Marks on characters of rich text: what typing takes over, switching marks on and off, links and colours.

Pure: a command answers the edits and formats to make. In markdown the same commands write its signs. It must
never give a line end a mark of characters, or characters a block format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS
from cryptpad_tui.crdt.mark_index import Frozen, MarkIndex, frozen
from cryptpad_tui.crdt.values import Attributes, AttributeValue, Formatted, Position, TextEdit, end_of
from cryptpad_tui.editor.effects import Notice, OpenPrompt, PromptKind
from cryptpad_tui.editor.rich_cells import pieces_beside_grid
from cryptpad_tui.editor.rich_styles import COLOURS, is_colour
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step

NONE: Final = "none"
"""The argument that takes a link or a colour away."""
_NOT_TAKEN_OVER: Final = frozenset({"object"})
_SIGNS: Final = {"bold": "**", "italic": "_", "strike": "~~", "code": "`"}
_NO_SIGN: Final = "Markdown has no sign for that; a rich text pad does."
_NOTHING_CHOSEN: Final = "Select the text first."


def marks_for_typing(state: EditorState) -> Attributes:
    """What a character typed at the selection's start gets: what was chosen, else what is before it."""
    if state.typing is not None:
        return dict(state.typing)
    return dict(marks_around(state, state.selection.primary.start))


def marks_around(state: EditorState, place: Position) -> Frozen:
    """The marks that go on at a place: those of the character before it; of a link, only inside it."""
    marks = state.marks
    if marks is None:
        return ()
    line = state.lines[place.line]
    before = marks.marks_at(Position(place.line, place.col - 1)) if place.col else ()
    after = marks.marks_at(place) if place.col < len(line) else ()
    if not place.col:
        before = after
    kept = [(key, value) for key, value in before if key in INLINE_KEYS and key not in _NOT_TAKEN_OVER]
    inside_link = dict(after).get("link") == dict(before).get("link") and place.col
    return tuple([(key, value) for key, value in kept if key != "link" or inside_link])


def pieces_with_marks(state: EditorState, start: Position, end: Position, text: str) -> tuple[TextEdit, ...]:
    """Text in the place of a range: characters with the marks of typing, each line end with the block
    format of the line that is cut.
    """
    marks = state.marks
    assert marks is not None
    inline = marks_for_typing(state)
    block = {key: value for key, value in marks.line(start.line).block if key in BLOCK_KEYS}
    made: list[TextEdit] = []
    parts = pieces_beside_grid(state, start, end)
    if parts is not None:
        end = parts[0][1] if parts and parts[0][0] == start else start
    for i, piece in enumerate(text.split("\n")):
        for part, attributes in (("\n", block), (piece, inline)) if i else ((piece, inline),):
            if part:
                # In the coordinates before the first: what follows stands where the range ended.
                made.append(TextEdit(start, end, part, attributes))
                start = end
    if parts is not None:
        return (*made, *[TextEdit(first, past, "") for first, past in parts if first >= end and first < past])
    return tuple(made) or (TextEdit(start, end, ""),)


# -- switching marks


def toggling(key: str) -> Callable[[EditorState, str], Step]:
    """The command that switches a mark of yes and no."""

    def run(state: EditorState, argument: str) -> Step:
        if state.marks is None:
            return _with_signs(state, key)
        chosen = state.selection.primary
        if chosen.empty:
            now = marks_for_typing(state)
            return _typing(state, {**now, key: None if now.get(key) else True})
        value = None if _all_have(state, chosen, key) else True
        return set_marks(state, {key: value})

    return run


def set_script(state: EditorState, argument: str) -> Step:
    """Superscript, subscript, and back to neither."""
    return _cycled(state, "script", ("sup", "sub"))


def set_colour(state: EditorState, argument: str) -> Step:
    """The colour of the text; `none` takes it away."""
    return _valued(state, "color", "colour", argument)


def set_background(state: EditorState, argument: str) -> Step:
    """The colour behind the text; `none` takes it away."""
    return _valued(state, "background", "background", argument)


def set_link(state: EditorState, argument: str) -> Step:
    """Make the selection a link; `none` takes the link at the caret away."""
    address = argument.strip()
    chosen = state.selection.primary
    if not address:
        return Step(reveal=False, effects=(OpenPrompt("link"),))
    address = "" if address == NONE else address
    if state.marks is None:
        if chosen.empty or not address:
            return _said(_NOTHING_CHOSEN)
        text = state.selected_text()
        return _replaced(chosen, f"[{text}]({address})")
    if chosen.empty:
        chosen = _run_around(state, chosen.head, "link")
        if chosen.empty and not address:
            return _said(_NOTHING_CHOSEN)
    if chosen.empty:
        made = TextEdit(chosen.start, chosen.end, address, {**marks_for_typing(state), "link": address})
        return Step((made,), caret(end_of(chosen.start, address)))
    formats = tuple(_inline_ranges(state, chosen, {"link": address or None}))
    return Step(selection=state.selection.primary, formats=formats, reveal=False)


def clear_marks(state: EditorState, argument: str) -> Step:
    """Plain text again."""
    return set_marks(state, dict.fromkeys(sorted(INLINE_KEYS - _NOT_TAKEN_OVER)))


def set_marks(state: EditorState, attributes: Attributes) -> Step:
    """Set marks on the selection, or for what is typed next."""
    chosen = state.selection.primary
    if state.marks is None:
        return _said(_NO_SIGN)
    if chosen.empty:
        return _typing(state, {**marks_for_typing(state), **attributes})
    return Step(selection=chosen, formats=tuple(_inline_ranges(state, chosen, attributes)), reveal=False)


def _valued(state: EditorState, key: str, prompt: PromptKind, argument: str) -> Step:
    value = argument.strip().lower()
    if state.marks is None:
        return _said(_NO_SIGN)
    if not value:
        return Step(reveal=False, effects=(OpenPrompt(prompt),))
    if value != NONE and not is_colour(value):
        return _said(f"A colour is #rrggbb or one of {', '.join(sorted(COLOURS))}.")
    return set_marks(state, {key: None if value == NONE else value})


def _cycled(state: EditorState, key: str, values: tuple[str, ...]) -> Step:
    if state.marks is None:
        return _said(_NO_SIGN)
    chosen = state.selection.primary
    here = marks_for_typing(state) if chosen.empty else dict(state.marks.marks_at(chosen.start))
    order: tuple[AttributeValue, ...] = (*values, None)
    now = here.get(key)
    return set_marks(state, {key: order[(order.index(now) + 1) % len(order)] if now in order else values[0]})


def _typing(state: EditorState, attributes: Attributes) -> Step:
    return Step(selection=state.selection.primary, typing=frozen(attributes), reveal=False)


def _said(text: str) -> Step:
    return Step(reveal=False, effects=(Notice(text),))


def _replaced(chosen: Selection, text: str) -> Step:
    return Step((TextEdit(chosen.start, chosen.end, text),), caret(end_of(chosen.start, text)))


def _with_signs(state: EditorState, key: str) -> Step:
    """The selection between markdown's signs, or without them where it stands between them."""
    sign, chosen = _SIGNS.get(key), state.selection.primary
    if not state.markdown or sign is None:
        return _said(_NO_SIGN)
    text, size = state.selected_text(), len(sign)
    if len(text) > 2 * size and text.startswith(sign) and text.endswith(sign):
        return _replaced(chosen, text[size:-size])
    start, end = chosen.start, chosen.end
    edits = (TextEdit(start, start, sign), TextEdit(end, end, sign))
    inner = Position(start.line, start.col + size)
    if chosen.empty:
        return Step((TextEdit(start, start, sign * 2),), caret(inner))
    past = Position(end.line, end.col + size) if end.line == start.line else end
    return Step(edits, Selection(inner, past))


# -- ranges


def _inline_ranges(state: EditorState, chosen: Selection, attributes: Attributes) -> Iterator[Formatted]:
    """The characters of a selection, line by line, without the line ends."""
    for number in range(chosen.start.line, chosen.end.line + 1):
        first = chosen.start.col if number == chosen.start.line else 0
        past = chosen.end.col if number == chosen.end.line else len(state.lines[number])
        if first < past:
            yield Formatted(Position(number, first), Position(number, past), attributes)


def _all_have(state: EditorState, chosen: Selection, key: str) -> bool:
    marks = state.marks
    assert marks is not None
    for piece in _inline_ranges(state, chosen, {}):
        at = piece.start.col
        for run in marks.line(piece.start.line).runs:
            if run.start <= at < run.end and dict(run.marks).get(key):
                at = run.end
        if at < piece.end.col:
            return False
    return True


def _run_around(state: EditorState, place: Position, key: str) -> Selection:
    marks = state.marks
    assert marks is not None
    value = dict(marks.marks_at(place)).get(key) if place.col < len(state.lines[place.line]) else None
    if value is None and place.col:
        value = dict(marks.marks_at(Position(place.line, place.col - 1))).get(key)
    return caret(place) if value is None else _extent_of(marks, place, key, value)


def _extent_of(marks: MarkIndex, place: Position, key: str, value: AttributeValue) -> Selection:
    start = end = place.col
    runs = [run for run in marks.line(place.line).runs if dict(run.marks).get(key) == value]
    for run in runs:
        if run.start <= end and run.end >= start:
            start, end = min(start, run.start), max(end, run.end)
    for run in reversed(runs):
        if run.end == start:
            start = run.start
    return Selection(Position(place.line, start), Position(place.line, end))
