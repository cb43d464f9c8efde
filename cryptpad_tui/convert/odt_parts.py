"""The fixed parts of an OpenDocument text: what every odt file that we write has, with places for its own."""

from __future__ import annotations

from typing import Final

MIMETYPE: Final = "application/vnd.oasis.opendocument.text"
KINDS: Final = ("bullet", "ordered", "unchecked", "checked")
_SIGNS: Final = {"bullet": "•", "unchecked": "☐", "checked": "☑"}
_FORMATS: Final = ("1", "a", "i")
_LEVELS: Final = 10
_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES: Final = (
    f'xmlns:office="{_OASIS}:office:1.0" xmlns:style="{_OASIS}:style:1.0" xmlns:text="{_OASIS}:text:1.0"'
    f' xmlns:table="{_OASIS}:table:1.0" xmlns:fo="{_OASIS}:xsl-fo-compatible:1.0"'
    f' xmlns:svg="{_OASIS}:svg-compatible:1.0" xmlns:draw="{_OASIS}:drawing:1.0"'
    f' xmlns:meta="{_OASIS}:meta:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_FONTS: Final = (
    '<office:font-face-decls><style:font-face style:name="Liberation Mono"'
    " svg:font-family=\"'Liberation Mono'\""
    ' style:font-family-generic="modern" style:font-pitch="fixed"/></office:font-face-decls>'
)
MANIFEST: Final = (
    f'{_HEAD}<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MIMETYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>'
    '<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>'
    "{pictures}</manifest:manifest>"
)
META: Final = (
    f'{_HEAD}<office:document-meta {_NAMESPACES} office:version="1.3"><office:meta>'
    "<dc:title>{title}</dc:title></office:meta></office:document-meta>"
)
CONTENT: Final = (
    f'{_HEAD}<office:document-content {_NAMESPACES} office:version="1.3">{_FONTS}'
    '<office:automatic-styles><style:style style:name="Cell" style:family="table-cell">'
    '<style:table-cell-properties fo:padding="0.04in" fo:border="0.5pt solid #000000"/></style:style>{styles}'
    "</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
    "</office:document-content>"
)


def _named(name: str, parent: str, block: str = "", text: str = "") -> str:
    return (
        f'<style:style style:name="{name.replace(" ", "_20_")}" style:display-name="{name}"'
        f' style:family="paragraph" style:parent-style-name="{parent}">'
        f"<style:paragraph-properties {block}/><style:text-properties {text}/></style:style>"
    )


_HEADINGS: Final = "".join(
    [
        _named(
            f"Heading {level}",
            "Standard",
            'fo:margin-top="0.12in" fo:margin-bottom="0.06in" fo:keep-with-next="always"',
            f'fo:font-weight="bold" fo:font-size="{20 - 2 * level}pt"',
        ).replace(
            'style:family="paragraph"', f'style:family="paragraph" style:default-outline-level="{level}"'
        )
        for level in range(1, 7)
    ]
)
STYLES: Final = (
    f'{_HEAD}<office:document-styles {_NAMESPACES} office:version="1.3">{_FONTS}<office:styles>'
    '<style:style style:name="Standard" style:family="paragraph"/>'
    + _named("Text body", "Standard", 'fo:margin-bottom="0.08in"')
    + _named("List Contents", "Standard")
    + _named("Table Contents", "Standard")
    + _named("Quotations", "Standard", 'fo:margin-left="0.4in" fo:margin-right="0.4in"')
    + _named("Preformatted Text", "Standard", 'fo:margin-bottom="0in"', 'style:font-name="Liberation Mono"')
    + _named("Horizontal Line", "Standard", 'fo:border-bottom="0.5pt solid #808080"')
    + _HEADINGS
    + "{languages}</office:styles></office:document-styles>"
)


def list_style(kind: str) -> str:
    """The style of a list of one kind, for every level."""
    levels: list[str] = []
    for level in range(1, _LEVELS + 1):
        place = (
            '<style:list-level-properties text:list-level-position-and-space-mode="label-alignment">'
            '<style:list-level-label-alignment text:label-followed-by="listtab" fo:text-indent="-0.25in"'
            f' fo:margin-left="{0.25 * (level + 1)}in"/></style:list-level-properties>'
        )
        if kind == "ordered":
            form = _FORMATS[(level - 1) % len(_FORMATS)]
            levels.append(
                f'<text:list-level-style-number text:level="{level}" style:num-suffix="."'
                f' style:num-format="{form}">{place}</text:list-level-style-number>'
            )
        else:
            levels.append(
                f'<text:list-level-style-bullet text:level="{level}" text:bullet-char="{_SIGNS[kind]}">'
                f"{place}</text:list-level-style-bullet>"
            )
    return f'<text:list-style style:name="L_{kind}">{"".join(levels)}</text:list-style>'
