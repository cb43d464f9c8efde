"""What the machine's refusals mean for a vault: the one place where they are translated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from cryptpad_tui.host.errors import UnsafePath
from cryptpad_tui.host.files import NO_ROOM
from cryptpad_tui.vault.errors import DiskFull, StorageFailed, VaultUnsafe


@contextlib.contextmanager
def host_errors_translated() -> Iterator[None]:
    """No OSError and no HostError leaves the block; `detail` names the path."""
    try:
        yield
    except UnsafePath as error:
        raise VaultUnsafe(str(error)) from None
    except OSError as error:
        kind = DiskFull if error.errno in NO_ROOM else StorageFailed
        raise kind(f"{error.filename or ''} {error.strerror or type(error).__name__}".strip()) from error
