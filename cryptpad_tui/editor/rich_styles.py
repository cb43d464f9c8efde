"""The marks of rich text as names of styles, and which colours there are.

Pure. A value that somebody else wrote becomes a style only if it is one of those that a style can have.
"""

from __future__ import annotations

import re
from typing import Final

from cryptpad_tui.crdt.mark_index import Frozen
from cryptpad_tui.crdt.values import AttributeValue

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}").fullmatch
COLOURS: Final = frozenset({"red", "green", "yellow", "blue", "magenta", "cyan", "white", "black"})
_SIMPLE: Final = {
    "bold": "strong",
    "italic": "emphasis",
    "underline": "underline",
    "strike": "strike",
    "code": "code",
    "link": "link.text",
}


def inline_styles(marks: Frozen) -> tuple[str, ...]:
    """The styles of what carries these marks."""
    names = [_SIMPLE[key] for key, value in marks if key in _SIMPLE and value]
    for key, value in marks:
        if key == "script" and value in ("sup", "sub"):
            names.append(f"script.{value}")
        elif key == "object":
            names.append("image")
        elif key in ("color", "background") and (shown := _colour(value)):
            names.append(f"{'fg' if key == 'color' else 'bg'}.{shown}")
    return tuple(names)


def is_colour(text: str) -> bool:
    """Whether a lower-case text names a colour that is shown."""
    return bool(_HEX(text)) or text in COLOURS


def _colour(value: AttributeValue) -> str:
    text = str(value).lower()
    return text if is_colour(text) else ""
