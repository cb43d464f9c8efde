"""The first start: a name, a passphrase, a relay or none; then the recovery key, once.

Nothing is written before the last key. What is typed here is in no log and in no message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.ui.failures import VAULT_FAILURES
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.fields import Field, SecretField
from cryptpad_tui.ui.screens.form import FormScreen
from cryptpad_tui.ui.screens.options import LOCAL, RELAY_OPTIONS, URL, Option, relay_problem
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.words import passphrase_hint, sentence_of


class RelayChoice(RowList[Option], can_focus=True):
    """The three kinds of relay; Tab comes and goes, arrows choose."""


class FirstRunScreen(FormScreen):
    """Makes the vault."""

    contexts = ("first", "form", "list", "everywhere")

    def __init__(self) -> None:
        super().__init__()
        self.relays = RelayChoice(self._paint_relay, id="relays")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield Static("Welcome to cryptpad-tui", classes="title", markup=False)
            yield Static("Pads are encrypted on this machine. No relay can read them.", markup=False)
            yield Static("Your name, as others see it", classes="label", markup=False)
            yield Field(id="name", max_length=64)
            yield Static("A passphrase for this vault", classes="label", markup=False)
            yield SecretField(id="passphrase")
            yield Static(passphrase_hint(""), id="hint", markup=False)
            yield Static("The passphrase again", classes="label", markup=False)
            yield SecretField(id="again")
            yield Static("A relay carries sealed changes between people", classes="label", markup=False)
            yield self.relays
            yield Field(id="url", placeholder="wss://relay.example.org")
            yield Static("", id="answer", markup=False)
        yield self.key_bar()

    def _paint_relay(self, option: Option, width: int) -> Painting:
        mark = "(•)" if self.relays.chosen is option else "( )"
        return [(f"{mark} {option.text}", "")], []

    def on_mount(self) -> None:
        self.relays.styles.height = len(RELAY_OPTIONS)
        self.relays.show(RELAY_OPTIONS)
        self.query_one("#url").display = False
        self.query_one("#name").focus()

    def actions(self) -> Mapping[str, Action]:
        return {
            "form.next": self.next_field,
            "form.cancel": self.door.quit,
            "first.sign_in": self.sign_in,
            "list.up": lambda: self._arrow(-1),
            "list.down": lambda: self._arrow(1),
        }

    async def sign_in(self) -> None:
        """This machine is to be another of an account that there is."""
        from cryptpad_tui.ui.screens.sign_in import SignInScreen

        if not self.busy:
            await self.door.switch_screen(SignInScreen())

    def _arrow(self, rows: int) -> None:
        if self.focused is self.relays:
            self.relays.move(rows)
            chosen = self.relays.chosen
            self.query_one("#url").display = chosen is not None and chosen.name == URL
        elif rows > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "passphrase":
            self.query_one("#hint", Static).update(passphrase_hint(event.value))

    def last_field(self) -> Widget:
        url = self.query_one("#url")
        return url if url.display else self.relays

    def problem(self) -> tuple[str, str]:
        if not self.value("name").strip():
            return "name", "Your name is empty. Others see it beside what you write."
        if not self.value("passphrase"):
            return "passphrase", "The passphrase is empty: it would protect nothing."
        if self.value("passphrase") != self.value("again"):
            return "again", "The two passphrases differ. Nothing was made; type the second one again."
        chosen = self.relays.chosen
        if chosen is not None and chosen.name == URL:
            return "url", relay_problem(self.value("url"))
        return "", ""

    async def send(self) -> None:
        self.answer("Making the vault…")
        self.door.warm_up()
        secret, name = self.value("passphrase").encode(), self.value("name").strip()
        chosen = self.relays.chosen
        kind = chosen.name if chosen is not None else ""
        relay = self.value("url").strip() if kind == URL else LOCAL if kind == LOCAL else None
        try:
            vault, recovery_key = await asyncio.to_thread(self.door.backend.create, secret, name, relay)
        except VAULT_FAILURES as error:
            self.answer(sentence_of(error))
            return
        from cryptpad_tui.ui.screens.recovery import RecoveryDialog

        await self.door.push_screen_wait(RecoveryDialog(recovery_key))
        await self.door.enter(vault)
