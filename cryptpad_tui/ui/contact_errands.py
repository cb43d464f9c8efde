"""What a person does with contacts and the inbox on the screen: lists, a choice, and a sentence about it.

It asks and shows; `engine.contacts`, `engine.inbox` and `engine.inviting` do. Everything that somebody else
wrote passes `term_safe` here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import contact_words as shown
from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog, CopyDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.people_list import PeopleList, PeopleRow
from cryptpad_tui.ui.screens.safety import OTHER, SAME, SafetyScreen

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.contacts import ContactLine
    from cryptpad_tui.engine.inbox import InboxLine
    from cryptpad_tui.people.inbox import InboxItem
    from cryptpad_tui.ui.app import CryptpadApp

_CARD, _ADD = "card", "add"
Looked = tuple[str, list[PeopleRow]]
"""What a list is called, and its rows."""
_NUMBERS_DIFFER: Final = (
    "Then at least one of you has somebody else's keys. Nothing was marked. Tell each other nothing by this"
    " way, and exchange cards again by another."
)
_COMPARE: Final = "Read it to each other, or look at both screens. A phone reads the code, too."


class ContactErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    def actions(self) -> dict[str, Action]:
        """What works wherever a vault is open."""
        return {"app.inbox": self.inbox, "app.contacts": self.contacts, "app.invite": self.invite_here}

    # -- the inbox

    async def inbox(self) -> None:
        """Show what came; a message that is chosen is answered or put away."""
        from cryptpad_tui.engine import inbox

        at = ""
        lines: list[InboxLine] = []

        def look() -> Looked:
            nonlocal lines
            lines = inbox.lines(self._engine, number=False)
            now_ms = self._engine.wall_ms()
            return f"Inbox: {len(lines)}", [shown.inbox_row(line, now_ms) for line in lines]

        while True:
            empty = ("", " Nothing here. Contacts' invitations and requests come to this place.")
            chosen = await self._pick(look, empty=empty, at=at)
            if chosen is None:
                return
            at = chosen
            line = next(each for each in lines if each.mail_id.hex() == chosen)
            if await self._answer(line):
                return

    async def _pick(self, look: Callable[[], Looked], *, empty: Sequence[str] = (), at: str) -> str | None:
        """A row of a list that follows what comes while it is shown."""
        dialog = PeopleList(*await asyncio.to_thread(look), empty=empty, at=at)

        def heard() -> None:
            if dialog.is_attached:
                dialog.renew(*look())

        stop = self._engine.mail.observe(heard)
        try:
            return await self._app.push_screen_wait(dialog)
        finally:
            stop()

    async def _answer(self, line: InboxLine) -> bool:
        """Whether the list need not be shown again."""
        from cryptpad_tui.engine import inbox

        dialog = ChooseDialog(
            shown.who(line.sender, verified=line.verified),
            shown.told(line),
            shown.answers(line),
        )
        answer = await self._app.push_screen_wait(dialog)
        if answer in (None, "later"):
            return False
        item = inbox.item_of(self._engine, line.mail_id)
        if answer == "compare":
            await self._compare(line.contact_id)
            return False
        if answer == shown.GO:
            return await self._go_there(item)
        if answer == "accept":
            if line.kind in ("invitation", "edit-answer"):
                self._app.say("Fetching the pad and checking its history…")
            joined = await inbox.accept(self._engine, item)
            self._engine.mail.soon()
            if joined is not None:
                await self._app.open_pad(joined.pad_id)
                if line.kind == "ownership-offer":
                    self._app.say("You own the pad, too, from now on.")
                return True
            return False
        inbox.decline(self._engine, item)
        self._engine.mail.soon()
        return False

    async def _go_there(self, item: InboxItem) -> bool:
        """Where somebody was named; the message is put away, as it was read."""
        from cryptpad_tui.engine import inbox
        from cryptpad_tui.people.messages import Mention
        from cryptpad_tui.ui.screens.pad import PadScreen

        message = item.message
        if not isinstance(message, Mention) or self._engine.vault.pad(message.pad_id) is None:
            self._app.say("This pad is not in your drive. Ask them to invite you.", "warning")
            return False
        await self._app.open_pad(message.pad_id)
        inbox.decline(self._engine, item)
        screen = self._app.screen
        if isinstance(screen, PadScreen) and screen.session.pad_id == message.pad_id:
            screen.call_after_refresh(screen.go_to, message.thread)
        return True

    # -- contacts

    async def contacts(self) -> None:
        """Show them, with one's card and adding somebody at the top."""
        from cryptpad_tui.engine import contacts

        at = ""
        lines: list[ContactLine] = []

        def look() -> Looked:
            nonlocal lines
            lines = contacts.lines(self._engine)
            first = (("Your card, to give to others", _CARD), ("Add somebody by their card", _ADD))
            rows = [PeopleRow(name, ((said, "key"),)) for said, name in first]
            return f"Contacts: {len(lines)}", [*rows, *[shown.contact_row(line) for line in lines]]

        while True:
            chosen = await self._pick(look, at=at)
            if chosen is None:
                return
            at = chosen
            if chosen == _CARD:
                await self._show_card()
            elif chosen == _ADD:
                await self._add()
            else:
                await self._manage(next(line for line in lines if line.id == chosen))

    async def _show_card(self) -> None:
        from cryptpad_tui.engine import contacts

        card = await contacts.card(self._engine)
        sentences = (
            card.text,
            "It opens nothing: whoever has it can ask to be your contact, and no more.",
        )
        options = (Option("close", "Close"), Option("copy", "Copy it"))
        if await self._app.push_screen_wait(CopyDialog("Your card", sentences, options)) == "copy":
            self._app.copy_to_clipboard(card.text)

    async def _add(self) -> None:
        from cryptpad_tui.engine import contacts

        sentences = ("Paste the card that you were given. It starts with padc1:",)
        text = await self._app.push_screen_wait(AskDialog("Add a contact", sentences))
        if not text or not text.strip():
            return
        await contacts.card(self._engine)
        added = contacts.add(self._engine, text)
        self._engine.mail.soon()
        name = words.safe_title(added.name)
        if added.offered is not None:
            await self._changed(name)
        else:
            self._app.say(f"{name} is asked. They stand here once they accept.")

    async def _manage(self, line: ContactLine) -> None:
        """What can be done with one contact."""
        from cryptpad_tui.engine import contacts

        name = words.safe_title(line.name)
        sentences = shown.about(line)
        chosen = await self._app.push_screen_wait(
            ChooseDialog(shown.who(line.name, verified=line.verified), sentences, shown.deeds(line))
        )
        if chosen in (None, "close"):
            return
        if chosen == "compare":
            await self._compare(line.id)
            return
        if chosen == "remove" and not await self._sure(name):
            return
        if chosen in ("mute", "hear"):
            contacts.mute(self._engine, line.id, on=chosen == "mute")
        else:
            {"accept": contacts.accept, "decline": contacts.decline, "remove": contacts.remove}[chosen](
                self._engine, line.id
            )
        self._engine.mail.soon()

    async def _sure(self, name: str) -> bool:
        sentences = (
            f"{name} is not told, and can ask again. They stay in the pads that they are in, until you"
            " take them out there.",
        )
        options = (Option("keep", "Keep"), Option("remove", "Remove"))
        dialog = ChooseDialog(f"Remove {name} from your contacts?", sentences, options)
        return await self._app.push_screen_wait(dialog) == "remove"

    async def _compare(self, contact_id: str) -> None:
        from cryptpad_tui.engine import contacts

        known = contacts.find(self._engine, contact_id)
        number = await asyncio.to_thread(contacts.number_offered, self._engine, known)
        name = words.safe_title(known.name)
        sentences = [_COMPARE]
        if known.offered is not None:
            sentences.insert(0, "By the keys that wait to be accepted.")
        verified = known.is_verified(contacts.keys_of(self._engine)) and known.offered is None
        screen = SafetyScreen(name, number, verified=verified, sentences=sentences)
        answer = await self._app.push_screen_wait(screen)
        if answer == SAME:
            if known.offered is not None:
                contacts.accept(self._engine, known.id)
                known = contacts.find(self._engine, known.name)
            contacts.mark_verified(self._engine, known.id)
            self._app.say(f"{name} is verified.")
        elif answer == OTHER:
            options = (Option("close", "Close"),)
            title = "The numbers are not the same"
            await self._app.push_screen_wait(ChooseDialog(title, (_NUMBERS_DIFFER,), options))

    async def _changed(self, name: str) -> None:
        sentences = (
            f"THE KEYS OF {name} ARE OTHERS than those that you know. Nothing is sent to them until you"
            " compare the safety number and accept these, or decline them.",
        )
        options = (Option("close", "Close"),)
        await self._app.push_screen_wait(ChooseDialog("The keys changed", sentences, options))

    # -- invitations

    async def invite_here(self) -> None:
        """Into the pad that is open, or that the mark in the list is on."""
        pad_id = _pad_here(self._app)
        if pad_id is None:
            self._app.say("Open a pad first, or put the mark on one.")
            return
        await self.invite(pad_id, self._engine.listing_of(pad_id).title)

    async def invite(self, pad_id: bytes, title: str) -> None:
        """Choose a contact and send them the pad."""
        from cryptpad_tui.engine import contacts, inviting

        lines = [each for each in contacts.lines(self._engine) if each.standing.value == "contact"]
        rows = [shown.contact_row(line) for line in lines if not line.changed]
        pad_title = words.safe_title(title)
        empty = ("", " You have no contacts yet. Ctrl+P finds “Contacts”, where you add some.")
        chosen = await self._app.push_screen_wait(PeopleList(f"Invite into “{pad_title}”", rows, empty=empty))
        if chosen is None:
            return
        pad = self._engine.listing_of(pad_id)
        options = [Option("view", "They may read"), Option("edit", "They may write")]
        sentences = ("In a pad of your own they become a member, who keeps it when its keys change.",)
        right = await self._app.push_screen_wait(
            ChooseDialog("What may they do?", sentences, options[: 1 if pad.role == "view" else 2])
        )
        if right is None:
            return
        self._app.say("Asking the relay…")
        invited = await inviting.invite(self._engine, pad_id, chosen, view=right == "view")
        self._engine.mail.soon()
        self._app.say(f"{words.safe_title(invited.name)} is invited. The answer comes into your inbox.")


def _pad_here(app: CryptpadApp) -> bytes | None:
    from cryptpad_tui.ui.drive.rows import PadRow
    from cryptpad_tui.ui.screens.drive import DriveScreen
    from cryptpad_tui.ui.screens.pad import PadScreen

    screen = app.screen
    if isinstance(screen, PadScreen):
        return screen.session.pad_id
    row = screen.rows.chosen if isinstance(screen, DriveScreen) else None
    return row.pad.pad_id if isinstance(row, PadRow) else None
