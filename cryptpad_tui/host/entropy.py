"""The real source of randomness: the kernel's. Everything that needs randomness takes it as a parameter."""

from __future__ import annotations

import os
from collections.abc import Callable

Rng = Callable[[int], bytes]
"""Gives that many bytes that nobody can guess."""


def random_bytes(size: int) -> bytes:
    return os.urandom(size)
