"""Text objects: iw aw iW aW, quotes, brackets, paragraphs, tags.

Each is a function from the lines and a place to a range, or None where there is no such thing. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.vim import pairs, paragraphs, words
from cryptpad_tui.editor.vim.places import Range, indent_of, is_blank, past, whole_lines

Finder = Callable[[Lines, Position, int, bool], Range | None]
"""Lines, place, count, and whether what is around belongs to it (`a`)."""


def _word(*, big: bool) -> Finder:
    def find(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
        text = lines[place.line]
        if not text:
            return Range(place, place)
        start = words.run_start(lines, place, big=big)
        end, on_blank = start, words.kind_at(lines, place, big=big) == 0
        trailing = False
        for _ in range(count):
            if end.col >= len(text):
                break
            end = words.run_end(lines, end, big=big)
            if around:
                wants_blank = not on_blank
                is_blank_next = end.col < len(text) and words.kind_at(lines, end, big=big) == 0
                trailing = is_blank_next == wants_blank and end.col < len(text)
                if trailing:
                    end = words.run_end(lines, end, big=big)
        if around and not on_blank and not trailing:
            head = text[: start.col].rstrip(" \t")
            start = Position(place.line, len(head)) if head or start.col == 0 else start
        return Range(start, end)

    return find


def _quotes(sign: str) -> Finder:
    def find(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
        text = lines[place.line]
        found = _quoted(text, place.col, sign)
        if found is None:
            return None
        start, end = found
        if not around and count == 1:
            return Range(Position(place.line, start + 1), Position(place.line, end))
        end += 1
        if around:
            tail = len(text[end:]) - len(text[end:].lstrip(" \t"))
            if tail:
                end += tail
            else:
                start = len(text[:start].rstrip(" \t"))
        return Range(Position(place.line, start), Position(place.line, end))

    return find


def _quoted(text: str, col: int, sign: str) -> tuple[int, int] | None:
    """The quotes around a column, else the next ones in the line."""
    at = [i for i, char in enumerate(text) if char == sign and not _escaped(text, i)]
    if text[col : col + 1] == sign:
        for start, end in zip(at[::2], at[1::2], strict=False):
            if start <= col <= end:
                return start, end
        return None
    before, behind = [i for i in at if i < col], [i for i in at if i > col]
    if before and behind:
        return before[-1], behind[0]
    return (behind[0], behind[1]) if not before and len(behind) > 1 else None


def _escaped(text: str, at: int) -> bool:
    return (at - len(text[:at].rstrip("\\"))) % 2 == 1


def _block(opening: str) -> Finder:
    def find(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
        found = pairs.block_around(lines, place, opening, count)
        if found is None:
            return None
        start, end = found
        if around:
            return Range(start, past(lines, end))
        inner = Position(start.line, start.col + 1)
        if inner.col >= len(lines[start.line]) and start.line < end.line:
            inner = Position(start.line + 1, 0)
        if end.line > inner.line and len(indent_of(lines[end.line])) >= end.col:
            if inner.col <= len(indent_of(lines[inner.line])):
                return whole_lines(inner.line, end.line - 1)
            end = Position(end.line - 1, len(lines[end.line - 1]))
        return Range(min(inner, end), end)

    return find


def _paragraph(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
    first = last = place.line
    blank = is_blank(lines[first])
    while first > 0 and is_blank(lines[first - 1]) == blank:
        first -= 1
    total = len(lines)

    def run_end(line: int) -> int:
        kind = is_blank(lines[line])
        while line + 1 < total and is_blank(lines[line + 1]) == kind:
            line += 1
        return line

    last = run_end(last)
    for _ in range(count - 1 + (count if around else 0)):
        if last + 1 >= total:
            if not around or blank:
                return None if around or count > 1 else whole_lines(first, last)
            while first > 0 and is_blank(lines[first - 1]):
                first -= 1
            break
        last = run_end(last + 1)
    return whole_lines(first, last)


def _sentence(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
    return paragraphs.sentences(lines, place, count, around=around)


def _tag(lines: Lines, place: Position, count: int, around: bool) -> Range | None:
    found = pairs.tag_around(lines, place, count)
    if found is None:
        return None
    opened, inner, closing, end = found
    return Range(opened, end) if around else Range(inner, closing)


OBJECTS: Final[dict[str, Finder]] = {
    "w": _word(big=False),
    "W": _word(big=True),
    **{sign: _quotes(sign) for sign in "\"'`"},
    **{key: _block("(") for key in "()b"},
    **{key: _block("[") for key in "[]"},
    **{key: _block("{") for key in "{}B"},
    **{key: _block("<") for key in "<>"},
    "p": _paragraph,
    "s": _sentence,
    "t": _tag,
}
