"""Quill's delta (the JSON that `export --format json` writes) read as rich text, by the closed vocabulary.

Of another program's attributes only those that a pad has come in, each with a value that it can have; what is
embedded is named.
"""

from __future__ import annotations

import json
from typing import Any, Final

from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.html_style import colour
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import MAX_INDENT, OBJECT, Losses, Read, clean, paragraphs_of, usable_value
from cryptpad_tui.convert.model import without_trailing_empty as trimmed
from cryptpad_tui.crdt.values import AttributeValue

MAX_OPS: Final = 1_000_000
_MAX_DEPTH_HINT: Final = b'"ops"'
_SWITCHES: Final = frozenset({"bold", "italic", "underline", "strike", "code", "blockquote", "rule"})
_LISTS: Final = frozenset({"bullet", "ordered", "checked", "unchecked"})
_ALIGN: Final = frozenset({"center", "right", "justify"})


def is_delta(data: bytes) -> bool:
    """Whether a JSON file is a delta: an object with `ops` that only insert."""
    if _MAX_DEPTH_HINT not in data[:2_000] and _MAX_DEPTH_HINT not in data[-2_000:]:
        return False
    try:
        _ops(data)
    except NotConverted:
        return False
    return True


def from_delta(data: bytes) -> Read:
    """The paragraphs of a delta, and what was left out; raises NotConverted."""
    losses = Losses()
    runs: list[tuple[str, dict[str, AttributeValue]]] = []
    for op in _ops(data):
        text = op["insert"]
        if not isinstance(text, str):
            losses.add("images" if "image" in text else "embedded objects")
            continue
        if OBJECT in text:
            losses.add("attachments")
            text = text.replace(OBJECT, "")
        lines = text.replace("\r\n", "\n").split("\n")
        runs.append(("\n".join(map(clean, lines)), _attributes(op.get("attributes"), losses)))
    return Read(tuple(trimmed(paragraphs_of(runs))), losses.words)


def _ops(data: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotConverted("it is no JSON") from error
    ops = found.get("ops") if isinstance(found, dict) else None
    if not isinstance(ops, list) or len(ops) > MAX_OPS:
        raise NotConverted("it is no delta")
    for op in ops:
        if not isinstance(op, dict) or not isinstance(op.get("insert"), str | dict):
            raise NotConverted("it is no delta of a document")
    return ops


def _attributes(given: object, losses: Losses) -> dict[str, AttributeValue]:
    made: dict[str, AttributeValue] = {}
    for key, value in given.items() if isinstance(given, dict) else ():
        if value in (None, False, ""):
            continue
        found = _value(str(key), value, losses)
        if found is None:
            losses.add("formats that a pad does not have")
        else:
            made[str(key)] = found
    return made


def _value(key: str, value: object, losses: Losses) -> AttributeValue:
    """The value as a pad may hold it, or None."""
    text = value if isinstance(value, str) else ""
    whole = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if key in _SWITCHES:
        return True if value is True else None
    if key == "script":
        return {"super": "sup", "sup": "sup", "sub": "sub"}.get(text)
    if key == "link":
        return address_of(text, losses) or None
    if key in ("color", "background"):
        return colour(text)
    if key == "header":
        return whole if 1 <= whole <= 6 else None
    if key == "indent":
        return min(whole, MAX_INDENT) if whole > 0 else None
    if key == "list":
        return text if text in _LISTS else None
    if key == "align":
        return text if text in _ALIGN else None
    if key == "code-block":
        return "plain" if value is True else usable_value(text) or None
    return _cell(text) if key == "table" else None


def _cell(text: str) -> str | None:
    """A cell's place; the names of rows that Quill makes up (`row-ab12`) are kept as they are."""
    usable = usable_value(text)
    return usable if usable and len(usable) <= 60 else None
