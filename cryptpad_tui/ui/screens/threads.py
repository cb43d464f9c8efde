"""The comments of a pad, one row a thread. The answer is the name of the one that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from textual.app import ComposeResult

from cryptpad_tui.ui.pads import comment_words
from cryptpad_tui.ui.pads.comment_words import Told
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import TextLine

_ROOMY: Final = 60
_SHOWN_CHARS: Final = 300


class ThreadsScreen(Dialog[str], ListKeys):
    """Scrolled like every list."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, told: Sequence[Told]) -> None:
        super().__init__()
        self._told = told
        self.rows: RowList[Told] = RowList(_paint, id="threads")

    def body(self) -> ComposeResult:
        count = sum(not one.thread.done for one in self._told)
        yield TextLine([(f" Comments: {count} open, {len(self._told) - count} done", "strong")], id="header")
        yield self.rows
        yield self.key_bar()

    def on_mount(self) -> None:
        self.rows.show(self._told)

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.list_actions(self.rows), "dialog.choose": self._choose}

    def on_row_list_chosen(self) -> None:
        self._choose()

    def _choose(self) -> None:
        chosen = self.rows.chosen
        self.dismiss(chosen.thread.name if chosen else None)


def _paint(told: Told, width: int) -> Painting:
    thread = told.thread
    where = f"{told.line + 1:>5} " if told.line >= 0 else "    – "
    role = "muted" if thread.done else ""
    left: list[Part] = [(where, "muted"), (f"“{comment_words.short(thread.quote, 24)}” ", role or "strong")]
    left.append((comment_words.short(thread.root.text, _SHOWN_CHARS), role))
    if width < _ROOMY:
        return left, []
    answers = f" +{len(thread.answers)}" if thread.answers else ""
    state = " done" if thread.done else ""
    return left, [(f" {comment_words.short(told.author, 24)} {told.age}{answers}{state}", "muted")]
