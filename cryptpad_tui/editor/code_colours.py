"""The colours of code on the screen: those that are known, a good guess until they are, and what to ask next.

Somebody else reads the code (`host/colours.py`) and answers later; nothing here waits. It must never
hold more than a few windows of text, and never do more for a key press than the lines around the screen take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.editor.code_languages import LANGUAGES, MARKDOWN
from cryptpad_tui.editor.code_regions import FenceRegions, Region, Regions, RichRegions, WholeRegion
from cryptpad_tui.editor.highlight import Highlighter
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.spans import Spans, StyleSpan, flattened

_STRETCH: Final = 64
_BEFORE: Final = 128
_WINDOW: Final = 384
_MOST_CHARS: Final = 40_000
_KEPT: Final = 6
_PLAIN_CODE: Final = "code.lang"
"""In the place of the one colour of code whose language nobody knows."""


@dataclass(frozen=True, slots=True)
class Request:
    """Code whose colours are wanted."""

    language: str
    lines: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    request: Request
    spans: tuple[Spans, ...]


class CodeColours:
    """Those of one view."""

    def __init__(self, lines: Lines, regions: Regions) -> None:
        self._lines = lines
        self._regions = regions
        self._known: list[_Known] = []
        self._plain: list[Request] = []
        self._over = lru_cache(1_024)(laid_over)
        self.wanted: Request | None = None
        """What was shown last without its colours."""

    def over(self, first: int, styles: list[Spans]) -> list[Spans]:
        """The styles of the lines from `first` on, with the colours of the code among them."""
        self.wanted = None
        made: list[Spans] = []
        at, stop = first, first + len(styles)
        while at < stop:
            shown = self._regions.everywhere or _is_code(styles[at - first])
            region = self._regions.region(at) if shown else None
            if region is None or not region.first <= at < region.stop:
                made.append(styles[at - first])
                at += 1
                continue
            until = min(stop, region.stop)
            colours = self._colours(region, at, until)
            for base, spans in zip(styles[at - first : until - first], colours, strict=True):
                made.append(base if spans is None else self._over(base, spans))
            at = until
        return made

    def take(self, request: Request, answer: Sequence[Sequence[tuple[int, int, str]]] | None) -> None:
        """Keep an answer; None where there are no colours."""
        if answer is None:
            self._plain = [*self._plain[-_KEPT:], request]
            return
        self._known = [_Known(request, spans_of(answer)), *self._known[: _KEPT - 1]]

    # -- one region

    def _colours(self, region: Region, first: int, stop: int) -> list[Spans | None]:
        start = max(region.first, first // _STRETCH * _STRETCH - _BEFORE)
        end = min(region.stop, max(start + _WINDOW, stop))
        texts = self._lines.lines(start, end)
        cuts = [0] * len(texts)
        if region.quoted or region.content:
            cuts = [region.cut(text) for text in texts]
            texts = [text[cut:] for text, cut in zip(texts, cuts, strict=True)]
        if sum(map(len, texts)) > _MOST_CHARS:
            return [None] * (stop - first)
        request = Request(region.language, tuple(texts))
        spans = self._found(request)
        if spans is None:
            return [None] * (stop - first)
        shown = zip(spans[first - start : stop - start], cuts[first - start : stop - start], strict=True)
        return [_shifted(one, cut) for one, cut in shown]

    def _found(self, request: Request) -> Sequence[Spans] | None:
        known = next((one for one in self._known if one.request == request), None)
        if known is not None:
            return known.spans
        if request in self._plain:
            return None
        self.wanted = request
        before = next((one for one in self._known if one.request.language == request.language), None)
        return None if before is None else guessed(before.request.lines, before.spans, request.lines)


def spans_of(answer: Sequence[Sequence[tuple[int, int, str]]]) -> tuple[Spans, ...]:
    """An answer as the styles of lines."""
    return tuple(flattened([StyleSpan(a, b, (style,)) for a, b, style in line]) for line in answer)


def colours_of_rich(lines: Lines, marks: MarkIndex) -> CodeColours:
    """Those of rich text."""
    return CodeColours(lines, RichRegions(marks))


def colours_of_code(lines: Lines, highlighter: Highlighter, language: str) -> CodeColours | None:
    """Those of a text in a language; None for plain text."""
    if language == MARKDOWN:
        return CodeColours(lines, FenceRegions(lines, highlighter))
    return CodeColours(lines, WholeRegion(lines, language)) if language in LANGUAGES else None


def guessed(old: Sequence[str], spans: Sequence[Spans], new: Sequence[str]) -> list[Spans]:
    """The colours that lines most likely have, from those of a text that was nearly the same."""
    head = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    most = min(len(old), len(new)) - head
    tail = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    middle = new[head : len(new) - tail]
    if len(middle) == 1 and len(old) - head - tail == 1:
        found = [_edited(old[head], spans[head], middle[0])]
    else:
        by_text = dict(zip(old, spans, strict=True))
        found = [by_text.get(text, ()) for text in middle]
    return [*spans[:head], *found, *(spans[len(spans) - tail :] if tail else ())]


def _edited(old: str, spans: Spans, new: str) -> Spans:
    """A line's colours after an edit in it: what is written into a part becomes like the part."""
    most = min(len(old), len(new))
    head = next((i for i in range(most) if old[i] != new[i]), most)
    tail = next((i for i in range(most - head) if old[-1 - i] != new[-1 - i]), most - head)
    cut, grown = len(old) - tail, len(new) - len(old)
    made = []
    for start, end, styles in spans:
        start = start + grown if start >= cut else min(start, head)
        end = end + grown if end >= cut else min(end, head)
        if start < end:
            made.append(StyleSpan(start, end, styles))
    return flattened(made)


def _is_code(spans: Spans) -> bool:
    return any("code.block" in span.styles for span in spans)


def _shifted(spans: Spans, by: int) -> Spans:
    return spans if not by else tuple([StyleSpan(a + by, b + by, styles) for a, b, styles in spans])


def laid_over(base: Spans, spans: Spans) -> Spans:
    """A line of code with its colours."""
    plain = [
        StyleSpan(a, b, tuple([_PLAIN_CODE if style == "code.block" else style for style in styles]))
        for a, b, styles in base
    ]
    return flattened([*plain, *spans])
