"""What kind of line a markdown line is, given the state that the lines above carry into it.

The state is small and compares by value, so that lexing can stop as soon as it agrees with what is known.
Setext headings and table headers depend on the line below: the caller shows that line to `setext_level`
and `is_delimiter_row`.

It must never look at another line, and never take more than linear time in the line's length.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import regex


class Mode(IntEnum):
    """What the line before left open."""

    START = 0
    BLANK = 1
    PARAGRAPH = 2
    PIPES = 3  # a paragraph line with a pipe: a table's header, if a delimiter row follows
    TABLE = 4
    FENCE = 5
    FRONT = 6
    COMMENT = 7
    INDENTED = 8


class BlockState(NamedTuple):
    mode: Mode = Mode.START
    fence: str = ""
    """What closes the open fence: at least this run."""
    quote: int = 0
    """Quote marks before the open fence or comment; with fewer of them it ends."""
    content: int = 0
    """The column where the content of the current list item starts."""


class Kind(IntEnum):
    BLANK = 0
    PARAGRAPH = 1
    HEADING = 2
    UNDERLINE = 3  # of a setext heading
    RULE = 4
    FENCE_OPEN = 5
    FENCE_CLOSE = 6
    CODE = 7
    FRONT_MARK = 8
    FRONT = 9
    COMMENT = 10
    DELIMITER_ROW = 11
    TABLE_ROW = 12


class Block(NamedTuple):
    """A classified line: `prefix` ends before its content (after quote marks and list marks)."""

    kind: Kind
    prefix: int
    after: BlockState
    level: int = 0
    """A heading's, or where a comment that started above ends in this line."""


START = BlockState()
_BLANK = BlockState(Mode.BLANK)

