"""The sealed copies of files in the vault's folder, one file each: what waits for a relay, and what was sent.

Beside vault.db and not in it: a gigabyte in its pages would pass through the WAL, double what is written, and
stay as free pages when it goes. The chunks are sealed already, each under its file's own key, which is in
vault.db alone; so what lies here is what the relay gets, and no plain text is ever written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.host import files
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.objects import FileBroken, FileRef, Manifest, Read, Sealer, chunk_spans, open_manifest

FOLDER: Final = "files"
_PART: Final = ".part-"
_MAX_MANIFEST_BYTES: Final = 1_048_000

Progress = Callable[[int], None]
"""Told how many bytes more are done."""


class KeptFile:
    """The sealed chunks of one file, read by their place."""

    def __init__(self, descriptor: int, pad_id: bytes, ref: FileRef) -> None:
        self._descriptor = descriptor
        self._spans = list(chunk_spans(ref.size))
        end, length = self._spans[-1]
        self._end = end + length
        self.last = os.pread(descriptor, _MAX_MANIFEST_BYTES, self._end)
        """The manifest's chunk."""
        self.manifest: Manifest = open_manifest(pad_id, ref, self.last)
        self.chunks = (*self.manifest.pieces, ChunkRef(len(self.last), ref.file_id))

    def chunk(self, index: int) -> bytes:
        """The sealed piece, or the manifest after the last."""
        if index == len(self._spans):
            return self.last
        at, length = self._spans[index]
        return os.pread(self._descriptor, length, at)


class KeptFiles:
    """The folder of them. Made when it is first needed."""

    def __init__(self, vault_directory: Path) -> None:
        self.directory = vault_directory / FOLDER

    def path_of(self, file_id: bytes) -> Path:
        return self.directory / file_id.hex()

    def has(self, file_id: bytes) -> bool:
        return os.path.lexists(self.path_of(file_id))

    @contextlib.contextmanager
    def seal(
        self, pad_id: bytes, key: bytes, size: int, read: Read, *, rng: RandomBytes, told: Progress
    ) -> Iterator[bytes]:
        """Seal what `read` gives into the folder; the file's id, with the copy safe from `collect` inside."""
        files.ensure_private_dir(self.directory)
        part = self.directory / f"{_PART}{rng(8).hex()}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with files.locked_dir(self.directory):
            descriptor = os.open(part, flags, files.FILE_MODE)
            # A process that dies leaves no lock, and what it made is collected.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            file_id = _write(descriptor, Sealer(pad_id, key, size, rng=rng), read, told)
            os.rename(part, self.path_of(file_id))
            files.sync_dir(self.directory)
            yield file_id
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
            raise
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def opened(self, pad_id: bytes, ref: FileRef) -> Iterator[KeptFile | None]:
        """The copy that is here; None also where it is damaged. It is as untrusted as a relay."""
        try:
            descriptor = os.open(self.path_of(ref.file_id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        try:
            yield _kept_file(descriptor, pad_id, ref)
        finally:
            os.close(descriptor)

    def forget(self, file_id: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path_of(file_id))

    def collect(self, known: Callable[[], Collection[bytes]]) -> None:
        """Remove what no pad of this vault knows, unless some process is making it."""
        if not os.path.lexists(self.directory):
            return
        with files.locked_dir(self.directory):
            free = [path for path in self.directory.iterdir() if _is_free(path)]
        # Asked after the look: what was made meanwhile is known by then, or was not free.
        kept = {file_id.hex() for file_id in known()} if free else set()
        for path in free:
            if path.name not in kept:
                path.unlink(missing_ok=True)


def _kept_file(descriptor: int, pad_id: bytes, ref: FileRef) -> KeptFile | None:
    try:
        return KeptFile(descriptor, pad_id, ref)
    except (Alarm, FileBroken):
        return None


def _write(descriptor: int, sealer: Sealer, read: Read, told: Progress) -> bytes:
    for chunk in sealer.pieces(read):
        files.write_all(descriptor, chunk)
        told(len(chunk))
    last = sealer.manifest()
    files.write_all(descriptor, last)
    files.sync_descriptor(descriptor)
    return chunk_id_of(last)


def _is_free(path: Path) -> bool:
    """Whether no process is making this file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
