"""The bell: how many messages wait in the inbox, a sentence when one comes, and a sound only where asked for.

A terminal is rung or notified by the setting `bell` alone. What is notified names nobody: a desktop shows it
on a locked screen, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.contact_words import foreign_line

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.app import CryptpadApp

SOUNDS: Final = {"off": "", "bell": "\a", "osc9": "\x1b]9;cryptpad-tui: something came into your inbox\a"}


class Bell:
    """For one app; follows the engine that it was given last."""

    def __init__(self, app: CryptpadApp) -> None:
        self._app = app
        self.count = 0
        self._known: frozenset[bytes] | None = None
        self._end: Callable[[], None] | None = None

    def follow(self, engine: Engine) -> None:
        self.stop()
        self._end = engine.mail.observe(lambda: self._changed(engine))

    def stop(self) -> None:
        if self._end is not None:
            self._end()
        self._end, self._known, self.count = None, None, 0

    def _changed(self, engine: Engine) -> None:
        from cryptpad_tui.engine import inbox

        if self._app.engine is not engine:
            return
        items = engine.people.items()
        known, before = frozenset([item.mail_id for item in items]), self._known
        self._known, self.count = known, len(items)
        come = known - before if before is not None else frozenset()
        self._app.refresh_bell()
        if come:
            lines = [line for line in inbox.lines(engine, number=False) if line.mail_id in come]
            said = f"{words.safe_title(lines[-1].sender)} {foreign_line(lines[-1].sentence)}."
            self._app.say(f"{said} F10 shows the inbox.")
            self._ring()

    def _ring(self) -> None:
        self._app.ring(SOUNDS[self._app.habits.settings.bell])
