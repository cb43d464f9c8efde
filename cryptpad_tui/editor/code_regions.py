"""Where code stands in a document, and in which language: what is coloured as one text.

Looks from a line that shows; it must never read more than a few hundred lines around it, and a few thousand
states above it.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import regex

from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.editor.code_languages import language_of_fence, language_of_word
from cryptpad_tui.editor.highlight import Highlighter
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.markdown_blocks import Mode

REACH: Final = 320
"""Code further than this from the line in view is not looked at."""
_OPENER_REACH: Final = 4_096
_QUOTES: Final = regex.compile(r"(?:[ \t]{0,3}>[ \t]?)+")


class Region(NamedTuple):
    """Lines `first` up to `stop` hold code; `quoted` and `content` say what stands before it there."""

    language: str
    first: int
    stop: int
    quoted: bool = False
    content: int = 0

    def cut(self, line: str) -> int:
        """How many characters of a line belong to the quotes and items around the code."""
        found = _QUOTES.match(line) if self.quoted else None
        start = int(found.end()) if found is not None else 0
        rest = line[start:]
        return start + min(len(rest) - len(rest.lstrip(" ")), self.content)


class Regions(Protocol):
    """Knows where code is."""

    everywhere: bool
    """Whether code may stand in lines that nothing marks as code."""

    def region(self, line: int) -> Region | None:
        """The code that a line stands in; None where it is none, or none whose language is known."""


class WholeRegion:
    """A text that is code from its first line to its last."""

    everywhere = True

    def __init__(self, lines: Lines, language: str) -> None:
        self._lines = lines
        self._language = language

    def region(self, line: int) -> Region | None:
        return Region(self._language, 0, len(self._lines))


class FenceRegions:
    """Fenced blocks of markdown."""

    everywhere = False

    def __init__(self, lines: Lines, highlighter: Highlighter) -> None:
        self._lines = lines
        self._highlighter = highlighter

    def region(self, line: int) -> Region | None:
        states = self._highlighter.states(line, line + REACH)
        if not states or states[0].mode is not Mode.FENCE:
            return None
        opener = self._opener(line)
        language = None if opener is None else language_of_fence(self._lines[opener])
        if opener is None or language is None:
            return None
        inside = next((i for i, state in enumerate(states) if state.mode is not Mode.FENCE), len(states) + 1)
        stop = line + inside - 1
        # A fence that is open at the end of the document has no line that closes it.
        if stop + 1 == len(self._lines) and not self._closes(states[0].fence, self._lines[stop]):
            stop += 1
        return Region(language, opener + 1, stop, bool(states[0].quote), states[0].content)

    def _opener(self, line: int) -> int | None:
        stop = line
        while stop > max(0, line - _OPENER_REACH):
            first = max(0, stop - REACH)
            states = self._highlighter.states(first, stop)
            for at in range(len(states) - 1, -1, -1):
                if states[at].mode is not Mode.FENCE:
                    return first + at
            stop = first
        return None

    def _closes(self, fence: str, line: str) -> bool:
        rest = line.strip().lstrip("> \t")
        return len(rest) >= len(fence) and not rest.strip(fence[0])


class RichRegions:
    """Code blocks of rich text: neighbouring lines that name the same language."""

    everywhere = False

    def __init__(self, marks: MarkIndex) -> None:
        self._marks = marks

    def region(self, line: int) -> Region | None:
        word = self._word(line)
        language = language_of_word(word) if word else None
        if language is None:
            return None
        first, stop = line, line + 1
        while first > max(0, line - REACH) and self._word(first - 1) == word:
            first -= 1
        while stop < min(len(self._marks), line + REACH) and self._word(stop) == word:
            stop += 1
        return Region(language, first, stop)

    def _word(self, line: int) -> str:
        return next((str(value) for key, value in self._marks.line(line).block if key == "code-block"), "")
