"""HTML read as rich text, by an allow-list: what is not named here is not there.

Scripts, style sheets, event handlers, forms and all that is remote are left out and named. The standard
library's parser is used, since of the tree only text, marks and block formats stay. Nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

from cryptpad_tui.convert.html_guard import guarded
from cryptpad_tui.convert.html_style import (
    BLOCKS,
    LEFT_OUT,
    LISTS,
    MARK_TAGS,
    VOID,
    Block,
    Rules,
    declared,
    of_classes,
    of_font,
)
from cryptpad_tui.convert.html_tree import AROUND_P, HEADINGS, IMPLIED, Open, item
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import (
    MAX_INDENT,
    Losses,
    Paragraph,
    Piece,
    Read,
    clean,
    marks_of,
    paragraph,
    without_trailing_empty,
)
from cryptpad_tui.convert.pictures import Pictures, data_of

MAX_DEPTH: Final = 200
"""Tags that are deeper are not there; their text is."""
_MAX_SHEET: Final = 2_000_000
_WHITE: Final = re.compile(r"[ \t\n\r\f]+")
_ORDERED: Final = re.compile(r"\s*\(?(?:\d{1,4}|[a-zA-Z]{1,4})[.)]").match
_STATES: Final = frozenset({"checked", "unchecked", "bullet", "ordered"})


def from_html(text: str) -> Read:
    """The paragraphs of an HTML text, and what was left out of it."""
    reader = _Reader()
    reader.feed(guarded(text))
    reader.close()
    reader.end_line()
    made = tuple(without_trailing_empty(reader.made))
    return Read(made, reader.losses.words, tuple(reader.pictures.made))


class _Reader(HTMLParser):
    """Walks the tags of one text, keeping only what the vocabulary has."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: list[Paragraph] = []
        self.losses = Losses()
        self.pictures = Pictures(self.losses)
        self._pieces: list[Piece] = []
        self._tags: list[Open] = [Open()]
        self._count: Counter[str] = Counter()
        self._left_out = ("", 0)  # the tag that is left out with all inside, and how many of it are open
        self._sheet: list[str] = []
        self._sheet_left = _MAX_SHEET
        self._rules = Rules()
        self._item_open = False
        self._state = ""  # the check box or kind of the item that is open
        self._pre_begins = False
        self._broken = False  # a line break was the last that came: the line that it began is none yet
        self._table = [0, 0, 0]

    # -- what the parser calls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._pre_begins = False
        if self._left_out[1]:
            self._left_out = (self._left_out[0], self._left_out[1] + (tag == self._left_out[0]))
            return
        given = {name: value or "" for name, value in attrs}
        if any(name.startswith("on") for name in given):
            self.losses.add("scripts")
        if tag in LEFT_OUT:
            self._left_out = (tag, 1)
            if LEFT_OUT[tag]:
                self.losses.add(LEFT_OUT[tag])
        elif tag in VOID:
            self._void(tag, given)
        else:
            self._imply(tag)
            if len(self._tags) <= MAX_DEPTH:
                self._open(tag, given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._pre_begins = False
        name, depth = self._left_out
        if depth:
            self._left_out = (name, depth - (tag == name))
            if name == "style" and not self._left_out[1]:
                self._rules.add("".join(self._sheet))
                self._sheet.clear()
        elif self._count[tag]:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        name, depth = self._left_out
        if depth:
            if name == "style" and self._sheet_left > 0:
                self._sheet.append(data[: self._sheet_left])
                self._sheet_left -= len(data)
            return
        top = self._tags[-1]
        if top.marker:
            self._state = "ordered" if _ORDERED(data) else self._state or "bullet"
        elif top.code:
            self._preformatted(data)
        elif top.exact:
            self._pieces.append(Piece(clean(data), top.marks))
        else:
            text = clean(_WHITE.sub(" ", data))
            if not self._pieces or self._pieces[-1].text.endswith(" "):
                text = text.lstrip(" ")
            if text:
                self._pieces.append(Piece(text, top.marks))
        self._pre_begins = False

    # -- lines

    def end_line(self, *, even_if_empty: bool = False) -> None:
        """Finish the paragraph that is open."""
        exact = self._tags[-1].code or self._tags[-1].exact
        while self._pieces and not self._pieces[-1].text.rstrip(" ") and not exact:
            self._pieces.pop()
        if self._pieces and not exact:
            last = self._pieces[-1]
            self._pieces[-1] = Piece(last.text.rstrip(" "), last.marks)
        if self._pieces or even_if_empty:
            self.made.append(item(self._pieces, self._block(), self._state))
            self._item_open, self._state = False, ""
        self._pieces = []

    def _block(self) -> Block:
        top = self._tags[-1]
        block = dict(top.block)
        align = block.get("align")
        level = block.get("level")
        depth = int(level) + 1 if isinstance(level, int) and top.lists else top.lists
        if top.cell:
            if depth or block.get("header") or block.get("blockquote") or top.code:
                self.losses.add("formats inside tables")
            return {"table": "/".join(map(str, self._table)), "align": align}
        if top.code:
            return {"code-block": block.get("code-block") or "plain"}
        if isinstance(level := block.get("mso-list"), int):
            return {"list": self._state or "bullet", "indent": min(MAX_INDENT, level - 1) or None}
        deeper = int(block.get("deeper") or 0)
        if depth:
            indent = min(MAX_INDENT, depth + deeper - self._item_open)
            kind = (self._state or block.get("list")) if self._item_open else None
            return {"list": kind, "indent": indent or None, "align": align}
        for key in ("header", "blockquote"):
            if block.get(key):
                return {key: block[key], "align": align}
        return {"align": align, "indent": deeper or None}

    # -- tags

    def _imply(self, tag: str) -> None:
        """End the tags that this one ends without being asked, as browsers do."""
        ended, guards = IMPLIED.get(tag, (frozenset[str](), frozenset[str]()))
        if tag in BLOCKS and self._count["p"]:
            self._end_first(frozenset({"p"}), AROUND_P)
        if ended and any(self._count[name] for name in ended):
            self._end_first(ended, guards)

    def _end_first(self, ended: frozenset[str], guards: frozenset[str]) -> None:
        for entry in reversed(self._tags):
            if entry.tag in ended:
                self._close(entry.tag)
                return
            if entry.tag in guards:
                return

    def _open(self, tag: str, given: dict[str, str]) -> None:
        top = self._tags[-1]
        if tag in BLOCKS and not (tag == "p" and self._item_open and not self._pieces):
            self.end_line()
            self._broken = False
        classes = given.get("class", "")
        marks, block = dict(top.marks), {**dict(top.block), **of_classes(classes)}
        self._say(tag, given, block, in_code=top.code)
        if tag in MARK_TAGS and not (tag == "code" and top.code):
            marks.update([MARK_TAGS[tag]])
        elif tag == "a" and (address := address_of(given.get("href", ""), self.losses)):
            marks["link"] = address
        elif tag == "font":
            marks.update(of_font(given))
        own = given.get("style", "")
        for said, formats in (*map(self._rules.of, classes.split()[:20]), declared(own) if own else ((), ())):
            marks.update(said)
            block.update(formats)
        self._place(tag, top, given)
        code = top.code or tag == "pre" or "ql-code-block" in classes.split()
        self._pre_begins = tag == "pre"
        self._count[tag] += 1
        self._tags.append(
            Open(
                tag,
                marks_of(marks),
                tuple(block.items()),
                top.lists + (tag in LISTS),
                top.tables + (tag == "table"),
                top.cell or (tag in ("td", "th") and top.tables > 0),
                code,
                bool(top.exact or block.get("white-space")),
                block.get("mso-list") == "marker",
            )
        )

    def _say(self, tag: str, given: dict[str, str], block: Block, *, in_code: bool) -> None:
        """What the tag itself says of the lines inside."""
        if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            block["header"] = int(tag[1])
        elif tag == "blockquote":
            block["blockquote"] = True
        elif tag in LISTS:
            block["list"] = "ordered" if tag == "ol" else "bullet"
        elif tag == "li":
            self._item_open = True
            self._state = given.get("data-list", "") if given.get("data-list") in _STATES else ""
        elif tag == "center":
            block["align"] = "center"
        elif tag == "form":
            self.losses.add("forms")
        if given.get("align", "").lower() in ("center", "right", "justify"):
            block["align"] = given["align"].lower()
        if in_code or "code-block" in block:
            language = re.fullmatch(r"[\w+#.-]{1,40}", given.get("data-language", ""))
            block.update({"code-block": language[0]} if language else {})
        if isinstance(block.get("mso-list"), int) and tag == "p":
            self._state = ""

    def _place(self, tag: str, top: Open, given: dict[str, str]) -> None:
        """Count tables, rows and cells; a table inside a cell is text of that cell."""
        if tag == "table":
            if top.cell:
                self.losses.add("tables inside tables (kept as text)")
            else:
                self._table = [self._table[0] + 1, 0, 0]
        elif tag == "tr" and not top.cell:
            self._table[1:] = [self._table[1] + 1, 0]
        elif tag in ("td", "th") and not top.cell:
            self._table[2] += 1
            if given.get("colspan", "1") != "1" or given.get("rowspan", "1") != "1":
                self.losses.add("joined cells")

    def _close(self, tag: str) -> None:
        if tag in BLOCKS:
            self._end_block(tag)
        while len(self._tags) > 1:
            gone = self._tags.pop()
            self._count[gone.tag] -= 1
            if gone.tag == tag:
                return

    def _end_block(self, tag: str) -> None:
        if tag == "li":
            self.end_line(even_if_empty=self._item_open)
        elif tag == "pre":
            if self._pieces and self._pieces[-1].text:
                self.end_line()
            self._pieces = []
        elif tag in ("td", "th"):
            self.end_line(even_if_empty=not self._has_cell())
        else:
            own = tag == "p" or self._tags[-1].tag == tag in HEADINGS
            own = own and not self._pieces and not self._broken and not self._count["li"]
            self.end_line(even_if_empty=own)
        self._broken = False

    def _has_cell(self) -> bool:
        cell = "/".join(map(str, self._table))
        return bool(self._pieces) or bool(self.made and self.made[-1].get("table") == cell)

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if tag == "br":
            self.end_line(even_if_empty=True)
            self._broken = True
        elif tag == "hr":
            self.end_line()
            self.made.append(paragraph([], {"rule": True}))
        elif tag == "img":
            self._image(given)
        elif tag == "embed":
            self.losses.add("embedded objects")
        elif tag == "input":
            if given.get("type", "").lower() == "checkbox" and self._item_open:
                self._state = "checked" if "checked" in given else "unchecked"
            elif given.get("type", "").lower() != "hidden":
                self.losses.add("forms")

    def _image(self, given: dict[str, str]) -> None:
        source = given.get("src", "")
        is_data = source[:5].lower() == "data:"
        if is_data and (
            piece := self.pictures.piece(data_of(source), given.get("alt", ""), self._tags[-1].marks)
        ):
            self._pieces.append(piece)
            return
        address = "" if is_data else address_of(source, self.losses)
        self.losses.add("images (kept as links)" if address else "images")
        text = clean(given.get("alt", ""))[:1_000] or (address if len(address) < 200 else "") or "image"
        self._pieces.append(Piece(text, marks_of({**dict(self._tags[-1].marks), "link": address or None})))

    def _preformatted(self, data: str) -> None:
        lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if self._pre_begins and not lines[0] and len(lines) > 1:
            del lines[0]
        for i, line in enumerate(lines):
            if i:
                self.end_line(even_if_empty=True)
            if text := clean(line):
                self._pieces.append(Piece(text))
