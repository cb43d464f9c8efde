"""HTML read as rich text, by an allow-list: what is not named here is not there.

Scripts, styles, event handlers, forms and everything remote are left out and named. The standard library's
parser is used, since nothing is kept of the tree but text, marks and block formats. Nothing is ever fetched.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from cryptpad_tui.convert.model import (
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

Mark = tuple[str, AttributeValue]

MARK_TAGS: Final[dict[str, Mark]] = {
    "b": ("bold", True),
    "strong": ("bold", True),
    "i": ("italic", True),
    "em": ("italic", True),
    "cite": ("italic", True),
    "u": ("underline", True),
    "ins": ("underline", True),
    "s": ("strike", True),
    "del": ("strike", True),
    "strike": ("strike", True),
    "code": ("code", True),
    "kbd": ("code", True),
    "tt": ("code", True),
    "samp": ("code", True),
    "sup": ("script", "sup"),
    "sub": ("script", "sub"),
}
_LEFT_OUT: Final = {
    "script": "scripts",
    "style": "styles",
    "iframe": "frames",
    "object": "embedded objects",
    "embed": "embedded objects",
    "svg": "drawings",
    "math": "formulas",
    "form": "forms",
    "button": "forms",
    "select": "forms",
    "textarea": "forms",
    "video": "videos and sounds",
    "audio": "videos and sounds",
    "template": "scripts",
    "noscript": "scripts",
    "head": "",
    "title": "",
}
_BLOCKS: Final = frozenset(
    ("p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption",
     "address", "dl", "dt", "dd", "fieldset", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
     "blockquote", "pre", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "hr", "body",
     "html")
)  # fmt: skip
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "wbr", "col", "source", "area", "base"})
_SCHEMES: Final = frozenset({"http", "https", "mailto", "ftp", "gemini", "pad1"})
_COLOUR: Final = re.compile(
    r"(?:^|;)\s*(color|background(?:-color)?)\s*:\s*(#[0-9a-fA-F]{6}|[a-z]{3,20})\s*(?=;|$)"
)
_RGB: Final = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
_ALIGN: Final = re.compile(r"text-align\s*:\s*(center|right|justify)")
_PRE_WRAP: Final = re.compile(r"white-space\s*:\s*(?:pre-wrap|pre|break-spaces)")
_WHITE: Final = re.compile(r"[ \t\n\r\f]+")
MAX_INDENT: Final = 8
MAX_DEPTH: Final = 200


def from_html(text: str) -> Read:
    """The paragraphs of an HTML text, and what was left out of it."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_line()
    return Read(tuple(without_trailing_empty(reader.made)), reader.losses.words)


def read_html_blocks(text: str) -> Read:
    """A piece of HTML inside another format."""
    return from_html(text)


def address_of(address: str, losses: Losses) -> str:
    """A link's address where a pad may hold it (a known scheme, short and clean); else nothing, and named."""
    address = usable_value(address)
    if not address:
        return ""
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        scheme = "?"
    if scheme in _SCHEMES or (not scheme and not address.startswith("//")):
        return address
    losses.add("links of unknown kinds")
    return ""


