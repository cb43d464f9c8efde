"""How a pad takes keys: the default map or vim's, as the settings or the person say.

The mode and the keys that wait stand in the status line; so does the line behind a colon while it is written.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptpad_tui.editor.state import Settings
from cryptpad_tui.editor.vim.keys import VimKeys
from cryptpad_tui.ui import words
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.widgets.parts import Part

_CARET = "▏"


class Keys(PadFeature):
    """The settings of the editor and its key map."""

    _begun = False

    def actions(self) -> Mapping[str, Action]:
        return {"keys.vim": self._toggle}

    def look(self) -> None:
        if not self._begun:
            self._begun = True
            self.take_settings()

    def take_settings(self) -> None:
        chosen = self.screen.door.habits.settings
        wanted = Settings(chosen.tab_width, chosen.indent_text, chosen.scroll_margin)
        self.view.configure(wanted, line_numbers=chosen.line_numbers or self.view.line_numbers)
        if self.screen.door.habits.vim_keys != (self.view.vim is not None):
            self._switch(on=self.screen.door.habits.vim_keys)

    def _toggle(self) -> None:
        habits = self.screen.door.habits
        habits.vim_keys = self.view.vim is None
        self._switch(on=habits.vim_keys)
        self.screen.say(
            "Vim keys are on: i writes, Escape ends that, :q leaves."
            if habits.vim_keys
            else "Vim keys are off."
        )

    def _switch(self, *, on: bool) -> None:
        registers = self.screen.door.habits.registers
        self.view.vim = (
            VimKeys(self.view.editor, registers=registers, default_key=self.view.default_key) if on else None
        )
        self.view.settle()

    def status(self) -> list[Part]:
        vim = self.view.vim
        return [(f"{words.safe_line(vim.status)}  ", "strong")] if vim is not None and vim.status else []

    def answer(self) -> list[Part]:
        vim = self.view.vim
        if vim is None or vim.prompt is None:
            return []
        return [(f" {words.safe_line(vim.prompt[-200:])}{_CARET}", "strong")]
