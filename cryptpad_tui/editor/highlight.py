"""The styles of the lines on the screen, without lexing the document that stands above them.

The state that lines carry is kept at checkpoints. After an edit the lines are lexed again from the
edited one until the state agrees with a checkpoint. Where the state is not known yet it is guessed
from the lines nearby, and `refine` replaces guesses by knowledge in slices while nobody types.

It must never lex more than a bounded number of lines in one call.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from cryptpad_tui.crdt.values import Change
from cryptpad_tui.editor.code_languages import MARKDOWN
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.markdown_blocks import BlockState
from cryptpad_tui.editor.markdown_lexer import MarkdownLexer, PlainLexer
from cryptpad_tui.editor.spans import Spans

CHECKPOINT_LINES = 64
_GUESS_LINES = 128
_AT_ONCE_LINES = 512
_MANY_EDITS = 100
_SPANS_KEPT = 1024
_STEPS_KEPT = 2048
_LONG_LINE = 2048
"""Longer lines are not kept for `_step`, so that memory is bounded."""


Step = Callable[[BlockState, str], BlockState]


class Lexer(Protocol):
    """One line at a time; `spans` must not depend on anything but its arguments."""

    @property
    def start(self) -> BlockState: ...
    def step(self, state: BlockState, text: str) -> BlockState: ...
    def spans(self, state: BlockState, text: str, next_text: str | None) -> Spans: ...


def lexer_of(language: str) -> Lexer:
    """What reads the lines of a kind of text: code is coloured over lines that are plain."""
    return MarkdownLexer() if language == MARKDOWN else PlainLexer()


class Highlighter:
    """Checkpoints are `(line, state before it)`; a line in `_dirty` must be lexed from there on."""

    def __init__(self, lines: Lines, lexer: Lexer) -> None:
        self._text = lines
        self._lexer = lexer
        self._spans = lru_cache(_SPANS_KEPT)(lexer.spans)
        self._steps = lru_cache(_STEPS_KEPT)(lexer.step)
        self._reset()

    def _reset(self) -> None:
        self._lines: list[int] = [0]
        self._states: list[BlockState] = [self._lexer.start]
        self._dirty: list[int] = [0]

    # -- reading

    def spans(self, first: int, stop: int) -> list[Spans]:
        """The styles of the lines from `first` up to `stop`."""
        texts = self._text.lines(first, stop + 1)
        state = self._state_before(first)
        found: list[Spans] = []
        for i in range(min(stop - first, len(texts))):
            below = texts[i + 1] if i + 1 < len(texts) else None
            found.append(self._spans(state, texts[i], below))
            state = self._step(state, texts[i])
        return found

    def states(self, first: int, stop: int) -> list[BlockState]:
        """The states before the lines from `first` up to `stop`, guessed where they are not known yet."""
        state = self._state_before(first)
        found: list[BlockState] = []
        for text in self._text.lines(first, stop):
            found.append(state)
            state = self._step(state, text)
        return found

    def _step(self, state: BlockState, text: str) -> BlockState:
        """The lines around the screen are stepped over at each key, so their steps are kept."""
        return self._steps(state, text) if len(text) <= _LONG_LINE else self._lexer.step(state, text)

    def _state_before(self, line: int) -> BlockState:
        i = bisect_right(self._lines, line) - 1
        start, state = self._lines[i], self._states[i]
        if line - start > _GUESS_LINES:
            start, state = line - _GUESS_LINES, self._lexer.step(self._lexer.start, "")
        for text in self._text.lines(start, line):
            state = self._step(state, text)
        return state

    # -- following edits

    def follow(self, change: Change) -> None:
        """Keep what a change leaves true, and lex again where it does not."""
        if len(change.edits) > _MANY_EDITS:
            self._reset()
            return
        for edit in change.edits:
            added = edit.text.count("\n") - (edit.end.line - edit.start.line)
            self._shift(edit.start.line, edit.end.line, added)
            if edit.start.line not in self._dirty:
                insort(self._dirty, edit.start.line)
        budget = _AT_ONCE_LINES
        for edit in change.edits:
            # Beyond the first line that is not known, states are guesses anyway: that waits for `refine`.
            if budget > 0 and self._dirty and self._dirty[0] == edit.start.line:
                budget -= self._lex_on(self._dirty.pop(0), budget, self._step)

    def _shift(self, first: int, last: int, added: int) -> None:
        if not added and first == last:
            return
        low, high = bisect_right(self._lines, first), bisect_right(self._lines, last)
        self._lines[low:] = [line + added for line in self._lines[high:]]
        del self._states[low:high]
        kept = {min(line, first) if line <= last else line + added for line in self._dirty}
        self._dirty = sorted(kept)

    def refine(self, lines: int) -> bool:
        """Lex up to about `lines` lines of what is not known for sure; whether some is left."""
        while self._dirty and lines > 0:
            lines -= self._lex_on(self._dirty.pop(0), lines, self._lexer.step)
        return bool(self._dirty)

    def _lex_on(self, dirty: int, budget: int, step: Step) -> int:
        """Lex from the checkpoint before `dirty` until the state agrees with a later one; how many lines."""
        i = bisect_right(self._lines, dirty) - 1
        line, state = self._lines[i], self._states[i]
        total = len(self._text)
        taken = 0
        while taken < budget:
            stop = self._lines[i + 1] if i + 1 < len(self._lines) else total
            stop = min(stop, line + CHECKPOINT_LINES)
            for text in self._text.lines(line, stop):
                state = step(state, text)
            taken += max(1, stop - line)
            line = stop
            if line >= total:
                del self._lines[i + 1 :], self._states[i + 1 :], self._dirty[:]
                return taken
            i += 1
            del self._dirty[: bisect_left(self._dirty, line)]
            if i < len(self._lines) and self._lines[i] == line:
                if self._states[i] == state and line > dirty:
                    return taken
                self._states[i] = state
            else:
                self._lines.insert(i, line)
                self._states.insert(i, state)
        insort(self._dirty, line)
        return taken
