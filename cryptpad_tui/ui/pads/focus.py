"""Nothing but the text: title, status and keys are away until the person wants them back."""

from __future__ import annotations

from collections.abc import Mapping

from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action


class Focus(PadFeature):
    """An alarm stays in view all the same, and answers come over the text."""

    def actions(self) -> Mapping[str, Action]:
        return {"pad.focus": self._toggle}

    def _toggle(self) -> None:
        focused = not self.screen.has_class("-focus")
        self.screen.set_class(focused, "-focus")
        if focused:
            # Once the status line is away, so that the answer comes over the text.
            self.screen.call_after_refresh(self._say_how_back)

    def _say_how_back(self) -> None:
        self.screen.say(f"{app_keymap().label('pad.focus')} brings the rest back.")
