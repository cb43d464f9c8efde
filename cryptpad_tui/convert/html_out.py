"""Rich text written as an HTML page of its own: no scripts, nothing remote, everything escaped.

Pictures are in the page itself, or lie beside it; the page may load nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final

from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import OBJECT, Converted, Losses, Paragraph, Piece, Shown, cells_of
from cryptpad_tui.convert.office import BOXES
from cryptpad_tui.convert.pictures import data_address
from cryptpad_tui.crdt.values import AttributeValue
from cryptpad_tui.editor.rich_look import indent_of, level_of

_ORDER: Final = ("link", "bold", "italic", "underline", "strike", "script", "color", "background", "code")
_TAGS: Final = {"bold": "strong", "italic": "em", "underline": "u", "strike": "s", "code": "code"}
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}|[a-z]{3,20}").fullmatch
_SPACES: Final = re.compile(r"^ | $|  |\t")
_SIGNS: Final = {"unchecked": "☐ ", "checked": "☑ "}
"""As text: a browser shows it, and every program that the page goes through keeps it."""
_UNSIGNED: Final = ("list-style: none",)
_PAGE: Final = """<!DOCTYPE html>
<html lang="">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'{images}">
<title>{title}</title>
</head>
<body>
{body}
</body>
</html>
"""


_IMAGES: Final = "; img-src data: 'self' file:"


class _Losses(Losses):
    """With the pictures that the page may show."""

    def __init__(self, pictures: Shown) -> None:
        super().__init__()
        self.pictures = pictures


def to_html(paragraphs: Sequence[Paragraph], *, title: str = "", pictures: Shown | None = None) -> Converted:
    """The whole text as a page in UTF-8."""
    losses = _Losses(pictures or {})
    body = "\n".join(
        [part for kind, group in groupby(paragraphs, key=_kind) for part in _group(kind, list(group), losses)]
    )
    return Converted(
        _PAGE.format(title=escape(title), body=body, images=_IMAGES if pictures else "").encode(),
        losses.words,
    )


def _kind(one: Paragraph) -> str:
    if code := one.get("code-block"):
        return f"code {code}"
    if one.get("list"):
        return "list"
    if one.get("blockquote"):
        return "quote"
    table = one.get("table")
    return f"table {str(table).partition('/')[0]}" if table else "plain"


def _group(kind: str, group: list[Paragraph], losses: _Losses) -> list[str]:
    name, _, value = kind.partition(" ")
    if name == "code":
        language = f' class="language-{escape(value)}"' if value not in ("plain", "True", "true") else ""
        if any(piece.marks for one in group for piece in one.pieces):
            losses.add("marks inside code blocks")
        text = "\n".join([escape(one.text, quote=False) for one in group])
        return [f"<pre><code{language}>{text}\n</code></pre>"]
    if name == "list":
        return [_list(group, losses)]
    if name == "quote":
        inside = "".join([f"<p{_style(one)}>{_inline(one, losses)}</p>" for one in group])
        return [f"<blockquote>{inside}</blockquote>"]
    if name == "table":
        return [_table(group, losses)]
    return [_plain(one, losses) for one in group]


def _plain(one: Paragraph, losses: _Losses) -> str:
    level = level_of(dict(one.block))
    tag = f"h{level}" if level else "p"
    if one.get("indent"):
        losses.add("indentation of paragraphs")
    rule = "<hr>" if one.get("rule") else ""
    if rule and not one.pieces:
        return rule
    return f"<{tag}{_style(one)}>{_inline(one, losses)}</{tag}>{rule}"


def _style(one: Paragraph, *also: str) -> str:
    """What a block's tag says beside its name: how it is aligned, and that its spaces count."""
    align = one.get("align")
    said = [*also, *([f"text-align: {align}"] if align in ("center", "right", "justify") else [])]
    if _SPACES.search(one.text):
        said.append("white-space: pre-wrap")
    return f' style="{"; ".join(said)}"' if said else ""


def _list(group: list[Paragraph], losses: _Losses) -> str:
    """Nested lists; the level of an item is that of its list."""
    parts: list[str] = []
    stack: list[str] = []
    for one in group:
        kind = str(one.get("list"))
        tag = "ol" if kind == "ordered" else "ul"
        wanted = indent_of(dict(one.block)) + 1
        depth = min(wanted, len(stack) + 1)
        if depth != wanted:
            losses.add("list levels that were skipped")
        while len(stack) > depth:
            parts.append(f"</li></{stack.pop()}>")
        if len(stack) == depth:
            parts.append("</li>")
            if stack[-1] != tag:
                parts.append(f"</{stack.pop()}>")
        if len(stack) < depth:
            parts.append(f"<{tag}>")
            stack.append(tag)
        sign = _SIGNS.get(kind, "")
        # A bullet whose text begins with such a sign says that it is one.
        said = f' data-list="{kind}"' if sign or (kind == "bullet" and one.text[:1] in BOXES) else ""
        parts.append(f"<li{said}{_style(one, *_UNSIGNED[: bool(sign)])}>{sign}{_inline(one, losses)}")
    while stack:
        parts.append(f"</li></{stack.pop()}>")
    return "".join(parts)


def _table(group: list[Paragraph], losses: _Losses) -> str:
    rows = ["<tr>" + "".join([_cell(cell, losses) for cell in row]) + "</tr>" for row in cells_of(group)]
    return f"<table>{''.join(rows)}</table>"


def _cell(cell: list[Paragraph], losses: _Losses) -> str:
    if len(cell) == 1:
        return f"<td{_style(cell[0])}>{_inline(cell[0], losses)}</td>"
    inner = "".join([f"<p{_style(one)}>{_inline(one, losses)}</p>" for one in cell])
    return f"<td>{inner}</td>"


def _inline(one: Paragraph, losses: _Losses) -> str:
    parts: list[str] = []
    for piece in one.pieces:
        text = piece.text
        if OBJECT in text:
            parts.append(_objects(piece, losses))
            text = text.replace(OBJECT, "")
        if text:
            marks = dict(piece.marks)
            inner = escape(text, quote=False)
            for key in reversed(_ORDER):
                if marks.get(key):
                    inner = _marked(inner, key, marks[key], losses)
            parts.append(inner)
    return "".join(parts)


def _objects(piece: Piece, losses: _Losses) -> str:
    picture = losses.pictures.get(str(dict(piece.marks).get("object")))
    if picture is None:
        losses.add("attachments")
        return ""
    source, name = picture.place or data_address(picture), escape(picture.name)
    return f'<img src="{escape(source)}" alt="{name}">' * piece.text.count(OBJECT)


def _marked(inner: str, key: str, value: AttributeValue, losses: Losses) -> str:
    if key in _TAGS:
        return f"<{_TAGS[key]}>{inner}</{_TAGS[key]}>"
    if key == "script":
        return f"<{value}>{inner}</{value}>" if value in ("sup", "sub") else inner
    if key == "link":
        address = address_of(str(value), losses)
        return f'<a href="{escape(address)}" rel="noopener noreferrer">{inner}</a>' if address else inner
    if _COLOUR(str(value).lower()):
        name = "color" if key == "color" else "background-color"
        return f'<span style="{name}: {escape(str(value).lower())}">{inner}</span>'
    losses.add("colours")
    return inner
