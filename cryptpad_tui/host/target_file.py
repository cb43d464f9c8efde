"""A file that comes into being whole: written beside its place under a hidden name, synced, then named.

Nothing that is there is overwritten unless told so, links at the last step are never followed, and who dies
on the way leaves a hidden part, which holds what its owner was about to save, for its owner alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptpad_tui.host.files import FILE_MODE, sync_descriptor, write_all

PART: Final = ".part"
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS})


class TargetFile:
    """Write it, then `keep`; without that nothing is left of it."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder, self._name = folder, name
        begin = name.encode()[:100].decode("utf-8", "ignore")
        self._part = f".{begin}.{secrets.token_hex(6)}{PART}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._part, flags, FILE_MODE, dir_fd=folder)

    def write(self, data: bytes) -> None:
        write_all(self._descriptor, data)

    def keep(self, *, overwrite: bool) -> None:
        """Durable under its name; raises FileExistsError where something has it."""
        sync_descriptor(self._descriptor)
        if overwrite:
            os.rename(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        else:
            self._name_it()
        os.fsync(self._folder)

    def _name_it(self) -> None:
        try:
            # A link fails where the name is taken; a rename would not.
            os.link(
                self._part,
                self._name,
                src_dir_fd=self._folder,
                dst_dir_fd=self._folder,
                follow_symlinks=False,
            )
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with contextlib.suppress(FileNotFoundError):
                os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self._name) from None
            os.rename(self._part, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def close(self) -> None:
        os.close(self._descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._part, dir_fd=self._folder)


@contextlib.contextmanager
def target_file(path: Path) -> Iterator[TargetFile]:
    """A file to be at `path`; its folder must be there."""
    folder = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        target = TargetFile(folder, path.name)
        try:
            yield target
        finally:
            target.close()
    finally:
        os.close(folder)
