"""Once a week, until it is made: nothing but a recovery kit brings an account back from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.app import CryptpadApp

_SENTENCES: Final = (
    "If this machine is lost, or its passphrase forgotten, nothing brings your pads back: nobody knows you.",
    "`cryptpad-tui kit` prints one page that does, and `cryptpad-tui backup FILE` keeps what is written.",
)
_STALE: Final = (
    "The account has another root since the last kit was made, so that kit brings nothing back any more.",
    "`cryptpad-tui kit` prints one page that does; destroy the old one.",
)


async def remind_of_kit(app: CryptpadApp, engine: Engine) -> None:
    """Say so where it is due, and take no for an answer."""
    from cryptpad_tui.engine import kits

    if not kits.is_due(engine):
        return
    kits.reminded(engine)
    options = (Option("later", "Remind me next week"), Option("never", "Do not remind me again"))
    title, told = "There is no recovery kit yet", _SENTENCES
    if kits.is_stale(engine):
        title, told = "The recovery kit is no good any more", _STALE
    answer = await app.push_screen_wait(ChooseDialog(title, told, options))
    if answer == "never" and app.engine is engine:
        kits.reminded(engine, never_again=True)
