"""A vault made from a backup: all of it, or none where it is killed on the way.

What opened the backup opens the vault that is made. Its database gets its name, and then the header is
written, when everything is in it: until then there is no vault.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.host.paths import DATABASE_NAME, HEADER_NAME
from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.backup import Step
from cryptpad_tui.vault.backup_rows import (
    ABOUT,
    FILE,
    FILES_FOLDER,
    PAD,
    PAD_TABLES,
    BackupRow,
    decode_rows,
    insert,
)
from cryptpad_tui.vault.database import Database, remove_files
from cryptpad_tui.vault.errors import BackupDamaged, VaultError, VaultExists
from cryptpad_tui.vault.header import Header
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.opening import check_place, set_aside
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.search_tables import DUE_ALL

RESTORING: Final = f"{DATABASE_NAME}.restoring"
MIRROR_SETTING: Final = "drive/mirror"
"""Says that the table of the drive's fields is there; a backup has no such table."""
DEVICE_SETTINGS: Final = ("device/id", "device/root")
"""Who a device is among the account's: the one that was backed up may be in somebody else's hands."""
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Restored:
    """What a backup held."""

    pads: int
    unsent: int
    """Edits of pads that no relay had acknowledged."""
    made_ms: int
    version: str


def restore_new(
    directory: Path,
    reader: SealedReader,
    master_key: bytes,
    *,
    allow_network: bool = False,
    step: Step = lambda name: None,
) -> Restored:
    """Make the vault in `directory`; raises VaultExists, BackupDamaged and what making a vault does."""
    with host_errors_translated():
        files.ensure_private_dir(directory)
    check_place(directory, allow_network)
    with headerfile.header_locked(directory):
        if os.path.lexists(directory / HEADER_NAME):
            raise VaultExists(str(directory))
        path = directory / RESTORING
        with host_errors_translated():
            remove_files(path)
            database = Database.create(path, MasterKey(master_key).database_key())
        try:
            step("begun")
            restored = _filled(database, decode_rows(reader.pieces(master_key)), directory)
            database.close()
            step("filled")
        except BaseException:
            database.close()
            remove_files(path)
            raise
        _give_name(directory, path, reader.header, step)
    return restored


def _give_name(directory: Path, path: Path, header: Header, step: Step) -> None:
    with host_errors_translated():
        set_aside(directory / DATABASE_NAME)
        os.rename(path, directory / DATABASE_NAME)
        files.sync_dir(directory)
    step("named")
    try:
        headerfile.write_header(directory, header)
    except VaultError:
        remove_files(directory / DATABASE_NAME)
        raise
    step("done")


def _filled(database: Database, rows: Iterator[BackupRow], directory: Path) -> Restored:
    try:
        return _fill(database, rows, directory)
    except (KeyError, ValueError) as error:
        # Sealed by who had its key, and yet no backup that this program makes.
        raise BackupDamaged("a row of no known form") from error


def _fill(database: Database, rows: Iterator[BackupRow], directory: Path) -> Restored:
    about: dict[str, str] = {}
    known: dict[str, frozenset[str]] = {}
    pads = unsent = 0
    files_seen: set[str] = set()
    pad: int | None = None
    is_drive = False
    waiting = iter(rows)
    while batch := [row for _, row in zip(range(_BATCH), waiting, strict=False)]:
        with database.transaction():
            for row in batch:
                if row.table == ABOUT:
                    about[str(row.values["key"])] = str(row.values["value"])
                elif row.table == FILE:
                    _write_piece(directory / FILES_FOLDER, row, files_seen)
                elif row.table == PAD:
                    pad = insert(database, row, None, known)
                    is_drive = row.values["kind"] == 2
                    pads += not is_drive
                else:
                    insert(database, row, pad if row.table in PAD_TABLES else None, known)
                unsent += not is_drive and row.table in ("journal", "outbox")
    with database.transaction():
        for name in (MIRROR_SETTING, *DEVICE_SETTINGS):
            database.execute("DELETE FROM setting WHERE key=?", (name,))
        database.execute(DUE_ALL)
    return Restored(pads, unsent, int(about.get("made_ms", "0")), about.get("version", ""))


def _write_piece(folder: Path, row: BackupRow, seen: set[str]) -> None:
    """Add a piece to a file; its bytes are sealed, and nothing counts before the header is there."""
    name, data = str(row.values["name"]), row.values["data"]
    if not re.fullmatch(r"[0-9a-f]{64}", name, re.ASCII) or not isinstance(data, bytes):
        raise BackupDamaged("a file of no known name")
    with host_errors_translated():
        files.ensure_private_dir(folder)
        mode = os.O_APPEND if name in seen else os.O_TRUNC
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | mode
        with os.fdopen(os.open(folder / name, flags, files.FILE_MODE), "wb") as file:
            file.write(data)
            file.flush()
            files.sync_descriptor(file.fileno())
    seen.add(name)
