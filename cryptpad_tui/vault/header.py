"""vault.hdr: who may open the vault. Pure: bytes in, values out; every slot seals the same master key.

    0  8  magic "PADVAULT"
    8  2  format version = 1
   10  2  number of slots, 1-3, of types that differ
   12 16  vault id, random
   28 124 each slot: u8 type 1 passphrase 2 recovery key 3 keyfile | u8 kdf 0 none 1 Argon2id | u8 passes
          | u8 log2 of the memory in bytes | salt 16 | seal(slot key, everything before, master key 32) 104
    end 16 checksum over all before, without a key: tells damage from a wrong passphrase

What the seal binds is the file up to the slots and the slot's own parameters: no slot moves to another vault.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD
from cryptpad_tui.vault.errors import VaultDamaged, VaultTooNew
from cryptpad_tui.vault.passwords import SALT_BYTES, KdfCost

MAGIC: Final = b"PADVAULT"
FORMAT_VERSION: Final = 1
CHECKSUM_LABEL: Final = "pad1/vaultsum"
VAULT_ID_BYTES: Final = 16
MASTER_KEY_BYTES: Final = 32
_CHECKSUM_BYTES: Final = 16
_SEALED_BYTES: Final = SEAL_OVERHEAD + MASTER_KEY_BYTES
_KDF_NONE: Final = 0
_KDF_ARGON2ID: Final = 1
MAX_HEADER_BYTES: Final = 4_096
"""More than any header of this version: longer files are not read."""


class SlotType(IntEnum):
    """What opens a slot."""

    PASSPHRASE = 1
    RECOVERY_KEY = 2
    KEYFILE = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """One way to open the vault."""

    type: SlotType
    cost: KdfCost | None
    """None where the secret is random and needs no hardening."""
    salt: bytes
    sealed: bytes = field(repr=False)

    def parameters(self) -> bytes:
        """What stands before the sealed master key: 20 bytes."""
        kdf = (_KDF_NONE, 0, 0)
        if self.cost is not None:
            kdf = (_KDF_ARGON2ID, self.cost.passes, self.cost.log2_memory)
        return struct.pack(">4B", self.type, *kdf) + self.salt


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed vault.hdr."""

    vault_id: bytes
    slots: tuple[Slot, ...]

    def slot(self, slot_type: SlotType) -> Slot | None:
        return next((slot for slot in self.slots if slot.type is slot_type), None)

    def with_slot(self, slot: Slot) -> Header:
        """The same header with this slot in place of the one of its type."""
        others = [other for other in self.slots if other.type is not slot.type]
        return Header(self.vault_id, tuple(sorted([*others, slot], key=lambda each: each.type)))


def slot_binding(vault_id: bytes, slot_parameters: bytes) -> bytes:
    """The associated data of a slot's seal."""
    return MAGIC + struct.pack(">H", FORMAT_VERSION) + vault_id + slot_parameters


def encode_header(header: Header) -> bytes:
    body = MAGIC + struct.pack(">HH", FORMAT_VERSION, len(header.slots)) + header.vault_id
    body += b"".join(slot.parameters() + slot.sealed for slot in header.slots)
    return body + _checksum(body)


def parse_header(raw: bytes) -> Header:
    """Raises VaultDamaged, VaultTooNew or KdfCostRefused; no key is needed and nothing costly is done."""
    if raw[: len(MAGIC)] != MAGIC:
        raise VaultDamaged("vault.hdr is not a vault's header")
    try:
        return _parse(Reader(raw), raw)
    except Malformed as error:
        raise VaultDamaged(f"vault.hdr: {error.reason}") from None


def _parse(reader: Reader, raw: bytes) -> Header:
    reader.take(len(MAGIC))
    version = reader.u16()
    if version > FORMAT_VERSION:
        raise VaultTooNew(f"format {version}")
    if version != FORMAT_VERSION:
        raise VaultDamaged("vault.hdr has no format version")
    # The checksum first: it tells an accident from a header that asks for what this version does not know.
    if not compare_digest(raw[-_CHECKSUM_BYTES:], _checksum(raw[:-_CHECKSUM_BYTES])):
        raise VaultDamaged("vault.hdr was changed or cut short")
    count = reader.u16()
    vault_id = reader.take(VAULT_ID_BYTES)
    if not 1 <= count <= len(SlotType):
        raise VaultDamaged("vault.hdr has no slots or too many")
    slots = tuple([_parse_slot(reader) for _ in range(count)])
    reader.take(_CHECKSUM_BYTES)
    reader.end()
    _check_types_differ(slots)
    return Header(vault_id, slots)


def _parse_slot(reader: Reader) -> Slot:
    slot_type, kdf, passes, log2_memory = reader.take(4)
    salt, sealed = reader.take(SALT_BYTES), reader.take(_SEALED_BYTES)
    if slot_type not in SlotType.__members__.values() or kdf not in (_KDF_NONE, _KDF_ARGON2ID):
        raise VaultTooNew(f"key slot of type {slot_type}, {kdf}")
    if (kdf == _KDF_ARGON2ID) != (slot_type == SlotType.PASSPHRASE):
        raise VaultDamaged("vault.hdr: a passphrase needs Argon2id, and nothing else does")
    if kdf == _KDF_NONE and (passes or log2_memory):
        raise VaultDamaged("vault.hdr: a cost where there is none")
    cost = KdfCost(passes, log2_memory) if kdf == _KDF_ARGON2ID else None
    return Slot(SlotType(slot_type), cost, salt, sealed)


def _check_types_differ(slots: Sequence[Slot]) -> None:
    # Each passphrase slot costs a password hash at opening, so a header may not have many.
    types = [slot.type for slot in slots]
    if types != sorted(set(types)):
        raise VaultDamaged("vault.hdr: slots of one type twice, or out of order")


def _checksum(body: bytes) -> bytes:
    return hash_parts(CHECKSUM_LABEL, body, size=_CHECKSUM_BYTES)
