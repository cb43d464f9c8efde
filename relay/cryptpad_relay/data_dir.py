"""The relay's data directory and its two secrets: its identity's seed and the one behind WATCH tickets.

They open no pad. Whoever has them can pose as this relay, but clients still accept only what writers signed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.labels import u32

SECRET_BYTES: Final = 32


class UnsafeDataDirectory(Exception):
    """The data directory or a key in it is open to other users, or not whole. Fix its owner and mode."""


@dataclass(frozen=True, slots=True)
class RelayKeys:
    """The relay's identity and the secret behind WATCH tickets; neither opens any pad."""

    seed: bytes = field(repr=False)
    ticket_secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return labels.public_key(self.seed)

    def ticket(self, pad_id: bytes, epoch: int, day: int) -> bytes:
        return labels.keyed_hash(self.ticket_secret, labels.TICKET, pad_id, u32(epoch), u32(day), size=16)


class DataDirectoryInUse(Exception):
    """Another relay runs on this data directory. Both are safe; stop one of them, or give --data."""


def load_keys(data_dir: Path) -> RelayKeys:
    """The keys of this data directory, made on first use."""
    return RelayKeys(_load_secret(data_dir / "identity.key"), _load_secret(data_dir / "ticket.key"))


def prepare_data_dir(path: Path) -> None:
    """Make the directory with mode 0700; one that others can enter is refused, not repaired."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise UnsafeDataDirectory(f"{path} must be yours alone (chmod 700)")


def _load_secret(path: Path) -> bytes:
    if not path.exists():
        _create_secret(path)
    status = path.stat()
    secret = path.read_bytes()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077 or len(secret) != SECRET_BYTES:
        raise UnsafeDataDirectory(f"{path.name} must be yours alone (chmod 600) and of 32 bytes")
    return secret


def _create_secret(path: Path) -> None:
    """Durable before it is used: an identity that a crash forgets would look like another relay."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(fd)
    partial.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def lock_data_dir(data_dir: Path) -> IO[bytes]:
    """Held until the file is closed, at the latest when the process ends."""
    path = data_dir / "relay.lock"
    lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DataDirectoryInUse from None
    return lock
