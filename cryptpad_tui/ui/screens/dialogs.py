"""Small questions: choose one of a few, or type one line. They decide nothing; the asker does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.fields import Field, LinkField, SecretField
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.standing_words import Paragraph
from cryptpad_tui.ui.widgets.row_list import Painting, RowList

_TALL = 16
_AROUND, _AROUND_LOW = 6, 2
"""Rows of a frame, a title, a blank and the keys; a low window shows less of them."""


def paint_option(option: Option, width: int) -> Painting:
    """An answer in a list."""
    return [(option.text, "")], []


class ChooseDialog(Dialog[str], ListKeys):
    """Some sentences, which scroll, and a few answers, which stay in view; the safe one first."""

    contexts: ClassVar[tuple[str, ...]] = ("dialog", "list", "everywhere")

    def __init__(self, title: str, sentences: Sequence[str], options: Sequence[Option]) -> None:
        super().__init__()
        self._title = title
        self._sentences = sentences
        self.options: RowList[Option] = RowList(paint_option, id="options")
        self._options = options

    def body(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(self._title, classes="title", markup=False)
            with VerticalScroll(id="sentences", can_focus=False):
                yield from self.paragraphs()
            yield self.options
        yield self.key_bar()

    def paragraphs(self) -> ComposeResult:
        """What there is to read."""
        for sentence in self._sentences:
            yield Static(sentence, classes="sentence", markup=False)

    def on_mount(self) -> None:
        self.options.show(self._options)
        self._share_rows()

    def on_resize(self) -> None:
        super().on_resize()
        self._share_rows()

    def _share_rows(self) -> None:
        """The answers first, then as much to read as there is room for."""
        height = self.size.height
        answers = min(len(self._options), max(1, height // 2))
        around = _AROUND if height >= _TALL else _AROUND_LOW
        self.options.styles.height = answers
        self.query_one("#sentences").styles.max_height = max(1, height - answers - around)

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.options),
            **self.page_actions(),
            "dialog.choose": self.choose,
        }

    def choose(self) -> None:
        chosen = self.options.chosen
        self.dismiss(chosen.name if chosen else None)

    def on_row_list_chosen(self) -> None:
        self.choose()


class ReportDialog(ChooseDialog):
    """Something longer to read, in paragraphs of different weight, and what can be done about it."""

    def __init__(self, title: str, paragraphs: Sequence[Paragraph], options: Sequence[Option]) -> None:
        super().__init__(title, (), options)
        self._told = paragraphs

    def paragraphs(self) -> ComposeResult:
        for text, role in self._told:
            yield Static(text, classes=f"sentence {role}", markup=False)


class CopyDialog(ChooseDialog):
    """Something to be given to others: the key that copies a link answers "copy"."""

    contexts = ("dialog", "list", "share", "everywhere")

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), "share.copy": lambda: self.dismiss("copy")}


def unsent_question(waiting: int) -> ChooseDialog:
    """Whether to quit with something not sent in so many pads."""
    sentence = (
        f"What you wrote in {words.pads_count(waiting)} is not sent yet. Everything is saved here and is sent"
        " next time."
    )
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
        self.field: Field = LinkField(value=value) if link else Field(value=value)

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


class SecretDialog(AskDialog):
    """One line that is not shown; it reaches the asker and nobody else."""

    def __init__(self, title: str, sentences: Sequence[str] = ()) -> None:
        super().__init__(title, sentences)
        self.field = SecretField()
