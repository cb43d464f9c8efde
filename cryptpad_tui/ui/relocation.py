"""Another relay for a pad or for all of them: the address, one sentence about what happens, and the word.

It asks and shows; `engine.relocating` moves, `engine.whereabouts` follows. Nothing happens before a second
choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option, relay_problem

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.app import CryptpadApp

_EXAMPLE = "For example wss://relay.example.org"
_FOLLOW = (
    "Only its owner can move a pad. If they did, and the relay of before is gone, write the address that they"
    " told you: it is followed where that relay has the owner's signature, and what you wrote goes along."
)


class RelocationErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    async def pad(self, pad_id: bytes, title: str) -> None:
        """Move a pad of one's own, or follow one that its owner moved."""
        record, shown = self._engine.vault.pad(pad_id), words.safe_title(title)
        if record is None:
            return
        if record.role != "owner":
            await self._follow(pad_id, shown)
            return
        url = await self._address(f"The relay to move “{shown}” to", _EXAMPLE)
        if url is None or not await self._sure(f"Move “{shown}” to {words.safe_line(url)}?"):
            return
        from cryptpad_tui.engine import relocating

        self._app.say("The pad is brought there…")
        try:
            await relocating.move(self._engine, pad_id, url)
        except engine_failures() as error:
            self._app.say(f"The pad was not moved. {words.sentence_of(error)}", "warning")
            return
        self._app.say("The pad is at the other relay, and everybody in it goes on there by themselves.")

    async def everything(self) -> None:
        """Every pad of one's own, and the drive when all of them are there."""
        url = await self._address("The relay to move everything to", _EXAMPLE)
        if url is None or not await self._sure(f"Move all your pads to {words.safe_line(url)}?"):
            return
        from cryptpad_tui.engine import moving_house

        self._app.say("Your pads are brought there…")
        try:
            outcome = await moving_house.move_all(
                self._engine, url, done=lambda report: self._app.say("One more is there…")
            )
        except engine_failures() as error:
            self._app.say(f"Not everything was moved. {words.sentence_of(error)}", "warning")
            return
        if outcome.failed:
            count = len(outcome.failed)
            stays = "One pad stays" if count == 1 else f"{count} pads stay"
            why = words.safe_line(outcome.failed[0][1])
            self._app.say(
                f"{stays} where they are: {why} Choose it again later; the rest is there.", "warning"
            )
            return
        self._app.say(
            "Everything is at the other relay. Print a kit again: the page of before names the old one."
        )

    async def _follow(self, pad_id: bytes, shown: str) -> None:
        url = await self._address(f"The relay that “{shown}” was moved to", _FOLLOW)
        if url is None:
            return
        from cryptpad_tui.engine import whereabouts

        try:
            await whereabouts.follow(self._engine, pad_id, url)
        except engine_failures() as error:
            self._app.say(f"The pad was not followed. {words.sentence_of(error)}", "warning")
            return
        self._app.say("The pad goes on at the other relay, with what you had not sent.")

    async def _address(self, title: str, sentence: str) -> str | None:
        problem, value = "", ""
        while True:
            dialog = AskDialog(title, (problem or sentence,), value=value)
            url = await self._app.push_screen_wait(dialog)
            if url is None:
                return None
            problem, value = relay_problem(url), url
            if not problem:
                return url.strip()

    async def _sure(self, title: str) -> bool:
        from cryptpad_tui.engine.relocating import WHAT_MOVING_DOES

        options = (Option("keep", "Leave it where it is"), Option("move", "Move"))
        return await self._app.push_screen_wait(ChooseDialog(title, (WHAT_MOVING_DOES,), options)) == "move"
