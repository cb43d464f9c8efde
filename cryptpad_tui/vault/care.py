"""The vault's file looked after: whether every page is whole, and its size brought down to what is in it."""

from __future__ import annotations

from cryptpad_tui.host.paths import DATABASE_NAME
from cryptpad_tui.vault.errors import VaultDamaged
from cryptpad_tui.vault.vault import Vault

_MAX_PROBLEMS = 20


def file_problems(vault: Vault) -> list[str]:
    """What is wrong with the file: each page must be what was sealed, and the tables must agree."""
    database = vault._database
    try:
        found = [str(row[0]) for row in database.rows(f"PRAGMA integrity_check({_MAX_PROBLEMS})")]
        strays = database.rows("PRAGMA foreign_key_check")
    except VaultDamaged:
        return ["a page of vault.db is not what was written"]
    problems = ["the tables of vault.db do not agree"] if strays else []
    # The engine's sentences name places in the file alone.
    return problems if found == ["ok"] else [*problems, *found]


def compact(vault: Vault) -> tuple[int, int]:
    """Give back what is free in the file; its size before and after. VaultBusy while others read or write."""
    database, path = vault._database, vault.directory / DATABASE_NAME
    before = path.stat().st_size
    database.execute("INSERT INTO search(search) VALUES('optimize')")
    database.execute("VACUUM")
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, path.stat().st_size
