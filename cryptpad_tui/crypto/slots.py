"""EPOCH slots (protocol §5): a seed of an epoch, sealed to one member's X25519 key which nobody else opens.

Pure. A sealed box is libsodium's `crypto_box_seal`, made with randomness that is passed in. Nothing here
decides whether a seed is the right one: who opens a slot compares what follows from it with the record.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final, Protocol

from nacl.bindings import (
    crypto_box,
    crypto_box_seed_keypair,
    crypto_sign_ed25519_pk_to_curve25519,
)
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol.owner_records import SLOT_BYTES, SLOTS_MULTIPLE
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import EditKeys, Role, ViewKeys
from cryptpad_tui.crypto.sealing import RandomBytes

_SLOT: Final = struct.Struct(">BI32s16s27s")
_NONCE_BYTES: Final = 24


class NoMemberKey(CryptoError):
    """This is no key that anything can be sealed to. Nothing was changed; ask the person for their card."""


class BoxOpener(Protocol):
    """Holds a secret key, and opens sealed boxes with it."""

    def open_box(self, sealed: bytes) -> bytes | None:
        """What was sealed to this key; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a slot holds: a right to one epoch of one pad."""

    role: Role
    epoch: int
    seed: bytes = field(repr=False)

    def keys(self) -> ViewKeys:
        return EditKeys.from_seed(self.seed) if self.role is Role.EDIT else ViewKeys(self.seed)


def box_key_of(ident_pk: bytes) -> bytes:
    """The X25519 key of somebody who is known by an Ed25519 identity alone; raises NoMemberKey."""
    try:
        key: bytes = crypto_sign_ed25519_pk_to_curve25519(ident_pk)
    except (NaclCryptoError, ValueError, TypeError, RuntimeError):
        raise NoMemberKey from None
    return key


def seal_slot(box_pk: bytes, pad_id: bytes, slot: Slot, *, rng: RandomBytes) -> bytes:
    """128 bytes that only the holder of `box_pk`'s secret can open; raises NoMemberKey."""
    plain = _SLOT.pack(slot.role, slot.epoch, slot.seed, pad_id[:16], bytes(27))
    ephemeral_pk, ephemeral_sk = crypto_box_seed_keypair(rng(32))
    nonce = sealed_box_nonce(ephemeral_pk, box_pk)
    try:
        sealed: bytes = ephemeral_pk + crypto_box(plain, nonce, box_pk, ephemeral_sk)
    except (NaclCryptoError, ValueError, TypeError, RuntimeError):
        raise NoMemberKey from None
    return sealed


def sealed_box_nonce(ephemeral_pk: bytes, box_pk: bytes) -> bytes:
    """As libsodium's `crypto_box_seal` makes it, which opens what is sealed here."""
    return hashlib.blake2b(ephemeral_pk + box_pk, digest_size=_NONCE_BYTES).digest()


def open_slot(sealed: bytes, pad_id: bytes, epoch: int, opener: BoxOpener) -> Slot | None:
    """The slot where it is this opener's, of this pad and epoch; None for anything else."""
    plain = opener.open_box(sealed) if len(sealed) == SLOT_BYTES else None
    if plain is None or len(plain) != _SLOT.size:
        return None
    role, of_epoch, seed, of_pad, rest = _SLOT.unpack(plain)
    if role not in (Role.EDIT, Role.VIEW) or of_epoch != epoch or of_pad != pad_id[:16] or any(rest):
        return None
    return Slot(Role(role), epoch, seed)


def padded_slots(sealed: list[bytes], pad_id: bytes, *, rng: RandomBytes) -> tuple[bytes, ...]:
    """In an order that tells nothing, with dummies up to a multiple of eight, eight where there are none."""
    dummies = -len(sealed) % SLOTS_MULTIPLE or (0 if sealed else SLOTS_MULTIPLE)
    nobody = Slot(Role.VIEW, 0, bytes(32))
    for _ in range(dummies):
        stranger, _ = crypto_box_seed_keypair(rng(32))
        sealed = [*sealed, seal_slot(stranger, pad_id, nobody, rng=rng)]
    return tuple(sorted(sealed))
