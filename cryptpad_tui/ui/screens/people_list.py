"""A list about people: the inbox, or the contacts. The answer is the name of the row that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult

from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import StatusLine, TextLine

_ROOMY = 60


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """Parts are safe for a terminal already."""

    name: str
    left: tuple[Part, ...]
    right: tuple[Part, ...] = ()


class PeopleList(Dialog[str], ListKeys):
    """Scrolled like every list."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(
        self, title: str, rows: Sequence[PeopleRow], *, empty: Sequence[str] = (), at: str = ""
    ) -> None:
        super().__init__()
        self._title, self._rows, self._at = title, rows, at
        self.rows: RowList[PeopleRow] = RowList(
            _paint, id="people", empty=[[(line, "muted")] for line in empty]
        )

    def body(self) -> ComposeResult:
        yield TextLine([(f" {self._title}", "strong")], id="header")
        yield self.rows
        yield StatusLine(id="status")
        yield self.key_bar()

    def on_mount(self) -> None:
        index = next((i for i, row in enumerate(self._rows) if row.name == self._at), 0)
        self.rows.show(self._rows, index=index if self._rows else None)

    def renew(self, title: str, rows: Sequence[PeopleRow]) -> None:
        """Show what there is by now; the row that was chosen stays chosen."""
        chosen = self.rows.chosen
        self._rows = rows
        index = next((i for i, row in enumerate(rows) if chosen and row.name == chosen.name), None)
        self.query_one("#header", TextLine).show([(f" {title}", "strong")])
        self.rows.show(rows, index=index if rows else None)

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.list_actions(self.rows), "dialog.choose": self._choose}

    def on_row_list_chosen(self) -> None:
        self._choose()

    def _choose(self) -> None:
        chosen = self.rows.chosen
        if chosen is not None:
            self.dismiss(chosen.name)


def _paint(row: PeopleRow, width: int) -> Painting:
    return row.left, row.right if width >= _ROOMY else ()
