"""The keys of an account's devices: what seals the owners' roots in its drive, and each device's own key.

A device without the account's root can put an owner's root into the drive and can never read one. Keys go
down from a root and never up, and nothing here shows one.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from nacl.bindings import crypto_box, crypto_box_seed_keypair
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal
from cryptpad_tui.crypto.slots import NoMemberKey, box_key_of, sealed_box_nonce

ROOT_BYTES: Final = 32
DEVICE_SIGNATURE: Final = "pad1/devicesig"
"""By the account's identity, over the drive's id, a device's id and its key: it was let in."""
DEVICE_ENDED: Final = "pad1/deviceend"
"""By the same, over the drive's id and a device's id: it was taken out."""
MOVE_WORD: Final = "pad1/moveword"
"""By the identity that was, over the drive's id, a device's id and what that is told of another root."""
_BY_ROOT: Final = b"\0"
_BY_BOX: Final = b"\1"
_PLACE: Final = b"PAD1 owner root"


def account_box_of(account_root: bytes) -> SigningSeed:
    """What limited devices seal to: only who holds the account's root opens it."""
    return SigningSeed(keyed_hash(account_root, "pad1/ownbox"))


def device_key_of(device_root: bytes) -> SigningSeed:
    """A device's own key: what is for it alone is sealed to this."""
    return SigningSeed(keyed_hash(device_root, "pad1/device"))


def former_key(account_root: bytes) -> bytes:
    """Seals the roots that the account had before: its devices go on as who they were to others."""
    return keyed_hash(account_root, "pad1/former")


def seal_box(public: bytes, plain: bytes, *, rng: RandomBytes) -> bytes:
    """48 bytes longer; only the holder of this Ed25519 key's secret opens it. Raises NoMemberKey."""
    box_pk = box_key_of(public)
    ephemeral_pk, ephemeral_sk = crypto_box_seed_keypair(rng(32))
    try:
        body: bytes = crypto_box(plain, sealed_box_nonce(ephemeral_pk, box_pk), box_pk, ephemeral_sk)
    except (NaclCryptoError, ValueError, TypeError, RuntimeError):
        raise NoMemberKey from None
    return ephemeral_pk + body


def seal_owner_root(account_root: bytes, pad_id: bytes, owner_root: bytes, *, rng: RandomBytes) -> bytes:
    """As a device that holds the account's root writes it into the drive: 105 bytes."""
    key = keyed_hash(account_root, "pad1/ownseal")
    return _BY_ROOT + seal(key, _PLACE + pad_id, owner_root, rng=rng)


def box_owner_root(box_pk: bytes, pad_id: bytes, owner_root: bytes, *, rng: RandomBytes) -> bytes:
    """As a limited device writes it, which cannot read it any more: 113 bytes."""
    return _BY_BOX + seal_box(box_pk, pad_id + owner_root, rng=rng)


def open_owner_root(account_root: bytes, pad_id: bytes, sealed: bytes) -> bytes | None:
    """The owner's root of this pad, however it was sealed; None for anything else."""
    kind, rest = sealed[:1], sealed[1:]
    if kind == _BY_ROOT:
        try:
            found = open_sealed(keyed_hash(account_root, "pad1/ownseal"), _PLACE + pad_id, rest)
        except SealBroken:
            return None
        return found if len(found) == ROOT_BYTES else None
    plain = account_box_of(account_root).open_box(rest) if kind == _BY_BOX else None
    if plain is None or len(plain) != 2 * ROOT_BYTES or not compare_digest(plain[:32], pad_id):
        return None
    return plain[ROOT_BYTES:]
