"""The tags of an HTML text that are open, and which of them another one ends, as browsers have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptpad_tui.convert.html_style import LISTS
from cryptpad_tui.convert.model import Paragraph, Piece, paragraph
from cryptpad_tui.convert.office import boxed
from cryptpad_tui.crdt.values import AttributeValue

IMPLIED: Final = {
    "li": (frozenset({"li"}), LISTS),
    "td": (frozenset({"td", "th"}), frozenset({"table"})),
    "th": (frozenset({"td", "th"}), frozenset({"table"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
}
"""Which open tags another one ends, and which tag protects them."""
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
AROUND_P: Final = frozenset({"td", "th", "li", "blockquote", "div", "section", "article", "body", "table"})


@dataclass(frozen=True, slots=True)
class Open:
    """A tag that is open, with what it and all around it say."""

    tag: str = ""
    marks: tuple[tuple[str, AttributeValue], ...] = ()
    block: tuple[tuple[str, AttributeValue], ...] = ()
    lists: int = 0
    tables: int = 0
    cell: bool = False
    code: bool = False
    exact: bool = False
    marker: bool = False
    """Inside what Word writes before an item, its bullet or number."""


def item(pieces: list[Piece], block: dict[str, AttributeValue], said: str) -> Paragraph:
    """A line, which may be an item of a list that said of what kind it is; else its first sign does."""
    kind = block.get("list")
    if kind == "bullet" and not said:
        return boxed(pieces, block)
    if kind in ("checked", "unchecked"):
        return paragraph(boxed(pieces, {**block, "list": "bullet"}).pieces, block)
    return paragraph(pieces, block)
