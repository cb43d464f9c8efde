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
from cryptpad_tui.editor.markdown_blocks import BlockState, Mode

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
        state = self._state(line)
        if state is None or state.mode is not Mode.FENCE:
            return None
        opener = self._opener(line, state.fence)
        language = None if opener is None else language_of_fence(self._lines[opener])
        if opener is None or language is None:
            return None
        below = self._lines.lines(line, line + REACH)
        stop = next((line + i for i, text in enumerate(below) if _ends(text, state)), line + len(below))
        return Region(language, opener + 1, stop, bool(state.quote), state.content)

    def _state(self, line: int) -> BlockState | None:
        return next(iter(self._highlighter.states(line, line + 1)), None)

    def _opener(self, line: int, fence: str) -> int | None:
        """The line that opens a fence; one inside of it may look the same, and is known by its state."""
        stop = line
        while stop > max(0, line - _OPENER_REACH):
            first = max(0, stop - REACH)
            texts = self._lines.lines(first, stop)
            for at in range(stop - 1, first - 1, -1):
                if fence in texts[at - first]:
                    state = self._state(at)
                    if state is not None and state.mode is not Mode.FENCE:
                        return at
            stop = first
        return None


def _ends(text: str, state: BlockState) -> bool:
    """Whether a line ends the fence that it stands in: by its fence, or since the quote around it ends."""
    if state.quote:
        found = _QUOTES.match(text)
        start = int(found.end()) if found is not None else 0
        if text.count(">", 0, start) < state.quote:
            return True
        text = text[start:]
    if state.fence not in text:
        return False
    return not text.strip().strip(state.fence[0])


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
