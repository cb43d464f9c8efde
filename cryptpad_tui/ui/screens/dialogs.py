"""Small questions: choose one of a few, or type one line. They decide nothing; the asker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.fields import Field, LinkField
from cryptpad_tui.ui.widgets.row_list import Painting, RowList


@dataclass(frozen=True, slots=True)
class Option:
    """One answer; `name` is what the asker gets."""

    name: str
    text: str


def _paint(option: Option, width: int) -> Painting:
    return [(option.text, "")], []


class ChooseDialog(Dialog[str], ListKeys):
    """Some sentences and a few answers, the safe one first."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, title: str, sentences: Sequence[str], options: Sequence[Option]) -> None:
        super().__init__()
        self._title = title
        self._sentences = sentences
        self.options: RowList[Option] = RowList(_paint, id="options")
        self._options = options

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(self._title, classes="title", markup=False)
            for sentence in self._sentences:
                yield Static(sentence, classes="sentence", markup=False)
            yield self.options
        yield self.key_bar()

    def on_mount(self) -> None:
        self.options.styles.height = len(self._options)
        self.options.show(self._options)

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.list_actions(self.options), "dialog.choose": self.choose}

    def choose(self) -> None:
        chosen = self.options.chosen
        self.dismiss(chosen.name if chosen else None)

    def on_row_list_chosen(self) -> None:
        self.choose()


def unsent_question(waiting: int) -> ChooseDialog:
    """Whether to quit with so many changes not sent."""
    sentence = f"{words.changes(waiting)} not sent yet. Everything is saved here and is sent next time."
    return ChooseDialog("Quit?", (sentence,), (Option("quit", "Quit"), Option("stay", "Stay")))


def unsaved_question(why: str) -> ChooseDialog:
    """Whether to quit with changes that could not be saved."""
    options = (Option("stay", "Stay"), Option("quit", "Quit, and lose the last changes"))
    return ChooseDialog("Not saved", (why,), options)


class AskDialog(Dialog[str]):
    """One line of text; empty answers are answers."""

    def __init__(
        self, title: str, sentences: Sequence[str] = (), *, value: str = "", link: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._sentences = sentences
        self.field = LinkField(value=value) if link else Field(value=value)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(self._title, classes="title", markup=False)
            yield self.field
            for sentence in self._sentences:
                yield Static(sentence, classes="sentence", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.field.focus()

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), "dialog.choose": lambda: self.dismiss(self.field.value)}
