"""Making a backup: one sealed file of one moment, read back before it takes its name.

Written beside its name and renamed, so that a death leaves the file of before or this one. No byte of it that
is not sealed ever reaches a disk.
"""

from __future__ import annotations

import contextlib
import glob
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from cryptpad_tui.host import files
from cryptpad_tui.host.clock import ClockMs, wall_ms
from cryptpad_tui.host.entropy import Rng, random_bytes
from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.backup_rows import ABOUT, BackupRow, RowEncoder, decode_rows, file_rows, vault_rows
from cryptpad_tui.vault.errors import BackupDamaged, NotABackup, NotOverwritten
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, Header, SlotType
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.opening import make_header
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.sealed_file import MAGIC, SealedReader, SealedWriter
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.slots import open_slot
from cryptpad_tui.vault.vault import Vault

MARK: Final = "backup/"
"""How the setting of each backup begins that this vault's state has grown from."""
MAX_MARKS: Final = 512
_MODE: Final = 0o600
_TEMPORARY: Final = ".new-"
Step = Callable[[str], None]
"""Called after each step with its name: where a test kills."""


@dataclass(frozen=True, slots=True)
class BackupMade:
    """What a backup holds."""

    id: str
    pads: int
    size_bytes: int


def is_backup(path: Path) -> bool:
    """Whether a file begins as a backup does; reads nothing else of it."""
    try:
        with open_backup(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, NotABackup):
        return False


@contextlib.contextmanager
def open_backup(path: Path) -> Iterator[BinaryIO]:
    """For reading: a plain file, and never waiting for a pipe's writer."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotABackup(str(path))
        yield file


def make_backup(
    vault: Vault,
    path: Path,
    *,
    version: str,
    passphrase: bytes | None = None,
    rng: Rng = random_bytes,
    now: ClockMs = wall_ms,
    step: Step = lambda name: None,
) -> BackupMade:
    """Write everything that cannot be made again. `passphrase` opens it; without one, what opens the vault.

    Other windows go on meanwhile: the backup is of the moment at which it began.
    """
    if os.path.lexists(path) and not is_backup(path):
        raise NotOverwritten(str(path))
    header, key = _who_may_open(vault, passphrase, rng)
    with host_errors_translated():
        _remove_leftovers(path)
        temporary = path.with_name(f"{path.name}{_TEMPORARY}{rng(8).hex()}")
        mark = ""
        try:
            with _create(temporary) as file:
                writer = SealedWriter(file, header, key.reveal(), rng=rng)
                mark = MARK + writer.id.hex()
                vault.set_setting(mark, str(now()))
                written = _write(vault, writer, {"made_ms": now(), "version": version}, step)
                files.sync_descriptor(file.fileno())
            step("written")
            _check(temporary, written, key, passphrase)
            step("checked")
            os.rename(temporary, path)
            files.sync_dir(path.absolute().parent)
            step("renamed")
        except BaseException:
            if mark:
                vault.set_setting(mark, None)
            raise
        finally:
            temporary.unlink(missing_ok=True)
    _forget_old_marks(vault)
    return BackupMade(writer.id.hex(), written.pads, path.stat().st_size)


def _who_may_open(vault: Vault, passphrase: bytes | None, rng: Rng) -> tuple[Header, MasterKey]:
    header = headerfile.read_header(vault.directory)
    if passphrase is None:
        return header, MasterKey(vault.sealing_key())
    slot = header.slot(SlotType.PASSPHRASE)
    cost = slot.cost if slot is not None and slot.cost is not None else KdfCost.of_memory(256)
    key = MasterKey(rng(MASTER_KEY_BYTES))
    return make_header({SlotType.PASSPHRASE: passphrase}, key, cost, rng), key


@contextlib.contextmanager
def _create(path: Path) -> Iterator[BinaryIO]:
    # A stick's file system knows no modes, and the file needs none: it is sealed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _MODE), "wb") as file:
        yield file
        file.flush()


def _remove_leftovers(path: Path) -> None:
    """What a backup that was killed left beside its name: sealed, and never whole."""
    for other in path.parent.glob(f"{glob.escape(path.name)}{_TEMPORARY}{'[0-9a-f]' * 16}"):
        other.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Written:
    rows: int
    pads: int
    digest: bytes


def _write(vault: Vault, writer: SealedWriter, about: Mapping[str, int | str], step: Step) -> _Written:
    digest, pads = blake2b(), 0

    def write(data: bytes) -> None:
        digest.update(data)
        writer.write(data)

    rows = RowEncoder(write)
    for key, value in about.items():
        rows.put(BackupRow(ABOUT, {"key": key, "value": str(value)}))
    step("begun")
    for row in chain(vault.backup_rows(vault_rows), file_rows(vault.directory)):
        rows.put(row)
        pads += row.table == "pad" and row.values["kind"] != 2
    rows.finish()
    writer.finish()
    return _Written(rows.count, pads, digest.digest())


def _check(path: Path, written: _Written, key: MasterKey, passphrase: bytes | None) -> None:
    """Read the file to its end as a restore would; raises BackupDamaged."""
    digest, count = blake2b(), 0
    with open_backup(path) as file:
        reader = SealedReader(file)
        opened = key.reveal()
        if passphrase is not None:
            opened = open_slot(reader.header, SlotType.PASSPHRASE, passphrase)

        def pieces() -> Iterator[bytes]:
            for piece in reader.pieces(opened):
                digest.update(piece)
                yield piece

        count = sum(1 for _ in decode_rows(pieces()))
    if (count, digest.digest()) != (written.rows, written.digest):
        raise BackupDamaged("it does not read as it was written; the disk may be failing")


def _forget_old_marks(vault: Vault) -> None:
    marks = sorted(vault.settings_under(MARK).items(), key=lambda each: int(each[1]), reverse=True)
    for name, _ in marks[MAX_MARKS:]:
        vault.set_setting(name, None)
