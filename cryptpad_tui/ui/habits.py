"""How a person likes the app: the settings that were read, and what they switched for this session.

The registers of vim's map hold pieces of pads: they are gone when the vault is locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.settings.errors import SettingsError
from cryptpad_tui.settings.reading import Loaded
from cryptpad_tui.ui.commands import use_keys

if TYPE_CHECKING:
    from cryptpad_tui.editor.vim.registers import Registers


class Habits:
    """One for the whole app."""

    def __init__(self, loaded: Loaded | None = None) -> None:
        self._registers: Registers | None = None
        self.take(Loaded() if loaded is None else loaded)

    def take(self, loaded: Loaded) -> None:
        """Live by these settings."""
        self.settings = loaded.settings
        self.vim_keys = loaded.settings.keymap == "vim"
        self._problem = loaded.problem
        use_keys(loaded.settings.keys)

    def take_problem(self) -> SettingsError | None:
        """What is wrong with the settings file, once."""
        problem, self._problem = self._problem, None
        return problem

    @property
    def registers(self) -> Registers:
        """The registers of every pad."""
        if self._registers is None:
            from cryptpad_tui.editor.vim.registers import Registers

            self._registers = Registers()
        return self._registers

    def lock(self) -> None:
        """Forget what was yanked."""
        self._registers = None
