"""A passphrase stretched once a test process, not once a command: at its floor Argon2 costs each 0.13 s.

The keys are kept in a private temporary folder, by what they were made from. They are Argon2's own, and a
process that a test starts from nothing, or in a terminal, works them out itself.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptpad_tui.vault import passwords

Stretch = Callable[[int, bytes, bytes, int, int], bytes]


def keeping(folder: Path, stretch: Stretch = passwords.argon2id.kdf) -> Stretch:
    """`stretch`, asked once for each passphrase, salt and cost."""

    def kept(size: int, passphrase: bytes, salt: bytes, passes: int, memory: int) -> bytes:
        wanted = repr((size, passphrase, salt, passes, memory)).encode()
        path = folder / hashlib.sha256(wanted).hexdigest()
        if not path.exists():
            made = path.with_suffix(f".{os.getpid()}")
            made.write_bytes(stretch(size, passphrase, salt, passes, memory))
            made.rename(path)
        return path.read_bytes()

    return functools.wraps(stretch)(kept)


def cheap(size: int, passphrase: bytes, salt: bytes, passes: int, memory: int) -> bytes:
    """Another key for each passphrase and salt, at once: where vaults are only what a test stands on."""
    return hashlib.blake2b(passphrase, digest_size=size, salt=salt).digest()
