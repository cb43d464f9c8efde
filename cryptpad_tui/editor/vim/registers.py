"""The registers of vim: what was yanked and deleted, by name.

They hold pieces of pads, so they are never shown, logged or written anywhere. Their sizes are bounded.
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import Final

from cryptpad_tui.crdt.values import Attributes

MAX_CHARS: Final = 10_000_000
TERMINAL: Final = "+*"
"""The names of the terminal's clipboard."""
NAMES: Final = frozenset(string.ascii_letters + string.digits + '"-_/:.' + TERMINAL)


@dataclass(frozen=True, slots=True)
class Register:
    text: str = field(default="", repr=False)
    linewise: bool = False
    pieces: tuple[tuple[str, Attributes], ...] = field(default=(), repr=False)
    """The same with the marks of rich text, where it is from one."""


class Registers:
    """All registers of one app: every pad shares them."""

    def __init__(self) -> None:
        self._held: dict[str, Register] = {}
        self._last = "0"

    def __repr__(self) -> str:
        return f"<Registers {sorted(self._held)}>"

    def get(self, name: str) -> Register | None:
        """What a register holds; "" is the one that was filled last."""
        if name in ("", '"'):
            name = self._last
        return self._held.get(name.lower() if name in string.ascii_uppercase else name)

    def yank(self, name: str, value: Register) -> None:
        if name in ("", '"'):
            self._put("0", value)
        else:
            self._named(name, value)

    def delete(self, name: str, value: Register) -> None:
        """Whole lines and more than a line move the numbers on; less goes to "-."""
        if name == "_":
            return
        if name not in ("", '"'):
            self._named(name, value)
            return
        if value.linewise or "\n" in value.text:
            for number in range(9, 1, -1):
                if (older := self._held.get(str(number - 1))) is not None:
                    self._held[str(number)] = older
            self._put("1", value)
        else:
            self._put("-", value)

    def _named(self, name: str, value: Register) -> None:
        if name == "_":
            return
        if name in string.ascii_uppercase:
            value = _joined(self._held.get(name.lower()), value)
        self._put(name.lower(), value)

    def _put(self, name: str, value: Register) -> None:
        if len(value.text) > MAX_CHARS:
            value = Register(value.text[:MAX_CHARS], value.linewise)
        self._held[name] = value
        self._last = name


def _joined(before: Register | None, value: Register) -> Register:
    if before is None:
        return value
    if not before.linewise and not value.linewise:
        return Register(before.text + value.text, pieces=_pieces(before, value))
    first = before.text if before.linewise else before.text + "\n"
    second = value.text if value.linewise else value.text + "\n"
    both = before.linewise and value.linewise
    return Register(first + second, linewise=True, pieces=_pieces(before, value) if both else ())


def _pieces(before: Register, value: Register) -> tuple[tuple[str, Attributes], ...]:
    return before.pieces + value.pieces if before.pieces and value.pieces else ()
