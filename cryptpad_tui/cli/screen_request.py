"""What a verb hands back when a person asked for a screen; the entry point knows who draws it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptpad_tui.cli.secret_sources import SecretSources


class Screen(Enum):
    APP = "app"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """`pad` is what the person called it, to be looked up once the vault is open."""

    screen: Screen
    sources: SecretSources
    pad: str | None = None
