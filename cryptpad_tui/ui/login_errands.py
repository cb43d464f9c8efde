"""A login for new machines, from inside the app: made, changed or ended, and what the drive says of it.

The secret key is shown once, before the relay is asked, and is in no log and in no message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cryptpad_tui.host.loopback import is_only_here
from cryptpad_tui.people.login_errors import LoginRolledBack
from cryptpad_tui.ui.failures import login_failures
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.passphrase import PassphraseDialog
from cryptpad_tui.ui.words import safe_line

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.people.login_keys import Credentials
    from cryptpad_tui.people.login_record import LoginRecord
    from cryptpad_tui.ui.app import CryptpadApp

_WHAT: Final = (
    "A login brings your drive to a machine that has nothing: by its name, a passphrase and a secret key on"
    " paper. The relay learns none of them."
)
_ONLY_HERE: Final = (
    "It is kept at your relay, which is reached from this machine alone: choose another one first."
)
_LOOK_S: Final = 0.5
_LOOKS: Final = 240
"""How often it is seen whether the drive has come."""


async def manage_login(app: CryptpadApp, engine: Engine) -> None:
    """Make one, or change or end the one there is."""
    from cryptpad_tui.engine import login_memory, logins

    try:
        await logins.settle(engine)
        record = login_memory.record_of(engine)
        if record is None or not record.is_there:
            told = (_WHAT, *((_ONLY_HERE,) if is_only_here(engine.relay_url()) else ()))
            name = await app.push_screen_wait(AskDialog("A login for new machines: its name", told))
            if name:
                await _make(app, engine, str(name), None)
            return
        options = (
            Option("", "Leave it as it is"),
            Option("change", "Another passphrase and secret key; those of before end"),
            Option("end", "End it: the relay forgets it"),
        )
        words = f"{safe_line(record.name)} at {safe_line(logins.address(engine))}"
        chosen = await app.push_screen_wait(ChooseDialog("Your login", (words,), options))
        if chosen == "change":
            await _make(app, engine, record.name, record)
        elif chosen == "end":
            await logins.remove(engine)
            app.say("The login is ended: its name, passphrase and page open nothing.")
    except login_failures() as error:
        app.tell_failure(error)


async def _make(app: CryptpadApp, engine: Engine, name: str, before: LoginRecord | None) -> None:
    from cryptpad_tui.engine import logins

    old = await logins.begin(engine, changing=before is not None)
    passphrase = await app.push_screen_wait(PassphraseDialog("A passphrase for the login alone"))
    if not passphrase:
        return
    credentials = _credentials(name, passphrase)
    if await app.push_screen_wait(_page(credentials, logins.address(engine))) != "written":
        app.say("Nothing was made.")
        return
    app.say("Asking the relay; this takes a second or two…")
    await logins.set_login(engine, old, credentials)
    app.say("The login is made. On a new machine, the first screen takes it by F2.")


def _credentials(name: str, passphrase: str) -> Credentials:
    from cryptpad_tui.host.entropy import random_bytes
    from cryptpad_tui.people.login_keys import Credentials, SecretKey, login_name

    return Credentials(login_name(name), passphrase, SecretKey.make(random_bytes))


def _page(credentials: Credentials, relay: str) -> ChooseDialog:
    assert credentials.secret is not None
    groups = credentials.secret.text().split("-")
    key = "\n".join("-".join(groups[at : at + 4]) for at in (0, 4))
    sentences = (
        f"Relay: {safe_line(relay)}\nName: {safe_line(credentials.name)}",
        key,
        "Write it on paper, and the passphrase nowhere near it. It is shown this once. `cryptpad-tui login"
        " change` prints a page with a QR code.",
    )
    options = (Option("written", "I have written it down"), Option("", "Make no login"))
    return ChooseDialog("The login's secret key", sentences, options)


async def watch_login(app: CryptpadApp, engine: Engine) -> None:
    """Where this vault came from a login: say it if the drive knows of a newer one."""
    from cryptpad_tui.engine import signing_in
    from cryptpad_tui.engine.login_memory import SIGNED_IN

    for _ in range(_LOOKS):
        if app.engine is not engine or not engine.vault.setting(SIGNED_IN):
            return
        if engine.has_drive_open and engine.drive_session.attached_here:
            try:
                signing_in.judge(engine)
            except LoginRolledBack as error:
                app.tell_failure(error)
            return
        await asyncio.sleep(_LOOK_S)
