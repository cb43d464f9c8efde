"""Markdown read as rich text: CommonMark with GitHub's tables, strikes and tasks, by markdown-it-py.

HTML inside is read by the same allow-list as an HTML file. What a pad has no format for is named. Nothing is
ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_style import MARK_TAGS
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import (
    MAX_INDENT,
    OBJECT,
    Losses,
    Paragraph,
    Piece,
    Read,
    clean,
    marks_of,
    paragraph,
    usable_value,
    without_trailing_empty,
)
from cryptpad_tui.crdt.values import AttributeValue

_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE).match
_FRONT: Final = re.compile(r"\A---[ \t]*\n((?:[A-Za-z_][\w-]{0,60}:.*\n)(?:.*\n){0,200}?)---[ \t]*(?:\n|\Z)")
_TASK: Final = re.compile(r"\[([ xX])\](?: |$)")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>")
Block = dict[str, AttributeValue]


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # An address stays as it was written: what opens it shows it first.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


def from_markdown(text: str, shown: Container[str] = ()) -> Read:
    """The paragraphs of a markdown text, and what was left out of it; images of `shown` are objects."""
    reader = _Reader(shown)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if front := _FRONT.match(text):
        text = f"~~~~~~yaml\n{front[1]}~~~~~~\n{text[front.end() :]}"
    reader.read(_parser().parse(text))
    return Read(tuple(without_trailing_empty(reader.made)), reader.losses.words)


def read_inline(text: str) -> Paragraph:
    """One paragraph of markdown without blocks."""
    reader = _Reader()
    tokens = _parser().parseInline(text)
    reader.inline(tokens[0].children or [], {})
    return reader.made[0] if reader.made else Paragraph()


class _Reader:
    """Walks the tokens of one text."""

    def __init__(self, shown: Container[str] = ()) -> None:
        self._shown = shown
        self.made: list[Paragraph] = []
        self.losses = Losses()
        self._lists: list[str] = []
        self._first_in_item = False
        self._quotes = 0
        self._table = [0, 0, 0]  # its number, row, column

    def read(self, tokens: Sequence[Token]) -> None:
        for i, token in enumerate(tokens):
            kind = token.type
            if kind == "inline":
                self._text(tokens[i - 1], token.children or [])
            elif kind in ("fence", "code_block"):
                self._code(token)
            elif kind == "hr":
                self.made.append(paragraph([], {"rule": True}))
                self._other_than_text()
            elif kind == "html_block":
                self._html(token.content)
            else:
                self._structure(token)

    def _structure(self, token: Token) -> None:
        kind = token.type
        if kind == "list_item_close" and self._first_in_item:
            self.made.append(paragraph([], self._item()))
            self._first_in_item = False
        elif kind in ("bullet_list_open", "ordered_list_open"):
            if self._first_in_item and self._lists:
                self.made.append(paragraph([], self._item()))
            self._lists.append("bullet" if kind.startswith("bullet") else "ordered")
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
        elif kind == "list_item_open":
            self._first_in_item = True
        elif kind == "blockquote_open":
            self._quotes += 1
        elif kind == "blockquote_close":
            self._quotes -= 1
        elif kind == "table_open":
            self._table = [self._table[0] + 1, 0, 0]
        elif kind == "tr_open":
            self._table = [self._table[0], self._table[1] + 1, 0]

    def _html(self, text: str) -> None:
        """A block of HTML; its tables are counted on from ours."""
        read = from_html(text)
        first = self._table[0]
        for one in read.paragraphs:
            number, _, place = str(one.get("table") or "").partition("/")
            block = dict(one.block) or self._around()
            if number:
                self._table[0] = first + int(number)
                block["table"] = f"{self._table[0]}/{place}"
            self.made.append(paragraph(one.pieces, block))
        for words in read.lost:
            self.losses.add(words)
        self._other_than_text(empty=not any(one.block for one in read.paragraphs))

    def _around(self) -> Block:
        """The block format of a plain line here."""
        if self._lists and self._first_in_item:
            self._first_in_item = False
            return self._item()
        if self._lists:
            return {"indent": min(MAX_INDENT, len(self._lists))}
        return {"blockquote": True} if self._quotes else {}

    # -- blocks

    def _other_than_text(self, *, empty: bool = False) -> None:
        """A block of its own inside a list or a quote: a line has one block format, and this is it."""
        if self._lists and self._first_in_item and not empty:
            self._first_in_item = False
            self.losses.add("list signs of headings and code")
        elif self._quotes and not empty:
            self.losses.add("quotes around other blocks")

    def _item(self) -> Block:
        depth = min(MAX_INDENT, len(self._lists) - 1)
        return {"list": self._lists[-1], "indent": depth or None}

    def _text(self, opening: Token, children: list[Token]) -> None:
        if opening.type in ("th_open", "td_open"):
            self._table[2] += 1
            table, row, column = self._table
            self.inline(children, {"table": f"{table}/{row}/{column}"})
        elif opening.type == "heading_open":
            self.inline(children, {"header": int(opening.tag[1:])}, in_one_line=True)
            self._other_than_text()
        elif self._lists and self._first_in_item:
            self._first_in_item = False
            self._list_item(children)
        elif self._lists:
            self.inline(children, {"indent": min(MAX_INDENT, len(self._lists))})
        else:
            self.inline(children, {"blockquote": True} if self._quotes else {})

    def _list_item(self, children: list[Token]) -> None:
        block = self._item()
        first = children[0] if children else None
        box = _TASK.match(first.content) if first is not None and first.type == "text" else None
        if box is not None and first is not None and block["list"] == "bullet":
            block["list"] = "unchecked" if box[1] == " " else "checked"
            first.content = first.content[box.end() :]
        if self._quotes:
            self.losses.add("lists inside quotes")
        self.inline(children, block)

    def _code(self, token: Token) -> None:
        info = unescapeAll(token.info).split() if token.info else []
        language = usable_value(info[0]) if info else ""
        for line in token.content.removesuffix("\n").split("\n"):
            pieces = [Piece(clean(line))]
            self.made.append(paragraph(pieces, {"code-block": language or "plain"}))
        self._other_than_text()

    # -- text

    def inline(self, children: Sequence[Token], block: Block, *, in_one_line: bool = False) -> None:
        """Read the inside of a paragraph; a hard line break begins another one."""
        pieces: list[Piece] = []
        open_marks: list[tuple[str, AttributeValue]] = []
        for token in children:
            kind = token.type
            if kind in ("text", "code_inline"):
                extra = {"code": True} if kind == "code_inline" else {}
                pieces.append(Piece(clean(token.content), marks_of({**dict(open_marks), **extra})))
            elif kind == "softbreak" or (kind == "hardbreak" and in_one_line):
                pieces.append(Piece(" ", marks_of(dict(open_marks))))
            elif kind == "hardbreak":
                block = self._broken(pieces, block)
                pieces = []
            elif kind == "image":
                pieces.append(self._image(token))
            elif kind == "html_inline":
                if _BREAK(token.content) and in_one_line:
                    pieces.append(Piece(" ", marks_of(dict(open_marks))))
                elif _BREAK(token.content):
                    block = self._broken(pieces, block)
                    pieces = []
                else:
                    self._tag(token.content, open_marks)
            else:
                self._mark(token, open_marks)
        self.made.append(paragraph(pieces, block))

    def _broken(self, pieces: list[Piece], block: Block) -> Block:
        """End a line inside a paragraph; what follows in an item of a list is no item of its own."""
        self.made.append(paragraph(pieces, block))
        return {"indent": min(MAX_INDENT, len(self._lists))} if "list" in block else block

    def _mark(self, token: Token, open_marks: list[tuple[str, AttributeValue]]) -> None:
        name = token.type.rpartition("_")[0]
        key = {"strong": "bold", "em": "italic", "s": "strike", "link": "link"}.get(name)
        if key is None:
            return
        if token.nesting == 1:
            value: AttributeValue = True
            if key == "link":
                value = address_of(str(token.attrGet("href") or ""), self.losses) or None
            open_marks.append((key, value))
        else:
            _close(open_marks, key)

    def _tag(self, tag: str, open_marks: list[tuple[str, AttributeValue]]) -> None:
        found = _TAG.fullmatch(tag)
        mark = MARK_TAGS.get(found[2].lower()) if found is not None else None
        if found is None or mark is None:
            self.losses.add("HTML tags")
        elif found[1]:
            _close(open_marks, mark[0])
        else:
            open_marks.append(mark)

    def _image(self, token: Token) -> Piece:
        said = str(token.attrGet("src") or "")
        if said in self._shown:
            return Piece(OBJECT, (("object", said),))
        self.losses.add("images (kept as links)")
        address = address_of(str(token.attrGet("src") or ""), self.losses)
        text = clean(_text_of(token)) or address or "image"
        return Piece(text, marks_of({"link": address or None}))


def _text_of(image: Token) -> str:
    """What stands for an image: the text of its description, without marks."""
    parts: list[str] = []
    for child in image.children or []:
        if child.type == "image":
            parts.append(_text_of(child))
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type in ("text", "code_inline"):
            parts.append(child.content)
    return "".join(parts)


def _close(open_marks: list[tuple[str, AttributeValue]], key: str) -> None:
    for i in range(len(open_marks) - 1, -1, -1):
        if open_marks[i][0] == key:
            del open_marks[i]
            return
