"""The folder on disk: looked through, written to and moved about, each step relative to an open folder.

Symbolic links are seen and never followed, so that no name leads out of it. A file is replaced whole, and
only while it is the one that was looked at. What changed since the last look is left alone until it rests.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.host.files import FILE_MODE, sync_descriptor
from cryptpad_tui.mounting.errors import (
    MountedAlready,
    MountGone,
    NoSuchDirectory,
    StaleFile,
    TooLargeForFile,
    TooManyFiles,
)
from cryptpad_tui.mounting.names import MAX_DEPTH, is_followed, is_writable_as_title
from cryptpad_tui.mounting.plan import File, Stamp

MARKER: Final = ".cryptpad-tui-mount"
MAX_FILES: Final = 10_000
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
_TEMPORARY: Final = ".cryptpad-tui-new-"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RESTS_NS: Final = 50_000_000
"""A file that changed this shortly before it was read may change again without another time."""
_BOM: Final = b"\xef\xbb\xbf"


class Disk:
    """One folder on disk, held against a second `mount-dir` until close()."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NoSuchDirectory(f"{root}: {error.strerror}") from None
        self._marker = -1
        self._read: dict[str, tuple[File, bool]] = {}
        """What was read, and whether it had rested then."""
        self._seen: dict[str, File] = {}
        self._settled: dict[str, File] = {}
        try:
            self._hold()
        except BaseException:
            self.close()
            raise

    def _hold(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._marker = os.open(MARKER, flags, FILE_MODE, dir_fd=self._fd)
        except OSError as error:
            raise NoSuchDirectory(f"{self.root}: {error.strerror}") from None
        try:
            fcntl.flock(self._marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MountedAlready from None

    def marker(self) -> str:
        """What an earlier `mount-dir` left, to know the folder by; empty the first time."""
        return os.pread(self._marker, 200, 0).decode("ascii", "replace").strip()

    def set_marker(self, text: str) -> None:
        os.pwrite(self._marker, f"{text}\n".encode(), 0)
        sync_descriptor(self._marker)

    def close(self) -> None:
        for descriptor in (self._marker, self._fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._marker = self._fd = -1

    # -- looking

    def look(self) -> dict[str, File]:
        """Every followed file that rests, by path; what moves right now is as it was when it rested.

        Raises MountGone where the folder is no longer the one that was opened.
        """
        self._require_there()
        present = dict(self._walk())
        settled = {}
        for path, file in present.items():
            before = self._seen.get(path)
            if before is not None and before.stamp == file.stamp:
                settled[path] = file
            elif path in self._settled:
                settled[path] = self._settled[path]
        for path in self._seen.keys() - present.keys():
            if path in self._settled:
                settled[path] = self._settled[path]
        self._seen, self._settled = present, settled
        self._read = {path: read for path, read in self._read.items() if path in present}
        return settled

    def _require_there(self) -> None:
        try:
            named, held = os.stat(self.root), os.fstat(self._fd)
            marker = os.stat(MARKER, dir_fd=self._fd, follow_symlinks=False)
        except OSError:
            raise MountGone(str(self.root)) from None
        same = (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)
        if not same or marker.st_ino != os.fstat(self._marker).st_ino:
            raise MountGone(str(self.root))

    def _walk(self) -> Iterator[tuple[str, File]]:
        found, waiting = 0, [("", 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                with self._folder(folder) as fd, os.scandir(fd) as entries:
                    for entry in entries:
                        is_folder = entry.is_dir(follow_symlinks=False)
                        if not is_followed(entry.name, folder=is_folder):
                            # What a crash left: the lock on the marker says that nobody is writing it.
                            if entry.name.startswith(_TEMPORARY):
                                with contextlib.suppress(OSError):
                                    os.unlink(entry.name, dir_fd=fd)
                            continue
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if is_folder:
                            if depth < MAX_DEPTH:
                                waiting.append((path, depth + 1))
                            continue
                        found += 1
                        if found > MAX_FILES:
                            raise TooManyFiles(f"over {MAX_FILES}")
                        with contextlib.suppress(FileNotFoundError):
                            yield path, self._file(fd, path, entry.name)
            except (FileNotFoundError, NotADirectoryError):
                continue

    def _file(self, fd: int, path: str, name: str) -> File:
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        stamp = stamp_of(status)
        known = self._read.get(path)
        if known is not None and known[0].stamp == stamp and known[1]:
            return known[0]
        file = _unfit(path, status)
        if file is None:
            file = _read(fd, name, stamp)
        rested = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _RESTS_NS
        self._read[path] = (file, rested and file.stamp == stamp)
        return file

    @contextlib.contextmanager
    def _folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """A folder below the root, reached step by step without following a link."""
        fd = os.dup(self._fd)
        try:
            for part in path.split("/") if path else []:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=fd)
                below = os.open(part, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = below
            yield fd
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotADirectoryError(path) from None
            raise
        finally:
            os.close(fd)

    # -- changing

    def write(self, path: str, text: str, over: Stamp | None, *, crlf: bool = False) -> Stamp:
        """Put a file there, whole; raises StaleFile unless what is there is still the one of this stamp.

        What would not be read back as it is, is not written: it would look like an edit, at each look.
        """
        folder, name = _split(path)
        data = _as_file(text, crlf=crlf)
        if len(data) > MAX_FILE_BYTES:
            raise TooLargeForFile(f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB, so it is not written")
        with self._folder(folder, make=True) as fd:
            mode = self._mode_of(fd, name, over)
            temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, FILE_MODE, dir_fd=fd)
            try:
                with os.fdopen(file, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fchmod(file, mode)
                    sync_descriptor(file)
                self._mode_of(fd, name, over)
                if over is None:
                    os.link(temporary, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
                    os.unlink(temporary, dir_fd=fd)
                else:
                    os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=fd)
                raise
            os.fsync(fd)
            stamp = stamp_of(os.stat(name, dir_fd=fd, follow_symlinks=False))
        self._changed(path, File(stamp, text, crlf=crlf))
        return stamp

    def _mode_of(self, fd: int, name: str, over: Stamp | None) -> int:
        """The mode of the file that is to be replaced, once it is sure that it is that one."""
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            if over is None:
                return FILE_MODE
            raise StaleFile(name) from None
        if over is None or stamp_of(status) != over:
            raise StaleFile(name)
        return stat.S_IMODE(status.st_mode) & 0o777

    def move(self, old: str, new: str) -> Stamp:
        """Give a file a free name; raises StaleFile where it is not free or the file is gone."""
        (old_folder, old_name), (new_folder, new_name) = _split(old), _split(new)
        with self._folder(old_folder) as source, self._folder(new_folder, make=True) as target:
            with contextlib.suppress(FileNotFoundError):
                os.stat(new_name, dir_fd=target, follow_symlinks=False)
                raise StaleFile(new)
            try:
                os.rename(old_name, new_name, src_dir_fd=source, dst_dir_fd=target)
            except FileNotFoundError:
                raise StaleFile(old) from None
            stamp = stamp_of(os.stat(new_name, dir_fd=target, follow_symlinks=False))
        moved = self._settled.get(old)
        self._changed(old, None)
        self._changed(new, replace(moved, stamp=stamp) if moved else None)
        self._tidy(old_folder)
        return stamp

    def remove(self, path: str, stamp: Stamp) -> None:
        """Take away a file that is still the one of this stamp, and the folders that it leaves empty."""
        folder, name = _split(path)
        with self._folder(folder) as fd:
            self._mode_of(fd, name, stamp)
            os.unlink(name, dir_fd=fd)
        self._changed(path, None)
        self._tidy(folder)

    def _changed(self, path: str, file: File | None) -> None:
        """Our own doing is known at once, and need not rest."""
        for view in (self._seen, self._settled):
            view.pop(path, None)
            if file is not None:
                view[path] = file

    def _tidy(self, folder: str) -> None:
        while folder:
            above, name = _split(folder)
            try:
                with self._folder(above) as fd:
                    os.rmdir(name, dir_fd=fd)
            except OSError:
                return
            folder = above


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _unfit(path: str, status: os.stat_result) -> File | None:
    why = ""
    if stat.S_ISLNK(status.st_mode):
        why = "a symbolic link"
    elif not stat.S_ISREG(status.st_mode):
        why = "no plain file"
    elif status.st_size > MAX_FILE_BYTES:
        why = f"larger than {MAX_FILE_BYTES // 1024 // 1024} MiB"
    elif not is_writable_as_title(path):
        why = "its name holds what no title can"
    return File(stamp_of(status), None, why) if why else None


def _as_file(text: str, *, crlf: bool) -> bytes:
    data = (text.replace("\n", "\r\n") if crlf else text).encode()
    # The first mark is the file's: one that the text itself begins with is the second.
    return _BOM + data if data.startswith(_BOM) else data


def _read(fd: int, name: str, stamp: Stamp) -> File:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(name, flags, dir_fd=fd)
    except FileNotFoundError:
        raise
    except OSError as error:
        return File(stamp, None, f"it cannot be read: {error.strerror}")
    with os.fdopen(file, "rb") as stream:
        data = stream.read(MAX_FILE_BYTES + 1)
        after = stamp_of(os.fstat(file))
    if after != stamp:
        # Half of what somebody writes, or another file: under this stamp it does not rest.
        return File(after, None, "it is changing")
    if len(data) > MAX_FILE_BYTES:
        return File(stamp, None, "it is growing")
    try:
        text = data.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        return File(stamp, None, "no text in UTF-8")
    crlf = "\r\n" in text
    text = text.replace("\r\n", "\n")
    if find_unclean(text):
        return File(stamp, None, "it holds control characters")
    return File(stamp, text, crlf=crlf)


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name
