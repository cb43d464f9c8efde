"""An OpenDocument text (odt) as rich text, by an allow-list: lxml parses two checked parts, this walks them.

Scripts, embedded objects and all that lies elsewhere are left out and named; pictures are taken as they are.
What a file says is repeated is repeated no more often than a person would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from cryptpad_tui.convert.archive import Archive, safe_xml
from cryptpad_tui.convert.docx_styles import tag_of
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import MAX_INDENT, Losses, Paragraph, Piece, Read, clean, marks_of, paragraph
from cryptpad_tui.convert.model import without_trailing_empty as trimmed
from cryptpad_tui.convert.odt_pictures import Media
from cryptpad_tui.convert.odt_styles import OFFICE, TABLE, TEXT, XLINK, Look, Looks
from cryptpad_tui.convert.office import (
    LINK_COLOURS,
    QUOTE,
    RULE,
    boxed,
    code_language,
    heading_level,
    unmarked,
)
from cryptpad_tui.convert.pictures import Pictures
from cryptpad_tui.crdt.values import AttributeValue

Block = dict[str, AttributeValue]
_MAX_SPACES: Final = 1_000
_ALL_SPACES: Final = 2_000_000
_MAX_REPEATED: Final = 64
_SMALL: Final = 8
_FEW_LETTERS: Final = 1_000
"""A cell of more elements or letters than these stands once, whatever is said."""
_ALL_REPEATED: Final = 50_000
_THROUGH: Final = frozenset(
    ("section", "index-body", "table-of-content", "illustration-index", "alphabetical-index", "bibliography")
)
_INLINE: Final = frozenset(
    ("span", "meta", "meta-field", "ruby", "ruby-base", "bookmark-ref", "reference-ref", "sequence", "date",
     "time", "title", "page-number", "page-count", "author-name", "placeholder", "user-defined", "chapter",
     "text-input", "reference-mark", "conditional-text", "variable-get", "user-field-get", "index-title")
)  # fmt: skip
_NAMED: Final = {
    "object": "embedded objects",
    "object-ole": "embedded objects",
    "plugin": "embedded objects",
    "applet": "embedded objects",
    "floating-frame": "embedded objects",
    "annotation": "comments",
    "note": "footnotes",
    "tracked-changes": "text deleted by a tracked change",
    "script": "macros",
    "event-listeners": "macros",
    "forms": "forms",
    "custom-shape": "drawings",
    "ruby-text": "readings above characters",
}
_PARTS: Final = (
    (re.compile(r"^(?:Basic|Scripts)/"), "macros"),
    (re.compile(r"^Pictures/.*(?<!\.png|\.jpg|\.gif)(?<!\.jpeg)$", re.IGNORECASE), "images"),
    (re.compile(r"^Object ?\d|^ObjectReplacements/"), "embedded objects"),
)
_WHITE: Final = re.compile(r"[ \t\r\n]+")


def from_odt(data: bytes) -> Read:
    """The paragraphs of an odt file, and what was left out; raises NotConverted."""
    archive = Archive(data, wanted=("content.xml", "styles.xml", "manifest.xml"))
    if b"encryption-data" in (archive.find("META-INF/manifest.xml") or b""):
        raise NotConverted("it is protected by a password")
    content = archive.find("content.xml")
    if content is None:
        raise NotConverted("it is no OpenDocument text")
    root, styles = _parsed(content), _parsed(archive.find("styles.xml") or b"<none/>")
    text = root.find(f"{OFFICE}body/{OFFICE}text")
    if text is None:
        raise NotConverted("it is no OpenDocument text")
    reader = _Reader(Looks(styles, root), Media(data))
    for pattern, words in _PARTS:
        if any(pattern.search(name) for name in archive.names):
            reader.losses.add(words)
    if any(True for _ in root.iterfind(f"{OFFICE}scripts//*")):
        reader.losses.add("macros")
    reader.blocks(text)
    return Read(tuple(trimmed(reader.made)), reader.losses.words, tuple(reader.pictures.made))


def _parsed(data: bytes) -> Any:
    from lxml import etree

    # The parser's own bounds on depth and sizes hold: huge_tree stays off.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(safe_xml(data), parser)
    except (etree.LxmlError, ValueError) as error:
        raise NotConverted("a part of it is no XML") from error


class _Reader:
    """Walks the text of one document."""

    def __init__(self, looks: Looks, media: Media) -> None:
        self.made: list[Paragraph] = []
        self.losses = Losses()
        self.pictures, self._media = Pictures(self.losses), media
        self._looks = looks
        self._table = [0, 0, 0]
        self._in_table = 0
        self._lists: list[str] = []  # the kind of each list that is open
        self._first = False
        self._spaces_left = _ALL_SPACES
        self._cells_left = _ALL_REPEATED

    # -- blocks

    def blocks(self, parent: Any, style: str = "") -> None:
        """Every paragraph, list and table inside, in order; `style` is that of the list around it."""
        for child in parent:
            tag = tag_of(child)
            if tag in ("p", "h"):
                self._paragraph(child, tag)
            elif tag == "list":
                self._list(child, style)
            elif tag == "table":
                self._read_table(child)
            elif tag in _THROUGH:
                self.blocks(child)
            elif tag == "frame":
                if piece := self.pictures.piece(*self._media.find(child)):
                    self.made.append(paragraph([piece], self._place() if self._in_table else None))
            elif tag != "index-title-template":
                self._name(tag)

    def _list(self, found: Any, style: str) -> None:
        style = found.get(f"{TEXT}style-name") or style
        self._lists.append(self._looks.list_kind(style, len(self._lists) + 1))
        for item in found:
            self._first = tag_of(item) == "list-item"
            self.blocks(item, style)
        self._lists.pop()
        self._first = False

    def _read_table(self, table: Any) -> None:
        if self._in_table:
            self.losses.add("tables inside tables (kept as text)")
        else:
            self._table = [self._table[0] + 1, 0, 0]
        self._in_table += 1
        lists, self._lists = self._lists, []
        for row in _inside(table, ("table-row",)):
            if self._in_table == 1:
                self._table[1:] = [self._table[1] + 1, 0]
            for cell in _inside(row, ("table-cell", "covered-table-cell")):
                for _ in range(self._times(cell)):
                    self._cell(cell)
        self._lists = lists
        self._in_table -= 1

    def _times(self, cell: Any) -> int:
        """How often a cell stands there: an empty one that is repeated is the rest of a sheet's row."""
        count = min(_number(cell.get(f"{TABLE}number-columns-repeated")), _MAX_REPEATED)
        if count < 2 or self._in_table != 1 or not len(cell) or count > self._cells_left:
            return 1
        inside = list(islice(cell.iter(), _SMALL + 1))
        letters = sum(len(one.text or "") + len(one.tail or "") for one in inside)
        if len(inside) > _SMALL or letters > _FEW_LETTERS:
            return 1
        self._cells_left -= count
        return count

    def _cell(self, cell: Any) -> None:
        before = len(self.made)
        if self._in_table == 1:
            self._table[2] += 1
        self.blocks(cell)
        if len(self.made) == before and self._in_table == 1:
            self.made.append(paragraph([], self._place()))

    def _place(self) -> Block:
        return {"table": "/".join(map(str, self._table))}

    def _paragraph(self, found: Any, tag: str) -> None:
        look = self._looks.paragraph(found.get(f"{TEXT}style-name") or "")
        block = self._block(found, tag, look)
        lines: list[list[Piece]] = [[]]
        # A heading is bold by itself, and code has no marks.
        own = [mark for mark in look.marks if not ("header" in block and mark[0] == "bold")]
        self._inline(found, () if "code-block" in block else tuple(own), lines)
        for pieces in lines:
            _strip(pieces)
        if (look.ruled or look.name.lower() in RULE) and not any(lines):
            self.made.append(paragraph([], {"rule": True}))
            return
        if "code-block" in block:
            lines = [unmarked(pieces, self.losses) for pieces in lines]
        for i, pieces in enumerate(lines):
            if i and "list" in block:
                block = {"indent": min(MAX_INDENT, len(self._lists))}
            self.made.append(paragraph(pieces, block) if i else boxed(pieces, block))

    def _block(self, found: Any, tag: str, look: Look) -> Block:
        if self._in_table:
            return {**self._place(), "align": look.align}
        if language := code_language(look.name):
            return {"code-block": language, "align": look.align}
        level = heading_level(look.name)
        if tag == "h" and not level:
            said = found.get(f"{TEXT}outline-level") or "1"
            level = int(said) if said in ("1", "2", "3", "4", "5", "6") else 6
        if level:
            return {"header": level, "align": look.align, "indent": look.steps or None}
        if self._lists:
            depth = min(MAX_INDENT, len(self._lists) - 1)
            first, self._first = self._first, False
            if not first:
                return {"indent": min(MAX_INDENT, depth + 1), "align": look.align}
            return {"list": self._lists[-1], "indent": depth or None, "align": look.align}
        quote = look.name.lower() in QUOTE or None
        # One step is how pandoc draws a quote, and no choice of a person.
        steps = 0 if quote and look.steps == 1 else look.steps
        return {"blockquote": quote, "align": look.align, "indent": steps or None}

    # -- text

    def _inline(
        self, parent: Any, marks: tuple[tuple[str, AttributeValue], ...], lines: list[list[Piece]]
    ) -> None:
        self._text(parent.text, marks, lines)
        for child in parent:
            tag = tag_of(child)
            if tag == "s":
                count = min(_number(child.get(f"{TEXT}c")), _MAX_SPACES, self._spaces_left)
                self._spaces_left -= count
                lines[-1].append(Piece("\0" * count, marks))
            elif tag == "tab":
                lines[-1].append(Piece("\t", marks))
            elif tag == "line-break":
                lines.append([])
            elif tag == "a":
                address = address_of(child.get(f"{XLINK}href") or "", self.losses)
                self._inline(child, marks_of({**dict(marks), "link": address or None}), lines)
            elif tag == "frame":
                if piece := self.pictures.piece(*self._media.find(child), marks):
                    lines[-1].append(piece)
            elif tag in _INLINE:
                self._inline(child, self._marked(child, marks), lines)
            else:
                self._name(tag)
            self._text(child.tail, marks, lines)

    def _marked(
        self, child: Any, marks: tuple[tuple[str, AttributeValue], ...]
    ) -> tuple[tuple[str, AttributeValue], ...]:
        found = self._looks.text(child.get(f"{TEXT}style-name") or "")
        both = {**dict(marks), **found}
        if both.get("link") and found.get("color") in LINK_COLOURS and found.get("underline"):
            both["color"] = both["underline"] = None
        return marks_of({key: value or None for key, value in both.items()})

    def _text(
        self, text: str | None, marks: tuple[tuple[str, AttributeValue], ...], lines: list[list[Piece]]
    ) -> None:
        """Text whose white space counts as one space, and none after another."""
        if not text:
            return
        text = clean(_WHITE.sub(" ", text))
        before = lines[-1][-1].text if lines[-1] else " "
        if before.endswith(" ") and text.startswith(" "):
            text = text[1:]
        if text:
            lines[-1].append(Piece(text, marks))

    def _name(self, tag: str) -> None:
        if words := _NAMED.get(tag):
            self.losses.add(words)


def _strip(pieces: list[Piece]) -> None:
    """The space at a line's end goes; those that were written as elements become spaces."""
    while pieces and not pieces[-1].text.rstrip(" "):
        pieces.pop()
    if pieces:
        pieces[-1] = Piece(pieces[-1].text.rstrip(" "), pieces[-1].marks)
    pieces[:] = [Piece(piece.text.replace("\0", " "), piece.marks) for piece in pieces]


def _number(said: str | None) -> int:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) < 6 else 1


def _inside(parent: Any, wanted: tuple[str, ...]) -> Iterator[Any]:
    for child in parent:
        tag = tag_of(child)
        if tag in wanted:
            yield child
        elif tag in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _inside(child, wanted)
