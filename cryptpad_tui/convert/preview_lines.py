"""Lines of a preview as values, and how the inside of a paragraph of markdown becomes them.

A link is shown as its words, a picture as its name, HTML as it is written. Line ends that come out of
entities are blanks: a line is one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from markdown_it.token import Token

from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened

_MARKS: Final = {"strong": "strong", "em": "emphasis", "s": "strike", "link": "link.text"}
_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE).match

Styled = tuple[str, str]
"""A few cells of text and the name of their style."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the document as it reads; it may take several rows."""

    line: int
    """The line of the source that it begins with."""
    text: str = field(default="", repr=False)
    spans: Spans = ()
    first: tuple[Styled, ...] = ()
    """What stands left of its first row, and of the others."""
    rest: tuple[Styled, ...] = ()
    breaks: tuple[tuple[int, int], ...] = ()
    """Columns from which the text is of another line of the source, and that line."""
    fill: str = ""
    """A sign that the row is made of; as wide as `text`, or as the screen where there is none."""


@dataclass(frozen=True, slots=True)
class ShownCell:
    """What stands in a cell of a table."""

    text: str = field(default="", repr=False)
    spans: Spans = ()


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table: its rows, each with its line of the source, the first of them the header."""

    line: int
    rows: tuple[tuple[int, tuple[ShownCell, ...]], ...]
    aligns: tuple[str, ...]
    first: tuple[Styled, ...] = ()
    rest: tuple[Styled, ...] = ()


Block = Shown | ShownTable


class Inline:
    """Reads the inside of one block of text."""

    def __init__(self, line: int, styles: tuple[str, ...]) -> None:
        self._line = line
        self._begin = line
        self._around = styles
        self._open: list[str] = []
        self._made: list[Shown] = []
        self._new_line()

    def _new_line(self) -> None:
        self._begin = self._line
        self._text = ""
        self._ranges: list[StyleSpan] = []
        self._breaks: list[tuple[int, int]] = []

    def lines(self, children: Sequence[Token], *, in_one_line: bool = False) -> list[Shown]:
        """The lines that tokens make: a hard line break ends one."""
        for token in children:
            kind = token.type
            if kind in ("text", "text_special"):
                self._add(token.content)
            elif kind == "code_inline":
                self._add(token.content, "code")
            elif kind == "image":
                self._add(f"[{token.content or 'image'}]", "image")
            elif kind in ("softbreak", "hardbreak"):
                self._break(hard=kind == "hardbreak" and not in_one_line, lines=1)
            elif kind == "html_inline" and _BREAK(token.content):
                self._break(hard=not in_one_line, lines=0)
            elif kind == "html_inline":
                self._add(token.content, "html")
            else:
                self._mark(token)
        self._end()
        return self._made

    def _add(self, text: str, *styles: str) -> None:
        start = len(self._text)
        self._text += text.replace("\n", " ").replace("\r", " ")
        names = (*self._around, *dict.fromkeys(self._open), *styles)
        if names and text:
            self._ranges.append(StyleSpan(start, len(self._text), names))

    def _break(self, *, hard: bool, lines: int) -> None:
        self._line += lines
        if hard:
            self._end()
            self._new_line()
            return
        self._add(" ")
        self._breaks.append((len(self._text), self._line))

    def _mark(self, token: Token) -> None:
        style = _MARKS.get(token.type.rpartition("_")[0])
        if style is None:
            return
        if token.nesting == 1:
            self._open.append(style)
        elif style in self._open:
            self._open.remove(style)

    def _end(self) -> None:
        spans = flattened(self._ranges)
        self._made.append(Shown(self._begin, self._text, spans, breaks=tuple(self._breaks)))
