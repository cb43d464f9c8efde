"""Links on the screen: which to make, and what one that came in gives before it is joined. It paints nothing.

Each errand asks one thing at a time, and nothing is joined or made before a person chose it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import code_failures, engine_failures
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog, SecretDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.share import CODE, CONTACT, EDIT, GIVES, LOCKED, VIEW, ShareScreen

if TYPE_CHECKING:
    from cryptpad_tui.crypto.links import Link
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.link_book import BookLink
    from cryptpad_tui.ui.app import CryptpadApp

_JOIN, _LEAVE = "join", "leave"
_KINDS: Final = {0: "text", 1: "rich text", 3: "a file"}
_RIGHTS: Final = {"edit": "to read and change it", "view": "to read it"}
_NAME: Final = ("Only you see the name. A link that has one can be ended alone.",)
_LOCK: Final = (
    "At least eight characters. Tell it on another way than the link: whoever finds the link must guess it.",
)
_CODE: Final = (
    "The other enters it where a link is asked for. One wrong guess ends it; so does closing this.",
)


class LinkErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine

    async def join(self) -> None:
        """Ask for a link or a code, say what it gives, fetch and check the pad, open it."""
        sentences = ("Paste the link that you were given, or type a one-time code such as 42-cedar-tulip.",)
        text = await self._app.push_screen_wait(AskDialog("Join a pad", sentences, link=True))
        if not text or not text.strip():
            return
        try:
            link = await self._read(text)
        except code_failures() as error:
            self._app.say(f"Nothing was joined. {words.sentence_of(error)}", "warning")
            return
        if link is not None and await self._agreed(link):
            self._app.say("Fetching the pad and checking its history…")
            listing = await self._engine.join(link)
            await self._app.open_pad(listing.pad_id)

    async def _read(self, text: str) -> Link | None:
        from cryptpad_tui.crypto.links import SCHEME, decode_link
        from cryptpad_tui.crypto.locked_links import LockedLink, read_link
        from cryptpad_tui.engine.codes import take_link_here
        from cryptpad_tui.pad.codes import Code

        if text.strip()[:1].isdigit() and not text.strip().startswith(SCHEME):
            self._app.say("Asking the relay…")
            return decode_link(await take_link_here(self._engine, Code.parse(text)))
        link = read_link(text)
        return await self._unlock(link) if isinstance(link, LockedLink) else link

    async def _unlock(self, locked: object) -> Link | None:
        from cryptpad_tui.crypto.errors import LinkStaysLocked
        from cryptpad_tui.crypto.locked_links import LockedLink

        assert isinstance(locked, LockedLink)
        sentences: Sequence[str] = ("Whoever made the link has told you its passphrase.",)
        while True:
            secret = await self._app.push_screen_wait(SecretDialog("The link is locked", sentences))
            if not secret:
                return None
            try:
                return await asyncio.to_thread(locked.unlock, secret.encode())
            except LinkStaysLocked as error:
                sentences = (words.sentence_of(error),)

    async def _agreed(self, link: Link) -> bool:
        from cryptpad_tui.engine.linking import look

        self._app.say("Asking the relay what the link gives…")
        try:
            facts = await look(self._engine, link, wait_s=10.0)
        finally:
            self._app.unsay()
        sentences = [
            f"It is {_KINDS.get(int(facts.kind), 'of another kind')}, and gives you the right"
            f" {_RIGHTS[facts.role]}. Its relay is {facts.relay}.",
            f"Its owner reads these words under “who is in this pad”: {' '.join(facts.words)}.",
        ]
        sentences += [f"{facts.ends[:1].upper()}{facts.ends[1:]}."] if facts.ends else []
        sentences += ["You have this pad already."] if facts.is_here else []
        options = (Option(_JOIN, "Join it"), Option(_LEAVE, "Leave it"))
        return await self._app.push_screen_wait(ChooseDialog("Join this pad?", sentences, options)) == _JOIN

    async def share(self, pad_id: bytes, title: str, *, can_edit: bool, is_owner: bool) -> None:
        """Show links to a pad, with the questions that some of them need first."""
        screen = ShareScreen(pad_id, title, can_edit=can_edit, is_owner=is_owner)
        asked = await self._app.push_screen_wait(screen)
        if asked == CONTACT.name:
            await self._app.errands.people.invite(pad_id, title)
            return
        if asked is None:
            return
        label = ""
        if is_owner and asked != CODE.name:
            named = await self._app.push_screen_wait(AskDialog("What do you call this link?", _NAME))
            if named is None or (asked != LOCKED.name and not named.strip()):
                return
            label = named.strip()
        right = await self._right(can_edit=can_edit)
        if right is None:
            return
        if asked == CODE.name:
            await self._show_code(pad_id, title, view=right == VIEW.name)
            return
        passphrase = None
        if asked == LOCKED.name:
            passphrase = await self._app.push_screen_wait(SecretDialog("The link's passphrase", _LOCK))
            if not passphrase:
                return
        await self._make(pad_id, title, right, label, passphrase)

    async def _right(self, *, can_edit: bool) -> str | None:
        if not can_edit:
            return VIEW.name
        options = (Option(VIEW.name, "Read"), Option(EDIT.name, "Read and change"))
        return await self._app.push_screen_wait(ChooseDialog("What may they do?", (), options))

    async def _make(self, pad_id: bytes, title: str, right: str, label: str, passphrase: str | None) -> None:
        self._app.say("Making the link…")
        try:
            link = await self._engine.make_link(
                pad_id,
                view=right == VIEW.name,
                label=label,
                passphrase=passphrase.encode() if passphrase else None,
            )
        except engine_failures() as error:
            self._app.say(f"No link was made. {words.sentence_of(error)}", "warning")
            return
        gives = "It needs its passphrase, too. " * (passphrase is not None) + GIVES[right]
        await self._app.push_screen_wait(ShareScreen(pad_id, title, can_edit=True, made=link, gives=gives))

    async def _show_code(self, pad_id: bytes, title: str, *, view: bool) -> None:
        from cryptpad_tui.engine.codes import give_link
        from cryptpad_tui.ui.screens.code import CodeDialog

        dialog = CodeDialog(
            f"A code for “{words.safe_title(title)}”",
            _CODE,
            lambda show: give_link(self._engine, pad_id, view=view, show=lambda code: show(code.text())),
        )
        if await self._app.push_screen_wait(dialog):
            self._app.say("The other has the link.")

    async def renew(self, pad_id: bytes, title: str, ended: Sequence[BookLink]) -> None:
        """Offer links that ended beside somebody again, for those that stay."""
        names = ", ".join(f"“{words.safe_title(link.name)}”" for link in ended)
        sentence = f"These links ended too, since nobody can tell who has which: {names}."
        options = (Option("no", "Leave it so"), Option("yes", "Make each anew"))
        if await self._app.push_screen_wait(ChooseDialog("Links anew?", (sentence,), options)) != "yes":
            return
        for link in ended:
            passphrase = None
            if link.locked:
                asking = SecretDialog(f"A passphrase for “{words.safe_title(link.name)}”", _LOCK)
                passphrase = await self._app.push_screen_wait(asking)
                if not passphrase:
                    continue
            await self._make(pad_id, f"{title}: {link.name}", link.role, link.label, passphrase)
