"""What Word's and OpenDocument's files have in common: names of styles, colours, text that XML can hold.

Names are those that the programs themselves give, so that what is written looks native there, and what they
wrote is understood here.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

from cryptpad_tui.convert.model import OBJECT, Losses, Paragraph, Piece, Shown, paragraph
from cryptpad_tui.crdt.values import AttributeValue

QUOTE: Final = frozenset(
    {"quote", "intense quote", "block text", "quotations", "quotation", "block quotation"}
)
CODE: Final = "Source Code"
_CODE_BLOCK: Final = re.compile(
    r"(?:source[ _]code(?: ([\w+#.-]{1,40}))?|preformatted[ _]text|html preformatted|code(?:[ _]block)?)",
    re.IGNORECASE,
).fullmatch
_CODE_TEXT: Final = frozenset(
    {"verbatim char", "source text", "source_text", "html code", "html keyboard", "html sample", "code char"}
)
_LINK_TEXT: Final = frozenset({"hyperlink", "internet link", "followedhyperlink", "visited internet link"})
RULE: Final = frozenset({"horizontal line"})
_HEADING: Final = re.compile(
    r"heading[ _]?([1-9])|überschrift ([1-9])|titre ([1-9])", re.IGNORECASE
).fullmatch
_MONOSPACED: Final = re.compile(r"mono|courier|consolas|menlo|inconsolata|source code", re.IGNORECASE).search
BOXES: Final = {
    "☐": "unchecked",
    "☑": "checked",
    "☒": "checked",
    "❏": "unchecked",
    "✓": "checked",
    "✔": "checked",
}
_MAX_STYLE_NAME: Final = 200
_HEX: Final = re.compile(r"#?([0-9a-fA-F]{6})").fullmatch
_UNFIT: Final = re.compile("[\ufffe\uffff]")
_LANGUAGE: Final = re.compile(r"[\w+#.-]{1,40}", re.ASCII).fullmatch
INDENT: Final = 720
"""Twentieths of a point of one step to the right: half an inch."""
HIGHLIGHTS: Final = {
    "black": "black", "blue": "blue", "cyan": "cyan", "green": "green", "magenta": "magenta", "red": "red",
    "yellow": "yellow", "white": "white",
}  # fmt: skip
NAMED: Final = {
    "black": "000000", "blue": "0000ff", "cyan": "00ffff", "green": "00ff00", "magenta": "ff00ff",
    "red": "ff0000", "yellow": "ffff00", "white": "ffffff", "orange": "ffa500", "purple": "800080",
    "gray": "808080", "grey": "808080", "brown": "a52a2a", "pink": "ffc0cb", "navy": "000080",
    "darkblue": "000080", "darkcyan": "008080", "darkgreen": "008000", "darkmagenta": "800080",
    "darkred": "800000", "darkyellow": "808000", "darkgray": "808080", "lightgray": "c0c0c0",
}  # fmt: skip
LINK_COLOURS: Final = frozenset({"#1155cc", "#0563c1", "#0000ff", "#000080", "#467886", "#0000ee"})
"""What the programs paint every link with: no choice of a person."""
AUTOMATIC: Final = frozenset({"", "auto", "none", "transparent", "#000000", "000000"})
"""Text in black on paper is text in the colour of text."""


def name_of(said: str) -> str:
    """A style's name, as far as anything could be meant by it: it is looked at for each paragraph."""
    return said[:_MAX_STYLE_NAME]


def heading_level(style: str) -> int:
    """The level that a style's name says, 1 to 6; 0 for none."""
    if style.lower() == "title":
        return 1
    found = _HEADING(style)
    return min(6, int(found[1] or found[2] or found[3])) if found else 0


def code_language(style: str) -> str | None:
    """The language of a style for code blocks, `plain` where it says none; None for another style."""
    found = _CODE_BLOCK(style)
    return (found[1] or "plain") if found else None


def is_code_text(style: str, font: str) -> bool:
    """Whether this is how a program shows code inside a paragraph."""
    return style.lower() in _CODE_TEXT or bool(font and _MONOSPACED(font))


def is_link_text(style: str) -> bool:
    return style.lower() in _LINK_TEXT


def colour_in(value: str) -> str | None:
    """A file's colour as a pad holds it; None for none, or the one that text has by itself."""
    value = value.strip().lower()
    if value in AUTOMATIC:
        return None
    found = _HEX(value) or _HEX(NAMED.get(value, ""))
    return f"#{found[1].lower()}" if found else None


def colour_out(value: AttributeValue) -> str | None:
    """A pad's colour as six hexadecimal digits, or None where it is none that a file can say."""
    text = str(value).lower()
    found = _HEX(NAMED.get(text, text))
    return found[1] if found else None


def code_style(language: str, losses: Losses) -> str:
    """The name of the style of a code block."""
    if language in ("plain", "True", "true"):
        return CODE
    if _LANGUAGE(language):
        return f"{CODE} {language}"
    losses.add("names of languages")
    return CODE


def sayable(one: Paragraph, losses: Losses, pictures: Shown) -> list[Piece]:
    """The pieces that a file can hold; attachments and what XML has no sign for are named.

    A picture is a piece of its own, whose text is the one sign of an object.
    """
    made: list[Piece] = []
    for piece in one.pieces:
        text = piece.text
        if OBJECT in text:
            if str(dict(piece.marks).get("object")) in pictures:
                made += [Piece(OBJECT, piece.marks)] * text.count(OBJECT)
            else:
                losses.add("attachments")
            text = text.replace(OBJECT, "")
        if _UNFIT.search(text):
            losses.add("characters that are none")
            text = _UNFIT.sub("", text)
        if text:
            made.append(Piece(text, piece.marks))
    return made


def quoted(text: str) -> str:
    """Text for an attribute or an element of XML."""
    return escape(without_unfit(text))


def without_unfit(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _UNFIT.sub("", text)


def boxed(pieces: list[Piece], block: dict[str, AttributeValue]) -> Paragraph:
    """An item whose first sign is a check box is a task, as other programs write them."""
    first = pieces[0].text if pieces else ""
    if (
        block.get("list") == "bullet"
        and first[:1] in BOXES
        and first[1:2] in (" ", "\N{NO-BREAK SPACE}", "\t", "")
    ):
        block = {**block, "list": BOXES[first[0]]}
        rest = [Piece(first[2:], pieces[0].marks), *pieces[1:]]
        if not first[1:2] and len(rest) > 1:
            rest[1] = Piece(rest[1].text.lstrip(" "), rest[1].marks)
        return paragraph(rest, block)
    return paragraph(pieces, block)


def unmarked(pieces: list[Piece], losses: Losses) -> list[Piece]:
    """A line of code: its colours are those of a program, which every reader gives anew."""
    if any(piece.marks for piece in pieces):
        losses.add("marks inside code blocks")
    return [Piece(piece.text) for piece in pieces]
