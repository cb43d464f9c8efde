"""Keys to commands: the table's keys, or what the person put in their place.

Keys have Textual's names ("ctrl+right", "pagedown", "shift+home", "ctrl+@"). It must never accept a key
that a bare terminal sends as another one: Ctrl+I is Tab, Ctrl+M is Enter, Ctrl+[ is Escape.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol


class KeymapError(ValueError):
    """The key map could not be used. The keys are as they were before. Correct the line that is named."""


class KeyConflict(KeymapError):
    """One key stands for two commands in the same place. Take it away from one of them."""

    def __init__(self, key: str, first: str, second: str) -> None:
        super().__init__(f"{key} is {first} and {second}")
        self.key, self.first, self.second = key, first, second


class ForbiddenKey(KeymapError):
    """Many terminals send this key as another one: Ctrl+I is Tab, Ctrl+M is Enter. Choose another key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class ImpossibleKey(KeymapError):
    """No terminal sends this key, or it is a character that could not be typed then. Choose another key."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class UnknownCommand(KeymapError):
    """There is no command of this name. The names are listed by the help and in docs/keys.md."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class KeyedCommand(Protocol):
    """What has keys: the editor's commands, and those of the app around it."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def context(self) -> str: ...


@dataclass(frozen=True, slots=True)
class KeyBinding:
    key: str
    command: str
    context: str


FORBIDDEN = frozenset(
    {
        *("ctrl+i", "ctrl+m", "ctrl+h", "ctrl+[", "ctrl+left_square_bracket"),
        *("shift+enter", "ctrl+enter", "ctrl+tab"),
    }
)
_PLAIN = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace",
          "enter", "tab", "shift+tab", "escape", "ctrl+@", "ctrl+underscore", "ctrl+backslash", "ctrl+left",
          "ctrl+right", "ctrl+right_square_bracket", "ctrl+circumflex_accent")  # fmt: skip
# Escape O and Escape P begin other sequences; ctrl+left and ctrl+right are also Escape b and Escape f.
_LEGACY = frozenset(
    {
        *_PLAIN,
        *(f"ctrl+{c}" for c in string.ascii_lowercase if c not in "him"),
        *(f"alt+{c}" for c in string.ascii_lowercase if c not in "bf"),
        *(f"alt+shift+{c}" for c in string.ascii_lowercase if c not in "op"),
        *(f"f{n}" for n in range(1, 13)),
    }
)
_SIGNS = {"left": "←", "right": "→", "up": "↑", "down": "↓", "pageup": "PgUp", "pagedown": "PgDn",
          "delete": "Del", "insert": "Ins", "escape": "Esc", "underscore": "_", "@": "Space"}  # fmt: skip


_BASES = frozenset(
    {
        *string.ascii_letters,
        *string.digits,
        *(f"f{n}" for n in range(1, 25)),
        *(
            "up",
            "down",
            "left",
            "right",
            "home",
            "end",
            "pageup",
            "pagedown",
            "insert",
            "delete",
            "backspace",
        ),
        *("enter", "tab", "escape", "space", "@", "at", "underscore", "backslash", "slash", "question_mark"),
        *("right_square_bracket", "left_square_bracket", "circumflex_accent", "minus", "plus", "equals_sign"),
        *(
            "full_stop",
            "comma",
            "semicolon",
            "colon",
            "apostrophe",
            "quotation_mark",
            "grave_accent",
            "tilde",
        ),
        *("exclamation_mark", "number_sign", "dollar_sign", "percent_sign", "ampersand", "asterisk"),
        *("left_parenthesis", "right_parenthesis", "less_than_sign", "greater_than_sign", "vertical_line"),
    }
)


def can_be_sent(key: str, *, typed: bool = False) -> bool:
    """A terminal can send it; where text is `typed`, a bare character is no key."""
    *modifiers, base = key.split("+")
    known = base in _BASES and all(name in ("ctrl", "alt", "shift") for name in modifiers)
    if not known or len(set(modifiers)) < len(modifiers):
        return False
    is_bare = not [name for name in modifiers if name != "shift"]
    return not (typed and is_bare and (len(base) == 1 or "_" in base or base in _TYPED_NAMES))


_TYPED_NAMES = frozenset(
    {
        *("space", "at", "underscore", "backslash", "slash", "minus", "plus", "comma", "semicolon"),
        *("colon", "apostrophe", "tilde", "ampersand", "asterisk"),
    }
)


def is_legacy(key: str) -> bool:
    """A terminal without any key protocol sends this key so that it can be told from the others."""
    return key in _LEGACY


def label_of(key: str) -> str:
    """A key as help and footer show it: `Ctrl+→`."""
    return "+".join(_SIGNS.get(part, part.capitalize()) for part in key.split("+"))


_TYPING = ("editor", "pad", "app", "everywhere")
"""The contexts in which characters are text."""


class Keymap:
    """Every key of every context, once."""

    def __init__(
        self,
        commands: Iterable[KeyedCommand],
        overrides: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        listed = list(commands)
        known = {command.name for command in listed}
        for name in overrides:
            if name not in known:
                raise UnknownCommand(name)
        self._keys = {c.name: tuple(overrides.get(c.name, c.keys)) for c in listed}
        self._commands: dict[tuple[str, str], str] = {}
        for command in listed:
            for key in self._keys[command.name]:
                if command.name in overrides and not can_be_sent(key, typed=command.context in _TYPING):
                    raise ImpossibleKey(key)
                self._bind(key, command)

    def _bind(self, key: str, command: KeyedCommand) -> None:
        if key in FORBIDDEN:
            raise ForbiddenKey(key)
        taken = self._commands.setdefault((command.context, key), command.name)
        if taken != command.name:
            raise KeyConflict(key, taken, command.name)

    def command(self, key: str, context: str = "editor") -> str | None:
        """The command that a key stands for, if any."""
        return self._commands.get((context, key))

    def keys(self, command: str) -> tuple[str, ...]:
        if command not in self._keys:
            raise UnknownCommand(command)
        return self._keys[command]

    def label(self, command: str) -> str:
        """The key to show for a command; "" if it has none."""
        keys = self.keys(command)
        return label_of(keys[0]) if keys else ""

    def bindings(self) -> tuple[KeyBinding, ...]:
        return tuple(KeyBinding(key, name, context) for (context, key), name in self._commands.items())


def keys_page(commands: Iterable[KeyedCommand]) -> str:
    """docs/keys.md: every command with its keys; those in brackets need a terminal that sends them."""
    lines = ["# Keys", "", "Made from the command table. Not every terminal sends the keys in brackets.", ""]
    lines += ["| command | name | keys |", "|---|---|---|"]
    for command in commands:
        keys = [label_of(key) if is_legacy(key) else f"({label_of(key)})" for key in command.keys]
        lines.append(f"| {command.title} | `{command.name}` | {' '.join(keys)} |")
    return "\n".join(lines) + "\n"
