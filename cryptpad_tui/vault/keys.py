"""The unlocked master key. Never shown, never serialised, overwritten when the vault is locked.

Python copies bytes where it likes, so overwriting is a best effort and is promised as nothing more.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_tui.vault.errors import VaultLocked

DATABASE_LABEL: Final = "pad1/vaultdb"


class MasterKey:
    """32 bytes from which the vault's other keys come."""

    __slots__ = ("__raw",)

    def __init__(self, raw: bytes) -> None:
        self.__raw = bytearray(raw)

    def database_key(self) -> bytes:
        """The key of every page of vault.db."""
        return keyed_hash(self.reveal(), DATABASE_LABEL)

    def reveal(self) -> bytes:
        """For sealing into a slot; raises VaultLocked once it is gone."""
        if not self.__raw:
            raise VaultLocked()
        return bytes(self.__raw)

    def wipe(self) -> None:
        self.__raw[:] = bytes(len(self.__raw))
        self.__raw.clear()

    def __repr__(self) -> str:
        return "MasterKey()"

    def __reduce__(self) -> str:
        raise TypeError("a master key is never serialised")
