"""Which processes have the vault open, told by locks that the kernel drops at a process's death.

A process holds a lock on run/<token> for as long as it lives, so "dead" needs no clock: a holder that was
suspended for a week, or whose machine slept, is alive. A copy of the vault has copies of these files that
nobody locks, so in the copy everyone else is dead; a machine that restarts drops all locks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import weakref
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.host.entropy import Rng
from cryptpad_tui.vault.errors import VaultLocked

_TOKEN_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_UNNAMED: Final = "starting-"
_ATTEMPTS: Final = 16


class ProcessLock:
    """This process's place among those that have the vault open."""

    def __init__(self, directory: Path, token: str, descriptor: int) -> None:
        self._directory = directory
        self._token = token
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, directory: Path, rng: Rng) -> ProcessLock:
        """Join the processes in run/, and clear away what dead ones left there."""
        files.ensure_private_dir(directory)
        _sweep(directory)
        for _ in range(_ATTEMPTS):
            token = rng(_TOKEN_BYTES).hex()
            # Under another name until it is locked: a token in run/ that is not locked means a dead process.
            unnamed = directory / f"{_UNNAMED}{token}"
            descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, files.FILE_MODE)
            try:
                os.fchmod(descriptor, files.FILE_MODE)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                os.rename(unnamed, directory / token)
            except FileNotFoundError:
                # Another process swept it away before it was locked.
                os.close(descriptor)
                continue
            except BaseException:
                os.close(descriptor)
                raise
            return cls(directory, token, descriptor)
        raise OSError(f"no place in {directory}")

    @property
    def token(self) -> str:
        if self._descriptor < 0:
            raise VaultLocked()
        return self._token

    def is_alive(self, token: str) -> bool:
        """Whether the process that took this token still has the vault open."""
        if token == self._token:
            return self._descriptor >= 0
        return bool(_TOKEN.fullmatch(token)) and _is_locked(self._directory / token)

    def release(self) -> None:
        """Idempotent."""
        if self._descriptor >= 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._directory / self._token)
            self.forget()

    def forget(self) -> None:
        """Close our descriptor alone: in a forked child this leaves the parent's lock as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_held: weakref.WeakSet[ProcessLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    # A child that kept the descriptor would keep the lock, and so the leases, after its parent's death.
    for lock in list(_held):
        lock.forget()


os.register_at_fork(after_in_child=_forget_in_child)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        # Not knowing must never read as death: a lease would pass on while its holder works.
        return True
    try:
        # Shared, so that two processes that ask do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def others_alive(directory: Path, own: str) -> bool:
    """Whether any other process has the vault open. Asked while nobody can come in."""
    tokens = [name for name in os.listdir(directory) if _TOKEN.fullmatch(name.removeprefix(_UNNAMED))]
    return any(_is_locked(directory / name) for name in tokens if name != own)


def _sweep(directory: Path) -> None:
    for name in os.listdir(directory):
        token = name.removeprefix(_UNNAMED)
        if _TOKEN.fullmatch(token) and not _is_locked(directory / name):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(directory / name)
