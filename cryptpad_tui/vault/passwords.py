"""Argon2id with bounds: the floor protects the passphrase, the ceiling the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from cryptpad_tui.vault.errors import KdfCostRefused, NotEnoughMemory

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
DEFAULT_MEMORY_MIB: Final = 256
DEFAULT_PASSES: Final = 3
_MIN_LOG2_MEMORY: Final = 26
"""64 MiB."""
_MAX_LOG2_MEMORY: Final = 30
"""1 GiB."""
_MIN_PASSES: Final = 3
_MAX_PASSES: Final = 8


@dataclass(frozen=True, slots=True)
class KdfCost:
    """Argon2id's cost; one lane. Cannot be made outside the bounds."""

    passes: int
    log2_memory: int
    """Of the memory in bytes."""

    def __post_init__(self) -> None:
        if not _MIN_PASSES <= self.passes <= _MAX_PASSES:
            raise KdfCostRefused(f"{self.passes} passes")
        if not _MIN_LOG2_MEMORY <= self.log2_memory <= _MAX_LOG2_MEMORY:
            raise KdfCostRefused(f"2^{self.log2_memory} bytes of memory")

    @classmethod
    def of_memory(cls, memory_mib: int, passes: int = DEFAULT_PASSES) -> KdfCost:
        if memory_mib <= 0 or memory_mib & (memory_mib - 1):
            raise KdfCostRefused(f"{memory_mib} MiB")
        return cls(passes, memory_mib.bit_length() - 1 + 20)


def password_key(passphrase: bytes, salt: bytes, cost: KdfCost) -> bytes:
    """32 bytes. Takes 0.1 to 10 s and the whole memory of `cost`; releases the interpreter's lock."""
    try:
        return argon2id.kdf(KEY_BYTES, passphrase, salt, cost.passes, 1 << cost.log2_memory)
    except (CryptoError, RuntimeError, MemoryError) as error:
        raise NotEnoughMemory(f"{1 << (cost.log2_memory - 20)} MiB") from error