_PREFIX = regex.compile(r"(?:[ \t]{0,3}>[ \t]?)+")
_LIST = regex.compile(r"[ \t]*(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)[ \t]?")
_FENCE = regex.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_HEADING = regex.compile(r"[ \t]{0,3}(#{1,6})(?=[ \t]|$)")
_RULE = regex.compile(r"[ \t]{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_UNDERLINE = regex.compile(r"[ \t]{0,3}(=+|-+)[ \t]*$")
_DELIMITER = regex.compile(r"[ \t]{0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_FRONT_LINE = regex.compile(r"(?:[ \t].*|#.*|- .*|[\w\"'.-][\w \"'.-]*:(?:[ \t].*)?|)$")
_COMMENT = regex.compile(r"[ \t]{0,3}<!--")

_MAX_NESTED = 8
_MAX_RULER = 1000
"""Characters of a line that is nothing but rules, underlines or table delimiters."""


def setext_level(text: str, next_text: str | None) -> int:
    """1 or 2 if `next_text` underlines a paragraph line, else 0."""
    if not next_text or len(next_text) > _MAX_RULER:
        return 0
    start = _prefix_end(next_text)
    if start and not _prefix_end(text):
        return 0
    match = _UNDERLINE.match(next_text, start)
    return 0 if match is None else 1 if match[1][0] == "=" else 2


def is_delimiter_row(text: str | None) -> bool:
    if text is None or len(text) > _MAX_RULER:
        return False
    return "|" in text and _DELIMITER.match(text, _prefix_end(text)) is not None


def _prefix_end(text: str) -> int:
    match = _PREFIX.match(text)
    return int(match.end()) if match else 0


def classify(state: BlockState, text: str) -> Block:
    """The kind of a line and the state after it."""
    if text and text[0].isalpha() and state.mode <= Mode.PARAGRAPH and "|" not in text:
        # Most lines of prose; they may continue an item lazily.
        return Block(Kind.PARAGRAPH, 0, BlockState(Mode.PARAGRAPH, "", 0, _content_after(state)))
    if state.mode is Mode.START and text.rstrip() == "---":
        return Block(Kind.FRONT_MARK, 0, BlockState(Mode.FRONT))
    if state.mode is Mode.FRONT:
        if text.rstrip() in ("---", "..."):
            return Block(Kind.FRONT_MARK, 0, _BLANK)
        if _FRONT_LINE.match(text):
            return Block(Kind.FRONT, 0, state)
        state = _BLANK
    if state.mode in (Mode.FENCE, Mode.COMMENT):
        block = _continued(state, text)
        if block is not None:
            return block
        state = _BLANK
    return _opened(state, text)


def _content_after(state: BlockState) -> int:
    return state.content if state.mode is Mode.PARAGRAPH else 0


def _continued(state: BlockState, text: str) -> Block | None:
    """A line inside a fence or a comment; None if the quote around it has ended."""
    start = _prefix_end(text) if state.quote else 0
    if text.count(">", 0, start) < state.quote:
        return None
    if state.mode is Mode.COMMENT:
        end = text.find("-->", start)
        if end < 0:
            return Block(Kind.COMMENT, start, state, len(text))
        return Block(Kind.COMMENT, start, BlockState(Mode.BLANK, content=state.content), end + 3)
    rest = text[start:].strip()
    if len(rest) >= len(state.fence) and not rest.strip(state.fence[0]):
        return Block(Kind.FENCE_CLOSE, start, BlockState(Mode.BLANK, content=state.content))
    return Block(Kind.CODE, start, state)


def _opened(state: BlockState, text: str) -> Block:
    """A line that is not inside anything with an end mark."""
    quoted = _prefix_end(text)
    if not text[quoted:].strip():
        if state.mode is Mode.INDENTED and not quoted:
            return Block(Kind.BLANK, quoted, state)
        return Block(Kind.BLANK, quoted, BlockState(Mode.BLANK, content=state.content))
    in_paragraph = state.mode in (Mode.PARAGRAPH, Mode.PIPES)
    found = _whole_line(state, text, quoted, in_paragraph)
    if found is not None:
        return found
    indent = _indent(text, quoted)
    content = state.content if indent >= state.content or in_paragraph else 0
    if not in_paragraph and state.mode is not Mode.TABLE and indent >= content + 4:
        return Block(Kind.CODE, quoted, BlockState(Mode.INDENTED, content=content))
    start = quoted
    for _ in range(_MAX_NESTED):
        mark = _LIST.match(text, start)
        if mark is None:
            break
        start = int(mark.end())
        content = _width(text[quoted:start])
    return _leaf(state, text, start, quoted, content)


def _whole_line(state: BlockState, text: str, quoted: int, in_paragraph: bool) -> Block | None:
    """Lines that could be taken for list items: underlines, rules, delimiter rows."""
    first = text[quoted:].lstrip()[0]
    if first not in "=-*_|:" or len(text) > _MAX_RULER:
        return None
    after = BlockState(Mode.BLANK, content=state.content)
    if state.mode is Mode.PIPES and "|" in text and _DELIMITER.match(text, quoted):
        return Block(Kind.DELIMITER_ROW, quoted, BlockState(Mode.TABLE, content=state.content))
    if in_paragraph and (match := _UNDERLINE.match(text, quoted)):
        return Block(Kind.UNDERLINE, quoted, after, 1 if match[1][0] == "=" else 2)
    if _RULE.match(text, quoted):
        return Block(Kind.RULE, quoted, after if _indent(text, quoted) >= state.content else _BLANK)
    return None


def _leaf(state: BlockState, text: str, start: int, quoted: int, content: int) -> Block:
    """What stands after the quote and list marks."""
    after = BlockState(Mode.BLANK, content=content)
    if fence := _FENCE.match(text, start):
        quote = text.count(">", 0, quoted)
        return Block(Kind.FENCE_OPEN, start, BlockState(Mode.FENCE, fence[1], quote, content))
    if heading := _HEADING.match(text, start):
        return Block(Kind.HEADING, start, after, len(heading[1]))
    if _COMMENT.match(text, start):
        end = text.find("-->", start)
        if end < 0:
            quote = text.count(">", 0, quoted)
            return Block(Kind.COMMENT, start, BlockState(Mode.COMMENT, "", quote, content), len(text))
        return Block(Kind.COMMENT, start, after, end + 3)
    if start >= len(text):
        return Block(Kind.PARAGRAPH, start, after)
    if "|" not in text:
        return Block(Kind.PARAGRAPH, start, BlockState(Mode.PARAGRAPH, content=content))
    if state.mode is Mode.TABLE and start == quoted:
        return Block(Kind.TABLE_ROW, start, state)
    return Block(Kind.PARAGRAPH, start, BlockState(Mode.PIPES, content=content))


def _indent(text: str, start: int) -> int:
    rest = text[start:]
    return _width(rest[: len(rest) - len(rest.lstrip(" \t"))])


def _width(text: str) -> int:
    return len(text.expandtabs(4))