class _Reader(HTMLParser):
    """Walks the tags of one text, keeping only what the vocabulary has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: list[Paragraph] = []
        self.losses = Losses()
        self._pieces: list[Piece] = []
        self._tags: list[tuple[str, tuple[Mark, ...], dict[str, AttributeValue]]] = []
        self._skipping = 0
        self._item_open = False
        self._table = [0, 0, 0]

    # -- what the parser calls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping or tag in _LEFT_OUT:
            if tag not in _VOID:
                self._skipping += tag in _LEFT_OUT or self._skipping > 0
            if words := _LEFT_OUT.get(tag):
                self.losses.add(words)
            return
        given = {name: value or "" for name, value in attrs}
        if any(name.startswith("on") for name in given):
            self.losses.add("scripts")
        if tag in ("br", "hr", "img"):
            self._void(tag, given)
        elif tag not in _VOID and len(self._tags) < MAX_DEPTH:
            self._open(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        if not any(open_tag == tag for open_tag, _, _ in self._tags):
            return
        if tag in _BLOCKS:
            self._end_block(tag)
        while self._tags:
            gone, _, _ = self._tags.pop()
            if gone == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._inside("pre"):
            self._preformatted(data)
            return
        if self._spaces_count():
            self._pieces.append(Piece(clean(data), self._marks()))
            return
        text = _WHITE.sub(" ", data)
        if not self._pieces or self._pieces[-1].text.endswith(" "):
            text = text.lstrip(" ")
        if text and clean(text):
            self._pieces.append(Piece(clean(text), self._marks()))

    # -- lines

    def end_line(self, *, even_if_empty: bool = False) -> None:
        """Finish the paragraph that is open."""
        exact = self._inside("pre") or self._spaces_count()
        while self._pieces and not self._pieces[-1].text.rstrip(" ") and not exact:
            self._pieces.pop()
        if self._pieces and not exact:
            last = self._pieces[-1]
            self._pieces[-1] = Piece(last.text.rstrip(" "), last.marks)
        if self._pieces or even_if_empty:
            self.made.append(paragraph(self._pieces, self._block()))
            self._item_open = False
        self._pieces = []

    def _block(self) -> dict[str, AttributeValue]:
        block: dict[str, AttributeValue] = {}
        for _, _, own in self._tags:
            block.update(own)
        depth = sum(tag in ("ul", "ol") for tag, _, _ in self._tags)
        if self._inside("td") or self._inside("th"):
            return {"table": "/".join(map(str, self._table))}
        if self._inside("pre"):
            return {"code-block": block.get("code-block") or "plain"}
        if depth:
            indent = min(MAX_INDENT, depth - self._item_open)
            kind = block.get("list") if self._item_open else None
            return {"list": kind, "indent": indent or None}
        for key in ("header", "blockquote"):
            if block.get(key):
                return {key: block[key], "align": block.get("align")}
        return {"align": block.get("align")}

    # -- tags

    def _open(self, tag: str, given: dict[str, str]) -> None:
        own: dict[str, AttributeValue] = {}
        marks: list[Mark] = []
        if tag in _BLOCKS and not (tag == "p" and self._at_item_start()):
            self.end_line()
        if tag in MARK_TAGS and not (tag == "code" and self._inside("pre")):
            marks.append(MARK_TAGS[tag])
        elif tag == "a" and (address := address_of(given.get("href", ""), self.losses)):
            marks.append(("link", address))
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            own["header"] = int(tag[1])
        elif tag == "blockquote":
            own["blockquote"] = True
        elif tag in ("ul", "ol"):
            own["list"] = "bullet" if tag == "ul" else "ordered"
        elif tag == "li":
            self._item_open = True
            if given.get("data-list") in ("checked", "unchecked"):
                own["list"] = given["data-list"]
        elif tag == "table":
            self._table = [self._table[0] + 1, 0, 0]
        elif tag == "tr":
            self._table = [self._table[0], self._table[1] + 1, 0]
        elif tag in ("td", "th"):
            self._table[2] += 1
        if tag in ("code", "pre") and (language := _language(given.get("class", ""))):
            own["code-block"] = language
        style = given.get("style", "")
        marks += self._style(style, own)
        if _PRE_WRAP.search(style):
            own["white-space"] = True
        self._tags.append((tag, tuple(marks), own))

    def _style(self, style: str, own: dict[str, AttributeValue]) -> list[Mark]:
        style = _RGB.sub(
            lambda m: "#" + "".join([f"{min(255, int(part)):02x}" for part in m.groups()]), style
        )
        if align := _ALIGN.search(style):
            own["align"] = align[1]
        return [
            ("color" if name == "color" else "background", value.lower())
            for name, value in _COLOUR.findall(style)
            if value not in ("inherit", "transparent", "initial")
        ]

    def _end_block(self, tag: str) -> None:
        is_cell = tag in ("td", "th")
        if tag == "li":
            self.end_line(even_if_empty=self._item_open)
        elif tag == "pre":
            if self._pieces and self._pieces[-1].text:
                self.end_line()
            self._pieces = []
        else:
            own_empty = tag == "p" and not self._pieces and not self._in_item()
            self.end_line(even_if_empty=own_empty or (is_cell and not self._has_cell()))

    def _has_cell(self) -> bool:
        cell = "/".join(map(str, self._table))
        return bool(self._pieces) or bool(self.made and self.made[-1].get("table") == cell)

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if tag == "br":
            self.end_line(even_if_empty=True)
        elif tag == "hr":
            self.end_line()
            self.made.append(paragraph([], {"rule": True}))
        else:
            self.losses.add("images (kept as links)")
            address = address_of(given.get("src", ""), self.losses)
            text = clean(given.get("alt", "")) or (address if len(address) < 200 else "") or "image"
            self._pieces.append(Piece(text, marks_of({**dict(self._marks()), "link": address or None})))

    def _preformatted(self, data: str) -> None:
        lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for i, line in enumerate(lines):
            if i:
                self.end_line(even_if_empty=True)
            if text := clean(line):
                self._pieces.append(Piece(text))

    # -- where we are

    def _marks(self) -> tuple[Mark, ...]:
        return marks_of({key: value for _, marks, _ in self._tags for key, value in marks})

    def _spaces_count(self) -> bool:
        return any(own.get("white-space") for _, _, own in self._tags)

    def _inside(self, tag: str) -> bool:
        return any(open_tag == tag for open_tag, _, _ in self._tags)

    def _in_item(self) -> bool:
        return self._inside("li")

    def _at_item_start(self) -> bool:
        return self._item_open and not self._pieces


def _language(names: str) -> str:
    found = re.search(r"(?:language|lang)-([\w+#.-]{1,40})", names)
    return found[1] if found else ""
