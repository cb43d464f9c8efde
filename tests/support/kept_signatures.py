"""Ed25519 worked out once for the same bytes: here all people are in one process, and check the same entries.

A key pair follows from its seed, and that a signature is good from its bytes; a refused one is tried again.
Never in a test that looks for keys in memory: here seeds stay.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps

from cryptpad_relay.protocol import labels
from cryptpad_tui.crypto import keys

Made = Callable[..., object]


def _kept(function: Made, size: int) -> Made:
    known = lru_cache(size)(function)

    @wraps(function)
    def asked(*arguments: bytes) -> object:
        return (known if all(type(each) is bytes for each in arguments) else function)(*arguments)

    return asked


def keep() -> None:
    """From here on, in this process and its forks."""
    pair = _kept(labels.crypto_sign_seed_keypair, 4_096)
    for module, name, made in (
        (labels, "crypto_sign_seed_keypair", pair),
        (keys, "crypto_sign_seed_keypair", pair),
        (labels, "crypto_sign_open", _kept(labels.crypto_sign_open, 16_384)),
    ):
        setattr(module, name, made)
