"""The committing AEAD and Padmé padding of protocol §3 and §6.

seal(k, aad, pt) = nonce 24 | commitment 32 | XChaCha20-Poly1305 under a key derived for this message alone.
The commitment binds key, nonce and associated data, so one ciphertext cannot open under two keys.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_tui.crypto.errors import BadPadding, SealBroken

RandomBytes = Callable[[int], bytes]

NONCE_BYTES: Final = 24
COMMITMENT_BYTES: Final = 32
TAG_BYTES: Final = 16
SEAL_OVERHEAD: Final = NONCE_BYTES + COMMITMENT_BYTES + TAG_BYTES
AEAD_LABEL: Final = "pad1/aead"
PADDING_FLOOR: Final = 256


def seal(key: bytes, aad: bytes, plaintext: bytes, *, rng: RandomBytes, label: str = AEAD_LABEL) -> bytes:
    """Seal `plaintext` for this place: 72 bytes longer. `aad` is bound, not contained."""
    nonce = rng(NONCE_BYTES)
    message_key, commitment = _derive(key, aad, nonce, label)
    return nonce + commitment + _encrypt(plaintext, aad, nonce, message_key)


def open_sealed(key: bytes, aad: bytes, sealed: bytes, *, label: str = AEAD_LABEL) -> bytes:
    """What `seal` was given; raises SealBroken for anything it did not make with this key, aad and label."""
    if len(sealed) < SEAL_OVERHEAD:
        raise SealBroken("too short")
    nonce = sealed[:NONCE_BYTES]
    message_key, commitment = _derive(key, aad, nonce, label)
    if not compare_digest(commitment, sealed[NONCE_BYTES : NONCE_BYTES + COMMITMENT_BYTES]):
        raise SealBroken("commitment")
    try:
        return _decrypt(sealed[NONCE_BYTES + COMMITMENT_BYTES :], aad, nonce, message_key)
    except (NaclCryptoError, ValueError):
        raise SealBroken("tag") from None


def _derive(key: bytes, aad: bytes, nonce: bytes, label: str) -> tuple[bytes, bytes]:
    derived = keyed_hash(key, label, nonce, aad, size=64)
    return derived[:32], derived[32:]


def padded_length(length: int) -> int:
    """Padmé with a floor of 256: a length that tells only its magnitude (at most 12 % more)."""
    if length <= PADDING_FLOOR:
        return PADDING_FLOOR
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def pad(plaintext: bytes) -> bytes:
    """plaintext | 0x80 | zeros, to `padded_length`."""
    target = padded_length(len(plaintext) + 1)
    return plaintext + b"\x80" + bytes(target - len(plaintext) - 1)


def unpad(padded: bytes) -> bytes:
    """What `pad` was given; raises BadPadding where the padding is not the minimal one."""
    content = padded.rstrip(b"\0")
    if not content.endswith(b"\x80") or padded_length(len(content)) != len(padded):
        raise BadPadding("padding")
    return content[:-1]
