"""One writer key for many short-lived commands (protocol, decision 13), so that cron's pads stay fast.

The key lives in a 0600 file in the user's runtime folder (memory, never a disk), sealed under a vault key for
this pad, boot, machine and inode, and is used under an exclusive lock. Its last place must be the vault's
last place: a file behind its vault, or a vault behind the file (a restored backup, a copy), abandons the
writer. So neither can make a second body for a seq.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptpad_relay.protocol.labels import hash_parts, keyed_hash, u64
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal
from cryptpad_tui.host import files
from cryptpad_tui.host.errors import HostError
from cryptpad_tui.host.process import runtime_dir
from cryptpad_tui.pad.writer import NO_ENTRY, Writer

_MAX_FILE: Final = 4_096
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID: Final = Path("/etc/machine-id")

WriterTailOf = Callable[[bytes], tuple[int, bytes] | None]
"""The vault's last (seq, entry_id) of a writer key; None where it never stored an entry of it."""


@dataclass
class SharedWriter:
    """The lock on the file, and the writer it holds, while this process uses it."""

    writer: Writer
    _seed: bytes
    _descriptor: int
    _key: bytes
    _place: bytes
    _rng: RandomBytes

    def __repr__(self) -> str:
        return f"SharedWriter({self.writer.pk.hex()[:8]})"

    def release(self) -> None:
        """Leave the writer to the next command. Its entries are durable in the vault already."""
        plain = self._seed + u64(self.writer.seq) + self.writer.last_id
        sealed = seal(self._key, _aad(self._place, self._descriptor), plain, rng=self._rng)
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, sealed, 0)
        os.close(self._descriptor)


def borrow(
    vault_dir: Path,
    account_root: bytes,
    pad_id: bytes,
    epoch: int,
    keys: EditKeys,
    tail_of: WriterTailOf,
    *,
    rng: RandomBytes,
    runtime: Path | None = None,
    shown_as: str = "",
) -> SharedWriter | None:
    """The pad's shared writer under its lock, a fresh one where there is none that may go on.

    `shown_as`: as whom it introduced itself; whoever appears otherwise shares another one.
    None where this machine has no folder in memory, or another command has the lock: do without sharing.
    """
    folder = runtime or runtime_dir()
    if folder is None or not _BOOT_ID.exists():
        return None
    place = hash_parts("pad1/shwriter", str(vault_dir.resolve()).encode(), pad_id, epoch.to_bytes(4, "big"))
    if shown_as:
        place = hash_parts("pad1/shwriter", place, shown_as.encode())
    descriptor = _open_locked(folder, place.hex()[:32])
    if descriptor is None:
        return None
    key = keyed_hash(account_root, "pad1/shwriterkey")
    known = _read(descriptor, key, place)
    if known is not None:
        seed, seq, last_id = known
        writer = Writer(pad_id, epoch, keys, rng=rng, seed=seed, seq=seq, last_id=last_id)
        if tail_of(writer.pk) == ((seq - 1, last_id) if seq else None):
            return SharedWriter(writer, seed, descriptor, key, place, rng)
    seed = rng(32)
    fresh = Writer(pad_id, epoch, keys, rng=rng, seed=seed, seq=0, last_id=NO_ENTRY)
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
    return SharedWriter(fresh, seed, descriptor, key, place, rng)


def _open_locked(folder: Path, name: str) -> int | None:
    path = folder / "writers" / name
    try:
        files.ensure_private_dir(folder)
        files.ensure_private_dir(path.parent)
        with contextlib.suppress(FileExistsError):
            files.create_private_file(path, b"")
        files.check_private_file(path)
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, HostError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _read(descriptor: int, key: bytes, place: bytes) -> tuple[bytes, int, bytes] | None:
    try:
        plain = open_sealed(key, _aad(place, descriptor), os.pread(descriptor, _MAX_FILE, 0))
    except (SealBroken, OSError):
        return None
    if len(plain) != 32 + 8 + 32:
        return None
    return plain[:32], int.from_bytes(plain[32:40], "big"), plain[40:]


def _aad(place: bytes, descriptor: int) -> bytes:
    """Where the file must be to open: a copy of it elsewhere, or after a reboot, is nothing."""
    machine = _MACHINE_ID.read_bytes() if _MACHINE_ID.exists() else b""
    inode = os.fstat(descriptor).st_ino
    return hash_parts("pad1/shwriterad", place, _BOOT_ID.read_bytes(), machine, u64(inode))
