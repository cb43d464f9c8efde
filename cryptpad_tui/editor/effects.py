"""What a command asks of the screen around it, as values. The editor itself reaches no terminal.

Nothing here is ever performed by this room.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PromptKind = Literal["goto", "find", "replace", "link", "colour", "background", "table"]


@dataclass(frozen=True, slots=True)
class CopyToTerminal:
    """Offer this text to the clipboard of the terminal."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """You can read this pad but not change it. Its owner can give you an edit link."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line to show for a moment."""

    text: str


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """Ask the person for a line number, what to find, or what a format needs."""

    kind: PromptKind


@dataclass(frozen=True, slots=True)
class AskScreen:
    """Run a command of the screen around: `:w` saves, `:q` closes."""

    command: str


Effect = CopyToTerminal | ReadOnly | Notice | OpenPrompt | AskScreen
Effects = tuple[Effect, ...]
