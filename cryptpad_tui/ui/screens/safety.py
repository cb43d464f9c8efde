"""The safety number of two people, to be compared side by side: digits at the left, a QR code beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

SAME: Final = "same"
OTHER: Final = "other"
_A_LINE: Final = 3


class SafetyScreen(ChooseDialog):
    """Asks whether the other person's screen shows the same."""

    def __init__(self, name: str, number: str, *, verified: bool, sentences: Sequence[str] = ()) -> None:
        options = (
            Option("close", "Close"),
            Option(SAME, f"{name} has the same number: mark as verified"),
            Option(OTHER, f"{name} has another number"),
        )
        mark = "  ✓ verified" if verified else ""
        super().__init__(f"Your safety number with {name}{mark}", sentences, options)
        self._number = number

    def paragraphs(self) -> ComposeResult:
        from cryptpad_tui.host.qr import qr_lines

        groups = self._number.split()
        rows = [" ".join(groups[at : at + _A_LINE]) for at in range(0, len(groups), _A_LINE)]
        words = ["", *rows, "", *self._sentences]
        with Horizontal(id="safety"):
            yield Static("\n".join(words), id="number", markup=False)
            yield Static("\n".join(qr_lines("".join(groups))), id="code", markup=False)
