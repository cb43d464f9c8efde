"""The headings of a document, found in slices while nobody types; edits move them until they are found anew.

It must never read the whole document at once, and never read anything on a key press.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.values import Change, Position, TextEdit, map_position
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.markdown_blocks import START, Kind, classify, setext_level
from cryptpad_tui.editor.markdown_inline import inline_ranges
from cryptpad_tui.editor.rich_look import level_of

SLICE_LINES: Final = 500
MAX_HEADINGS: Final = 10_000
_MAX_TITLE: Final = 200
_MARKS: Final = frozenset({"mark", "code.mark", "link.mark", "link.url"})


class Heading(NamedTuple):
    """One heading; levels are 1 to 6."""

    line: int
    level: int
    title: str


class Outline:
    """The headings of one document, as far as they are known."""

    def __init__(self) -> None:
        self.headings: Sequence[Heading] = ()
        self._found: list[Heading] = []
        self._next = 0
        self._state = START
        self._is_open = False

    # -- finding

    def begin(self) -> None:
        """Look through the document from its start."""
        self._found, self._next, self._state = [], 0, START
        self._is_open = True

    def look_on(self, lines: Lines, marks: MarkIndex | None, count: int = SLICE_LINES) -> bool:
        """Look through so many lines; whether some are left. Afterwards `headings` is what was found."""
        if not self._is_open:
            return False
        stop = min(self._next + count, len(lines))
        if marks is None:
            self._look_at_markdown(lines.lines(self._next, stop + 1), stop)
        else:
            self._look_at_rich(lines, marks, stop)
        self._next = stop
        if stop < len(lines) and len(self._found) < MAX_HEADINGS:
            return True
        self.headings, self._is_open = tuple(self._found), False
        return False

    def _look_at_markdown(self, texts: list[str], stop: int) -> None:
        state = self._state
        if self._next + len(texts) == stop:
            texts = [*texts, ""]
        for line, (text, below) in enumerate(pairwise(texts), self._next):
            block = classify(state, text)
            level = 0
            if block.kind is Kind.HEADING:
                level, title = block.level, text[block.prefix :].strip().lstrip("#")
                title = _without_closing(title.strip())
            elif block.kind is Kind.PARAGRAPH and (level := setext_level(text, below)):
                title = text[block.prefix :].strip()
            if level:
                self._found.append(Heading(line, level, plain_title(title)))
            state = block.after
        self._state = state

    def _look_at_rich(self, lines: Lines, marks: MarkIndex, stop: int) -> None:
        for line, found in enumerate(marks.lines(self._next, stop), self._next):
            level = level_of(dict(found.block)) if found.block else 0
            if level:
                self._found.append(Heading(line, level, lines[line][:_MAX_TITLE].strip()))

    # -- following

    def follow(self, change: Change) -> None:
        """Move what is known with the text; what stood in deleted lines is forgotten."""
        self._is_open = False
        for edit in change.edits:
            self.headings = [one for old in self.headings if (one := _followed(old, edit)) is not None]

    def around(self, line: int) -> int:
        """The number of the heading that a line stands below; -1 above the first."""
        return bisect_right([one.line for one in self.headings], line) - 1


def _followed(heading: Heading, edit: TextEdit) -> Heading | None:
    if edit.end.line < heading.line:
        return heading._replace(line=heading.line + edit.text.count("\n") + edit.start.line - edit.end.line)
    if edit.start.line < heading.line:
        return None
    # A line end before the heading's text pushes it down.
    return heading._replace(line=map_position(Position(heading.line, 0), edit, push=True).line)


def _without_closing(title: str) -> str:
    bare = title.rstrip("#")
    return bare.rstrip() if bare != title and (not bare or bare[-1].isspace()) else title


def plain_title(text: str) -> str:
    """A heading's words without the signs of markdown."""
    text = text[:_MAX_TITLE]
    drop = [span for span in inline_ranges(text, 0, len(text)) if _MARKS & set(span.styles)]
    kept = [char for col, char in enumerate(text) if not any(one.start <= col < one.end for one in drop)]
    return "".join(kept).strip()
