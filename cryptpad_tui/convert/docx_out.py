"""Rich text written as a Word document (docx): python-docx has the package and its styles, this the body.

Lists are real lists, headings real headings; check boxes are list signs, those that Word and pandoc know.
Nothing in a text can become markup, no address is fetched, and pictures are parts of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Final

from cryptpad_tui.convert.docx_pictures import add_images, drawing
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import OBJECT, Converted, Losses, Paragraph, Piece, Shown, cells_of
from cryptpad_tui.convert.office import (
    CODE,
    HIGHLIGHTS,
    INDENT,
    code_style,
    colour_out,
    quoted,
    sayable,
    without_unfit,
)
from cryptpad_tui.crdt.values import AttributeValue
from cryptpad_tui.editor.rich_look import indent_of, level_of

if TYPE_CHECKING:
    from docx.document import Document

_NS: Final = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_LINK_TYPE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_SIGNS: Final = {"bullet": "•", "unchecked": "☐", "checked": "☒"}
_KINDS: Final = ("bullet", "ordered", "unchecked", "checked")
_FORMATS: Final = ("decimal", "lowerLetter", "lowerRoman")
_LEVELS: Final = 9
_JC: Final = {"center": "center", "right": "right", "justify": "both"}
_CODE_ID: Final = "SourceCode"
_STYLES: Final = (
    '<w:style {ns} w:type="paragraph" w:customStyle="1" w:styleId="{id}"><w:name w:val="{name}"/><w:basedOn'
    ' w:val="{base}"/><w:qFormat/><w:pPr><w:spacing w:before="0" w:after="0"/></w:pPr><w:rPr><w:rFonts'
    ' w:ascii="Courier New" w:hAnsi="Courier New" w:cs="Courier New"/><w:sz w:val="20"/></w:rPr></w:style>'
)
_CHARACTER: Final = (
    '<w:style {ns} w:type="character" w:customStyle="1" w:styleId="VerbatimChar"><w:name'
    ' w:val="Verbatim Char"/><w:rPr><w:rFonts w:ascii="Courier New" w:hAnsi="Courier New"'
    ' w:cs="Courier New"/></w:rPr></w:style>',
    '<w:style {ns} w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/><w:rPr><w:color'
    ' w:val="0563C1"/><w:u w:val="single"/></w:rPr></w:style>',
)


def to_docx(paragraphs: Sequence[Paragraph], *, title: str = "", pictures: Shown | None = None) -> Converted:
    """The whole text as the bytes of a docx file."""
    from docx import Document
    from docx.oxml import parse_xml

    writer = _Writer(pictures or {})
    body = writer.body(paragraphs)
    document = Document()
    document.core_properties.title = without_unfit(title)[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    writer.prepare(document)
    made = parse_xml(f"<w:body {_NS}>{body}</w:body>".encode())
    old = document.element.body
    for child in reversed(list(made)):
        old.insert(0, child)
    out = BytesIO()
    document.save(out)
    return Converted(out.getvalue(), writer.losses.words)


class _Writer:
    """Collects what the body needs from the other parts: links, numberings, styles."""

    def __init__(self, pictures: Shown) -> None:
        self.losses = Losses()
        self._pictures, self._images, self._drawn = pictures, dict[str, str](), 0
        self._links: dict[str, str] = {}
        self._numbers: list[tuple[str, int]] = []  # the kind and first level of each numbering
        self._shared: dict[str, int] = {}
        self._languages: dict[str, str] = {}
        self._open: list[tuple[str, int]] = []  # kind and numbering of each list level that is open

    def body(self, paragraphs: Sequence[Paragraph]) -> str:
        parts: list[str] = []
        for table, group in groupby(
            paragraphs, key=lambda one: str(one.get("table") or "").partition("/")[0]
        ):
            if table:
                self._open.clear()
                parts.append(self._table(list(group)))
            else:
                parts += [self._paragraph(one) for one in group]
        return "".join(parts)

    def prepare(self, document: Document) -> None:
        """Put links, numberings and styles where Word looks for them."""
        from docx.oxml import parse_xml

        for address, name in self._links.items():
            document.part.rels.add_relationship(_LINK_TYPE, address, name, is_external=True)
        add_images(document, {name: self._pictures[said] for said, name in self._images.items()})
        styles = document.styles.element
        for text in _CHARACTER:
            styles.append(parse_xml(text.format(ns=_NS)))
        for name, identity in {CODE: _CODE_ID, **self._languages}.items():
            base = "Normal" if name == CODE else _CODE_ID
            styles.append(parse_xml(_STYLES.format(ns=_NS, id=identity, name=quoted(name), base=base)))
        numbering = document.part.numbering_part.element
        for child in list(numbering):
            numbering.remove(child)
        made = parse_xml(f"<w:numbering {_NS}>{self._numbering()}</w:numbering>")
        numbering.extend(list(made))

    # -- blocks

    def _paragraph(self, one: Paragraph) -> str:
        inner = self._runs(sayable(one, self.losses, self._pictures))
        if not one.get("list"):
            self._open.clear()
        rule = _properties(border=True) if one.get("rule") else ""
        if rule and not one.pieces:
            return f"<w:p>{rule}</w:p>"
        return f"<w:p>{self._block(one)}{inner}</w:p>" + (f"<w:p>{rule}</w:p>" if rule else "")

    def _block(self, one: Paragraph) -> str:
        align = _JC.get(str(one.get("align")), "")
        if code := one.get("code-block"):
            name = code_style(str(code), self.losses)
            fresh = f"{_CODE_ID}{len(self._languages)}" if name != CODE else _CODE_ID
            identity = self._languages.setdefault(name, fresh)
            return _properties(style=identity, align=align)
        if kind := one.get("list"):
            level, number = indent_of(dict(one.block)), self._number(str(kind), indent_of(dict(one.block)))
            return _properties(style="ListParagraph", number=(level, number), align=align)
        level = level_of(dict(one.block))
        style = f"Heading{level}" if level else "Quote" if one.get("blockquote") else ""
        return _properties(style=style, align=align, indent=indent_of(dict(one.block)))

    def _number(self, kind: str, level: int) -> int:
        """The numbering of an item: an ordered list that begins anew counts from one."""
        kind = kind if kind in _KINDS else "bullet"
        del self._open[level + 1 :]
        while len(self._open) < level:
            self._open.append(("", 0))
        if len(self._open) == level + 1 and self._open[level][0] == kind:
            return self._open[level][1]
        number = self._shared.get(kind, 0) if kind != "ordered" else 0
        if not number:
            self._numbers.append((kind, level))
            number = len(self._numbers)
            self._shared[kind] = number
        self._open[level:] = [(kind, number)]
        return number

    def _table(self, group: list[Paragraph]) -> str:
        rows = cells_of(group)
        columns = '<w:gridCol w:w="2000"/>' * max(map(len, rows))
        body = "".join(["<w:tr>" + "".join([self._cell(cell) for cell in row]) + "</w:tr>" for row in rows])
        return (
            '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
            f"<w:tblGrid>{columns}</w:tblGrid>{body}</w:tbl>"
        )

    def _cell(self, cell: Sequence[Paragraph]) -> str:
        inner = [
            f"<w:p>{_properties(align=_JC.get(str(one.get('align')), ''))}"
            f"{self._runs(sayable(one, self.losses, self._pictures))}</w:p>"
            for one in cell
        ]
        return f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/></w:tcPr>{"".join(inner) or "<w:p/>"}</w:tc>'

    def _numbering(self) -> str:
        kinds = "".join(
            [
                f'<w:abstractNum w:abstractNumId="{i}"><w:multiLevelType w:val="multilevel"/>'
                + "".join([_level(kind, level) for level in range(_LEVELS)])
                + "</w:abstractNum>"
                for i, kind in enumerate(_KINDS)
            ]
        )
        numbers = "".join(
            [
                f'<w:num w:numId="{i}"><w:abstractNumId w:val="{_KINDS.index(kind)}"/>'
                + _restart(level) * (kind == "ordered")
                + "</w:num>"
                for i, (kind, level) in enumerate(self._numbers, 1)
            ]
        )
        return kinds + numbers

    # -- text

    def _runs(self, pieces: Sequence[Piece]) -> str:
        parts: list[str] = []
        for piece in pieces:
            marks = dict(piece.marks)
            inner = self._image(marks) if piece.text == OBJECT else _text(piece.text)
            run = f"<w:r>{self._marks(marks)}{inner}</w:r>"
            link = address_of(str(marks.get("link") or ""), self.losses)
            parts.append(self._linked(run, link) if link else run)
        return "".join(parts)

    def _image(self, marks: dict[str, AttributeValue]) -> str:
        said = str(marks.get("object"))
        name = self._images.setdefault(said, f"rIdImage{len(self._images) + 1}")
        self._drawn += 1
        return drawing(self._pictures[said], name, self._drawn)

    def _linked(self, run: str, address: str) -> str:
        name = self._links.setdefault(without_unfit(address), f"rIdLink{len(self._links)}")
        return f'<w:hyperlink r:id="{name}">{run}</w:hyperlink>'

    def _marks(self, marks: dict[str, AttributeValue]) -> str:
        colour, shade = marks.get("color"), marks.get("background")
        hue, ground = (colour_out(value) if value else None for value in (colour, shade))
        if (colour and not hue) or (shade and not ground):
            self.losses.add("colours")
        highlight = HIGHLIGHTS.get(str(shade).lower())
        script = {"sup": "superscript", "super": "superscript", "sub": "subscript"}.get(
            str(marks.get("script"))
        )
        style = "VerbatimChar" if marks.get("code") else "Hyperlink" if marks.get("link") else ""
        parts = [
            f'<w:rStyle w:val="{style}"/>' if style else "",
            "<w:b/>" if marks.get("bold") else "",
            "<w:i/>" if marks.get("italic") else "",
            "<w:strike/>" if marks.get("strike") else "",
            f'<w:color w:val="{hue.upper()}"/>' if hue else "",
            f'<w:highlight w:val="{highlight}"/>' if highlight else "",
            '<w:u w:val="single"/>' if marks.get("underline") else "",
            f'<w:shd w:val="clear" w:color="auto" w:fill="{ground.upper()}"/>'
            if ground and not highlight
            else "",
            f'<w:vertAlign w:val="{script}"/>' if script else "",
        ]
        said = "".join(parts)
        return f"<w:rPr>{said}</w:rPr>" if said else ""


def _text(text: str) -> str:
    parts = [f'<w:t xml:space="preserve">{quoted(part)}</w:t>' if part else "" for part in text.split("\t")]
    return "<w:tab/>".join(parts)


def _properties(
    *,
    style: str = "",
    number: tuple[int, int] | None = None,
    border: bool = False,
    indent: int = 0,
    align: str = "",
) -> str:
    """What a paragraph says of itself, in the order that the schema wants."""
    said = [f'<w:pStyle w:val="{style}"/>' if style else ""]
    if number is not None:
        said.append(f'<w:numPr><w:ilvl w:val="{number[0]}"/><w:numId w:val="{number[1]}"/></w:numPr>')
    if border:
        said.append('<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="1" w:color="auto"/></w:pBdr>')
    if indent:
        said.append(f'<w:ind w:left="{INDENT * indent}"/>')
    if align:
        said.append(f'<w:jc w:val="{align}"/>')
    inner = "".join(said)
    return f"<w:pPr>{inner}</w:pPr>" if inner else ""


def _level(kind: str, level: int) -> str:
    ordered = kind == "ordered"
    form = _FORMATS[level % len(_FORMATS)] if ordered else "bullet"
    text = f"%{level + 1}." if ordered else _SIGNS[kind]
    return (
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{INDENT * (level + 1)}" w:hanging="360"/></w:pPr>'
        "</w:lvl>"
    )


def _restart(level: int) -> str:
    return f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="1"/></w:lvlOverride>'
