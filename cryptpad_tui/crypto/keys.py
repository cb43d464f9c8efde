"""The key tree of protocol §3: owner root, then edit seed, then view seed, one-way at every step.

A person holds a view seed, perhaps the edit seed it comes from, perhaps the owner root above both. Seeds
go down the tree and never up. Objects here show no key in `repr`; a seed leaves them by name only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from hmac import compare_digest
from typing import Protocol

from nacl.bindings import (
    crypto_box_seal_open,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import viewer_cert_parts, writer_cert_parts
from cryptpad_relay.protocol.labels import keyed_hash, public_key, sign_parts, u8, u32
from cryptpad_relay.protocol.records import UNBOUND, Genesis, genesis_body, parse_genesis
from cryptpad_tui.crypto.sealing import RandomBytes

RULE_SET = 1
"""The rules that decide which updates are valid; part of the key check (protocol §5)."""


class Role(IntEnum):
    """What a capability allows; the numbers are the link's (protocol §4), 0 is the owner's drive."""

    OWNER = 0
    EDIT = 1
    VIEW = 2


class SigningSeed:
    """A 32-byte Ed25519 seed that signs and never shows itself."""

    __slots__ = ("__public", "__seed")

    def __init__(self, seed: bytes) -> None:
        self.__seed = seed
        self.__public = public_key(seed)

    @property
    def public(self) -> bytes:
        return self.__public

    def sign(self, label: str, *parts: bytes) -> bytes:
        return sign_parts(self.__seed, label, *parts)

    def open_box(self, sealed: bytes) -> bytes | None:
        """What was sealed to the Montgomery form of this key (crypto.slots); None where nothing was."""
        pair = crypto_sign_seed_keypair(self.__seed)
        box_pk, box_sk = (
            crypto_sign_ed25519_pk_to_curve25519(pair[0]),
            crypto_sign_ed25519_sk_to_curve25519(pair[1]),
        )
        try:
            opened: bytes = crypto_box_seal_open(sealed, box_pk, box_sk)
        except (NaclCryptoError, ValueError, TypeError):
            return None
        return opened

    def __repr__(self) -> str:
        return f"SigningSeed({self.__public.hex()[:8]})"

    def __reduce__(self) -> str:
        raise TypeError("a signing seed is never serialised")


@dataclass(frozen=True)
class ViewKeys:
    """What the view seed of an epoch gives: reading entries, presence, and the proof that one may fetch."""

    view_seed: bytes = field(repr=False)

    @cached_property
    def read_key(self) -> bytes:
        return keyed_hash(self.view_seed, "pad1/read")

    @cached_property
    def presence_key(self) -> bytes:
        return keyed_hash(self.view_seed, "pad1/pres")

    @cached_property
    def meta_key(self) -> bytes:
        """Opens what an EPOCH record tells its readers."""
        return keyed_hash(self.view_seed, "pad1/meta")

    @cached_property
    def fetch(self) -> SigningSeed:
        return SigningSeed(keyed_hash(self.view_seed, "pad1/fetch"))

    def key_check(self, pad_type: int, rule_set: int = RULE_SET) -> bytes:
        """The public 16-byte kcv: commits to the pad's type and rules without telling them."""
        return keyed_hash(self.view_seed, "pad1/kcv", u8(pad_type) + u8(rule_set), size=16)

    def subscribe_proof(self, pad_id: bytes, epoch: int, relay_nonce: bytes, relay_pk: bytes) -> bytes:
        return self.fetch.sign(labels.SUBSCRIBE, pad_id, u32(epoch), relay_nonce, relay_pk)

    def viewer_cert(self, pad_id: bytes, epoch: int, session_pk: bytes) -> bytes:
        return self.fetch.sign(labels.VIEW_CERT, *viewer_cert_parts(pad_id, epoch, session_pk))


@dataclass(frozen=True)
class EditKeys(ViewKeys):
    """The view keys, and the capability key that certifies writers."""

    edit_seed: bytes = field(repr=False)

    @classmethod
    def from_seed(cls, edit_seed: bytes) -> EditKeys:
        return cls(view_seed=keyed_hash(edit_seed, "pad1/view"), edit_seed=edit_seed)

    @cached_property
    def cap(self) -> SigningSeed:
        return SigningSeed(keyed_hash(self.edit_seed, "pad1/cap"))

    def writer_cert(self, pad_id: bytes, epoch: int, writer_pk: bytes) -> bytes:
        return self.cap.sign(labels.CERT, *writer_cert_parts(pad_id, epoch, writer_pk))


def owner_key(owner_root: bytes) -> SigningSeed:
    return SigningSeed(keyed_hash(owner_root, "pad1/owner"))


def edit_seed_of(owner_root: bytes, epoch: int, record_salt: bytes = b"") -> bytes:
    """edit_seed[e] (protocol §13): epoch 0 has no salt; a later one has its EPOCH record's 16 bytes."""
    salt = (record_salt,) if epoch else ()
    return keyed_hash(owner_root, "pad1/epoch", u32(epoch), *salt)


def drive_root_of(account_root: bytes) -> bytes:
    return keyed_hash(account_root, "pad1/drive")


def identity_of(account_root: bytes) -> SigningSeed:
    """The long-term identity: what contacts verify."""
    return SigningSeed(keyed_hash(account_root, "pad1/ident"))


def pseudonym_of(account_root: bytes, pad_id: bytes) -> SigningSeed:
    """The identity shown in one pad by default: two pads cannot be linked by it."""
    return SigningSeed(keyed_hash(account_root, "pad1/pseud", pad_id))


def client_id_of(pad_id: bytes, writer_pk: bytes) -> int:
    """The CRDT client id that belongs to a writer: 53 bits (protocol §10)."""
    return int.from_bytes(labels.hash_parts(labels.CLIENT_ID, pad_id, writer_pk, size=8), "big") >> 11


def relay_fingerprint(relay_pk: bytes) -> bytes:
    return labels.hash_parts(labels.RELAY_FINGERPRINT, relay_pk)[:16]


class NamesKeys(Protocol):
    """GENESIS or an EPOCH record: what names the keys of an epoch."""

    @property
    def cap_pk(self) -> bytes: ...
    @property
    def fetch_pk(self) -> bytes: ...
    @property
    def kcv(self) -> bytes: ...


def keys_match(keys: ViewKeys, record: NamesKeys, pad_type: int) -> bool:
    """Whether these keys are the ones that a record names, for a pad of this type (constant time)."""
    matches = compare_digest(keys.fetch.public, record.fetch_pk)
    matches &= compare_digest(keys.key_check(pad_type), record.kcv)
    if isinstance(keys, EditKeys):
        matches &= compare_digest(keys.cap.public, record.cap_pk)
    return matches


def make_genesis(
    owner_root: bytes, pad_type: int, *, rng: RandomBytes, relay_id: bytes = UNBOUND, policy: int = 0
) -> Genesis:
    """A pad's birth under this owner root."""
    owner = owner_key(owner_root)
    keys = EditKeys.from_seed(edit_seed_of(owner_root, 0))
    body = genesis_body(
        owner.public,
        keys.cap.public,
        keys.fetch.public,
        keys.key_check(pad_type),
        relay_id,
        rng(16),
        policy,
    )
    return parse_genesis(body + owner.sign(labels.GENESIS, body))
