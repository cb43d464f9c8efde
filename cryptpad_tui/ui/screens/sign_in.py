"""Another machine of an account that has a login: relay, name, passphrase, and the secret key from the page.

Nothing is written before the relay gave a login that checked out. What is typed here is in no log and in no
message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from cryptpad_tui.ui.backend import LoginAnswers
from cryptpad_tui.ui.failures import login_failures
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.fields import Field, SecretField
from cryptpad_tui.ui.screens.form import FormScreen
from cryptpad_tui.ui.screens.options import relay_problem
from cryptpad_tui.ui.words import sentence_of

_FIELDS: Final = ("relay", "login", "passphrase", "key")


class SignInScreen(FormScreen):
    """Makes the vault of this machine from a login."""

    contexts = ("sign_in", "form", "everywhere")

    def body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield Static("Sign in with your login", classes="title", markup=False)
            yield Static("It brings your drive, with every pad in it, to this machine.", markup=False)
            yield Static("The relay", classes="label", markup=False)
            yield Field(id="relay", placeholder="wss://relay.example.org")
            yield Static("The login's name", classes="label", markup=False)
            yield Field(id="login", max_length=64)
            yield Static("The login's passphrase, or its six words", classes="label", markup=False)
            yield SecretField(id="passphrase")
            yield Static(
                "The secret key from the page (none where you have six words)", classes="label", markup=False
            )
            yield SecretField(id="key")
            yield Static("The vault of this machine opens with the same passphrase.", id="hint", markup=False)
            yield Static("", id="answer", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one("#relay").focus()

    def actions(self) -> Mapping[str, Action]:
        return {
            "form.next": self.next_field,
            "form.cancel": self.door.quit,
            "sign_in.new": self.go_back,
        }

    async def go_back(self) -> None:
        """A new account instead."""
        from cryptpad_tui.ui.screens.first_run import FirstRunScreen

        if not self.busy:
            await self.door.switch_screen(FirstRunScreen())

    def last_field(self) -> Widget:
        return self.query_one(f"#{_FIELDS[-1]}")

    def problem(self) -> tuple[str, str]:
        if problem := relay_problem(self.value("relay")):
            return "relay", problem
        if not self.value("login").strip():
            return "login", "The login's name is empty."
        if not self.value("passphrase"):
            return "passphrase", "The login's passphrase is empty."
        return "", ""

    async def send(self) -> None:
        self.answer("Asking the relay; this takes a second or two…")
        self.door.warm_up()
        values = LoginAnswers(*[self.value(name) for name in _FIELDS])
        try:
            vault = await asyncio.to_thread(self.door.backend.sign_in, values)
        except login_failures() as error:
            self.answer(sentence_of(error))
            return
        await self.door.enter(vault)
