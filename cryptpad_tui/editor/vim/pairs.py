"""Brackets and tags that belong together, for % and for i( a( i< it and their like.

A search is given up after a bounded number of lines: a missing bracket must not cost the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.layout import Lines

PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_CLOSING: Final = {close: opening for opening, close in PAIRS.items()}
_FIRST: Final = regex.compile(r"[()\[\]{}]")
_TAG: Final = regex.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][^\s>/]*)(?P<rest>[^<>]*)>")
MAX_LINES: Final = 20_000


def _forward(lines: Lines, place: Position, signs: regex.Pattern[str]) -> Iterator[tuple[Position, str]]:
    for line in range(place.line, min(len(lines), place.line + MAX_LINES)):
        for found in signs.finditer(lines[line], place.col if line == place.line else 0):
            yield Position(line, int(found.start())), str(found[0])


def _backward(lines: Lines, place: Position, signs: regex.Pattern[str]) -> Iterator[tuple[Position, str]]:
    """The signs before `place`, the nearest first."""
    for line in range(place.line, max(-1, place.line - MAX_LINES), -1):
        text = lines[line]
        end = place.col if line == place.line else len(text)
        for found in reversed(list(signs.finditer(text, 0, end))):
            yield Position(line, int(found.start())), str(found[0])


def _signs_of(opening: str) -> regex.Pattern[str]:
    return regex.compile(f"[\\{opening}\\{PAIRS[opening]}]")


def closing_of(lines: Lines, opening_at: Position, opening: str) -> Position | None:
    depth = 0
    for place, sign in _forward(lines, opening_at, _signs_of(opening)):
        depth += 1 if sign == opening else -1
        if not depth:
            return place
    return None


def opening_before(lines: Lines, place: Position, opening: str) -> Position | None:
    """The bracket that is open at a place."""
    depth = 0
    for found, sign in _backward(lines, place, _signs_of(opening)):
        if sign == opening:
            if not depth:
                return found
            depth -= 1
        else:
            depth += 1
    return None


def matching(lines: Lines, place: Position) -> Position | None:
    """%: the partner of the first bracket at or behind the caret in its line."""
    found = _FIRST.search(lines[place.line], place.col)
    if found is None:
        return None
    at, sign = Position(place.line, int(found.start())), str(found[0])
    if sign in PAIRS:
        return closing_of(lines, at, sign)
    return opening_before(lines, at, _CLOSING[sign])


def block_around(lines: Lines, place: Position, opening: str, count: int) -> tuple[Position, Position] | None:
    """The brackets around a place, else the next ones; a place on one of them is inside."""
    text = lines[place.line]
    start: Position | None = place if text[place.col : place.col + 1] == opening else None
    if start is None:
        start = opening_before(lines, place, opening)
    if start is None:
        ahead = _forward(lines, place, _signs_of(opening))
        start = next((at for at, sign in ahead if sign == opening), None)
    for _ in range(count - 1):
        start = opening_before(lines, start, opening) if start is not None else None
    end = closing_of(lines, start, opening) if start is not None else None
    return (start, end) if start is not None and end is not None else None


def tag_around(
    lines: Lines, place: Position, count: int
) -> tuple[Position, Position, Position, Position] | None:
    """The starts and ends of the tags around a place: opening tag, closing tag."""
    open_tags: list[tuple[str, Position, Position]] = []
    depth = count
    first = max(0, place.line - 1000)
    found: list[tuple[Position, Position, Position, Position]] = []
    for line in range(first, min(len(lines), place.line + 1000)):
        for tag in _TAG.finditer(lines[line]):
            start, end = Position(line, int(tag.start())), Position(line, int(tag.end()))
            if tag["rest"].endswith("/"):
                continue
            if not tag["close"]:
                open_tags.append((tag["name"], start, end))
                continue
            names = [name for name, _, _ in open_tags]
            if tag["name"] not in names:
                continue
            while open_tags[-1][0] != tag["name"]:
                open_tags.pop()
            _, opened, inner = open_tags.pop()
            if opened <= place < end:
                found.append((opened, inner, start, end))
                if len(found) == depth:
                    return found[-1]
    return None
