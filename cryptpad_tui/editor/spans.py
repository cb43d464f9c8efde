"""Style spans: what a lexer says about the characters of one line, and the names it may use.

Names, never colours: a theme decides colours. Spans of a line are ascending and never overlap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class StyleSpan(NamedTuple):
    """Columns `start` to `end` carry `styles`, the outer before the inner."""

    start: int
    end: int
    styles: tuple[str, ...]


Spans = tuple[StyleSpan, ...]

STYLES = frozenset(
    {
        *(f"heading.{level}" for level in range(1, 7)),
        *("heading.mark", "strong", "emphasis", "strike", "mark", "escape", "entity"),
        *("code", "code.mark", "code.block", "code.fence", "code.info"),
        *("quote", "quote.mark", "list.mark", "task.open", "task.done", "task.text"),
        *("link.text", "link.url", "link.mark", "image", "footnote"),
        *("html", "comment", "rule", "front", "front.key", "front.mark"),
        *("table.mark", "table.header"),
        *("control", "selection", "find"),
    }
)
"""Every name a span may carry; the last three come from the layout, the selection and the search."""


def flattened(ranges: Iterable[StyleSpan]) -> Spans:
    """Ranges that may nest or cross, as ascending spans without overlap; the ranges given first are outer."""
    given = [r for r in ranges if r.start < r.end]
    if len(given) <= 1:
        return tuple(given)
    opening: dict[int, list[int]] = {}
    closing: dict[int, list[int]] = {}
    for i, one in enumerate(given):
        opening.setdefault(one.start, []).append(i)
        closing.setdefault(one.end, []).append(i)
    spans: list[StyleSpan] = []
    active: list[int] = []
    before = 0
    for at in sorted({*opening, *closing}):
        if active and before < at:
            styles = tuple(dict.fromkeys(style for i in sorted(active) for style in given[i].styles))
            if spans and spans[-1].end == before and spans[-1].styles == styles:
                spans[-1] = StyleSpan(spans[-1].start, at, styles)
            else:
                spans.append(StyleSpan(before, at, styles))
        ended = set(closing.get(at, ()))
        active = [i for i in active if i not in ended] + opening.get(at, [])
        before = at
    return tuple(spans)
