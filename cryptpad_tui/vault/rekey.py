"""Changing the key that everything in a vault is encrypted with, and all that opens it. Alone, or not at all.

The header first gets a second, pending header beside the one in force; then a copy of the database under the
other key takes the database's place, in one step; then the pending header is left alone. Killed anywhere, the
database is that of one of the two headers, and who comes in next finds out of which (`opening`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.host.entropy import Rng, random_bytes
from cryptpad_tui.host.paths import DATABASE_NAME
from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.database import SIDE_FILES, Database, change_key
from cryptpad_tui.vault.errors import VaultDamaged, VaultInUse
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, Header, SlotType
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.opening import PROCESSES_NAME, REKEY_PREFIX, make_header, remove_rekey_leftovers
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.processes import others_alive
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.vault import Vault

Step = Callable[[str], None]
"""Called after each step with its name: where a test kills."""
_COPY_BYTES: Final = 1 << 20


def slot_types(directory: Path) -> frozenset[SlotType]:
    """How this vault can be opened."""
    return frozenset(slot.type for slot in headerfile.read_header(directory).slots)


def rekey(
    vault: Vault,
    secrets: Mapping[SlotType, bytes],
    *,
    rng: Rng = random_bytes,
    step: Step = lambda name: None,
) -> None:
    """Give the vault another key, which these secrets open and nothing else. Closes it.

    Raises VaultInUse while another window or command has it open; nothing was changed then.
    """
    directory, old_key = vault.directory, MasterKey(vault.sealing_key())
    new_key = MasterKey(rng(MASTER_KEY_BYTES))
    before = headerfile.read_header(directory)
    header = make_header(secrets, new_key, _cost_of(before), rng)
    try:
        with headerfile.header_locked(directory):
            if others_alive(directory / PROCESSES_NAME, vault.process_token()):
                raise VaultInUse()
            if headerfile.read_header(directory) != before:
                raise VaultInUse("its passphrase was changed meanwhile")
            vault.close()
            _require_no_log(directory)
            remove_rekey_leftovers(directory)
            _exchange(directory, before, header, old_key, new_key, rng, step)
    finally:
        vault.close()
        old_key.wipe()
        new_key.wipe()


def _cost_of(header: Header) -> KdfCost:
    slot = header.slot(SlotType.PASSPHRASE)
    if slot is None or slot.cost is None:
        raise VaultDamaged("vault.hdr has no passphrase")
    return slot.cost


def _require_no_log(directory: Path) -> None:
    """The last one out has moved the write-ahead log into the file, or the file alone is not the vault."""
    for suffix in SIDE_FILES:
        path = directory / f"{DATABASE_NAME}{suffix}"
        if path.exists() and path.stat().st_size and suffix != "-shm":
            raise VaultInUse("its write-ahead log is in use")


def _exchange(
    directory: Path, before: Header, after: Header, old: MasterKey, new: MasterKey, rng: Rng, step: Step
) -> None:
    path = directory / DATABASE_NAME
    headerfile.write_header(directory, before, after)
    step("pending")
    copy = directory / f"{REKEY_PREFIX}{rng(8).hex()}"
    with host_errors_translated():
        _copy(path, copy)
        step("copied")
        change_key(copy, old.database_key(), new.database_key())
        step("changed")
        Database.open(copy, new.database_key()).close()
        _sync(copy)
        step("checked")
        os.rename(copy, path)
        files.sync_dir(directory)
    step("renamed")
    headerfile.write_header(directory, after)
    remove_rekey_leftovers(directory)
    step("done")


def _copy(source: Path, target: Path) -> None:
    files.create_private_file(target, b"")
    # Nobody has the database open: that is what the folder is held for.
    with source.open("rb") as reading, target.open("r+b") as writing:
        while piece := reading.read(_COPY_BYTES):
            writing.write(piece)
        writing.flush()
        files.sync_descriptor(writing.fileno())


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        files.sync_descriptor(file.fileno())
