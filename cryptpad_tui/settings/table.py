"""The settings as one table: name, default, what may be set, and the words of the commented file.

The file, `config show`, the checks and the settings screen are made from it. Nothing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

Value = str | int | bool
THEMES: Final = (
    "textual-dark", "textual-light", "nord", "gruvbox", "solarized-light", "ansi-dark", "ansi-light",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What the app and the editor ask for."""

    keymap: str = "default"
    theme: str = ""
    tab_width: int = 4
    indent: str = "4"
    line_numbers: bool = False
    scroll_margin: int = 2
    open_last: bool = True
    code_colours: bool = True
    frame_diff: bool = True
    idle_lock_minutes: int = 0
    bell: str = "off"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Keys in the place of the table's, by command."""

    @property
    def indent_text(self) -> str:
        """What one step of indentation is made of."""
        return "\t" if self.indent == "tab" else " " * int(self.indent)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the file. `wanted` says what may be set, for a person."""

    name: str
    default: Value
    wanted: str
    fits: Callable[[object], bool]
    words: tuple[str, ...]
    """The comment above it in the file."""
    choices: tuple[Value, ...] = ()
    """What the settings screen offers."""


def _one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in choices


def _number(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


SETTINGS: Final = (
    Setting(
        "keymap", "default", '"default" or "vim"', _one_of("default", "vim"),
        ('How the editor takes keys: "default", or "vim" with its modes.',), ("default", "vim"),
    ),
    Setting(
        "theme", "", "one of " + ", ".join(f'"{name}"' for name in THEMES), _one_of("", *THEMES),
        ('The colours; "" is the theme that was chosen last. Sixteen colours: "ansi-dark", "ansi-light".',
         "Others: " + ", ".join(f'"{name}"' for name in THEMES[:5]) + "."), ("", *THEMES),
    ),
    Setting(
        "tab_width", 4, "a number from 1 to 16", _number(1, 16),
        ("How many cells a tab takes.",), (2, 4, 8),
    ),
    Setting(
        "indent", "4", '"tab", or how many spaces: "1" to "8"', _one_of("tab", *map(str, range(1, 9))),
        ('What one step of indentation is made of: "tab", or so many spaces.',), ("2", "4", "8", "tab"),
    ),
    Setting(
        "line_numbers", False, "true or false", _is_switch,
        ("Show line numbers in every pad that is opened.",), (False, True),
    ),
    Setting(
        "scroll_margin", 2, "a number from 0 to 20", _number(0, 20),
        ("How many rows stay visible above and below the caret.",), (0, 2, 5),
    ),
    Setting(
        "open_last", True, "true or false", _is_switch,
        ("Begin in the pad that was open when the app ended, where you were; false begins in the list.",),
        (True, False),
    ),
    Setting(
        "code_colours", True, "true or false", _is_switch,
        ("Colour code by its language. Other people's code is read in a process that holds no key;",
         "false reads none."), (True, False),
    ),
    Setting(
        "frame_diff", True, "true or false", _is_switch,
        ("Send the terminal only the cells that changed. false paints whole rows: slower, for a terminal",
         "that shows remains of what was there before."), (True, False),
    ),
    Setting(
        "idle_lock_minutes", 0, "a number from 0 to 1440", _number(0, 1440),
        ("Lock the vault after so many minutes without a key or a click; 0 is never.",), (0, 5, 15, 60),
    ),
    Setting(
        "bell", "off", '"off", "bell" or "osc9"', _one_of("off", "bell", "osc9"),
        ('When something comes into the inbox: "bell" rings the terminal, "osc9" asks it for a desktop',
         'notification that names nobody. A sentence stands on the screen in any case.'),
        ("off", "bell", "osc9"),
    ),
)  # fmt: skip
BY_NAME: Final = MappingProxyType({setting.name: setting for setting in SETTINGS})


def default_file() -> str:
    """The commented file that `config init` writes: every default, as a comment."""
    lines = [
        "# Settings of cryptpad-tui. A line without # in front counts; `cryptpad-tui config check` reads it",
        "# and names the line that cannot be used. With such a line the app starts with its defaults.",
        "",
    ]
    for setting in SETTINGS:
        lines += [f"# {words}" for words in setting.words]
        lines += [f"# {setting.name} = {written(setting.default)}", ""]
    lines += [
        "# Other keys for commands: the name of a command and its keys; [] takes all away. docs/keys.md has",
        "# the names. Ctrl+I, Ctrl+M, Ctrl+H and Ctrl+[ are Tab, Enter, Backspace and Escape in a terminal.",
        "[keys]",
        '# "line.duplicate" = ["alt+shift+c"]',
        '# "pad.save" = ["ctrl+s", "shift+f5"]',
    ]
    return "\n".join(lines) + "\n"


def written(value: Value) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
