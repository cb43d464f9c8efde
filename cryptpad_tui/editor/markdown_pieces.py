"""A markdown document in pieces that can be read one without the others, found from where the reader is.

A piece ends where a block of the outermost level begins: after a blank line, outside of fences, lists and
comments. What goes on for long without such a place is cut all the same, and a piece that begins inside a
fence or a table gets the lines that open it. It must never look at more than a few hundred lines around the
place it is asked for, and never make a piece of unbounded size.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import regex

from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.markdown_blocks import BlockState, Mode, is_delimiter_row

_STRETCH: Final = 64
"""Edges are looked for in stretches of so many lines, and made where a whole one has none."""
_NEAR: Final = 48
MAX_PIECE_LINES: Final = 3 * _STRETCH
MAX_PIECE_CHARS: Final = 10_000
_TABLE_LINES: Final = 2_000
"""The header of a table is looked for so far above."""
_ITEM: Final = regex.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
_CLOSED: Final = frozenset({Mode.START, Mode.BLANK})

States = Callable[[int, int], list[BlockState]]
"""The states before the lines from one up to another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines `first` up to `stop` of a document, with what they need to be read alone."""

    first: int
    stop: int
    text: str = field(repr=False)
    added: int
    """Lines that stand before `first` in `text`."""
    whole: bool
    """It ends where a block ends, and not where it had to be cut."""


class Pieces:
    """The pieces of one document; what is known of them holds until `forget`."""

    def __init__(self, lines: Lines, states: States) -> None:
        self._lines = lines
        self._states = states
        self._natural: dict[int, list[int]] = {}
        self._edges: dict[int, list[int]] = {}

    def forget(self) -> None:
        """The document has changed."""
        self._natural.clear()
        self._edges.clear()

    # -- edges

    def edge_before(self, line: int) -> int:
        """The last edge at `line` or above."""
        stretch = line // _STRETCH
        while stretch >= 0:
            edges = self._edges_of(stretch)
            at = bisect_right(edges, line)
            if at:
                return edges[at - 1]
            stretch -= 1
        return 0

    def edge_after(self, line: int) -> int:
        """The first edge below `line`; the number of lines where there is none."""
        total = len(self._lines)
        stretch = line // _STRETCH
        while stretch * _STRETCH < total:
            edges = self._edges_of(stretch)
            at = bisect_right(edges, line)
            if at < len(edges):
                return edges[at]
            stretch += 1
        return total

    def _edges_of(self, stretch: int) -> list[int]:
        edges = self._edges.get(stretch)
        if edges is None:
            start = stretch * _STRETCH
            edges = list(self._natural_of(stretch))
            around = [*self._natural_of(stretch - 1), *edges]
            if start and not any(start - _NEAR <= edge < start + _NEAR for edge in around):
                edges.insert(0, start)
            self._edges[stretch] = edges
        return edges

    def _natural_of(self, stretch: int) -> list[int]:
        """The lines of a stretch with which a block of the outermost level begins for sure."""
        edges = self._natural.get(stretch)
        if edges is None:
            edges = self._natural[stretch] = self._looked_for(stretch) if stretch >= 0 else []
        return edges

    def _looked_for(self, stretch: int) -> list[int]:
        first = stretch * _STRETCH
        stop = min(first + _STRETCH, len(self._lines))
        texts = self._lines.lines(max(0, first - 1), stop)
        states = self._states(first, stop)
        edges = [] if first else [0]
        above = texts.pop(0) if first else ""
        for line, (state, text) in enumerate(zip(states, texts, strict=True), first):
            if line and not above.strip() and _begins_block(state, text):
                edges.append(line)
            above = text
        return edges

    # -- pieces

    def piece(self, first: int) -> Piece:
        """The piece that begins with the edge `first`."""
        stop = self.edge_after(first)
        opening = self._opening(first)
        lines = self._lines.lines(first, min(stop, first + MAX_PIECE_LINES))
        made: list[str] = []
        left = MAX_PIECE_CHARS
        for line in lines:
            if len(line) > left:
                made.append(f"{line[:left]}…")
                break
            made.append(line)
            left -= len(line) + 1
        text = "\n".join([*opening, *made]).replace("\r", " ")
        whole = stop >= len(self._lines) or stop in self._natural_of(stop // _STRETCH)
        return Piece(first, stop, text, len(opening), whole)

    def _opening(self, first: int) -> list[str]:
        """The lines that open what the piece begins in."""
        if not first or first in self._natural_of(first // _STRETCH):
            return []
        state = self._states(first, first + 1)[0]
        around = "> " * min(state.quote, 8) + " " * min(state.content, 40)
        if state.mode is Mode.FENCE:
            return [around + state.fence[:100]]
        if state.mode is Mode.FRONT:
            return ["~" * 8]
        if state.mode is Mode.COMMENT:
            return [f"{around}<!--"]
        return self._header(first) if state.mode is Mode.TABLE else []

    def _header(self, line: int) -> list[str]:
        above = self._lines.lines(max(0, line - _TABLE_LINES), line)
        for at in range(len(above) - 1, 0, -1):
            if "|" not in above[at]:
                break
            if is_delimiter_row(above[at]):
                return [text[:MAX_PIECE_CHARS] for text in above[at - 1 : at + 1]]
        return []


def _begins_block(state: BlockState, text: str) -> bool:
    """Whether a line after a blank one belongs to nothing above it."""
    if state.mode not in _CLOSED or not text or text[0].isspace():
        return False
    # After a blank line an item may go on with the list above.
    return not state.content or _ITEM.match(text) is None
