"""Words, characters and reading time of the pad and of the selection, on a key; counted when nobody types.

A slice at a time, so that a key never waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from cryptpad_tui.crdt.values import Change
from cryptpad_tui.editor.counting import Count, count_text
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.widgets.parts import Part

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

_SLICE_CHARS: Final = 20_000
_NEXT_S: Final = 0.01
_AGAIN_S: Final = 1.0


class Counts(PadFeature):
    """Shown in the status line from the first press of its key to the second."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self._shown = False
        self._count = Count()
        self._counted = ""
        self._line = 0
        self._timer: Timer | None = None
        self._stop_observing = self.session.view.observe(self._text_changed)

    def actions(self) -> Mapping[str, Action]:
        return {"pad.count": self._toggle}

    def status(self) -> list[Part]:
        if not self._shown:
            return []
        chosen = self.view.editor.state.selection.primary
        if not chosen.empty:
            lines = self.session.view.lines
            size = lines.offset_of(chosen.end) - lines.offset_of(chosen.start)
            if size <= _SLICE_CHARS:
                return [(f"selected: {_words(count_text(lines.text(chosen.start, chosen.end)))}  ", "strong")]
        return [(f"{self._counted or 'counting…'}  ", "strong")]

    def close(self) -> None:
        self._stop()
        self._stop_observing()

    def _text_changed(self, change: Change) -> None:
        """Count again when nobody types."""
        if self._shown:
            self._stop()
            self._begin_soon(_AGAIN_S)

    def _toggle(self) -> None:
        self._shown = not self._shown
        self._stop()
        self._begin_soon(_NEXT_S)
        self.screen.on_editor_view_moved()

    def _begin_soon(self, delay_s: float) -> None:
        if self._shown and self._timer is None:
            self._line, self._count = 0, Count()
            self._timer = self.screen.set_timer(delay_s, self._go_on)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _go_on(self) -> None:
        """One slice. Edits meanwhile make it wrong by a little, until it is counted again."""
        self._timer = None
        lines, size, begin = self.session.view.lines, 0, self._line
        while self._line < len(lines) and size < _SLICE_CHARS:
            size += len(lines[self._line]) + 1
            self._line += 1
        self._count = self._count.with_lines(lines[line] for line in range(begin, self._line))
        if self._line < len(lines):
            self._timer = self.screen.set_timer(_NEXT_S, self._go_on)
            return
        counted = _words(Count(self._count.words, max(0, self._count.chars - 1)))
        if counted != self._counted:
            self._counted = counted
            self.screen.on_editor_view_moved()


def _words(count: Count) -> str:
    words = "1 word" if count.words == 1 else f"{count.words:,} words"
    return f"{words}, {count.chars:,} chars, {count.minutes} min"
