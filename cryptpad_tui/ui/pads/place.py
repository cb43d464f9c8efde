"""Where a person was in a pad: found again at the next opening, also by the next process.

A few numbers in the vault, written when the pad is left. It never keeps any of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.vault.vault import Vault

OPEN_PAD: Final = "open_pad"
"""The setting that says which pad the app was left in."""
_MOST_DIGITS: Final = 12


def place_key(pad_id: bytes) -> str:
    return f"place/{pad_id.hex()}"


def encode_place(caret: Position, top: Position) -> str:
    return ":".join(str(max(0, number)) for number in (*caret, *top))


def decode_place(value: str | None) -> tuple[Position, Position] | None:
    """The caret and the top of the view; None where it is no place."""
    numbers = (value or "").split(":")
    if len(numbers) != 4 or not all(n.isascii() and n.isdigit() and len(n) <= _MOST_DIGITS for n in numbers):
        return None
    line, col, top_line, top_col = map(int, numbers)
    return Position(line, col), Position(top_line, top_col)


class LastPlace(PadFeature):
    """Goes there once, before the first frame."""

    _begun = False

    def look(self) -> None:
        if self._begun:
            return
        self._begun = True
        found = decode_place(self._vault.setting(place_key(self.session.pad_id)))
        if found is not None and self.view.position == Position(0, 0):
            lines = self.session.view.lines
            caret, top = (lines.clamp(place) for place in found)
            self.view.begin_at(caret, top)

    def close(self) -> None:
        state = self.view.editor.state
        try:
            self._vault.set_setting(
                place_key(self.session.pad_id), encode_place(state.head, state.viewport.top)
            )
            self._vault.set_setting(OPEN_PAD, self.session.pad_id.hex())
        except VaultError:
            # A full disk is told by what it really costs; a place is not worth a word.
            return

    @property
    def _vault(self) -> Vault:
        engine = self.screen.door.engine
        assert engine is not None
        return engine.vault
