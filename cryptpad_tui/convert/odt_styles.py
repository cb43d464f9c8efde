"""What the styles of an OpenDocument text mean: names, marks and lists, followed to a bounded depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from cryptpad_tui.convert.docx_styles import tag_of
from cryptpad_tui.convert.model import marks_of
from cryptpad_tui.convert.office import (
    AUTOMATIC,
    BOXES,
    code_language,
    colour_in,
    heading_level,
    is_code_text,
    is_link_text,
    name_of,
)
from cryptpad_tui.crdt.values import AttributeValue

_OASIS: Final = "urn:oasis:names:tc:opendocument:xmlns"
OFFICE: Final = f"{{{_OASIS}:office:1.0}}"
STYLE: Final = f"{{{_OASIS}:style:1.0}}"
TEXT: Final = f"{{{_OASIS}:text:1.0}}"
TABLE: Final = f"{{{_OASIS}:table:1.0}}"
FO: Final = f"{{{_OASIS}:xsl-fo-compatible:1.0}}"
XLINK: Final = "{http://www.w3.org/1999/xlink}"
_CHAIN: Final = 12
_ALIGN: Final = {"center": "center", "end": "right", "right": "right", "justify": "justify"}
_INCHES: Final = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72}
STEP: Final = 0.5
MAX_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What a paragraph's style says: its own name or that of the named style below it."""

    name: str = ""
    align: str | None = None
    steps: int = 0
    marks: tuple[tuple[str, AttributeValue], ...] = ()
    """What a person gave the whole of it: LibreOffice writes marks there that its every letter has."""
    ruled: bool = False
    """Whether a line is drawn below it."""


@dataclass(frozen=True, slots=True)
class _Own:
    """What one style says itself, the name that a person sees, and whether a program made it."""

    shown: str
    automatic: bool = False
    parent: str = ""
    align: str = ""
    margin: str = ""
    ruled: bool = False
    marks: dict[str, AttributeValue] = field(default_factory=dict)


class Looks:
    """The styles of both parts by family and name; each is worked out once."""

    def __init__(self, *roots: Any) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self._automatic: set[tuple[str, str]] = set()
        self._lists: dict[str, Any] = {}
        self._levels: dict[str, dict[str | None, Any]] = {}
        self._own: dict[tuple[str, str], _Own] = {}
        self._paragraphs: dict[str, Look] = {}
        self._texts: dict[str, dict[str, AttributeValue]] = {}
        for root in roots:
            for group in root:
                if tag_of(group) in ("styles", "automatic-styles"):
                    self._collect(group, automatic=tag_of(group) == "automatic-styles")

    def _collect(self, group: Any, *, automatic: bool) -> None:
        for style in group:
            name = style.get(f"{STYLE}name") or ""
            if tag_of(style) == "list-style":
                self._lists[name] = style
            elif tag_of(style) == "style":
                key = (style.get(f"{STYLE}family") or "", name)
                self._styles[key] = style
                if automatic:
                    self._automatic.add(key)

    def paragraph(self, name: str) -> Look:
        """What a paragraph's style says."""
        known = self._paragraphs.get(name)
        if known is None:
            known = self._paragraphs[name] = self._look(name)
        return known

    def text(self, name: str) -> dict[str, AttributeValue]:
        """The marks of a text's style; False and None where it takes one away."""
        known = self._texts.get(name)
        if known is None:
            known = self._texts[name] = self._marks(name) if name else {}
        return known

    def list_kind(self, name: str, level: int) -> str:
        """Bullets, numbers or check boxes."""
        levels = self._levels.get(name)
        if levels is None:
            found = self._lists.get(name, ())
            levels = self._levels[name] = {one.get(f"{TEXT}level"): one for one in found}
        # pandoc's inner lists have a style of their own, of which only the first level is said.
        one = levels.get(str(level), next(iter(levels.values()), None))
        if one is None:
            return "bullet"
        if tag_of(one) == "list-level-style-number" and one.get(f"{STYLE}num-format") != "":
            return "ordered"
        return BOXES.get(one.get(f"{TEXT}bullet-char") or "", "bullet")

    def _chain(self, family: str, name: str) -> list[_Own]:
        """The style and those below it."""
        found: list[_Own] = []
        while name and len(found) < _CHAIN:
            key = family, name
            if key not in self._own:
                self._own[key] = _said_by(self._styles.get(key), name, automatic=key in self._automatic)
            found.append(self._own[key])
            name = found[-1].parent
        return found

    def _look(self, name: str) -> Look:
        chain = self._chain("paragraph", name)
        known = [one.shown for one in chain if not one.automatic]
        meant = next((one for one in known if heading_level(one) or code_language(one)), "")
        align = next((one.align for one in chain if one.align), "")
        # Only what a person set here: quotes and lists stand to the right by their styles.
        margin = chain[0].margin if chain and chain[0].automatic else ""
        own = list(takewhile(lambda one: one.automatic, chain))
        marks = {key: value for one in reversed(own) for key, value in one.marks.items()}
        return Look(
            meant or (known[0] if known else ""),
            _ALIGN.get(align),
            _steps(margin),
            marks_of({key: value or None for key, value in marks.items()}),
            any(one.ruled for one in own),
        )

    def _marks(self, name: str) -> dict[str, AttributeValue]:
        marks: dict[str, AttributeValue] = {}
        for one in self._chain("text", name):
            if is_link_text(one.shown):
                continue
            if one.shown.lower() == "strong emphasis":
                marks.setdefault("bold", True)
            elif one.shown.lower() == "emphasis":
                marks.setdefault("italic", True)
            elif is_code_text(one.shown, ""):
                marks["code"] = True
            marks = {**one.marks, **marks}
        return marks


