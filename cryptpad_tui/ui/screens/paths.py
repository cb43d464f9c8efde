"""Asking for a path, with the names that are there, and for the format of an export. It touches no file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from cryptpad_tui.ui import words
from cryptpad_tui.ui.completion import completed
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.dialogs import AskDialog, paint_option
from cryptpad_tui.ui.screens.fields import Field
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.row_list import RowList

TAB: Final = "Tab completes a name."
_SHOWN_NAMES: Final = 40
_SHOWN_CHARS: Final = 180


class PathField(Field):
    """A path: Tab goes on with it as far as the names that are there agree."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key != "tab":
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        at = self.cursor_position
        found = await asyncio.to_thread(completed, self.value[:at])
        self.value = found.text + self.value[at:]
        self.cursor_position = len(found.text)
        for place in self.screen.query("#names").results(Static):
            place.update(_listed(found.names))


def _listed(names: Sequence[str]) -> str:
    """The names to go on with, where there are several."""
    if len(names) < 2:
        return TAB
    text = "  ".join([words.safe_line(name) for name in names[:_SHOWN_NAMES]])
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


class PathDialog(AskDialog):
    """A path on this machine."""

    def __init__(self, title: str, sentences: Sequence[str], *, value: str = "") -> None:
        super().__init__(title, sentences)
        self.field = PathField(value=value)

    def body(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._title, classes="title", markup=False)
            yield self.field
            yield Static(TAB, id="names", classes="sentence", markup=False)
            for sentence in self._sentences:
                yield Static(sentence, classes="sentence", markup=False)
        yield self.key_bar()


class ExportDialog(Dialog[tuple[str, str]], ListKeys):
    """A format, with the arrows, and a path, which follows it; the answer is both."""

    contexts: ClassVar[tuple[str, ...]] = ("dialog", "list", "everywhere")

    def __init__(
        self, title: str, formats: Sequence[Option], name_of: Callable[[str], str], *, folder: str, note: str
    ) -> None:
        """`name_of` says what the file would be called in a format."""
        super().__init__()
        self._title, self._formats, self._name_of, self._note = title, formats, name_of, note
        self._suggested = f"{folder}{name_of(formats[0].name)}"
        self._folder = folder
        self.options: RowList[Option] = RowList(paint_option, id="options")
        self.field = PathField(value=self._suggested)

    def body(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._title, classes="title", markup=False)
            yield self.options
            yield self.field
            yield Static(TAB, id="names", classes="sentence", markup=False)
            yield Static(self._note, classes="sentence", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.options.show(self._formats)
        self.options.styles.height = min(len(self._formats), max(1, self.size.height - 12))
        self.field.focus()

    def actions(self) -> Mapping[str, Action]:
        moves = {name: self._moving(move) for name, move in self.list_actions(self.options).items()}
        return {**super().actions(), **moves, "dialog.choose": self._choose}

    def _moving(self, move: Callable[[], Any]) -> Action:
        def act() -> None:
            move()
            self._follow()

        return act

    def _follow(self) -> None:
        """The suggested name has the end of its format; a name that the person typed is theirs."""
        chosen = self.options.chosen
        if chosen is not None and self.field.value == self._suggested:
            self._suggested = f"{self._folder}{self._name_of(chosen.name)}"
            self.field.value = self._suggested
            self.field.cursor_position = len(self._suggested)

    def on_row_list_chosen(self) -> None:
        self._choose()

    def _choose(self) -> None:
        if self.options.chosen is not None and self.field.value.strip():
            self.dismiss((self.options.chosen.name, self.field.value.strip()))
