"""The way into a vault: its place, its header, its database, and this process's place among those inside.

Who comes in holds the folder from reading the header to being seen in run/, so that a rekey, which holds it
alone, meets either nobody or somebody whom it sees. An interrupted rekey is settled by who comes in next.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files, filesystems
from cryptpad_tui.host.entropy import Rng, random_bytes
from cryptpad_tui.host.paths import DATABASE_NAME
from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.database import SIDE_FILES, Database, remove_files
from cryptpad_tui.vault.errors import (
    NoVault,
    RekeyDone,
    RekeyNotDone,
    VaultDamaged,
    VaultUnsafe,
    WrongSecret,
)
from cryptpad_tui.vault.header import VAULT_ID_BYTES, Header, SlotType
from cryptpad_tui.vault.header_pair import Headers
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.processes import ProcessLock
from cryptpad_tui.vault.recovery import parse_recovery_key
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.slots import make_slot
from cryptpad_tui.vault.tables import Tables

PROCESSES_NAME: Final = "run"
REKEY_PREFIX: Final = f"{DATABASE_NAME}.rekey-"
"""How the copy of a database begins whose key is being changed."""
KeyOf = Callable[[Header], bytes]
"""The master key of a header; raises WrongSecret."""


@dataclass(slots=True)
class Entered:
    """What a vault is made of once its secret was right. Secret."""

    database: Database
    master_key: MasterKey
    process: ProcessLock

    def __repr__(self) -> str:
        return "Entered()"


def enter(directory: Path, key_of: KeyOf, rng: Rng, *, allow_network: bool = False) -> Entered:
    """Raises VaultError. Takes the whole cost of a passphrase's hash, in an interrupted rekey twice."""
    if not os.path.lexists(directory):
        raise NoVault(str(directory))
    check_place(directory, allow_network)
    while True:
        headers = headerfile.read_headers(directory)
        keys, refused = _keys(headers, key_of)
        with headerfile.header_locked(directory, shared=True):
            if headerfile.read_headers(directory) != headers:
                continue
            header, entered = _enter_by_one(directory, headers, keys, refused, rng)
        if headers.pending is not None:
            try:
                _settle(directory, headers, header)
            except BaseException:
                entered.database.close()
                entered.process.release()
                raise
        return entered


def _keys(headers: Headers, key_of: KeyOf) -> tuple[list[tuple[Header, MasterKey]], WrongSecret | None]:
    found, refused = [], None
    for header in headers.all():
        try:
            found.append((header, MasterKey(key_of(header))))
        except WrongSecret as error:
            refused = refused or error
    if refused and not found:
        raise refused
    return found, refused


def _enter_by_one(
    directory: Path,
    headers: Headers,
    keys: list[tuple[Header, MasterKey]],
    refused: WrongSecret | None,
    rng: Rng,
) -> tuple[Header, Entered]:
    with contextlib.ExitStack() as undo, host_errors_translated():
        process = ProcessLock.take(directory / PROCESSES_NAME, rng)
        undo.callback(process.release)
        failure: VaultDamaged | None = None
        for header, key in keys:
            try:
                database = Database.open(directory / DATABASE_NAME, key.database_key())
            except VaultDamaged as error:
                failure = failure or error
                continue
            undo.pop_all()
            return header, Entered(database, key, process)
        if refused is not None:
            # The secret is that of the header which does not count.
            raise (RekeyDone if keys[0][0] == headers.current else RekeyNotDone)()
        assert failure is not None
        raise failure


def _settle(directory: Path, headers: Headers, header: Header) -> None:
    """An interrupted rekey took effect or did not: leave the header that counts alone."""
    with headerfile.header_locked(directory):
        if headerfile.read_headers(directory) == headers:
            headerfile.write_header(directory, header)
            remove_rekey_leftovers(directory)


def remove_rekey_leftovers(directory: Path) -> None:
    """Call it inside header_locked: nobody else makes such a copy then."""
    with host_errors_translated():
        for path in directory.glob(f"{REKEY_PREFIX}*"):
            path.unlink(missing_ok=True)


def check_place(directory: Path, allow_network: bool) -> None:
    with host_errors_translated():
        files.check_private_dir(directory)
        kind = None if allow_network else filesystems.network_kind(directory)
    if kind is not None:
        raise VaultUnsafe(f"{directory} is on a network file system ({kind}), where vaults get damaged")


def chosen_secret(
    passphrase: bytes | None, recovery_key: str | None, keyfile: Path | None
) -> tuple[SlotType, bytes]:
    """Exactly one of the three."""
    if sum(each is not None for each in (passphrase, recovery_key, keyfile)) != 1:
        raise ValueError("exactly one of passphrase, recovery_key and keyfile")
    if passphrase is not None:
        return SlotType.PASSPHRASE, passphrase
    if recovery_key is not None:
        return SlotType.RECOVERY_KEY, parse_recovery_key(recovery_key)
    assert keyfile is not None
    return SlotType.KEYFILE, headerfile.read_keyfile(keyfile)


def make_header(secrets: Mapping[SlotType, bytes], master_key: MasterKey, cost: KdfCost, rng: Rng) -> Header:
    """A header of another vault id, with a slot for each secret; `cost` is the passphrase's."""
    header = Header(rng(VAULT_ID_BYTES), ())
    for slot_type, secret in secrets.items():
        slot_cost = cost if slot_type is SlotType.PASSPHRASE else None
        slot = make_slot(slot_type, secret, master_key.reveal(), header.vault_id, slot_cost, rng)
        header = header.with_slot(slot)
    return header


def create_database(
    directory: Path,
    master_key: MasterKey,
    account_root: bytes,
    name: str,
    relay_url: str | None,
    fill: Callable[[Tables], None],
) -> Database:
    path = directory / DATABASE_NAME
    with host_errors_translated():
        set_aside(path)
        database = Database.create(path, master_key.database_key())
    try:
        database.execute("INSERT INTO secret VALUES('account_root', ?)", (account_root,))
        tables = Tables(database)
        tables.set_setting("name", name)
        tables.set_setting("relay_url", relay_url)
        fill(tables)
    except BaseException:
        database.close()
        remove_files(path)
        raise
    return database


def set_aside(path: Path) -> None:
    """Move a database without header out of the way: a crash left it, or its header can still be restored."""
    mark = random_bytes(4).hex()
    for suffix in ("", *SIDE_FILES):
        source = path.with_name(path.name + suffix)
        if os.path.lexists(source):
            os.rename(source, path.with_name(f"{path.name}.aside-{mark}{suffix}"))
