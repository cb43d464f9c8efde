"""Keys that an entry claims to be later than all that are known of its pad: true news, or somebody's lie.

The pad's own relay tells which. Once it was heard after the claim came, and no record bears the claim out,
the entry may be put right by who has the pad; before that they may be the one who is behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptpad_tui.drive.shared_entries import Entry
    from cryptpad_tui.engine.engine import Engine

DOUBT: Final = "folder/doubt/"
"""How the settings begin that name pads with such an entry."""
_NEW, _HEARD = "new", "heard"


class Doubts:
    """As the vault has them when this is made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept = engine.vault.settings_under(DOUBT)

    def disproved(self, entry: Entry, newest: int) -> bool:
        """Whether the entry claims an epoch beyond `newest`, and the pad's relay knows of none."""
        name = DOUBT + entry.pad_id.hex()
        said = self._kept.get(name)
        if max(entry.epoch, entry.edit.epoch if entry.edit else 0) <= newest:
            if said is not None:
                self._engine.vault.set_setting(name, None)
            return False
        if said is None:
            self._engine.vault.set_setting(name, _NEW)
            return False
        session = self._engine.session_of(entry.pad_id)
        return said == _HEARD or (session is not None and session.attached_here)


def heard(engine: Engine, pad_id: bytes) -> None:
    """This vault is in step with the pad at its relay."""
    if engine.vault.setting(DOUBT + pad_id.hex()) == _NEW:
        engine.vault.set_setting(DOUBT + pad_id.hex(), _HEARD)
