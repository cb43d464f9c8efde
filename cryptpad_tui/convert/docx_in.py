"""A Word document (docx) as rich text: python-docx opens the package, this walks the body by an allow-list.

Macros, embedded objects and all that lies elsewhere are left out and named: only checked XML is ever given to
the library, and pictures pass it by. Text in a tracked deletion is gone, as its author meant.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from cryptpad_tui.convert.archive import without_foreign_parts
from cryptpad_tui.convert.docx_pictures import Media
from cryptpad_tui.convert.docx_styles import Look, Looks, given, inner, is_narrowed, moved, on, tag_of
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import MAX_INDENT, Losses, Paragraph, Piece, Read, clean, marks_of, paragraph
from cryptpad_tui.convert.model import without_trailing_empty as trimmed
from cryptpad_tui.convert.office import (
    AUTOMATIC,
    INDENT,
    LINK_COLOURS,
    NAMED,
    QUOTE,
    RULE,
    boxed,
    code_language,
    colour_in,
    heading_level,
    is_code_text,
    is_link_text,
    unmarked,
)
from cryptpad_tui.convert.pictures import SUFFIXES, Pictures
from cryptpad_tui.crdt.values import AttributeValue

if TYPE_CHECKING:
    from docx.document import Document

Block = dict[str, AttributeValue]
_ALIGN: Final = {
    "center": "center",
    "right": "right",
    "end": "right",
    "both": "justify",
    "distribute": "justify",
}
_THROUGH: Final = frozenset(
    (
        "ins",
        "moveTo",
        "smartTag",
        "sdt",
        "sdtContent",
        "customXml",
        "AlternateContent",
        "Fallback",
        "dir",
        "bdo",
    )
)
_NAMED: Final = {
    "object": "embedded objects",
    "altChunk": "embedded objects",
    "footnoteReference": "footnotes",
    "endnoteReference": "footnotes",
    "commentReference": "comments",
    "oMath": "formulas",
    "oMathPara": "formulas",
    "ruby": "readings above characters",
    "del": "text deleted by a tracked change",
    "moveFrom": "text deleted by a tracked change",
}


def _is_other_image(name: str) -> bool:
    return "/media/" in name.lower() and not name.lower().endswith(SUFFIXES)


_PARTS: Final = (
    (re.compile(r"vbaProject|vbaData|macros?/", re.IGNORECASE).search, "macros"),
    (re.compile(r"embeddings/|activeX/|afchunk", re.IGNORECASE).search, "embedded objects"),
    (_is_other_image, "images"),
)
_HYPERLINK: Final = re.compile(r'\s{0,20}HYPERLINK\s{1,20}"([^"]{1,1000})"').match
_SIGNS: Final = {"noBreakHyphen": "\N{NON-BREAKING HYPHEN}", "tab": "\t", "ptab": "\t"}


def from_docx(data: bytes) -> Read:
    """The paragraphs of a docx file, and what was left out; raises NotConverted."""
    safe, names = without_foreign_parts(data)
    with _damage_named():
        return _read(data, safe, names)


def _read(data: bytes, safe: bytes, names: tuple[str, ...]) -> Read:
    document = _opened(safe)
    reader = _Reader(document, Media(data, document))
    for is_one, words in _PARTS:
        if any(is_one(name) for name in names):
            reader.losses.add(words)
    reader.blocks(document.element.body)
    return Read(tuple(trimmed(reader.made)), reader.losses.words, tuple(reader.pictures.made))


def _opened(safe: bytes) -> Document:
    from docx import Document

    document = Document(BytesIO(safe))
    if document.element.body is None:
        raise NotConverted("it has no text")
    return document


@contextlib.contextmanager
def _damage_named() -> Iterator[None]:
    """Whatever the library stumbles on: it opens some parts only when asked for them, and follows them from
    one to the next as deep as a file says."""
    from docx.opc.exceptions import PackageNotFoundError
    from lxml.etree import LxmlError

    wrong = (PackageNotFoundError, LxmlError, KeyError, ValueError, AttributeError, TypeError, RecursionError)
    try:
        yield
    except wrong as error:
        raise NotConverted("it is no Word document, or a damaged one") from error


@dataclass(slots=True)
class _Field:
    """A field that is open: what it is told to show, and where its text leads once that shows."""

    instruction: str = ""
    shows: bool = False
    link: str = ""


class _Reader:
    """Walks the body of one document."""

    def __init__(self, document: Document, media: Media) -> None:
        self.made: list[Paragraph] = []
        self.losses = Losses()
        self.pictures, self._media = Pictures(self.losses), media
        self._looks = Looks(document)
        self._links = {name: rel.target_ref for name, rel in document.part.rels.items() if rel.is_external}
        self._table = [0, 0, 0]
        self._in_table = 0
        self._fields: list[_Field] = []

    # -- blocks

    def blocks(self, parent: Any) -> None:
        """Every paragraph and table inside, in order."""
        for child in parent:
            tag = tag_of(child)
            if tag == "p":
                self._paragraph(child)
            elif tag == "tbl":
                self._read_table(child)
            elif tag in _THROUGH:
                self.blocks(child)
            else:
                self._name(tag)

    def _read_table(self, table: Any) -> None:
        if self._in_table:
            self.losses.add("tables inside tables (kept as text)")
        else:
            self._table = [self._table[0] + 1, 0, 0]
        self._in_table += 1
        for row in _inside(table, "tr"):
            if self._in_table == 1:
                self._table[1:] = [self._table[1] + 1, 0]
            for cell in _inside(row, "tc"):
                if self._in_table == 1:
                    self._table[2] += 1
                self.blocks(cell)
        self._in_table -= 1

    def _paragraph(self, found: Any) -> None:
        properties = inner(found, "pPr")
        look = self._looks.paragraph(given(inner(properties, "pStyle"), "val"))
        block = self._block(properties, look)
        lines: list[list[Piece]] = [[]]
        rules = len(self.made)
        self._inline(found, "", lines)
        ruled = self.made[rules:]
        del self.made[rules:]
        if ruled and not any(lines):
            self.made += ruled
            return
        border = bool(inner(inner(properties, "pBdr"), "bottom") is not None) or look.name.lower() in RULE
        if border and not any(lines):
            self.made.append(paragraph([], {"rule": True}))
            return
        if "code-block" in block:
            lines = [unmarked(pieces, self.losses) for pieces in lines]
        for i, pieces in enumerate(lines):
            if i and "list" in block:
                block = {"indent": min(MAX_INDENT, int(block.get("indent") or 0) + 1)}
            self.made.append(paragraph(pieces, block) if i else boxed(pieces, block))
        if border and not self._in_table:
            self.made.append(paragraph([], {"rule": True}))
        self.made += ruled

    def _block(self, properties: Any, look: Look) -> Block:
        align = _ALIGN.get(given(inner(properties, "jc"), "val") or look.align)
        if self._in_table:
            return {"table": "/".join(map(str, self._table)), "align": align}
        if language := code_language(look.name):
            return {"code-block": language, "align": align}
        level = heading_level(look.name) or look.outline
        if level:
            return {"header": level, "align": align}
        kind, depth = self._looks.list_of(inner(properties, "numPr"), look)
        if kind:
            return {"list": kind, "indent": min(MAX_INDENT, depth) or None, "align": align}
        indent = self._looks.steps(inner(properties, "ind"), INDENT)
        quote = look.name.lower() in QUOTE or None
        if quote and is_narrowed(inner(properties, "ind")):
            indent = 0
        return {"blockquote": quote, "align": align, "indent": indent or None}

    # -- text

    def _inline(self, parent: Any, link: str, lines: list[list[Piece]]) -> None:
        for child in parent:
            tag = tag_of(child)
            if tag == "r":
                self._run(child, link or self._field_link(), lines)
            elif tag == "hyperlink":
                self._inline(child, self._address(child) or link, lines)
            elif tag == "fldSimple":
                address = _HYPERLINK(given(child, "instr"))
                target = address_of(address[1], self.losses) if address else ""
                self._inline(child, target or link, lines)
            elif tag in _THROUGH:
                self._inline(child, link, lines)
            else:
                self._name(tag)

    def _address(self, child: Any) -> str:
        name = next((value for key, value in child.attrib.items() if key.endswith("}id")), "")
        anchor = given(child, "anchor")
        address = self._links.get(name, "") + (f"#{anchor}" if anchor else "")
        return address_of(address, self.losses) if address else ""

    def _run(self, run: Any, link: str, lines: list[list[Piece]]) -> None:
        properties = inner(run, "rPr")
        marks = self._marks(properties, link)
        for child in run:
            tag = tag_of(child)
            if tag == "fldChar":
                self._field(given(child, "fldCharType"))
            elif tag == "instrText":
                if self._fields and len(self._fields[-1].instruction) < 2_000:
                    self._fields[-1].instruction += child.text or ""
            elif self._fields and not self._fields[-1].shows:
                continue
            elif tag == "t" or tag in _SIGNS:
                text = _SIGNS.get(tag) or clean(child.text or "")
                lines[-1].append(Piece(text, marks))
            elif tag in ("br", "cr"):
                if given(child, "type") in ("", "textWrapping"):
                    lines.append([])
            elif tag == "sym":
                self.losses.add("signs of symbol fonts")
            elif tag == "pict" and _is_rule(child):
                self.made.append(paragraph([], {"rule": True}))
            elif tag in ("drawing", "pict", "AlternateContent"):
                if piece := self.pictures.piece(*self._media.find(child), marks):
                    lines[-1].append(piece)
            else:
                self._name(tag)

    def _marks(self, properties: Any, link: str) -> tuple[tuple[str, AttributeValue], ...]:
        if properties is None:
            return marks_of({"link": link or None})
        style = self._looks.character(given(inner(properties, "rStyle"), "val"))
        fonts = inner(properties, "rFonts")
        plain_link = bool(link) and not is_link_text(style.name)
        marks: Block = {"link": link or None}
        for key, name in (("bold", "b"), ("italic", "i"), ("strike", "strike"), ("underline", "u")):
            mark = on(inner(properties, name))
            marks[key] = (style.marks.get(key) if mark is None else mark) or None
        marks["strike"] = marks["strike"] or on(inner(properties, "dstrike")) or None
        marks["color"] = colour_in(given(inner(properties, "color"), "val")) or style.marks.get("color")
        marks["background"] = _ground(properties)
        script = given(inner(properties, "vertAlign"), "val") or str(style.marks.get("script") or "")
        marks["script"] = {"superscript": "sup", "subscript": "sub"}.get(script) or moved(properties)
        marks["code"] = is_code_text(style.name, given(fonts, "ascii")) or None
        if plain_link and marks["color"] in LINK_COLOURS:
            marks["color"] = marks["underline"] = None
        return marks_of(marks)

    # -- fields

    def _field(self, kind: str) -> None:
        if kind == "begin" and len(self._fields) < 20:
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            field = self._fields[-1]
            found = _HYPERLINK(field.instruction)
            field.shows, field.link = True, address_of(found[1], self.losses) if found else ""
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _field_link(self) -> str:
        return next((field.link for field in reversed(self._fields) if field.link), "")

    def _name(self, tag: str) -> None:
        if words := _NAMED.get(tag):
            self.losses.add(words)


def _ground(properties: Any) -> str | None:
    """The colour behind a run; the names of Word's highlighter are kept as names."""
    highlight = given(inner(properties, "highlight"), "val")
    if highlight and highlight not in AUTOMATIC:
        return (
            highlight.lower() if highlight.lower() in NAMED and highlight.islower() else colour_in(highlight)
        )
    fill = given(inner(properties, "shd"), "fill")
    return None if fill.lower() in (*AUTOMATIC, "ffffff") and fill != "000000" else colour_in(fill)


def _inside(parent: Any, wanted: str) -> Iterator[Any]:
    for child in parent:
        tag = tag_of(child)
        if tag == wanted:
            yield child
        elif tag in _THROUGH:
            yield from _inside(child, wanted)


def _is_rule(picture: Any) -> bool:
    return any(
        key.endswith("}hr") and value in ("t", "true", "1")
        for child in picture
        for key, value in child.attrib.items()
    )
