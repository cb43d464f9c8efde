"""The recovery key on the screen, once. It is in no log and in no message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

_NO_RECOVERY: Final = (
    "Nobody can reset a passphrase: whoever loses it loses everything in this vault, unless they have "
    "this key."
)


class RecoveryDialog(ChooseDialog):
    """The recovery key, shown this once."""

    def __init__(self, recovery_key: str) -> None:
        groups = recovery_key.split("-")
        half = (len(groups) + 1) // 2
        lines = "\n".join("-".join(part) for part in (groups[:half], groups[half:]) if part)
        super().__init__(
            "Your recovery key",
            (lines, _NO_RECOVERY, "Write it on paper. It is not shown again, and it is stored nowhere."),
            (Option("written", "I have written it down"), Option("skipped", "Go on without it")),
        )

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), "dialog.close": lambda: self.options.choose(1)}
