"""What a person asks for about a pad or the vault, from the question to the deed. It paints nothing itself.

Each errand may wait for an answer or for the network, so each runs as a worker of the app.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cryptpad_tui.ui import words
from cryptpad_tui.ui.contact_errands import ContactErrands
from cryptpad_tui.ui.devices import DeviceErrands
from cryptpad_tui.ui.exchange_errands import ExchangeErrands
from cryptpad_tui.ui.file_errands import FileErrands
from cryptpad_tui.ui.link_errands import LinkErrands
from cryptpad_tui.ui.members import GoTo, show_members
from cryptpad_tui.ui.relocation import RelocationErrands
from cryptpad_tui.ui.screens import relay
from cryptpad_tui.ui.screens.dialogs import AskDialog
from cryptpad_tui.ui.screens.options import LOCAL, NONE, URL, relay_problem
from cryptpad_tui.ui.screens.passphrase import PassphraseDialog
from cryptpad_tui.ui.standing import Standing

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.app import CryptpadApp
    from cryptpad_tui.vault.vault import Vault


class Errands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine
        self.standing = Standing(app, engine)
        self.files = FileErrands(app, engine)
        self.links = LinkErrands(app, engine)
        self.devices = DeviceErrands(app, engine)
        self.exchange = ExchangeErrands(app, engine)
        self.people = ContactErrands(app, engine)
        self.relocation = RelocationErrands(app, engine)

    async def join_pad(self) -> None:
        """Ask for a link, say what it gives, fetch and check the pad, open it."""
        await self.links.join()

    async def share(self, pad_id: bytes, title: str) -> None:
        """Show a link to a pad."""
        from cryptpad_tui.engine import UnknownPad

        try:
            pad = self._engine.listing_of(pad_id)
        except UnknownPad:
            return
        if pad.relay is None and self._engine.relay_url() is None:
            self._app.say("A link needs a relay, and none is chosen. Ctrl+R chooses one.", "warning")
            return
        can_edit, is_owner = pad.role != "view", pad.role == "owner"
        await self.links.share(pad_id, title, can_edit=can_edit, is_owner=is_owner)

    async def members(self, pad_id: bytes, title: str, *, go_to: GoTo | None = None) -> None:
        """Show who is in a pad, and take out whom its owner says. `go_to`: shows where somebody is."""
        await show_members(self._app, self._engine, pad_id, title, go_to=go_to)

    async def rename(self, pad_id: bytes, title: str) -> None:
        """Ask for another title."""
        question = AskDialog("The title of the pad", value=words.safe_title(title))
        wanted = await self._app.push_screen_wait(question)
        if wanted is not None and wanted.strip() and wanted != words.safe_title(title):
            self._engine.rename(pad_id, wanted.strip())

    async def choose_relay(self) -> None:
        """Ask for the relay of pads that have none yet."""
        current = self._engine.relay_url()
        states = [state.sentence for state in self._engine.relay_states()]
        kind = await self._app.push_screen_wait(relay.RelayDialog(current, states))
        if kind is None:
            return
        url = {NONE: None, LOCAL: LOCAL}.get(kind)
        if kind == URL:
            url = await self._ask_address(current)
            if url is None:
                return
        self._engine.set_relay(url)
        self._app.say("Pads stay on this machine." if url is None else "The relay is chosen.")

    async def _ask_address(self, current: str | None) -> str | None:
        problem = ""
        while True:
            url = await self._app.push_screen_wait(relay.AddressDialog(current, problem))
            if url is None:
                return None
            problem, current = relay_problem(url), url
            if not problem:
                return url.strip()

    async def choose_passphrase(self, vault: Vault) -> None:
        """Ask for a new passphrase, for who came in by the recovery key."""
        secret = await self._app.push_screen_wait(PassphraseDialog())
        if secret:
            await asyncio.to_thread(vault.reset_passphrase, secret.encode())
            self._app.say("The new passphrase opens this vault from now on.")
