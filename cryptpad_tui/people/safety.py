"""The safety number: 60 digits that two people compare by voice or by looking at each other's screens.

Equal numbers mean that each has the other's keys and nobody stands between them. Pure; slow on purpose (about
10,400 hashes), so that nobody searches for keys with nearly the same number.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol.labels import hash_parts

ROUNDS: Final = 5_200
GROUPS: Final = 12
DIGITS: Final = 5
Keys = tuple[bytes, bytes]
"""(identity, mailbox): what a card holds of a person."""


def half_of(keys: Keys) -> bytes:
    """30 bytes that follow from one person's keys."""
    own = b"".join(keys)
    digest = hash_parts("pad1/safety", own, size=64)
    for _ in range(ROUNDS - 1):
        digest = hash_parts("pad1/safety", digest, own, size=64)
    return digest[: DIGITS * GROUPS // 2]


def safety_number(mine: Keys, theirs: Keys) -> str:
    """Twelve groups of five digits; the same from both sides."""
    halves = b"".join(sorted([half_of(mine), half_of(theirs)]))
    groups = [int.from_bytes(halves[at : at + DIGITS]) % 10**DIGITS for at in range(0, len(halves), DIGITS)]
    return " ".join(f"{group:0{DIGITS}}" for group in groups)


def fingerprint(mine: Keys, theirs: Keys) -> bytes:
    """What is kept when somebody says that the numbers are equal: no longer true once any key changes."""
    return hash_parts("pad1/verified", *mine, *theirs, size=16)


def same_number(shown: str, typed: str) -> bool:
    """However the other wrote it down."""
    digits = "".join([char for char in typed if char in "0123456789"])
    return digits == shown.replace(" ", "")
