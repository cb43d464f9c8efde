"""Sealing the master key into slots and opening it again. Holds keys for as long as a call lasts."""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol.labels import hash_parts, keyed_hash
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import open_sealed, seal
from cryptpad_tui.host.entropy import Rng
from cryptpad_tui.vault.errors import (
    EmptyPassphrase,
    NoSuchSlot,
    WrongKeyfile,
    WrongPassphrase,
    WrongRecoveryKey,
    WrongSecret,
)
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, Header, Slot, SlotType, slot_binding
from cryptpad_tui.vault.passwords import SALT_BYTES, KdfCost, password_key

SEAL_LABEL: Final = "pad1/vaultslot"
SECRET_LABEL: Final = "pad1/vaultsecret"
SALT_LABEL: Final = "pad1/vaultsalt"

_REFUSAL: Final[dict[SlotType, type[WrongSecret]]] = {
    SlotType.PASSPHRASE: WrongPassphrase,
    SlotType.RECOVERY_KEY: WrongRecoveryKey,
    SlotType.KEYFILE: WrongKeyfile,
}


def make_slot(
    slot_type: SlotType, secret: bytes, master_key: bytes, vault_id: bytes, cost: KdfCost | None, rng: Rng
) -> Slot:
    """Seal the master key for whoever has `secret`; `cost` for a passphrase, None for random secrets."""
    if slot_type is SlotType.PASSPHRASE and not secret:
        raise EmptyPassphrase()
    salt = rng(SALT_BYTES)
    blank = Slot(slot_type, cost, salt, b"")
    binding = slot_binding(vault_id, blank.parameters())
    sealed = seal(_slot_key(blank, secret), binding, master_key, rng=rng, label=SEAL_LABEL)
    return Slot(slot_type, cost, salt, sealed)


def open_slot(header: Header, slot_type: SlotType, secret: bytes) -> bytes:
    """The master key. A wrong secret and a forged slot are refused alike, so neither helps guessing."""
    slot = header.slot(slot_type)
    if slot is None:
        raise NoSuchSlot(slot_type.name.lower().replace("_", " "))
    binding = slot_binding(header.vault_id, slot.parameters())
    try:
        master_key = open_sealed(_slot_key(slot, secret), binding, slot.sealed, label=SEAL_LABEL)
    except SealBroken:
        raise _REFUSAL[slot_type]() from None
    if len(master_key) != MASTER_KEY_BYTES:
        raise _REFUSAL[slot_type]()
    return master_key


def _slot_key(slot: Slot, secret: bytes) -> bytes:
    if slot.cost is not None:
        return password_key(secret, slot.salt, slot.cost)
    return keyed_hash(hash_parts(SECRET_LABEL, bytes([slot.type]), secret), SALT_LABEL, slot.salt)
