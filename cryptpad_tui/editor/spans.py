"""Style spans: what a lexer says about the characters of one line, and the names it may use.

Names, never colours: a theme decides colours. Spans of a line are ascending and never overlap.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import NamedTuple

from cryptpad_tui.editor.code_languages import CODE_STYLES


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
        *("code", "code.mark", "code.block", "code.ground", "code.fence", "code.info"),
        *("quote", "quote.mark", "list.mark", "task.open", "task.done", "task.text"),
        *("link.text", "link.url", "link.mark", "image", "footnote"),
        *("html", "comment", "rule", "front", "front.key", "front.mark"),
        *("table.mark", "table.header"),
        *("underline", "script.sup", "script.sub"),
        *("code.lang", *CODE_STYLES),
        *("control", "selection", "find"),
    }
)
"""Every name a span may carry, with `fg.COLOUR` and `bg.COLOUR` of rich text (#rrggbb or one of eight names).
The last three come from the layout, the selection and the search."""


def flattened(ranges: Iterable[StyleSpan]) -> Spans:
    """Ranges that may nest or cross, as ascending spans without overlap; the ranges given first are outer."""
    given = [(r.start, i, r.end, r.styles) for i, r in enumerate(ranges) if r.start < r.end]
    given.sort()
    spans: list[StyleSpan] = []
    active: list[
        tuple[int, int, tuple[str, ...]]
    ] = []  # the outer first: place in the order given, end, styles
    at = 0
    for start, i, end, styles in given:
        at = _advance(spans, active, at, start)
        insort(active, (i, end, styles))
    if active:
        _advance(spans, active, at, max(one[1] for one in active))
    return tuple(spans)


def _advance(spans: list[StyleSpan], active: list[tuple[int, int, tuple[str, ...]]], at: int, to: int) -> int:
    """Write what is active from `at` up to `to`, dropping what ends on the way."""
    while active and at < to:
        stop = min(active[0][1] if len(active) == 1 else min([one[1] for one in active]), to)
        if at < stop:
            styles = active[0][2]
            if len(active) > 1:
                styles = tuple(dict.fromkeys([name for one in active for name in one[2]]))
            if spans and spans[-1].end == at and spans[-1].styles == styles:
                at = spans.pop().start
            spans.append(StyleSpan(at, stop, styles))
        at = stop
        active[:] = [one for one in active if one[1] > stop]
    return to
