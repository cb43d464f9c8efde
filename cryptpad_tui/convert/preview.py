"""A piece of markdown as it reads: lines of styled text with what stands left of them, and tables.

Each line knows the line of the source it comes from, so that the two can be shown beside one another. HTML is
shown as it is written, a link as its words, a picture as its name: nothing is fetched, opened or run. It must
never be given more than a piece: parsing takes time, and the screen waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cryptpad_tui.convert.preview_lines import Block, Inline, Shown, ShownCell, ShownTable, Styled
from cryptpad_tui.editor.code_colours import laid_over
from cryptpad_tui.editor.code_languages import language_of_word
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened

_BULLETS: Final = "•◦▪"
_TASK: Final = re.compile(r"\[([ xX])\](?: |$)").match
_FRONT: Final = re.compile(r"---[ \t]*\n((?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|$)").match
_FRONT_KEY: Final = re.compile(r"[\w\"'.-][\w \"'.-]*:").match
_UNDER: Final = {"h1": "═", "h2": "─"}
_MAX_BRACKETS: Final = 1_500
"""Brackets take the parser time that grows with their square; beyond, a text is shown as it is written."""


Colours = Callable[[str, Sequence[str]], Sequence[Spans] | None]
"""What is known of the colours of lines in a language: a line of spans for each, or None."""


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


def preview_of(text: str, *, whole: bool = True, colours: Colours | None = None) -> list[Block]:
    """What a text reads as; a `whole` one begins where its document does, so it may have front matter."""
    walker = _Walker(colours)
    front = _FRONT(text) if whole else None
    if front is not None and _FRONT_KEY(front[1]):
        walker.front(front[1].split("\n")[:-1])
        skipped = front[0].count("\n")
        walker.skip(skipped)
        text = text[front.end() :]
    if text.count("[") > _MAX_BRACKETS:
        walker.as_written(text.split("\n"))
    else:
        walker.walk(_parser().parse(text))
    return walker.made


class _Container:
    """A quote or an item of a list that what follows stands in."""

    def __init__(self, mark: str, rest: str, style: str) -> None:
        self.mark, self.rest, self.style = mark, rest, style
        self.used = False


class _List:
    """A list that is open."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.tight = False


