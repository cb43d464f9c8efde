"""The pictures about people, machines and relays, some of those that `screenshots.py` makes.

All of them are real: ANNA and BEN exchange cards and mail through the relay, and a second machine comes in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from cryptpad_tui.engine import Engine, contacts, enrolling, inbox, inviting
from cryptpad_tui.engine.devices import OWN_NAME
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.pad.codes import Code
from cryptpad_tui.people.contacts import Standing
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.vault.vault import Vault
from support import screenshots

PAD: Final = "Crew of the regatta"
TEAM: Final = "Regatta 2027"
TEXT: Final = "# Crew of the regatta\n\nANNA steers, BEN is at the sails.\n"
ELSEWHERE: Final = "wss://pads.harbour.example"
_WAIT_S: Final = 30.0


async def people(there: screenshots.Stage, show: screenshots.Show) -> None:
    """Contacts, an invitation, the members, the machines, a login, another relay. Their relay is another
    one, since that of the other pictures lies."""
    (there.folder / "crew").mkdir()
    crew = screenshots.Stage(there.folder / "crew")
    try:
        await _meet(crew)
        await _of_ben(crew, show)
        await _of_anna(crew, show)
        await _team(crew, show)
    finally:
        crew.relay.stop()


async def _meet(there: screenshots.Stage) -> None:
    """Everything that is there before the first picture."""
    async with there.anna.online() as anna, there.ben.online() as ben:
        await anna.sync(wait_s=_WAIT_S)
        ben.set_relay(there.relay.url())
        await _known_to_each_other(anna, ben, "BEN")
        pad = anna.create_pad(PAD, text=TEXT)
        await anna.sync([pad.pad_id])
        await inviting.invite(anna, pad.pad_id, "BEN", view=False, note="sails, as last year?")
        await _mail(anna, ben, lambda: inbox.lines(ben))
        await _second_machine(there, anna)


async def _known_to_each_other(anna: Engine, other: Engine, name: str) -> None:
    """ANNA compared the number; the other did not yet."""
    await contacts.card(anna)
    contacts.add(anna, (await contacts.card(other)).text, note="ANNA from the harbour")
    await _mail(anna, other, lambda: contacts.lines(other))
    contacts.accept(other, "ANNA")
    standing = Standing.CONTACT
    await _mail(other, anna, lambda: (name, standing) in {(c.name, c.standing) for c in contacts.lines(anna)})
    contacts.mark_verified(anna, name)


async def _mail(sender: Engine, receiver: Engine, came: Callable[[], object]) -> None:
    """Send and fetch until it is there."""
    async with asyncio.timeout(_WAIT_S):
        while not came():
            await inbox.settle(sender)
            await inbox.settle(receiver)
            await asyncio.sleep(0.05)


async def _second_machine(there: screenshots.Stage, anna: Engine) -> None:
    """One that holds pads alone, and has been in the drive once."""
    shown: asyncio.Queue[Code] = asyncio.Queue()
    giving = asyncio.create_task(enrolling.give_limited(anna, show=shown.put_nowait, wait_s=_WAIT_S))
    taken = await enrolling.take_device(there.relay.url(), await shown.get())
    await giving
    assert isinstance(taken, enrolling.LetIn)
    vault, _ = Vault.create(
        there.folder / "phone",
        screenshots.PASSPHRASE,
        name=taken.account.name,
        relay_url=taken.drive.relay_url,
        kdf_memory_mib=64,
        fill=taken.fill,
    )
    vault.set_setting(OWN_NAME, "phone")
    phone = there.anna.engine(vault)
    await phone.start()
    await phone.sync(wait_s=_WAIT_S)
    await phone.close()
    await anna.sync(wait_s=_WAIT_S)


async def _of_ben(there: screenshots.Stage, show: screenshots.Show) -> None:
    async with screenshots.camera(there.ben) as ben:
        await ben.sees("✉ 1")
        await ben.press("f10")
        await ben.sees("invites you to")
        show("inbox", ben.picture())
        await ben.press("enter")
        await ben.sees("Open the pad")
        await ben.press("enter")
        await ben.sees("ANNA steers")


async def _of_anna(there: screenshots.Stage, show: screenshots.Show) -> None:
    async with there.ben.online() as ben, there.anna.online() as engine:
        await _mail(ben, engine, lambda: len(inbox.lines(engine)) == 2)
    async with screenshots.camera(there.anna) as anna:
        await anna.sees("✉ 2")
        await anna.sees("synced")
        await _palette(anna, "safety numbers")
        await anna.sees("Add somebody by their card")
        await anna.press("down", "down", "enter")
        await anna.sees("Compare the safety number")
        await anna.press("enter")
        await anna.sees("A phone reads the code")
        show("safety", anna.picture())
        for _ in range(3):
            await anna.press("escape")
        await anna.until(lambda: isinstance(anna.app.screen, DriveScreen))
        await _palette(anna, "who is in the pad")
        await anna.sees("your contact BEN")
        show("members", anna.picture())
        await anna.press("escape")
        await _palette(anna, "other machines")
        await anna.sees("phone")
        show("devices", anna.picture())
        await anna.press("escape")
        await _palette(anna, "relay for the pad")
        await anna.sees("The relay to move")
        await anna.press(*ELSEWHERE, "enter")
        await anna.sees("Leave it where it is")
        show("move", anna.picture())
        await anna.press("escape")
        await _palette(anna, "login")
        await anna.sees("its name")
        await anna.press(*"anna", "enter")
        await anna.sees("Again")
        await anna.press(*"green horse walks home", "enter", *"green horse walks home", "enter")
        await anna.sees("I have written it down")
        show("login", anna.picture())


async def _team(there: screenshots.Stage, show: screenshots.Show) -> None:
    """ANNA founds one, with an admin and a viewer."""
    async with there.anna.online() as anna, there.mia.online() as mia:
        mia.set_relay(there.relay.url())
        await _known_to_each_other(anna, mia, "MIA")
        team = acting.found(anna, TEAM)
        await anna.sync([team])
        await acting.invite(anna, team, "BEN", Rank.ADMIN, wait_s=_WAIT_S)
        await acting.invite(anna, team, "MIA", Rank.VIEWER, wait_s=_WAIT_S)
        await anna.sync(wait_s=_WAIT_S)
    async with screenshots.camera(there.anna) as camera:
        await camera.sees(TEAM)
        await camera.press(*TEAM)
        await camera.until(lambda: PAD not in camera.text())
        await _palette(camera, "who is in the pad")
        await camera.sees("Leave the team")
        show("team", camera.picture())


async def _palette(camera: screenshots.Camera, command: str) -> None:
    await camera.until(lambda: isinstance(camera.app.screen, DriveScreen))
    await camera.press("ctrl+p")
    await camera.sees("a part of a command")
    await camera.press(*command, "enter")
