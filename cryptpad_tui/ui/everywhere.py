"""The commands that work on every screen, and what they ask first.

They belong to the app; what only makes sense with an open vault is added from `errands`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cryptpad_tui.settings.table import THEMES
from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.base import Action, CommandScreen

if TYPE_CHECKING:
    from cryptpad_tui.ui.app import CryptpadApp

_THEME_SETTING: Final = "theme"


class Everywhere:
    """Help, palette, settings, theme and quitting, of one app."""

    def __init__(self, app: CryptpadApp) -> None:
        self._app = app
        self._quitting = False

    def actions(self) -> Mapping[str, Action]:
        app = self._app
        always: dict[str, Action] = {
            "app.help": self._help,
            "app.redraw": app.action_redraw,
            "app.quit": self.quit,
            "app.theme": self._next_theme,
            "app.cursor": self._toggle_cursor,
            "app.palette": self._palette,
            "app.settings": self._settings,
        }
        if app.engine is None:
            return always
        errands = app.errands
        return {
            **always,
            "app.relay": errands.choose_relay,
            **errands.people.actions(),
            "app.devices": errands.devices.show,
            "app.login": self._login,
            "app.lock": app.lock,
        }

    def _help(self) -> None:
        from cryptpad_tui.ui.screens.help import HelpScreen

        screen = self._app.screen
        if isinstance(screen, CommandScreen) and not isinstance(screen, HelpScreen):
            self._app.push_screen(HelpScreen(screen.contexts))

    async def _palette(self) -> None:
        from cryptpad_tui.ui.screens.palette import PaletteScreen

        screen = self._app.screen
        if isinstance(screen, CommandScreen):
            name = await self._app.push_screen_wait(PaletteScreen(screen.contexts))
            if name is not None:
                screen.perform(name)

    async def _login(self) -> None:
        from cryptpad_tui.ui.login_errands import manage_login

        if self._app.engine is not None:
            await manage_login(self._app, self._app.engine)

    async def _settings(self) -> None:
        from cryptpad_tui.ui.settings_errand import change_settings

        await change_settings(self._app)

    def _toggle_cursor(self) -> None:
        app = self._app
        app.cursor_everywhere = not app.cursor_everywhere
        app.say(f"The terminal's cursor in every field: {'shown' if app.cursor_everywhere else 'hidden'}.")

    # ---- the theme

    def _next_theme(self) -> None:
        app = self._app
        at = THEMES.index(app.theme) + 1 if app.theme in THEMES else 0
        app.theme = THEMES[at % len(THEMES)]
        app.say(f"Theme: {app.theme}")
        if app.engine is not None:
            app.engine.vault.set_setting(_THEME_SETTING, app.theme)

    def restore_theme(self) -> None:
        """The one of the settings, or else the last that was chosen here."""
        app = self._app
        assert app.engine is not None
        theme = app.habits.settings.theme or app.engine.vault.setting(_THEME_SETTING)
        if theme in THEMES and not app.native_ansi_color:
            app.theme = theme

    # ---- leaving

    def quit(self) -> Any:
        """Leave; what is not sent yet is mentioned first, and a second Ctrl+Q does not ask."""
        if self._quitting:
            self._app.exit(0)
            return
        self._quitting = True
        self._app.run_worker(self._quit())

    async def _quit(self) -> None:
        from cryptpad_tui.ui.screens.dialogs import unsaved_question, unsent_question

        try:
            try:
                waiting = self._unsent()
                question = unsent_question(waiting) if waiting else None
            except engine_failures() as error:
                question = unsaved_question(words.sentence_of(error))
            if question is None or await self._app.push_screen_wait(question) == "quit":
                self._app.exit(0)
        finally:
            self._quitting = False

    def _unsent(self) -> int:
        if self._app.engine is None:
            return 0
        from cryptpad_tui.ui.screens.pad import PadScreen

        for screen in self._app.screen_stack:
            if isinstance(screen, PadScreen):
                screen.flush()
        return words.unsent(self._app.engine.listing())
