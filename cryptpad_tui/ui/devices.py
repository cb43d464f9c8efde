"""One's other machines on the screen: the list, letting one in by a code, taking one out; joining by code.

It asks and shows; `engine` does. Nothing happens before a person chose it a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.host.loopback import is_only_here
from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import code_failures, engine_failures
from cryptpad_tui.ui.screens.code import CodeDialog
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.devices import DeviceLine
    from cryptpad_tui.engine.removing import Reach
    from cryptpad_tui.ui.app import CryptpadApp

_ADD, _ADD_LIMITED, _CLOSE = "add", "limited", "close"
_ENTER: Final = (
    "On the other machine: cryptpad-tui device join --relay {url}, and then this code. One wrong guess ends"
    " it."
)
_NOT_FROM_AFAR: Final = (
    "That relay is reached from this machine alone. For a machine elsewhere, move all to another first:"
    " Esc, then “Another relay for everything” in the commands."
)
_WHOLE: Final = "The other machine becomes this account, with every key of it. Tell the code to nobody."
_LIMITED: Final = (
    "The other machine reads and writes all your pads and makes new ones. It cannot change keys, destroy pads"
    " or let machines in, and you can cut it off from everything new."
)
_LOST: Final = (
    "This machine holds the account's root, from which every key of yours follows, so taking it off the list"
    " would protect nothing. If it is lost, close the app and run: cryptpad-tui rotate-account. It gives your"
    " account another root and says what that cannot undo.",
)


class DeviceErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    async def show(self) -> None:
        """The machines of the account, and what can be done with them."""
        from cryptpad_tui.engine import devices, in_bulk, limited

        await in_bulk.open_drive(self._engine)
        lines = devices.devices(self._engine)
        chosen = await self._app.push_screen_wait(
            list_of(lines, is_limited=limited.is_limited(self._engine.vault))
        )
        if chosen in (_ADD, _ADD_LIMITED):
            await self._add(only_pads=chosen == _ADD_LIMITED)
        elif chosen not in (None, _CLOSE):
            await self._out(next(line for line in lines if line.id == chosen))

    # -- letting one in

    async def _add(self, *, only_pads: bool) -> None:
        from cryptpad_tui.engine.codes import give_account
        from cryptpad_tui.engine.enrolling import give_limited

        engine, url = self._engine, self._engine.relay_url()
        if url is None:
            self._app.say("Machines meet at a relay, and none is chosen. Ctrl+R chooses one.", "warning")
            return

        async def give(show: Callable[[str], None]) -> None:
            work = give_limited if only_pads else give_account
            await work(engine, show=lambda code: show(code.text()))

        title = "Let a limited machine in" if only_pads else "Let another machine in"
        told = [_ENTER.format(url=engine.public_url(url)), _LIMITED if only_pads else _WHOLE]
        told += [_NOT_FROM_AFAR] if is_only_here(url) else []
        if await self._app.push_screen_wait(CodeDialog(title, told, give)):
            self._app.say("The other machine has what it needs; it is on the list once it came.")

    # -- taking one out

    async def _out(self, line: DeviceLine) -> None:
        from cryptpad_tui.engine import removing

        name, found = words.safe_title(line.name), removing.reach(self._engine)
        answer = await self._app.push_screen_wait(last_question(line, found))
        if answer not in ("out", "links", "wiped"):
            return
        self._app.say("Changing the keys…" if answer != "wiped" else "Ending its line…")
        try:
            done = await removing.remove(
                self._engine, line.id, wiped=answer == "wiped", rekey_pads=answer == "out"
            )
        except engine_failures() as error:
            self._app.say(f"It is not done. {words.sentence_of(error)}", "warning")
            return
        if answer == "wiped":
            self._app.say(f"{name} is off the list.")
            return
        told = removing.sentences(name, found, rekeyed=answer == "out", left=done.left)
        await self._app.push_screen_wait(ChooseDialog(f"{name} is out", told, (Option(_CLOSE, "Close"),)))

    # -- joining a pad

    async def join_by_code(self) -> None:
        """A pad by the code that somebody reads aloud."""
        from cryptpad_tui.engine import codes
        from cryptpad_tui.pad.codes import Code

        told = ("The number and the two words that the other person sees, such as 42-cedar-tulip.",)
        typed = await self._app.push_screen_wait(AskDialog("Join a pad by a code", told))
        if not typed or not typed.strip():
            return
        self._app.say("Asking the other machine…")
        try:
            link = await codes.take_link_here(self._engine, Code.parse(typed))
            listing = await self._engine.join(link)
        except code_failures() as error:
            self._app.say(words.sentence_of(error), "warning")
            return
        await self._app.open_pad(listing.pad_id)

    # -- ending a pad

    async def destroy(self, pad_id: bytes, title: str) -> None:
        """Delete a pad for everybody, once its title was typed."""
        from cryptpad_tui.engine import membership, owned_pads

        shown = words.safe_title(title)
        try:
            owned_pads.owned(self._engine, pad_id)
        except engine_failures() as error:
            self._app.say(words.sentence_of(error), "warning")
            return
        told = (
            f"Its title, to delete “{shown}” at its relay, for everybody and for good. Nobody can take that"
            " back; copies on people's machines stay, yours until you remove it.",
        )
        typed = await self._app.push_screen_wait(AskDialog("Destroy the pad?", told))
        if typed is None:
            return
        if typed != shown:
            self._app.say("That is not the pad's title, so it was not destroyed.", "warning")
            return
        self._app.say("Asking the relay to delete it…")
        try:
            await membership.destroy(self._engine, pad_id)
        except engine_failures() as error:
            self._app.say(f"It was not destroyed. {words.sentence_of(error)}", "warning")
            return
        self._app.say("Deleted for everybody. Your copy is here until you remove it.")


def list_of(lines: Sequence[DeviceLine], *, is_limited: bool) -> ChooseDialog:
    """A limited device can look, and no more."""
    options = [Option(_CLOSE, "Close")]
    if not is_limited:
        options += [
            Option(_ADD, "Let another machine in"),
            Option(_ADD_LIMITED, "Let in one that holds pads alone"),
        ]
        options += [
            Option(line.id, f"{words.safe_title(line.name)} ({line.id[:8]}): take it out")
            for line in lines
            if not line.is_this
        ]
    return ChooseDialog("Your machines", [_described(line) for line in lines], options)


def last_question(line: DeviceLine, found: Reach) -> ChooseDialog:
    """What taking this one out does, and what it cannot; the safe answer first."""
    name = words.safe_title(line.name)
    leave = Option(_CLOSE, "Leave it as it is")
    if line.holds == "account":
        wiped = Option("wiped", "Its vault is destroyed: take its line off the list")
        return ChooseDialog(f"{name} holds the account", _LOST, (leave, wiped))
    told = [
        f"{name} gets nothing of the drive from then on, no pad that is made and no keys. What it has read or"
        " copied, nobody can take back.",
        f"It has the keys of {found.own} of your pads. When they change, links to those that you gave away"
        " end, and members stay in.",
    ]
    if found.others:
        told.append(f"It has your links to {found.others} pads of other people, too: only they can end that.")
    options = (
        leave,
        Option("out", "Cut it off, and change the keys of my pads"),
        Option("links", "Cut it off, and leave my pads' keys and links as they are"),
    )
    return ChooseDialog(f"Take {name} out?", told, options)


def _described(line: DeviceLine) -> str:
    holds = "holds the account" if line.holds == "account" else "holds pads alone"
    more = ", this one" if line.is_this else "" if line.came else ", let in and never seen"
    return f"{words.safe_title(line.name)} ({line.id[:8]})  {holds}{more}"
