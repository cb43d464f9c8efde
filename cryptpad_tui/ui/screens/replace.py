"""What replacing all would change, line by line, before it is done. It changes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from textual.app import ComposeResult

from cryptpad_tui.editor.find import Replacement
from cryptpad_tui.editor.find_count import ReplacedLine, replaced_lines
from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import TextLine

MAX_LINES: Final = 300
_Row = tuple[int, str, str]
"""A line's number, the sign before it, and its text."""


class ReplaceDialog(Dialog[bool], ListKeys):
    """Enter replaces all of them."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, made: Sequence[Replacement]) -> None:
        super().__init__()
        lines = len({one.edit.start.line for one in made})
        more = f", the first {MAX_LINES} are shown" if lines > MAX_LINES else ""
        place = f"{lines:,} {'line' if lines == 1 else 'lines'}{more}"
        self._title = f" Enter replaces {len(made):,} in {place}. Esc changes nothing."
        self._lines = replaced_lines(made, MAX_LINES)
        self.changes: RowList[_Row] = RowList(_paint, id="changes")

    def body(self) -> ComposeResult:
        yield TextLine([(self._title, "strong")], id="header")
        yield self.changes
        yield self.key_bar()

    def on_mount(self) -> None:
        self.changes.show([row for one in self._lines for row in _rows(one)])

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.changes),
            "dialog.choose": lambda: self.dismiss(True),
        }


def _rows(one: ReplacedLine) -> tuple[_Row, _Row]:
    return (one.line + 1, "-", one.before), (0, "+", one.after)


def _paint(row: _Row, width: int) -> Painting:
    number, sign, text = row
    role = "warning" if sign == "-" else "good"
    return [(f"{number or '':>6} ", "muted"), (f"{sign} ", role), (words.safe_line(text), "")], []
