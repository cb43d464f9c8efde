"""What is wrong with the settings file. The docstring of each class is the sentence that a person reads.

- `SettingsError`
    - `UnusableSettings`: a line that cannot be used; exit code 1 of `config check`.
    - `SettingsUnreadable`: the file cannot be read.
    - `SettingsExist`: `config init` writes over nothing.
"""

from __future__ import annotations


class SettingsError(Exception):
    """The settings could not be used. The app works with its defaults."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class UnusableSettings(SettingsError):
    """A line of the settings file cannot be used, so the defaults are. Correct the line, or delete it."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"line {line}: {sentence}" if line else sentence)
        self.line = line


class SettingsUnreadable(SettingsError):
    """The settings file cannot be read, so the defaults are used. Check its rights."""


class SettingsExist(SettingsError):
    """There is a settings file already. Nothing was changed; `cryptpad-tui config path` says where it is."""
