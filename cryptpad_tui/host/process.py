"""What the program forbids itself: core dumps, being traced, files that others can read."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files, filesystems
from cryptpad_tui.host.errors import UnsafePath

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4


def harden() -> None:
    """Keep keys out of core dumps and away from debuggers, and files private. Once, before keys exist."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def is_dumpable() -> bool:
    """Whether another process of the same user may read this one's memory. True where it cannot be known."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Our private folder in memory that vanishes at logout, or None where the machine offers none.

    What is in it never reaches a disk, so None must mean "keep it in this process", never "use a disk".
    """
    base = environ.get("XDG_RUNTIME_DIR", "")
    if not base or not os.path.isabs(base):
        return None
    ours = Path(base) / "cryptpad-tui"
    try:
        files.check_private_dir(Path(base))
        if not filesystems.is_memory(Path(base)):
            return None
        files.ensure_private_dir(ours)
    except (OSError, UnsafePath):
        return None
    return ours
