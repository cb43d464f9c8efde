"""The choice of a relay: none, this machine, or an address."""

from __future__ import annotations

from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import LOCAL, RELAY_OPTIONS
from cryptpad_tui.ui.standing_words import sentence
from cryptpad_tui.ui.words import safe_line


class RelayDialog(ChooseDialog):
    """Which kind of relay; the answer is one of the three names."""

    def __init__(self, current: str | None, states: list[str]) -> None:
        shown = {None: "none", LOCAL: "this machine"}.get(current, safe_line(current or ""))
        super().__init__(
            "The relay",
            (
                f"At present, for pads that you make: {shown}.",
                *map(sentence, states),
                "A relay sees sizes and times, never text.",
            ),
            RELAY_OPTIONS,
        )
        self._at = {None: 0, LOCAL: 1}.get(current, 2)

    def on_mount(self) -> None:
        super().on_mount()
        # Enter alone must not change anything.
        self.options.choose(self._at)


class AddressDialog(AskDialog):
    """The address of a relay."""

    def __init__(self, current: str | None, problem: str = "") -> None:
        known = current if current and "://" in current else ""
        super().__init__(
            "The relay's address", (problem or "For example wss://relay.example.org",), value=known
        )
