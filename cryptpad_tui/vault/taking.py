"""Rows of one vault taken over by another: a pad wholly or not at all, never over what is there."""

from __future__ import annotations

import os
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.vault.backup import MARK
from cryptpad_tui.vault.backup_rows import FILES_FOLDER, PAD, PAD_TABLES, insert, pad_rows
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.search_tables import SET_DUE
from cryptpad_tui.vault.vault import Vault

FILE_NOTES: Final = "file/"
"""How the settings begin that say of each file of a pad where its bytes are."""
PAD_SETTINGS: Final = ("generation", "epoch-keys", "members")
"""Settings about one pad, by the beginning of their names: without its keys a pad cannot be read."""


def take_pad(vault: Vault, other: Vault, pad_id: bytes) -> int:
    """The pad with all that belongs to it, as it is there; how many of its edits no relay has."""
    number = other._database.scalar("SELECT id FROM pad WHERE pad_id=?", (pad_id,))
    known: dict[str, frozenset[str]] = {}
    unsent, pad = 0, None
    with vault._database.transaction():
        for row in other.backup_rows(lambda database: pad_rows(database, number)):
            if row.table == PAD:
                pad = insert(vault._database, row, None, known)
            else:
                insert(vault._database, row, pad if row.table in PAD_TABLES else None, known)
            unsent += row.table in ("journal", "outbox")
        for kind in PAD_SETTINGS:
            name = f"{kind}/{pad_id.hex()}"
            vault.set_setting(name, other.setting(name))
        vault._database.execute(SET_DUE, (0, pad_id))
    return unsent


def take_files(vault: Vault, other: Vault) -> None:
    """Sealed copies of files that are not here, for pads that are; the other vault has them no more.

    What is noted of each comes first: copies that no note names are collected.
    """
    pads = {pad.pad_id.hex() for pad in vault.pads()}
    for name, value in other.settings_under(FILE_NOTES).items():
        if name.removeprefix(FILE_NOTES).partition("/")[0] in pads and vault.setting(name) is None:
            vault.set_setting(name, value)
    folder = vault.directory / FILES_FOLDER
    for path in sorted((other.directory / FILES_FOLDER).glob("[0-9a-f]" * 64)):
        with host_errors_translated():
            files.ensure_private_dir(folder)
            if not (folder / path.name).exists():
                os.rename(path, folder / path.name)
                files.sync_dir(folder)


def take_marks(vault: Vault, other: Vault) -> None:
    """From which backups the other one's state has grown: this one's has by now, too."""
    for name, value in other.settings_under(MARK).items():
        vault.set_setting(name, value)


def take_alarms(vault: Vault, other: Vault) -> None:
    """Evidence that this vault does not have."""
    for alarm in other.alarms():
        if not any(
            (alarm.code, alarm.proof) == (each.code, each.proof) for each in vault.alarms(alarm.pad_id)
        ):
            vault.add_alarm(
                alarm.pad_id,
                alarm.code,
                alarm.sentence,
                alarm.proof,
                alarm.at_ms,
                detail=alarm.detail,
                lasting=alarm.lasting,
                state=alarm.state,
            )


def is_unused(vault: Vault, drive_kind: int = 2) -> bool:
    """Whether nothing was ever kept in it: its account can give way to another."""
    return not any(pad.kind != drive_kind for pad in vault.pads()) and not vault.drive_fields()


def take_account(vault: Vault, other: Vault) -> None:
    """Become the other one's account, with its drive; only for a vault that nothing was kept in."""
    assert is_unused(vault)
    with vault._database.transaction():
        for pad in vault.pads():
            vault.forget_pad(pad.pad_id)
        vault.set_account_root(other.account_root)
        vault.set_setting("drive/mirror", None)
        drive = other.setting("drive")
        # Where the other one is a limited device, this becomes it, and no account that nobody has.
        for name in ("drive", *other.settings_under("limited/"), *other.settings_under("account/former")):
            vault.set_setting(name, other.setting(name))
        if drive is not None:
            take_pad(vault, other, bytes.fromhex(drive))
        if vault.setting("relay_url") is None:
            vault.set_setting("relay_url", other.setting("relay_url"))
