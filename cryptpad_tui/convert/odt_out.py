"""Rich text written as an OpenDocument text (odt): small parts, and styles under LibreOffice's own names.

Nothing in a text can become markup, and no address is fetched; pictures are parts of the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import groupby
from typing import Final

from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import OBJECT, Converted, Losses, Paragraph, Picture, Piece, Shown, cells_of
from cryptpad_tui.convert.odt_parts import CONTENT, KINDS, META, MIMETYPE, STYLES, list_style
from cryptpad_tui.convert.odt_pictures import frame, manifest
from cryptpad_tui.convert.office import code_style, colour_out, quoted, sayable
from cryptpad_tui.crdt.values import AttributeValue
from cryptpad_tui.editor.rich_look import indent_of, level_of

STEP: Final = 0.5
"""Inches of one step to the right."""
_SPACES: Final = re.compile(r"\t| {2,}|^ | $")
_ALIGN: Final = {"center": "center", "right": "end", "justify": "justify"}
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def to_odt(paragraphs: Sequence[Paragraph], *, title: str = "", pictures: Shown | None = None) -> Converted:
    """The whole text as the bytes of an odt file."""
    writer = _Writer(pictures or {})
    body = writer.body(paragraphs)
    content = CONTENT.format(styles=writer.automatic(), body=body)
    named = "".join(
        [
            f'<style:style style:name="{identity}" style:display-name="{quoted(name)}"'
            ' style:family="paragraph" style:parent-style-name="Preformatted_20_Text"/>'
            for name, identity in writer.languages.items()
        ]
    )
    parts = {
        "mimetype": MIMETYPE,
        "META-INF/manifest.xml": manifest(writer.images),
        "content.xml": content,
        "styles.xml": STYLES.format(languages=named),
        "meta.xml": META.format(title=quoted(title)),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            # The first part says what the file is, and must lie there unpacked.
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode())
        for place, picture in writer.images.items():
            archive.writestr(zipfile.ZipInfo(place, _EPOCH), picture.data)
    return Converted(out.getvalue(), writer.losses.words)


class _Writer:
    """Collects the automatic styles that the body needs."""

    def __init__(self, pictures: Shown) -> None:
        self.losses = Losses()
        self.images: dict[str, Picture] = {}
        self._pictures, self._places = pictures, dict[str, str]()
        self.languages: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._blocks: dict[tuple[str, str], str] = {}

    def body(self, paragraphs: Sequence[Paragraph]) -> str:
        parts: list[str] = []
        for kind, group in groupby(paragraphs, key=_kind):
            parts.append(self._writers(kind)(list(group)))
        return "".join(parts)

    def automatic(self) -> str:
        """The styles that the body named, and those of its lists."""
        texts = [
            f'<style:style style:name="{name}" style:family="text"><style:text-properties {said}/>'
            "</style:style>"
            for said, name in self._texts.items()
        ]
        blocks = [
            f'<style:style style:name="{name}" style:family="paragraph" style:parent-style-name="{parent}">'
            f"<style:paragraph-properties {said}/></style:style>"
            for (parent, said), name in self._blocks.items()
        ]
        return "".join([*texts, *blocks, *map(list_style, KINDS)])

    def _writers(self, kind: str) -> Callable[[list[Paragraph]], str]:
        if kind.startswith("table"):
            return self._table
        return self._list if kind == "list" else self._plain

    # -- blocks

    def _plain(self, group: list[Paragraph]) -> str:
        parts: list[str] = []
        for one in group:
            rule = '<text:p text:style-name="Horizontal_20_Line"/>' if one.get("rule") else ""
            if one.pieces or not rule:
                parts.append(self._block(one))
            parts.append(rule)
        return "".join(parts)

    def _block(self, one: Paragraph) -> str:
        inner = self._runs(sayable(one, self.losses, self._pictures))
        level = level_of(dict(one.block))
        if level and not one.get("code-block"):
            style = self._style(f"Heading_20_{level}", one)
            return f'<text:h text:style-name="{style}" text:outline-level="{level}">{inner}</text:h>'
        parent = "Quotations" if one.get("blockquote") else "Text_20_body"
        if code := one.get("code-block"):
            name = code_style(str(code), self.losses)
            parent = self.languages.setdefault(name, f"Source_20_Code_{len(self.languages)}")
        return f'<text:p text:style-name="{self._style(parent, one)}">{inner}</text:p>'

    def _style(self, parent: str, one: Paragraph) -> str:
        align = _ALIGN.get(str(one.get("align")))
        indent = 0 if one.get("list") or one.get("code-block") else indent_of(dict(one.block))
        said = f'fo:text-align="{align}" style:justify-single-word="false"' if align else ""
        if indent:
            said += f' fo:margin-left="{STEP * indent}in"'
        return self._blocks.setdefault((parent, said), f"P{len(self._blocks) + 1}") if said else parent

    def _list(self, group: list[Paragraph]) -> str:
        parts: list[str] = []
        stack: list[str] = []  # the kind of each open level
        for one in group:
            kind = str(one.get("list")) if one.get("list") in KINDS else "bullet"
            depth = indent_of(dict(one.block)) + 1
            while len(stack) > depth or (len(stack) == depth and stack[-1] != kind):
                parts.append("</text:list-item></text:list>")
                stack.pop()
            if len(stack) == depth:
                parts.append("</text:list-item><text:list-item>")
            while len(stack) < depth:
                stack.append(kind)
                parts.append(f'<text:list text:style-name="L_{kind}"><text:list-item>')
            inner = self._runs(sayable(one, self.losses, self._pictures))
            parts.append(f'<text:p text:style-name="{self._style("List_20_Contents", one)}">{inner}</text:p>')
        parts += ["</text:list-item></text:list>"] * len(stack)
        return "".join(parts)

    def _table(self, group: list[Paragraph]) -> str:
        rows = cells_of(group)
        width = max(map(len, rows))
        body = "".join(
            [
                f"<table:table-row>{''.join([self._cell(cell) for cell in row])}</table:table-row>"
                for row in rows
            ]
        )
        columns = f'<table:table-column table:number-columns-repeated="{width}"/>'
        return f"<table:table>{columns}{body}</table:table>"

    def _cell(self, cell: Sequence[Paragraph]) -> str:
        inner = [
            f'<text:p text:style-name="{self._style("Table_20_Contents", one)}">'
            f"{self._runs(sayable(one, self.losses, self._pictures))}</text:p>"
            for one in cell
        ]
        inside = "".join(inner) or "<text:p/>"
        said = 'table:style-name="Cell" office:value-type="string"'
        return f"<table:table-cell {said}>{inside}</table:table-cell>"

    # -- text

    def _runs(self, pieces: Sequence[Piece]) -> str:
        parts: list[str] = []
        for piece in pieces:
            marks = dict(piece.marks)
            inner = self._image(marks) if piece.text == OBJECT else _text(piece.text)
            if said := self._marks(marks):
                name = self._texts.setdefault(said, f"T{len(self._texts) + 1}")
                inner = f'<text:span text:style-name="{name}">{inner}</text:span>'
            if link := address_of(str(marks.get("link") or ""), self.losses):
                inner = f'<text:a xlink:type="simple" xlink:href="{quoted(link)}">{inner}</text:a>'
            parts.append(inner)
        return "".join(parts)

    def _image(self, marks: dict[str, AttributeValue]) -> str:
        said = str(marks.get("object"))
        picture = self._pictures[said]
        place = self._places.setdefault(said, f"Pictures/{len(self._places) + 1}.{picture.kind}")
        self.images[place] = picture
        return frame(picture, place)

    def _marks(self, marks: dict[str, AttributeValue]) -> str:
        """The text properties of some marks."""
        said = [text for key, text in _MARKS.items() if marks.get(key)]
        script = marks.get("script")
        if script in ("sup", "super", "sub"):
            said.append(f'style:text-position="{"sub" if script == "sub" else "super"} 58%"')
        for key, name in (("color", "fo:color"), ("background", "fo:background-color")):
            if value := marks.get(key):
                colour = colour_out(value)
                if colour is None:
                    self.losses.add("colours")
                else:
                    said.append(f'{name}="#{colour}"')
        return " ".join(said)


_MARKS: Final = {
    "bold": 'fo:font-weight="bold"',
    "italic": 'fo:font-style="italic"',
    "underline": 'style:text-underline-style="solid"',
    "strike": 'style:text-line-through-style="solid"',
    "code": 'style:font-name="Liberation Mono"',
}


def _kind(one: Paragraph) -> str:
    if one.get("list"):
        return "list"
    table = one.get("table")
    return f"table {str(table).partition('/')[0]}" if table else "plain"


def _text(text: str) -> str:
    """Text with its tabs, and the spaces that a reader would not count, as elements."""
    parts: list[str] = []
    at = 0
    for found in _SPACES.finditer(text):
        parts.append(quoted(text[at : found.start()]))
        parts.append("<text:tab/>" if found[0] == "\t" else f'<text:s text:c="{len(found[0])}"/>')
        at = found.end()
    parts.append(quoted(text[at:]))
    return "".join(parts)
