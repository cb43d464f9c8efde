"""Domain labels, hashing, keyed hashing and signatures: every cryptographic use has its own 16-byte label.

The construction is protocol §2: `enc` is injective, so two different part lists never hash alike, and a
label is one message type, so a signature or hash made for one purpose means nothing for another.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

HASH_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
LABEL_BYTES: Final = 16

GENESIS: Final = "pad1/genesis"
PAD_ID: Final = "pad1/padid"
RECORD: Final = "pad1/rec"
EPOCH_RECORD: Final = "pad1/epochrec"
DELETE: Final = "pad1/delete"
VOID: Final = "pad1/void"
TRIM: Final = "pad1/trim"
EXPIRE: Final = "pad1/expire"
IDLE: Final = "pad1/idle"
MOVE: Final = "pad1/move"
ARRIVE: Final = "pad1/arrive"
FREEZE: Final = "pad1/freeze"
CERT: Final = "pad1/cert"
VIEW_CERT: Final = "pad1/vcert"
IDENTITY: Final = "pad1/identsig"
"""Signs a writer key with an identity. "pad1/ident" derives that identity; §5 keeps the two sets apart."""
ENVELOPE: Final = "pad1/env"
ENTRY: Final = "pad1/entry"
PRESENCE_ID: Final = "pad1/presid"
PRESENCE_SIGNATURE: Final = "pad1/psig"
SUBSCRIBE: Final = "pad1/sub"
SIGNED_HEAD: Final = "pad1/sth"
CHAIN_START: Final = "pad1/chain0"
CHAIN: Final = "pad1/chain"
CHUNK: Final = "pad1/chunk"
FILE_PUT: Final = "pad1/fileput"
FILE_DROP: Final = "pad1/filedrop"
ELECTION: Final = "pad1/elect"
LOGIN: Final = "pad1/login"
LOGIN_BLOCK: Final = "pad1/lblk"
LOGIN_GET: Final = "pad1/lget"
LOGIN_PUT: Final = "pad1/lput"
LOGIN_MOVE: Final = "pad1/lmove"
LOGIN_DROP: Final = "pad1/ldrop"
SPOKEN: Final = "pad1/sas"
CLIENT_ID: Final = "pad1/cid"
TICKET: Final = "pad1/ticket"
RELAY_FINGERPRINT: Final = "pad1/relay"
MAILBOX_ID: Final = "pad1/mboxid"
MAILBOX_BIND: Final = "pad1/mboxbind"
MAILBOX_PASS: Final = "pad1/mboxpassid"
MAIL_DIGEST: Final = "pad1/maildig"
MAIL_WORK: Final = "pad1/mailwork"

_LABELS: dict[str, bytes] = {}
_U32: Final = struct.Struct(">I").pack


def label16(label: str) -> bytes:
    """The label as 16 bytes, NUL-padded; raises ValueError for a label that does not fit."""
    known = _LABELS.get(label)
    if known is None:
        raw = label.encode("ascii")
        if not 0 < len(raw) <= LABEL_BYTES:
            raise ValueError(f"label of {len(raw)} bytes")
        known = _LABELS[label] = raw.ljust(LABEL_BYTES, b"\0")
    return known


def enc(*parts: bytes) -> bytes:
    """The injective encoding of a list of byte strings: each as u32 length and content."""
    return b"".join([_U32(len(part)) + part for part in parts])


def hash_parts(label: str, *parts: bytes, size: int = HASH_BYTES) -> bytes:
    """`H` of protocol §2: BLAKE2b with the label as personalisation; `size` is the digest's own length."""
    return hashlib.blake2b(enc(*parts), digest_size=size, person=label16(label)).digest()


def keyed_hash(key: bytes, label: str, *parts: bytes, size: int = HASH_BYTES) -> bytes:
    """`K` of protocol §2: the same under a 32-byte key. Derives keys and authenticates."""
    if len(key) != 32:
        raise ValueError("key of wrong length")
    return hashlib.blake2b(enc(*parts), digest_size=size, key=key, person=label16(label)).digest()


def sign_parts(seed: bytes, label: str, *parts: bytes) -> bytes:
    """`Sig` of protocol §2 by the Ed25519 key of a 32-byte seed; 64 bytes."""
    _, secret = crypto_sign_seed_keypair(seed)
    return crypto_sign(label16(label) + hash_parts(label, *parts), secret)[:SIGNATURE_BYTES]


def public_key(seed: bytes) -> bytes:
    """The Ed25519 public key, 32 bytes, of a 32-byte seed."""
    return crypto_sign_seed_keypair(seed)[0]


def verify_parts(verify_key: bytes, signature: bytes, label: str, *parts: bytes) -> bool:
    """Whether `signature` is this key's over these parts under this label, by libsodium's rules."""
    if len(signature) != SIGNATURE_BYTES or len(verify_key) != 32:
        return False
    try:
        crypto_sign_open(signature + label16(label) + hash_parts(label, *parts), verify_key)
    except (CryptoError, ValueError):
        return False
    return True


def u8(value: int) -> bytes:
    return struct.pack(">B", value)


def u16(value: int) -> bytes:
    return struct.pack(">H", value)


def u32(value: int) -> bytes:
    return struct.pack(">I", value)


def u64(value: int) -> bytes:
    return struct.pack(">Q", value)