class _Walker:
    """Walks the tokens of one text."""

    def __init__(self, colours: Colours | None = None) -> None:
        self.made: list[Block] = []
        self._colours = colours
        self._around: list[_Container] = []
        self._lists: list[_List] = []
        self._gap = False
        self._skipped = 0
        self._line = 0

    def skip(self, lines: int) -> None:
        """The tokens count from so many lines further down."""
        self._skipped = lines

    def front(self, lines: Sequence[str]) -> None:
        """The properties at the top of a document, as they are written."""
        for at, text in enumerate(lines, 1):
            key = _FRONT_KEY(text)
            spans = [StyleSpan(0, len(text), ("front",))]
            if key is not None:
                spans.append(StyleSpan(0, key.end(), ("front.key",)))
            self.made.append(Shown(at, text, flattened(spans)))
        self._gap = True

    def as_written(self, lines: Sequence[str]) -> None:
        """Lines without a meaning."""
        self._many(lines, self._skipped, "")

    def walk(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.map is not None:
                self._line = token.map[0] + self._skipped
            if token.type == "table_open":
                at = self._table(tokens, at)
            elif token.type == "inline":
                self._text(tokens[at - 1], token)
            elif token.type in ("fence", "code_block"):
                self._code(token)
            elif token.type == "hr":
                self._leaf(Shown(self._line, fill="─", spans=(StyleSpan(0, 1, ("rule",)),)))
            elif token.type == "html_block":
                self._html(token)
            else:
                self._structure(token)
            at += 1

    def _structure(self, token: Token) -> None:
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            start = token.attrGet("start")
            number = None if kind.startswith("bullet") else 1 if start is None else int(start)
            self._lists.append(_List(number))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
            self._gap = self._spaced()
        elif kind == "list_item_open":
            self._item()
        elif kind == "blockquote_open":
            self._around.append(_Container("│ ", "│ ", "quote.mark"))
        elif kind in ("list_item_close", "blockquote_close"):
            if not self._around[-1].used and kind == "list_item_close":
                self._leaf(Shown(self._line))
            self._around.pop()
            self._gap = self._spaced()
        elif kind == "paragraph_open" and token.hidden and self._lists:
            self._lists[-1].tight = True

    def _item(self) -> None:
        listed = self._lists[-1]
        if listed.number is None:
            depth = sum(one.number is None for one in self._lists) - 1
            mark = f"{_BULLETS[depth % len(_BULLETS)]} "
        else:
            mark = f"{listed.number}. "
            listed.number += 1
        self._around.append(_Container(mark, " " * len(mark), "list.mark"))

    def _spaced(self) -> bool:
        """Whether an empty row stands between this block and the next."""
        return not (self._lists and self._lists[-1].tight)

    # -- blocks

    def _leaf(self, block: Shown) -> None:
        """Put a line there, with what stands left of it."""
        first, rest = self._margins()
        self.made.append(Shown(block.line, block.text, block.spans, first, rest, block.breaks, block.fill))
        self._gap = self._spaced()

    def _margins(self) -> tuple[tuple[Styled, ...], tuple[Styled, ...]]:
        """What stands left of the next line; an item's mark stands there once."""
        if self._gap and self.made:
            quotes = [one for one in self._around if one.used]
            bare = tuple([(one.rest, one.style) for one in quotes])
            # Its place in the source is the blank line above what follows.
            self.made.append(Shown(self._line - 1, first=bare, rest=bare))
        self._gap = False
        first = tuple([(one.rest if one.used else one.mark, one.style) for one in self._around])
        for one in self._around:
            one.used = True
        return first, tuple([(one.rest, one.style) for one in self._around])

    def _many(
        self, lines: Sequence[str], line: int, style: str, mark: str = "", over: Sequence[Spans] = ()
    ) -> None:
        """Lines that are shown as they are written; `over` has the colours of each."""
        if mark:
            self._around.append(_Container(mark, mark, "code.mark"))
        for at, text in enumerate(lines):
            spans: Spans = (StyleSpan(0, len(text), (style,)),) if text and style else ()
            spans = laid_over(spans, over[at]) if over else spans
            self._leaf(Shown(line + at, text, spans))
            self._gap = False
        if mark:
            self._around.pop()
        self._gap = self._spaced()

    def _code(self, token: Token) -> None:
        lines = token.content.removesuffix("\n").split("\n")
        language = language_of_word(token.info.split()[0]) if token.info.split() else None
        known = self._colours(language, lines) if self._colours and language else None
        self._many(lines, self._line + (token.type == "fence"), "code.block", "┊ ", known or ())

    def _html(self, token: Token) -> None:
        self._many(token.content.rstrip("\n").split("\n"), self._line, "html")

    def _text(self, opening: Token, token: Token) -> None:
        children = token.children or []
        if opening.type == "heading_open":
            level = opening.tag[1:]
            inline = Inline(self._line, (f"heading.{level}",))
            one = inline.lines(children, in_one_line=True)[0]
            self._leaf(one)
            if sign := _UNDER.get(opening.tag):
                self._gap = False
                style = (StyleSpan(0, 1, (f"heading.{level}",)),)
                self._leaf(Shown(one.line, one.text, style, fill=sign))
            return
        box = self._task(children)
        styles = ("task.text",) if box else ("quote",) if self._quoted() else ()
        for one in Inline(self._line, styles).lines(children):
            self._leaf(one)
            self._gap = False
        self._gap = self._spaced()

    def _quoted(self) -> bool:
        return any(one.style == "quote.mark" for one in self._around)

    def _task(self, children: Sequence[Token]) -> bool:
        """Make an item that begins with a box a task; whether it is done."""
        if not self._lists or not self._around or self._around[-1].used or not children:
            return False
        box = _TASK(children[0].content) if children[0].type == "text" else None
        if box is None:
            return False
        children[0].content = children[0].content[box.end() :]
        done, item = box[1] != " ", self._around[-1]
        item.mark = f"{'☑' if done else '☐'} "
        item.rest, item.style = "  ", "task.done" if done else "task.open"
        return done

    # -- tables

    def _table(self, tokens: Sequence[Token], at: int) -> int:
        """Read a table; where it ends."""
        line = self._line
        rows: list[tuple[int, tuple[ShownCell, ...]]] = []
        cells: list[ShownCell] = []
        aligns: list[str] = []
        while tokens[at].type != "table_close":
            token = tokens[at]
            if token.type == "tr_open":
                cells = []
                if token.map is not None:
                    self._line = token.map[0] + self._skipped
            elif token.type == "tr_close":
                rows.append((self._line, tuple(cells)))
            elif token.type in ("th_open", "td_open"):
                if not rows:
                    aligns.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
                styles = ("table.header",) if token.type == "th_open" else ()
                one = Inline(self._line, styles).lines(tokens[at + 1].children or [], in_one_line=True)[0]
                cells.append(ShownCell(one.text, one.spans))
            at += 1
        self._line = line
        first, rest = self._margins()
        self.made.append(ShownTable(line, tuple(rows), tuple(aligns), first, rest))
        self._gap = self._spaced()
        return at
