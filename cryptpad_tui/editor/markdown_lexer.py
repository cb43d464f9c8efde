"""One markdown line, its carried state and the line below, to style spans."""

from __future__ import annotations

from collections.abc import Callable

import regex

from cryptpad_tui.editor.markdown_blocks import (
    START,
    Block,
    BlockState,
    Kind,
    Mode,
    classify,
    is_delimiter_row,
    setext_level,
)
from cryptpad_tui.editor.markdown_inline import inline_ranges
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened

_MAX_INLINE = 10_000
"""Characters of a line that is looked at for inline marks."""
_PREFIX_MARK = regex.compile(r"(?P<quote>>)|(?P<list>[-+*]|\d{1,9}[.)])(?=[ \t]|$)")
_TASK = regex.compile(r"[ \t]*(\[[ xX]\])(?=[ \t]|$)")
_CLOSING_HASHES = regex.compile(r"[ \t]+#+[ \t]*$")
_FRONT_KEY = regex.compile(r"[ \t]*(?:- )?([\w\"'.-][\w \"'.-]*:)(?=[ \t]|$)")
_DEFINITION = regex.compile(r"[ \t]{0,3}(\[[^\]\[]{1,200}\]:)[ \t]*(\S*)")

_Leaf = Callable[[str, Block, str | None], list[StyleSpan]]


class MarkdownLexer:
    """Lexes one line at a time; it keeps nothing."""

    start = START

    def step(self, state: BlockState, text: str) -> BlockState:
        """The state after a line."""
        return classify(state, text).after

    def spans(self, state: BlockState, text: str, next_text: str | None) -> Spans:
        """The styles of a line, given the state before it and the line below it."""
        block = classify(state, text)
        ranges = _prefix_ranges(text, block.prefix)
        ranges += _LEAVES[block.kind](text, block, next_text)
        return flattened(ranges)


class PlainLexer:
    """For text that is not markdown: no styles."""

    start = START

    def step(self, state: BlockState, text: str) -> BlockState:
        return state

    def spans(self, state: BlockState, text: str, next_text: str | None) -> Spans:
        return ()


def _range(start: int, end: int, style: str) -> StyleSpan:
    return StyleSpan(start, end, (style,))


def _prefix_ranges(text: str, end: int) -> list[StyleSpan]:
    if not end:
        return []
    marks = [
        _range(m.start(), m.end(), "quote.mark" if m["quote"] else "list.mark")
        for m in _PREFIX_MARK.finditer(text, 0, end)
    ]
    quoted = any(mark.styles == ("quote.mark",) for mark in marks)
    return [_range(0, len(text), "quote"), *marks] if quoted else marks


def _inline(text: str, start: int) -> list[StyleSpan]:
    return inline_ranges(text, start, min(len(text), start + _MAX_INLINE))


def _paragraph(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    start = block.prefix
    if block.after.mode in (Mode.PARAGRAPH, Mode.PIPES):
        level = setext_level(text, next_text)
        if level:
            return [_range(start, len(text), f"heading.{level}"), *_inline(text, start)]
    if block.after.mode is Mode.PIPES and is_delimiter_row(next_text):
        return [_range(start, len(text), "table.header"), *_cells(text, start)]
    ranges: list[StyleSpan] = []
    if start and (task := _TASK.match(text, start)):
        done = task[1] != "[ ]"
        ranges.append(_range(task.start(1), task.end(1), "task.done" if done else "task.open"))
        start = int(task.end())
        if done:
            ranges.append(_range(start, len(text), "task.text"))
    elif definition := _DEFINITION.match(text, start):
        is_note = definition[1].startswith("[^")
        ranges.append(_range(definition.start(1), definition.end(1), "footnote" if is_note else "link.mark"))
        start = int(definition.end(1))
        if not is_note:
            ranges.append(_range(definition.start(2), definition.end(2), "link.url"))
            start = int(definition.end(2))
    return ranges + _inline(text, start)


def _heading(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    start = text.index("#", block.prefix)
    inner = start + block.level
    ranges = [_range(start, len(text), f"heading.{block.level}"), _range(start, inner, "heading.mark")]
    closing = _CLOSING_HASHES.search(text, inner) if len(text) <= _MAX_INLINE else None
    end = int(closing.start()) if closing else len(text)
    if closing:
        ranges.append(_range(end, len(text), "heading.mark"))
    return ranges + inline_ranges(text, inner, min(end, inner + _MAX_INLINE))


def _fence_open(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    start = text.index(block.after.fence, block.prefix)
    inner = start + len(block.after.fence)
    return [_range(start, inner, "code.fence"), _range(inner, len(text), "code.info")]


def _comment(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    return [_range(block.prefix, block.level, "comment"), *_inline(text, block.level)]


def _front(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    ranges = [_range(0, len(text), "front")]
    if key := _FRONT_KEY.match(text):
        ranges.append(_range(key.start(1), key.end(1), "front.key"))
    return ranges


def _cells(text: str, start: int) -> list[StyleSpan]:
    end = min(len(text), start + _MAX_INLINE)
    bars = [
        _range(i, i + 1, "table.mark")
        for i in range(start, end)
        if text[i] == "|" and text[i - 1 : i] != "\\"
    ]
    return bars + _inline(text, start)


def _table_row(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    return _cells(text, block.prefix)


def _whole(style: str) -> _Leaf:
    def leaf(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
        return [_range(block.prefix, len(text), style)]

    return leaf


def _nothing(text: str, block: Block, next_text: str | None) -> list[StyleSpan]:
    return []


_LEAVES: dict[Kind, _Leaf] = {
    Kind.BLANK: _nothing,
    Kind.PARAGRAPH: _paragraph,
    Kind.HEADING: _heading,
    Kind.UNDERLINE: _whole("heading.mark"),
    Kind.RULE: _whole("rule"),
    Kind.FENCE_OPEN: _fence_open,
    Kind.FENCE_CLOSE: _whole("code.fence"),
    Kind.CODE: _whole("code.block"),
    Kind.FRONT_MARK: _whole("front.mark"),
    Kind.FRONT: _front,
    Kind.COMMENT: _comment,
    Kind.DELIMITER_ROW: _whole("table.mark"),
    Kind.TABLE_ROW: _table_row,
}
