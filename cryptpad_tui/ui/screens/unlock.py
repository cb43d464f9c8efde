"""The first screen of every later start: the passphrase, or the recovery key. Argon2 runs in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cryptpad_tui.ui.failures import VAULT_FAILURES, engine_failures
from cryptpad_tui.ui.screens.base import Action, CommandScreen
from cryptpad_tui.ui.screens.fields import SecretField
from cryptpad_tui.ui.words import sentence_of

if TYPE_CHECKING:
    from cryptpad_tui.vault.vault import Vault

_PASSPHRASE = "Passphrase"
_RECOVERY = "Recovery key (from the paper; dashes and case do not matter)"


class UnlockScreen(CommandScreen[None]):
    """Asks for the secret and hands the opened vault to the app."""

    contexts = ("unlock", "everywhere")

    def __init__(self, *, opening: Callable[[], Vault] | None = None, by_agent: bool = False) -> None:
        """`opening`: what the command line gave opens the vault without asking; `by_agent`: what `unlock`
        left may, where nobody has begun to type."""
        super().__init__()
        self._opening, self._by_agent = opening, by_agent
        self._by_recovery = False
        self._busy = False

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static("cryptpad-tui", classes="title", markup=False)
            yield Static("This vault is locked.", classes="sentence", markup=False)
            yield Static(_PASSPHRASE, id="label", markup=False)
            yield SecretField(id="secret")
            yield Static("", id="answer", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one("#secret", SecretField).focus()
        if self._opening is not None:
            opening, self._opening = self._opening, None
            self.door.start(self._open(opening))
        elif self._by_agent:
            self._by_agent = False
            self.door.start(self._open_held())

    def actions(self) -> Mapping[str, Action]:
        return {"unlock.recovery": self.toggle_recovery}

    def toggle_recovery(self) -> None:
        """Ask for the other secret."""
        self._by_recovery = not self._by_recovery
        self.query_one("#label", Static).update(_RECOVERY if self._by_recovery else _PASSPHRASE)
        self.answer("")

    def on_input_submitted(self) -> None:
        secret = self.query_one("#secret", SecretField).value
        if secret and not self._busy:
            backend = self.door.backend
            if self._by_recovery:
                self.door.start(self._open(lambda: backend.open_by_recovery(secret), by_recovery=True))
            else:
                self.door.start(self._open(lambda: backend.open(secret.encode())))

    def answer(self, text: str) -> None:
        """Say how it went."""
        self.query_one("#answer", Static).update(text)

    async def _open_held(self) -> None:
        vault = await asyncio.to_thread(self.door.backend.open_held)
        if vault is None:
            return
        if self._busy or self.query_one("#secret", SecretField).value:
            # What is typed of a passphrase must not end in the list's filter.
            vault.close()
            return
        self.door.warm_up()
        await self._enter(vault)

    async def _open(self, opening: Callable[[], Vault], *, by_recovery: bool = False) -> None:
        """Opening costs seconds of Argon2 on purpose: never on the loop that paints."""
        self._busy = True
        self.answer("Opening the vault…")
        self.door.warm_up()
        try:
            vault = await asyncio.to_thread(opening)
        except VAULT_FAILURES as error:
            self._busy = False
            self.query_one("#secret", SecretField).value = ""
            self.answer(sentence_of(error))
            return
        await self._enter(vault, by_recovery=by_recovery)

    async def _enter(self, vault: Vault, *, by_recovery: bool = False) -> None:
        """Show what is in it. Who types on meanwhile must not open it a second time."""
        self._busy = True
        try:
            await self.door.enter(vault, by_recovery=by_recovery)
        except engine_failures() as error:
            self.door.tell_failure(error)
        finally:
            self._busy = False
