"""The kind of file system a folder is on: SQLite's write-ahead log needs memory that all its users share.

On a network file system two machines would each believe that they alone write: the vault would be damaged.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

_STATFS_BYTES: Final = 4_096
"""More than any platform's struct statfs."""

_LINUX_NETWORK: Final = {
    0x0000_6969: "NFS",
    0x0000_517B: "SMB",
    0xFE53_4D42: "SMB",
    0xFF53_4D42: "SMB",
    0x0102_1997: "9p",
    0x6573_5546: "FUSE",
    0x5346_414F: "AFS",
    0x6B41_4653: "AFS",
    0x7375_7245: "Coda",
    0x00C3_6400: "Ceph",
    0x0BD0_0BD0: "Lustre",
    0x7461_636F: "OCFS2",
    0x0116_1970: "GFS2",
    0x4750_4653: "GPFS",
    0x1983_0326: "BeeGFS",
    0x786F_4256: "vboxsf",
    0xBACB_ACBC: "vmhgfs",
}
_LINUX_MEMORY: Final = {0x0102_1994, 0x8584_58F6}
"""tmpfs and ramfs."""

_DARWIN_TYPE_NAME: Final = slice(72, 88)
"""f_fstypename of the 64-bit-inode struct statfs: 16 bytes."""
_DARWIN_FLAGS: Final = slice(64, 68)
_DARWIN_LOCAL: Final = 0x1000
"""MNT_LOCAL."""


def network_kind(path: Path) -> str | None:
    """The name of the network file system that `path` is on, None where it is local."""
    raw = _statfs(path)
    if sys.platform == "darwin":
        name = raw[_DARWIN_TYPE_NAME].split(b"\0")[0].decode("ascii", "replace")
        is_local = int.from_bytes(raw[_DARWIN_FLAGS], sys.byteorder) & _DARWIN_LOCAL
        return None if is_local and "fuse" not in name else name
    return _LINUX_NETWORK.get(_linux_magic(raw))


def is_memory(path: Path) -> bool:
    """Whether files at `path` live in memory alone. Only ever true on Linux, where it can be known."""
    return sys.platform.startswith("linux") and _linux_magic(_statfs(path)) in _LINUX_MEMORY


def _linux_magic(raw: bytes) -> int:
    """f_type: a C long, of which only the low 32 bits are the magic number on every architecture."""
    return int.from_bytes(raw[: ctypes.sizeof(ctypes.c_long)], sys.byteorder, signed=False) & 0xFFFF_FFFF


def _statfs(path: Path) -> bytes:
    libc = ctypes.CDLL(None, use_errno=True)
    # On Intel Macs the plain name is the ABI with 32-bit inodes.
    call = getattr(libc, "statfs$INODE64", None) if sys.platform == "darwin" else None
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if (call or libc.statfs)(os.fsencode(path), buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))
    return buffer.raw
