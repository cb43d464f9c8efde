"""The seam between a pad's screen and its features.

A feature is told when something may look different, at most ten times a second and never for a key press
alone; it must never do work there that grows with the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.widgets.parts import Part

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen


class PadFeature:
    """A part of a pad's screen; each method may be left as it is."""

    def __init__(self, screen: PadScreen) -> None:
        self.screen = screen
        self.session = screen.session
        self.view = screen.view

    def actions(self) -> Mapping[str, Action]:
        """Commands by their names in `ui/commands.py`."""
        return {}

    def panes(self) -> Iterable[Widget]:
        """Widgets beside the text, hidden until they are wanted."""
        return ()

    def look(self) -> None:
        """People, the caret or the text may be different."""

    def pressed(self, key: str) -> None:
        """The person pressed a key in the text, whatever it does."""

    def status(self) -> list[Part]:
        """A few words for the right of the status line."""
        return []

    def footer(self, widget: Widget) -> Sequence[tuple[str, str]]:
        """Keys and words for the foot while this widget, if it is of this feature, has the keyboard."""
        return ()

    def take_settings(self) -> None:
        """The settings of the app are other ones."""

    def answer(self) -> list[Part]:
        """Words in the place of the whole status line, while a person writes there."""
        return []

    def go_to(self, thread: str) -> bool:
        """Show what this names, as messages of others name it; whether it is this feature's."""
        return False

    def close(self) -> None:
        """The pad is being left."""
