"""Private files and folders: made private, checked before they are trusted, replaced atomically.

Never follows a symbolic link at the last step of a path, never reads through a FIFO or a device, never trusts
the umask. A check opens the file and asks about what it opened, so that nothing can be swapped in between;
only check_private_file looks by name, because closing a descriptor would drop SQLite's locks on the file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptpad_tui.host.errors import UnsafePath

DIR_MODE: Final = 0o700
FILE_MODE: Final = 0o600
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""errno values that mean: no room for these bytes."""
_TEMPORARY: Final = ".new-"


def ensure_private_dir(path: Path) -> None:
    """Make the folder with mode 0700, its parents too, or check the one that is there."""
    missing = [part for part in (path, *path.parents) if not os.path.lexists(part)]
    for part in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, DIR_MODE)
            os.chmod(part, DIR_MODE)
    check_private_dir(path)


def check_private_dir(path: Path) -> None:
    """Raises UnsafePath unless the folder is ours alone and nobody else can swap it for another."""
    with _open_dir(path) as descriptor:
        _check_owner_and_mode(path, os.fstat(descriptor))
    parent = os.stat(path.absolute().parent)
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        raise UnsafePath(path, f"everybody may rename things in {path.absolute().parent}")


def check_private_file(path: Path) -> int:
    """The size in bytes of a file that is ours alone; UnsafePath or FileNotFoundError. Opens nothing."""
    status = os.lstat(path)
    _check_private_regular(path, status)
    return status.st_size


def read_private_file(path: Path, limit: int) -> bytes:
    """The content of a file that is ours alone; one that is longer than `limit` bytes is refused."""
    with _open_file(path) as descriptor:
        status = os.fstat(descriptor)
        _check_private_regular(path, status)
        if status.st_size > limit:
            raise UnsafePath(path, f"longer than {limit} bytes")
        return _read_up_to(descriptor, limit)


def read_private_head(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file that is ours alone."""
    with _open_file(path) as descriptor:
        _check_private_regular(path, os.fstat(descriptor))
        return _read_up_to(descriptor, limit)


read_secret_file = read_private_file
"""For files that a person points at: a keyfile, a link, a passphrase. The same rules hold."""


def create_private_file(path: Path, data: bytes) -> None:
    """Make a file with mode 0600, durably; FileExistsError when something has that name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        write_all(descriptor, data)
        sync_descriptor(descriptor)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    sync_dir(path.parent)


def replace_private_file(path: Path, data: bytes) -> None:
    """Put `data` in the file's place: after a crash the file is the old one or the other, whole."""
    if os.path.lexists(path):
        check_private_file(path)
    temporary = path.parent / f"{path.name}{_TEMPORARY}{secrets.token_hex(8)}"
    create_private_file(temporary, data)
    try:
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_dir(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what a crash inside replace_private_file left beside `path`. Call it under the file's lock."""
    for other in path.parent.glob(f"{glob.escape(path.name)}{_TEMPORARY}*"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(other)


@contextlib.contextmanager
def locked_dir(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the folder against every other process that asks for it in this way; waits for them.

    `shared`: only against those who want it for themselves.
    """
    with _open_dir(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def sync_dir(path: Path) -> None:
    """Make renames and new names in the folder durable."""
    with _open_dir(path) as descriptor:
        os.fsync(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Make written bytes durable; on macOS fsync alone leaves them in the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


@contextlib.contextmanager
def _open_dir(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise UnsafePath(path, "not a folder itself, but a link or a file") from None
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _open_file(path: Path) -> Iterator[int]:
    # O_NONBLOCK: opening a FIFO must not wait for its writer.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise UnsafePath(path, "a link or a special file") from None
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_private_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafePath(path, "a link, a folder or a special file, not a plain file")
    if status.st_nlink != 1:
        raise UnsafePath(path, "the file has a second name (a hard link)")
    _check_owner_and_mode(path, status)


def _check_owner_and_mode(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise UnsafePath(path, "it belongs to another user")
    if status.st_mode & 0o077:
        raise UnsafePath(path, f"others may use it (mode {stat.S_IMODE(status.st_mode):04o})")


def _read_up_to(descriptor: int, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def write_all(descriptor: int, data: bytes) -> None:
    """All of it, also where the system takes less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
