"""T51: nothing that a person wrote, and no key, is readable in any file of the vault at any moment."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from vault.helpers import PASSPHRASE, Template, make_pad_record

from cryptpad_tui.pad.ports import LogRow, OutboxRow
from cryptpad_tui.vault import database as database_module
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.recovery import parse_recovery_key
from cryptpad_tui.vault.tables import Tables
from cryptpad_tui.vault.vault import Vault

CANARY = b"the-canary-sings-at-dawn"
PAD = replace(make_pad_record(1), secret=CANARY.ljust(32), relay_url=f"wss://{CANARY.decode()}")


def write_everywhere(tables: Tables) -> None:
    text = CANARY.decode()
    tables.put_pad(PAD)
    tables.set_setting("session", text)
    tables.put_listing(ListingRow(PAD.pad_id, text, 0, "owner", 0, 0, False))
    tables.add_alarm(PAD.pad_id, "FORK", text, CANARY, 0)
    store = tables.store(PAD.pad_id)
    store.put_signed_head(1, CANARY)
    store.append_journal(b"w" * 32, [CANARY * 20] * 50)
    store.set_checkpoint(1, CANARY * 1_000)
    store.seal_journal([], [OutboxRow(0, b"w" * 32, 0, b"e" * 32, CANARY)])
    store.commit_fold([LogRow(1, b"f" * 32, b"h" * 32, CANARY, False)])


def readable_files(directory: Path) -> Iterator[bytes]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def is_anywhere(directory: Path, secrets: list[bytes]) -> list[bytes]:
    contents = list(readable_files(directory))
    forms = {secret: (secret, secret.hex().encode(), secret.hex().upper().encode()) for secret in secrets}
    return [
        secret
        for secret, each in forms.items()
        if any(form in content for form in each for content in contents)
    ]


def files_without_name_during_a_big_sort(database: Database) -> list[str]:
    """What SQLite spills into is deleted as soon as it is made, so only its descriptor shows it."""
    query = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000)"
        " SELECT printf('%.*c', 400, 'x') || i AS text FROM n ORDER BY text || (i * 7919 % 20011)"
    )
    before = open_files()
    cursor = database._connection.execute(query)
    cursor.fetchone()
    during = open_files()
    cursor.close()
    return [name for name in during - before if name.endswith("(deleted)")]


def open_files() -> set[str]:
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return found


def test_no_plaintext_and_no_key_on_the_disk(
    template: Template, vault_dir: Path, open_vault: Callable[..., Vault]
) -> None:
    vault = open_vault()
    write_everywhere(vault)
    secrets = [
        CANARY,
        PASSPHRASE,
        template.recovery_key.encode(),
        parse_recovery_key(template.recovery_key),
        template.keyfile.read_bytes().strip(),
        vault.account_root,
        vault._master_key.reveal(),
        vault._master_key.database_key(),
    ]
    assert (vault_dir / "vault.db-wal").stat().st_size > 10_000
    assert is_anywhere(vault_dir, secrets) == []
    vault.forget_pad(PAD.pad_id)
    vault.change_passphrase(PASSPHRASE, PASSPHRASE + b"2")
    assert is_anywhere(vault_dir, secrets) == []
    vault.close()
    assert is_anywhere(vault_dir, secrets) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="deleted files are seen through /proc")
def test_sorting_spills_into_no_file(database: Database) -> None:
    assert files_without_name_during_a_big_sort(database) == []
    database.rows("PRAGMA temp_store=FILE")
    assert len(files_without_name_during_a_big_sort(database)) == 1, "what the setting prevents"


def test_the_search_finds_plaintext_where_encryption_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes the tests above worth something."""
    monkeypatch.setattr(database_module, "set_key", lambda connection, key: None)
    (tmp_path / "plain").mkdir(0o700)
    plain = Database.create(tmp_path / "plain" / "vault.db", bytes(32))
    write_everywhere(Tables(plain))
    assert is_anywhere(tmp_path, [CANARY]) == [CANARY]
    plain.close()
    assert is_anywhere(tmp_path, [CANARY]) == [CANARY]


def test_deleted_text_is_gone_from_a_plain_page_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """secure_delete: whoever has the key later must not find what was removed."""
    monkeypatch.setattr(database_module, "set_key", lambda connection, key: None)
    (tmp_path / "plain").mkdir(0o700)
    plain = Database.create(tmp_path / "plain" / "vault.db", bytes(32))
    tables = Tables(plain)
    write_everywhere(tables)
    tables.forget_pad(PAD.pad_id)
    tables.set_setting("session", None)
    plain.execute("DELETE FROM alarm")
    plain.close()
    assert is_anywhere(tmp_path, [CANARY]) == []
