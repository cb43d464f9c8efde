"""The printed recovery key: 128 random bits, a checksum, groups of four. Pure.

160 bits in Crockford's base 32: 32 characters without I, L, O and U, so that what is read aloud or off paper
comes back. Input may be in any case, with any spaces and dashes, with O for 0 and I or L for 1.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.vault.errors import MistypedRecoveryKey

RECOVERY_SECRET_BYTES: Final = 16
CHECKSUM_LABEL: Final = "pad1/vrecovsum"
_CHECKSUM_BYTES: Final = 4
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARACTERS: Final = (RECOVERY_SECRET_BYTES + _CHECKSUM_BYTES) * 8 // 5
_GROUP: Final = 4
_LONGEST_INPUT: Final = 256
VALUES: Final = {
    **{character: value for value, character in enumerate(ALPHABET)},
    **{character.lower(): value for value, character in enumerate(ALPHABET)},
    **dict.fromkeys("Oo", 0),
    **dict.fromkeys("IiLl", 1),
}
_IGNORED: Final = frozenset(" \t\r\n-_.\u00a0\u2010\u2011\u2012\u2013\u2014\u2212")


def format_recovery_key(secret: bytes) -> str:
    """The 16-byte secret as people write it down: eight groups of four characters."""
    number = int.from_bytes(secret + _checksum(secret))
    characters = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS))]
    groups = ["".join(characters[at : at + _GROUP]) for at in range(0, _CHARACTERS, _GROUP)]
    return "-".join(groups)


def parse_recovery_key(text: str) -> bytes:
    """The 16-byte secret; raises MistypedRecoveryKey, which never repeats what was typed."""
    if len(text) > _LONGEST_INPUT:
        raise MistypedRecoveryKey("too long")
    values = [VALUES.get(character) for character in text if character not in _IGNORED]
    if len(values) != _CHARACTERS:
        raise MistypedRecoveryKey(f"{len(values)} characters instead of {_CHARACTERS}")
    number = 0
    for value in values:
        if value is None:
            raise MistypedRecoveryKey("a character that no recovery key has")
        number = number << 5 | value
    raw = number.to_bytes(RECOVERY_SECRET_BYTES + _CHECKSUM_BYTES)
    secret, checksum = raw[:RECOVERY_SECRET_BYTES], raw[RECOVERY_SECRET_BYTES:]
    if not compare_digest(checksum, _checksum(secret)):
        raise MistypedRecoveryKey("a character is wrong or in the wrong place")
    return secret


def _checksum(secret: bytes) -> bytes:
    return hash_parts(CHECKSUM_LABEL, secret, size=_CHECKSUM_BYTES)
