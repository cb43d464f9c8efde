"""The marks inside a markdown line: emphasis, code, links, html, escapes.

It looks at one line alone: what a line break interrupts is not joined. It must never take more than
about linear time: closers are looked up and the stacks are bounded.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import regex

from cryptpad_tui.editor.spans import StyleSpan

_TOKEN = regex.compile(
    r"(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>`+)"
    r"|(?P<run>\*+|_+|~{1,2}(?!~))"
    r"|(?P<open>!?\[)"
    r"|(?P<close>\])"
    r"|(?P<comment><!--.*?-->)"
    r"|(?P<auto><(?:[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^<>\s]*|[^<>\s@]{1,64}@[^<>\s@]{1,255})>)"
    r"|(?P<html></?[a-zA-Z][^<>]*>)"
    r"|(?P<url>\b(?:https?://|www\.)[^\s<>\"`]+)"
    r"|(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,31});)"
)
_SPECIAL = regex.compile(r"[\\`*_~\[\]<&]|https?://|www\.")
_TARGET = regex.compile(
    r"\([ \t]*(?:<[^<>]*>|[^\s()<]*(?:\([^\s()]*\)[^\s()]*)*)"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'))?[ \t]*\)"
)
_REFERENCE = regex.compile(r"\[[^\[\]]{0,200}\]")
_TRAILING = ".,;:!?'\"*_~)]"
_MAX_OPEN = 32
_SIMPLE = {"comment": "comment", "auto": "link.url", "html": "html", "entity": "entity", "escape": "escape"}


class _Run(NamedTuple):
    """A delimiter run that may open emphasis: its sign, where it starts and how many signs are left."""

    sign: str
    start: int
    length: int


class _Inline:
    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._end = end
        self.ranges: list[StyleSpan] = []
        self._runs: list[_Run] = []
        self._brackets: list[int] = []
        self._backticks: dict[int, list[int]] | None = None
        self._at = start

    def lex(self) -> None:
        while (match := _TOKEN.search(self._text, self._at, self._end)) is not None:
            kind = str(match.lastgroup)
            start, end = match.span()
            self._at = end
            if kind == "run":
                self._run(start, end)
            elif kind == "code":
                self._code(start, end)
            elif kind == "open":
                self._brackets.append(start)
                del self._brackets[:-_MAX_OPEN]
            elif kind == "close":
                self._close_bracket(start)
            elif kind == "url":
                self._url(start, end)
            else:
                self._add(start, end, _SIMPLE[kind])

    def _add(self, start: int, end: int, style: str) -> None:
        self.ranges.append(StyleSpan(start, end, (style,)))

    def _url(self, start: int, end: int) -> None:
        stripped = self._text[start:end].rstrip(_TRAILING)
        if stripped.count("(") > stripped.count(")") and self._text.startswith(
            ")", start + len(stripped), end
        ):
            stripped += ")"
        self._at = start + len(stripped)
        self._add(start, self._at, "link.url")

    def _code(self, start: int, end: int) -> None:
        if self._backticks is None:
            self._backticks = {}
            for match in regex.finditer(r"`+", self._text, pos=start, endpos=self._end):
                self._backticks.setdefault(match.end() - match.start(), []).append(match.start())
        size = end - start
        places = self._backticks.get(size, [])
        i = bisect_left(places, end)
        if i == len(places):
            return
        close = places[i]
        self._add(start, close + size, "code")
        self._add(start, end, "code.mark")
        self._add(close, close + size, "code.mark")
        self._at = close + size

    def _run(self, start: int, end: int) -> None:
        before = self._text[start - 1] if start > 0 else " "
        after = self._text[end] if end < len(self._text) else " "
        opens, closes = not after.isspace(), not before.isspace()
        if self._text[start] == "_":
            opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
        elif opens and closes and not after.isalnum() and before.isalnum():
            opens = False
        elif opens and closes and not before.isalnum() and after.isalnum():
            closes = False
        sign = self._text[start]
        if sign == "~" and end - start != 2:
            return
        if closes:
            start = self._close_runs(sign, start, end)
        if opens and start < end:
            self._runs.append(_Run(sign, start, end - start))
            del self._runs[:-_MAX_OPEN]

    def _close_runs(self, sign: str, start: int, end: int) -> int:
        """Match this run with open ones; where what is left of it starts."""
        i = len(self._runs) - 1
        while i >= 0 and start < end:
            opener = self._runs[i]
            if opener.sign != sign:
                i -= 1
                continue
            size = 2 if opener.length >= 2 and end - start >= 2 else 1
            inner = opener.start + opener.length
            style = "strike" if sign == "~" else "strong" if size == 2 else "emphasis"
            self._add(inner - size, start + size, style)
            self._add(inner - size, inner, "mark")
            self._add(start, start + size, "mark")
            start += size
            del self._runs[i + 1 :]
            if opener.length == size:
                self._runs.pop()
                i -= 1
            else:
                self._runs[i] = opener._replace(length=opener.length - size)
        return start

    def _close_bracket(self, close: int) -> None:
        if not self._brackets:
            return
        start = self._brackets.pop()
        is_image = self._text[start] == "!"
        inner = start + (2 if is_image else 1)
        target = _TARGET.match(self._text, close + 1, self._end)
        target = target or _REFERENCE.match(self._text, close + 1, self._end)
        if target is not None:
            self._add(start, int(target.end()), "image" if is_image else "link.text")
            self._add(start, inner, "link.mark")
            self._add(close, close + 2, "link.mark")
            self._add(close + 2, target.end() - 1, "link.url")
            self._add(target.end() - 1, int(target.end()), "link.mark")
            self._at = int(target.end())
        elif self._text.startswith("^", inner) and close > inner + 1:
            self._add(start, close + 1, "footnote")


def inline_ranges(text: str, start: int, end: int) -> list[StyleSpan]:
    """The marks between two columns of a line; the ranges may nest."""
    if _SPECIAL.search(text, start, end) is None:
        return []
    lexer = _Inline(text, start, end)
    lexer.lex()
    # The outer range first: what starts earlier, and of those the one that ends later.
    return sorted(lexer.ranges, key=lambda r: (r.start, -r.end))
