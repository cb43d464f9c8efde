"""A limited device: it holds the keys of the account's pads and drive, and not the account's root.

It reads and writes every pad, makes pads and files, and gives links. It changes no keys, takes nobody out and
ends nothing, so that removing it from the account takes all of that from whoever has it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.account import box_owner_root, open_owner_root, seal_owner_root
from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.keyrings import ring_of

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.vault.records import PadRecord
    from cryptpad_tui.vault.vault import Vault

BOX: Final = "limited/box"
"""The setting of a limited device's vault with the key that the account's owner roots are sealed to."""
ROOT: Final = "limited/root"
"""The root of this device's own keys, as the device that let it in made it."""
ID: Final = "limited/id"


class LimitedDevice(EngineError):
    """This machine is a limited device: it holds the keys of your pads, and not those of your account.
    Nothing was changed; do that on a machine that holds the account (`cryptpad-tui device list` tells)."""


def is_limited(vault: Vault) -> bool:
    return vault.setting(BOX) is not None


def require_account(engine: Engine) -> None:
    """Raises LimitedDevice where this vault does not hold the account's root."""
    if is_limited(engine.vault):
        raise LimitedDevice


def as_kept_here(vault: Vault, record: PadRecord) -> PadRecord:
    """The record of a pad that is made here: a limited device keeps an edit right to it, and no more."""
    if not is_limited(vault):
        return record
    return replace(record, role="edit", secret=edit_seed_of(record.secret, 0))


class AccountSeal:
    """How this vault writes owner's roots into the drive, and whether it reads them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        box = engine.vault.setting(BOX)
        self._box = bytes.fromhex(box) if box else None

    def close(self, pad_id: bytes, owner_root: bytes) -> bytes:
        engine = self._engine
        if self._box is not None:
            return box_owner_root(self._box, pad_id, owner_root, rng=engine.rng)
        return seal_owner_root(engine.vault.account_root, pad_id, owner_root, rng=engine.rng)

    def open(self, pad_id: bytes, sealed: bytes) -> bytes | None:
        if self._box is not None:
            return None
        return open_owner_root(self._engine.vault.account_root, pad_id, sealed)

    def newest(self, record: PadRecord) -> tuple[int, bytes]:
        ring = ring_of(self._engine, record)
        for epoch in reversed(ring.epochs):
            keys = ring.known(epoch)
            if isinstance(keys, EditKeys):
                return epoch, keys.edit_seed
        return 0, edit_seed_of(record.secret, 0)