def _said_by(style: Any, name: str, *, automatic: bool) -> _Own:
    shown = name_of(name).replace("_20_", " ")
    if style is None:
        return _Own(shown)
    align = margin = border = ""
    marks: dict[str, AttributeValue] = {}
    for properties in style:
        tag = tag_of(properties)
        if tag == "paragraph-properties":
            align = align or properties.get(f"{FO}text-align") or ""
            margin = margin or properties.get(f"{FO}margin-left") or ""
            border = border or properties.get(f"{FO}border-bottom") or ""
        elif tag == "text-properties":
            marks = {**_text_marks(properties), **marks}
    shown = name_of(style.get(f"{STYLE}display-name") or "") or shown
    parent = style.get(f"{STYLE}parent-style-name") or ""
    return _Own(shown, automatic, parent, align, margin, border not in ("", "none"), marks)


def _text_marks(properties: Any) -> dict[str, AttributeValue]:
    """The marks that are said here; False and None where one is said to be off."""
    said: dict[str, AttributeValue] = {}
    weight = properties.get(f"{FO}font-weight")
    if weight:
        said["bold"] = weight == "bold" or (weight.isdigit() and len(weight) < 5 and int(weight) >= 600)
    if style := properties.get(f"{FO}font-style"):
        said["italic"] = style in ("italic", "oblique")
    if under := properties.get(f"{STYLE}text-underline-style"):
        said["underline"] = under != "none"
    if through := properties.get(f"{STYLE}text-line-through-style"):
        said["strike"] = through != "none"
    if position := properties.get(f"{STYLE}text-position"):
        said["script"] = _script(position)
    for key, name in (("color", "color"), ("background", "background-color")):
        if value := properties.get(f"{FO}{name}"):
            behind = key == "background" and value.lower() == "#000000"
            said[key] = "#000000" if behind else None if value.lower() in AUTOMATIC else colour_in(value)
    font = properties.get(f"{STYLE}font-name") or properties.get(f"{FO}font-family")
    if font and is_code_text("", font):
        said["code"] = True
    return said


def _script(position: str) -> str | None:
    where = position.split(" ")[0]
    if where in ("super", "sub"):
        return "sup" if where == "super" else "sub"
    if where.endswith("%") and where[:-1].lstrip("-").isdigit() and where != "0%":
        return "sub" if where.startswith("-") else "sup"
    return None


def _steps(margin: str) -> int:
    if len(margin) > 20:
        return 0
    for unit, inches in _INCHES.items():
        if margin.endswith(unit):
            try:
                return max(0, min(MAX_STEPS, round(float(margin.removesuffix(unit)) * inches / STEP)))
            except (ValueError, OverflowError):
                return 0
    return 0
