"""What styles and numberings of a Word document mean: names, marks and lists, followed to a bounded depth."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptpad_tui.convert.office import BOXES, colour_in, is_link_text, name_of
from cryptpad_tui.crdt.values import AttributeValue

if TYPE_CHECKING:
    from docx.document import Document

_MAIN: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF: Final = frozenset({"0", "false", "off", "none"})
_CHAIN: Final = 12
MAX_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What a style says of its paragraphs or its text."""

    name: str = ""
    align: str = ""
    outline: int = 0
    number: tuple[str, str] = ("", "")
    marks: dict[str, AttributeValue] = field(default_factory=dict)


def tag_of(element: Any) -> str:
    """The name of an element without its namespace; a comment has none."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def inner(element: Any, name: str) -> Any:
    """A child of Word's own vocabulary, or None."""
    return None if element is None else element.find(_MAIN + name)


def given(element: Any, name: str) -> str:
    """An attribute of Word's own vocabulary, or nothing."""
    return "" if element is None else str(element.get(_MAIN + name) or "")


def moved(properties: Any) -> str | None:
    """Letters that were raised or lowered by hand and made smaller, as LibreOffice writes small numbers."""
    height = given(inner(properties, "position"), "val")
    if inner(properties, "sz") is None or not height.lstrip("-").strip("0"):
        return None
    return "sub" if height.startswith("-") else "sup"


def is_narrowed(indentation: Any) -> bool:
    """Whether a paragraph stands as far from the right as from the left: a look of quotes, not a depth."""
    left = given(indentation, "left") or given(indentation, "start")
    return bool(left) and left == (given(indentation, "right") or given(indentation, "end"))


_DEEPER: Final = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE).fullmatch
"""Word's own styles of inner lists, each with a numbering of one level."""


def on(element: Any) -> bool | None:
    """Whether a switch such as bold is on; None where nothing is said."""
    return None if element is None else given(element, "val").lower() not in _OFF


class Looks:
    """Styles and numberings by their identities, each worked out once."""

    def __init__(self, document: Document) -> None:
        self._styles: dict[str, Any] = {}
        self._default = ""
        for style in document.styles.element.findall(_MAIN + "style"):
            self._styles.setdefault(given(style, "styleId"), style)
        self._known: dict[str, Look] = {}
        self._owns: dict[str, tuple[Look, str]] = {}
        self._levels: dict[str, dict[str, str]] = {}
        self._read_numbering(document)

    def paragraph(self, identity: str) -> Look:
        """What a paragraph's style says."""
        return self._look(identity)

    def character(self, identity: str) -> Look:
        """What a text's style says; the style of links says nothing but that."""
        look = self._look(identity)
        return Look(look.name) if is_link_text(look.name) else look

    def list_of(self, numbering: Any, look: Look) -> tuple[str, int]:
        """The kind of list (empty for none) and the level from 0."""
        number = given(inner(numbering, "numId"), "val") or look.number[0]
        level = given(inner(numbering, "ilvl"), "val") or look.number[1] or "0"
        if not number or number == "0":
            return "", 0
        kind = self._levels.get(number, {}).get(level, "bullet")
        depth = int(level) if len(level) < 3 and level.isascii() and level.isdigit() else 0
        by_name = _DEEPER(look.name)
        return kind, int(by_name[1]) - 1 if by_name and not depth else depth

    @staticmethod
    def steps(indentation: Any, step: int) -> int:
        """How many steps a paragraph stands to the right."""
        left = given(indentation, "left") or given(indentation, "start")
        if not left.isascii() or not left.isdigit() or len(left) > 6:
            return 0
        return min(MAX_STEPS, round(int(left) / step))

    def _look(self, identity: str) -> Look:
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = self._worked_out(identity)
        return known

    def _worked_out(self, identity: str) -> Look:
        if identity not in self._styles:
            return Look(name_of(identity))
        align, outline, number = "", 0, ("", "")
        marks: dict[str, AttributeValue] = {}
        below, seen = identity, 0
        while below in self._styles and seen < _CHAIN:
            said, below = self._own(below)
            marks = {**said.marks, **marks}
            align, outline = align or said.align, outline or said.outline
            number = number if number[0] else said.number
            seen += 1
        return Look(self._own(identity)[0].name, align, outline, number, marks)

    def _own(self, identity: str) -> tuple[Look, str]:
        """What a style says itself, and the style that it is based on."""
        known = self._owns.get(identity)
        if known is None:
            style = self._styles[identity]
            based_on = given(inner(style, "basedOn"), "val")
            known = self._owns[identity] = _said_by(style, identity), based_on
        return known

    def _read_numbering(self, document: Document) -> None:
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        abstract: dict[str, dict[str, str]] = {}
        for one in root.findall(_MAIN + "abstractNum"):
            levels = {given(level, "ilvl"): _kind(level) for level in one.findall(_MAIN + "lvl")}
            abstract[given(one, "abstractNumId")] = levels
        for one in root.findall(_MAIN + "num"):
            of = given(inner(one, "abstractNumId"), "val")
            self._levels[given(one, "numId")] = abstract.get(of, {})


def _said_by(style: Any, identity: str) -> Look:
    text, block = inner(style, "rPr"), inner(style, "pPr")
    marks: dict[str, AttributeValue] = {}
    for key, tag in (("bold", "b"), ("italic", "i"), ("strike", "strike"), ("underline", "u")):
        if (switch := on(inner(text, tag))) is not None:
            marks[key] = switch
    if colour := colour_in(given(inner(text, "color"), "val")):
        marks["color"] = colour
    if script := given(inner(text, "vertAlign"), "val"):
        marks["script"] = script
    level, listed = given(inner(block, "outlineLvl"), "val"), inner(block, "numPr")
    return Look(
        name_of(given(inner(style, "name"), "val") or identity),
        given(inner(block, "jc"), "val"),
        int(level) + 1 if level in ("0", "1", "2", "3", "4", "5") else 0,
        (given(inner(listed, "numId"), "val"), given(inner(listed, "ilvl"), "val")),
        marks,
    )


def _kind(level: Any) -> str:
    form, sign = given(inner(level, "numFmt"), "val"), given(inner(level, "lvlText"), "val")
    if form in ("bullet", "none"):
        return BOXES.get(sign.strip(), "bullet")
    return "ordered"
