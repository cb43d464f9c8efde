"""Rich text written as markdown (CommonMark with GitHub's tables, tasks and strikes).

A paragraph is written with markdown's signs and read back; where that is not what it was (a sign inside a
word, beside punctuation), it is written with the few HTML tags that every markdown reader knows. What
markdown cannot say is named. Nothing in the text can become markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.markdown_in import read_inline
from cryptpad_tui.convert.model import OBJECT, Converted, Losses, Paragraph, Piece, cells_of, paragraph
from cryptpad_tui.crdt.values import AttributeValue
from cryptpad_tui.editor.rich_look import indent_of, level_of

_ORDER: Final = ("link", "bold", "italic", "strike", "underline", "script", "code")
_SIGNS: Final = {"bold": "**", "italic": "*", "strike": "~~"}
_TAGS: Final = {"bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code"}
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>&~|!])")
_LINE_START: Final = re.compile(r"^([#+=-]|\d{1,9}(?=[.)]))")
_BARE_PIPE: Final = re.compile(r"(?<!\\)\|")
_LOST: Final = {"color": "colours", "background": "colours", "object": "attachments"}

Mark = tuple[str, AttributeValue]


def to_markdown(paragraphs: Sequence[Paragraph]) -> Converted:
    """The whole text as UTF-8 markdown."""
    losses = Losses()
    blocks: list[str] = []
    before = ""
    for kind, group in groupby(paragraphs, key=_kind):
        made = _WRITERS[kind.partition(" ")[0]](list(group), losses)
        if kind == before == "list":
            # Only empty lines stood between: without a sign that shows nothing the two lists would be one.
            blocks.append("<!-- -->")
        blocks += made
        before = kind if made else before
    return Converted(("\n\n".join(blocks) + "\n" if blocks else "").encode(), losses.words)


def _kind(one: Paragraph) -> str:
    if code := one.get("code-block"):
        return f"code {code}"
    for key in ("list", "blockquote"):
        if one.get(key):
            return key
    table = one.get("table")
    return f"table {str(table).partition('/')[0]}" if table else "plain"


# -- blocks


def _plain(group: list[Paragraph], losses: Losses) -> list[str]:
    made: list[str] = []
    for one in group:
        if one.get("align"):
            losses.add("alignment")
        if one.get("indent"):
            losses.add("indentation of paragraphs")
        if not one.pieces and not one.get("rule"):
            losses.add("empty lines")
            continue
        if one.pieces:
            level = level_of(dict(one.block))
            made.append("#" * level + " " * bool(level) + inline(one, losses, in_heading=bool(level)))
        if one.get("rule"):
            made.append("---")
    return made


def _quote(group: list[Paragraph], losses: Losses) -> list[str]:
    return ["\n>\n".join(["> " + inline(one, losses) for one in group])]


def _code(group: list[Paragraph], losses: Losses) -> list[str]:
    language = str(group[0].get("code-block"))
    if any(piece.marks for one in group for piece in one.pieces):
        losses.add("marks inside code blocks")
    text = "\n".join([one.text for one in group])
    longest = max([len(found) for found in re.findall("`+", text)], default=0)
    fence = "`" * max(3, longest + 1)
    info = language if re.fullmatch(r"[\w+#.-]+", language) and language != "plain" else ""
    return [f"{fence}{info}\n{text}\n{fence}"]


def _list(group: list[Paragraph], losses: Losses) -> list[str]:
    lines: list[str] = []
    offsets: list[int] = []  # where the text of each open level begins
    numbers: list[int] = []
    for one in group:
        wanted = indent_of(dict(one.block))
        depth = min(wanted, len(offsets))
        if depth != wanted:
            losses.add("list levels that were skipped")
        del offsets[depth:], numbers[depth + 1 :]
        kind = one.get("list")
        while len(numbers) <= depth:
            numbers.append(0)
        numbers[depth] = numbers[depth] + 1 if kind == "ordered" else 0
        mark = f"{numbers[depth]}. " if kind == "ordered" else "- "
        box = {"checked": "[x] ", "unchecked": "[ ] "}.get(str(kind), "")
        left = offsets[-1] if offsets else 0
        lines.append((" " * left + mark + box + inline(one, losses)).rstrip(" "))
        offsets.append(left + len(mark))
    return ["\n".join(lines)]


def _table(group: list[Paragraph], losses: Losses) -> list[str]:
    rows = [[_cell(cell, losses) for cell in row] for row in cells_of(group)]
    width = max(map(len, rows))
    lines = ["| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |" for cells in rows]
    return ["\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])]


def _cell(cell: list[Paragraph], losses: Losses) -> str:
    if any(one.get("align") for one in cell):
        losses.add("alignment")
    text = "<br>".join([inline(one, losses) for one in cell])
    return _BARE_PIPE.sub(r"\|", text)


_WRITERS: Final[dict[str, Callable[[list[Paragraph], Losses], list[str]]]] = {
    "code": _code,
    "list": _list,
    "blockquote": _quote,
    "table": _table,
    "plain": _plain,
}


# -- text


def inline(one: Paragraph, losses: Losses, *, in_heading: bool = False) -> str:
    """The text of a paragraph with its marks."""
    pieces = [_sayable(piece, losses) for piece in one.pieces]
    wanted = paragraph(pieces)
    if _is_easy(wanted.pieces):
        return _guarded(_written(wanted.pieces, with_tags=False), in_heading=in_heading)
    for with_tags in (False, True):
        text = _guarded(_written(wanted.pieces, with_tags=with_tags), in_heading=in_heading)
        if read_inline(text).pieces == wanted.pieces:
            return text
    losses.add("some marks")
    return _guarded(_written((Piece(wanted.text),), with_tags=True), in_heading=in_heading)


def _is_easy(pieces: Sequence[Piece]) -> bool:
    """Whether signs surely mean here what they say, so that nothing needs to be read back.

    A sign between a letter inside and no other sign outside opens or closes, whatever else stands there.
    """
    for i, piece in enumerate(pieces):
        if not piece.marks:
            continue
        outside = (*pieces[max(0, i - 1) : i], *pieces[i + 1 : i + 2])
        simple = len(piece.marks) == 1 and piece.marks[0][0] in _SIGNS
        if not simple or not (piece.text[0].isalnum() and piece.text[-1].isalnum()):
            return False
        if any(other.marks for other in outside) or _SPECIAL.search("".join([one.text for one in outside])):
            return False
    return True


def _sayable(piece: Piece, losses: Losses) -> Piece:
    kept: list[Mark] = []
    for key, value in piece.marks:
        if key in _LOST:
            losses.add(_LOST[key])
        elif key == "link" and not address_of(str(value), losses):
            continue
        elif value and not (key == "script" and value not in ("sup", "sub")):
            kept.append((key, value))
    return Piece(piece.text.replace(OBJECT, ""), tuple(kept))


def _written(pieces: Sequence[Piece], *, with_tags: bool) -> str:
    parts: list[str] = []
    stack: list[Mark] = []
    for piece in pieces:
        wanted = sorted(piece.marks, key=lambda mark: _ORDER.index(mark[0]))
        common = 0
        while common < min(len(stack), len(wanted)) and stack[common] == wanted[common]:
            common += 1
        parts += [_closing(mark, with_tags=with_tags) for mark in reversed(stack[common:])]
        parts += [_opening(mark, with_tags=with_tags) for mark in wanted[common:]]
        stack = wanted
        if stack and stack[-1][0] == "code" and not with_tags:
            stack = stack[:-1]
            parts.pop()
            parts.append(_code_span(piece.text))
        else:
            parts.append(_SPECIAL.sub(r"\\\1", piece.text))
    parts += [_closing(mark, with_tags=with_tags) for mark in reversed(stack)]
    return "".join(parts)


def _code_span(text: str) -> str:
    longest = max([len(found) for found in re.findall("`+", text)], default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _opening(mark: Mark, *, with_tags: bool) -> str:
    key, value = mark
    if key == "link":
        return "["
    if key == "script":
        return f"<{value}>"
    return _SIGNS[key] if key in _SIGNS and not with_tags else f"<{_TAGS[key]}>"


def _closing(mark: Mark, *, with_tags: bool) -> str:
    key, value = mark
    if key == "link":
        address = str(value).replace("<", "%3C").replace(">", "%3E").replace("\\", "%5C")
        return f"](<{address}>)" if re.search(r"[\s()]", address) else f"]({address})"
    if key == "script":
        return f"</{value}>"
    return _SIGNS[key] if key in _SIGNS and not with_tags else f"</{_TAGS[key]}>"


def _guarded(text: str, *, in_heading: bool) -> str:
    """The line so that its beginning is no sign, and no space of any script at its ends is lost."""
    text = _LINE_START.sub(lambda m: f"{m[1]}\\" if m[1].isdigit() else f"\\{m[1]}", text)
    if in_heading:
        text = re.sub(r"(?<=\s)(#+)$", lambda m: "\\#" * len(m[1]), text)
    inside = text.strip()
    lead = len(text) - len(text.lstrip()) if inside else len(text)
    trail = len(text) - lead - len(inside)
    start, end = (
        "".join([f"&#{ord(c)};" for c in part]) for part in (text[:lead], text[len(text) - trail :])
    )
    return start + inside + (end if trail else "")
