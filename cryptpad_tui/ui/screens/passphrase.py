"""A new passphrase, typed twice. What is typed here reaches the caller and nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.ui.screens.base import Action, Dialog
from cryptpad_tui.ui.screens.fields import SecretField
from cryptpad_tui.ui.words import passphrase_hint


class PassphraseDialog(Dialog[str]):
    """For somebody who came in by the recovery key, and for what has a passphrase of its own."""

    def __init__(self, title: str = "Choose a new passphrase") -> None:
        super().__init__()
        self._title = title

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(self._title, classes="title", markup=False)
            yield SecretField(id="passphrase")
            yield Static(passphrase_hint(""), id="hint", markup=False)
            yield Static("Again", classes="label", markup=False)
            yield SecretField(id="again")
            yield Static("", id="answer", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one("#passphrase").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "passphrase":
            self.query_one("#hint", Static).update(passphrase_hint(event.value))

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), "dialog.choose": self._choose}

    def _choose(self) -> None:
        first, second = (self.query_one(f"#{name}", Input).value for name in ("passphrase", "again"))
        if not second:
            self.query_one("#again").focus()
        elif first != second:
            self.query_one("#answer", Static).update("The two differ. Nothing was changed.")
        else:
            self.dismiss(first)
