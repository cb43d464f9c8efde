"""A backup holds all that cannot be made again, opens for nobody else, and is whole or not there."""

from __future__ import annotations

import contextlib
import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vault.helpers import Template, make_pad_record

from cryptpad_tui.pad.ports import LogRow, OutboxRow
from cryptpad_tui.vault.backup import is_backup, make_backup, open_backup
from cryptpad_tui.vault.backup_rows import (
    DERIVED,
    LISTING,
    LOCAL,
    PAD,
    PAD_TABLES,
    VAULT_TABLES,
    BackupRow,
    RowEncoder,
    decode_rows,
    insert,
    vault_rows,
)
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.errors import (
    BackupDamaged,
    BackupTooNew,
    NotABackup,
    NotOverwritten,
    StorageFailed,
    VaultExists,
)
from cryptpad_tui.vault.header import SlotType
from cryptpad_tui.vault.headerfile import read_header
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.recovery import parse_recovery_key
from cryptpad_tui.vault.restore import Restored, _filled, restore_new
from cryptpad_tui.vault.sealed_file import PIECE_BYTES, SealedReader, SealedWriter
from cryptpad_tui.vault.slots import open_slot
from cryptpad_tui.vault.taking import take_files
from cryptpad_tui.vault.vault import Vault

OpenVault = Callable[..., Vault]
CANARY = b"a canary of the backup's own"
FIXTURES = Path(__file__).parent / "fixtures"
KILLED = """
import os, signal, sys
from pathlib import Path
from cryptpad_tui.vault.backup import make_backup, open_backup
from cryptpad_tui.vault.restore import restore_new
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.vault import Vault
task, directory, keyfile, file, last = sys.argv[1], *map(Path, sys.argv[2:5]), sys.argv[5]
step = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == last else None
if task == "backup":
    make_backup(Vault.open(directory, keyfile=keyfile), file, version="1", step=step)
else:
    with open_backup(file) as opened:
        restore_new(directory, SealedReader(opened), bytes.fromhex(keyfile.name), step=step)
"""


def fill(vault: Vault) -> None:
    """Something in every table that a backup holds."""
    for number in (1, 2):
        record = replace(make_pad_record(number), uploaded=True)
        vault.put_pad(record)
        store = vault.store(record.pad_id)
        rows = [LogRow(n, bytes([n]) * 32, bytes([n]) * 32, CANARY * n, n == 2, 7) for n in range(1, 4)]
        store.commit_fold(rows, proven_heads=[(9, b"h" * 32)])
        store.set_checkpoint(3, CANARY)
        store.put_signed_head(3, b"s" * 160)
        vault.put_roster(record.pad_id, [(b"o" * 32, CANARY)])
        vault.register_writer(record.pad_id, b"w" * 32)
        ids = store.append_journal(b"w" * 32, [CANARY, b"two", b"three"])
        store.seal_journal(ids[:1], [OutboxRow(0, b"w" * 32, 4, b"e" * 32, CANARY)])
        vault.put_listing(ListingRow(record.pad_id, "Titel é", 0, "owner", 5, 6, False))
    vault.add_alarm(None, "FORK", "sentence", b"proof", 3, detail="detail", lasting=True)
    vault.put_drive_fields({("ab" * 32, "name"): "made again from the drive"})
    vault.set_setting("generation/00", "x.y")


def contents(vault: Vault) -> list[tuple[str, tuple[object, ...]]]:
    rows = [(row.table, tuple(row.values.items())) for row in vault.backup_rows(vault_rows)]
    return [row for row in rows if row[1][0] != ("key", "drive/mirror")]


def restored(path: Path, directory: Path, key: bytes) -> Restored:
    with open_backup(path) as file:
        return restore_new(directory, SealedReader(file), key)


def test_every_table_is_in_it_or_said_not_to_be(open_vault: OpenVault) -> None:
    vault = open_vault()
    query = "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
    tables = {str(row[0]) for row in vault._database.rows(query)}
    known = {PAD, LISTING, *VAULT_TABLES, *PAD_TABLES, *DERIVED, *LOCAL}
    assert {name for name in tables if name != "search" and not name.startswith("search_")} <= known
    fill(vault)
    assert {table for table, _ in contents(vault)} == {PAD, LISTING, *VAULT_TABLES, *PAD_TABLES}


def test_restored_it_is_the_same_vault_and_opens_as_before(
    template: Template, tmp_path: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    fill(vault)
    made = make_backup(vault, tmp_path / "b", version="1.2", now=lambda: 99)
    assert (made.pads, made.size_bytes) == (2, (tmp_path / "b").stat().st_size)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert CANARY not in (tmp_path / "b").read_bytes()
    wanted = contents(vault)
    root, key = vault.account_root, vault.sealing_key()
    assert restored(tmp_path / "b", tmp_path / "home", key) == Restored(2, 6, 99, "1.2")
    for other in ({"keyfile": template.keyfile}, {"recovery_key": template.recovery_key}):
        again = Vault.open(tmp_path / "home", **other)  # type: ignore[arg-type]
        assert again.account_root == root
        assert contents(again) == wanted
        assert not again.is_alive(str(again.writer_owner(make_pad_record(1).pad_id, b"w" * 32)))
        assert again.store(make_pad_record(1).pad_id).writer_tail(b"w" * 32) is not None
        assert [due.pad_id for due in again.search_due()] == [make_pad_record(n).pad_id for n in (1, 2)]
        again.close()


def test_sealed_copies_of_files_come_along_whole(tmp_path: Path, open_vault: OpenVault) -> None:
    vault, name = open_vault(), "ab" * 32
    (vault.directory / "files").mkdir(mode=0o700)
    (vault.directory / "files" / name).write_bytes(bytes(600_000) + b"end")
    (vault.directory / "files" / ".part-00").write_bytes(b"half")
    make_backup(vault, tmp_path / "b", version="1")
    key = vault.sealing_key()
    for _ in range(2):
        shutil.rmtree(tmp_path / "home", ignore_errors=True)
        restored(tmp_path / "b", tmp_path / "home", key)
    assert [path.name for path in (tmp_path / "home" / "files").iterdir()] == [name]
    assert (tmp_path / "home" / "files" / name).read_bytes() == bytes(600_000) + b"end"
    other, _ = Vault.create(tmp_path / "o", b"x", name="O", relay_url=None, kdf_memory_mib=64)
    again = Vault.open_held(tmp_path / "home", read_header(tmp_path / "home").vault_id, key)
    take_files(other, again)
    assert (tmp_path / "o" / "files" / name).read_bytes()[-3:] == b"end"
    other.close()
    again.close()


def test_a_passphrase_of_its_own_opens_it_and_the_vaults_does_not(
    tmp_path: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    fill(vault)
    make_backup(vault, tmp_path / "b", version="1", passphrase=b"its own")
    with open_backup(tmp_path / "b") as file:
        header = SealedReader(file).header
    key = open_slot(header, SlotType.PASSPHRASE, b"its own")
    assert key != vault.sealing_key()
    assert [slot.type for slot in header.slots] == [SlotType.PASSPHRASE]
    with pytest.raises(BackupDamaged):
        restored(tmp_path / "b", tmp_path / "home", vault.sealing_key())
    assert not (tmp_path / "home" / "vault.hdr").exists()
    assert restored(tmp_path / "b", tmp_path / "home", key).pads == 2


def test_only_a_backup_is_ever_replaced(tmp_path: Path, open_vault: OpenVault) -> None:
    vault, path = open_vault(), tmp_path / "b"
    path.write_bytes(b"my thesis")
    with pytest.raises(NotOverwritten):
        make_backup(vault, path, version="1")
    assert path.read_bytes() == b"my thesis"
    path.unlink()
    first = make_backup(vault, path, version="1")
    assert make_backup(vault, path, version="1").id != first.id
    marks = set(vault.settings_under("backup/"))
    assert len(marks) == 2
    assert f"backup/{first.id}" in marks
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("b")] == ["b"]


def test_leftovers_go_by_their_very_name_whatever_is_in_it(tmp_path: Path, open_vault: OpenVault) -> None:
    folder = tmp_path / "[backups]"
    folder.mkdir()
    own, another = folder / f"[a-z]*.pad.new-{'0' * 16}", folder / f"mine.pad.new-{'0' * 16}"
    for leftover in (own, another):
        leftover.write_bytes(b"half")
    make_backup(open_vault(), folder / "[a-z]*.pad", version="1")
    assert [each.name for each in sorted(folder.iterdir())] == ["[a-z]*.pad", another.name]


def test_a_changed_moved_or_missing_byte_is_noticed(template: Template) -> None:
    master = b"m" * 32
    header = read_header(template.directory)
    out = io.BytesIO()
    writer = SealedWriter(out, header, master, rng=lambda size: bytes(size))
    data = bytes(range(256)) * (2 * PIECE_BYTES // 256) + b"tail"
    for at in range(0, len(data), 100_000):
        writer.write(data[at : at + 100_000])
    writer.finish()
    raw = out.getvalue()

    def read(given: bytes) -> bytes:
        return b"".join(SealedReader(io.BytesIO(given)).pieces(master))

    assert read(raw) == data
    sealed = PIECE_BYTES + 72 + 4
    start = len(raw) - 2 * sealed - (256 + 72 + 4)
    pieces = [raw[start : start + sealed], raw[start + sealed : start + 2 * sealed]]
    head, last = raw[:start], raw[start + 2 * sealed :]
    changed = [
        raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in (60, start - 1, start + 90, len(raw) - 1)
    ]
    cut = [
        raw[:size] for size in (start - 1, start, start + 2, start + sealed, start + 2 * sealed, len(raw) - 1)
    ]
    moved = [
        head + pieces[1] + pieces[0] + last,
        head + pieces[0] + last,
        head + last,
        raw + b"\0",
        raw + last,
    ]
    for given in (*changed, *cut, *moved):
        with pytest.raises(Exception, match=r"piece|short|beginning|vault\.hdr|follows"):
            read(given)
    for given in (b"", b"PADBAKU", b"PADVAULT" + raw[8:]):
        with pytest.raises(NotABackup):
            read(given)
    with pytest.raises(BackupTooNew):
        read(raw[:8] + b"\0\2" + raw[10:])


@pytest.mark.parametrize("last", ["begun", "written", "checked", "renamed"])
def test_a_backup_that_is_killed_leaves_the_old_file_or_the_new_one(
    template: Template, vault_dir: Path, tmp_path: Path, open_vault: OpenVault, last: str
) -> None:
    vault = open_vault()
    key = vault.sealing_key()
    make_backup(vault, tmp_path / "b", version="1")
    fill(vault)
    vault.close()
    values = ["backup", str(vault_dir), str(template.keyfile), str(tmp_path / "b"), last]
    assert subprocess.run([sys.executable, "-c", KILLED, *values], check=False).returncode == -signal.SIGKILL
    held = restored(tmp_path / "b", tmp_path / "home", key)
    assert held.pads == (2 if last == "renamed" else 0)
    assert all(CANARY not in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    make_backup(open_vault(), tmp_path / "b", version="1")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("b")] == ["b"]
    shutil.rmtree(tmp_path / "home")


@pytest.mark.parametrize("last", ["begun", "filled", "named", "done"])
def test_a_restore_that_is_killed_leaves_no_vault_or_all_of_it(
    template: Template, tmp_path: Path, open_vault: OpenVault, last: str
) -> None:
    vault = open_vault()
    fill(vault)
    make_backup(vault, tmp_path / "b", version="1")
    key, home = vault.sealing_key(), tmp_path / "home"
    values = ["restore", str(home), str(tmp_path / key.hex()), str(tmp_path / "b"), last]
    assert subprocess.run([sys.executable, "-c", KILLED, *values], check=False).returncode == -signal.SIGKILL
    assert (home / "vault.hdr").exists() == (last == "done")
    if last == "done":
        with pytest.raises(VaultExists):
            restored(tmp_path / "b", home, key)
    else:
        restored(tmp_path / "b", home, key)
    again = Vault.open(home, keyfile=template.keyfile)
    assert contents(again) == contents(vault)
    again.close()
    assert not list(home.glob("*.restoring*"))


@pytest.mark.parametrize("table", [*sorted(DERIVED | LOCAL), "log(n) SELECT 1; --", "nothing"])
def test_rows_of_other_tables_are_not_let_in(tmp_path: Path, table: str) -> None:
    """What a folder on this machine last agreed on is no other machine's to say."""
    database = Database.create(tmp_path / "db", b"k" * 32)
    with pytest.raises(BackupDamaged):
        insert(database, BackupRow(table, {"n": 1}), None, {})
    database.close()


@pytest.mark.parametrize(
    "row",
    [
        BackupRow("about", {"key": "made_ms", "value": "soon"}),
        BackupRow("about", {"key": "made_ms"}),
        BackupRow("pad", {"pad_id": b"x" * 32}),
        BackupRow("file", {"name": "0" * 64}),
        BackupRow("file", {"name": "../" + "0" * 61, "data": b"x"}),
        BackupRow("file", {"name": "0" * 64, "data": "text"}),
        BackupRow("setting", {"key": "k", "value": b"\xff", "value) VALUES(1); --": 1}),
    ],
)
def test_rows_that_no_version_writes_are_damage_and_leave_no_vault(tmp_path: Path, row: BackupRow) -> None:
    """Whoever made the file had its key; that makes it no backup."""
    database = Database.create(tmp_path / "db", b"k" * 32)
    with contextlib.closing(database), pytest.raises((BackupDamaged, StorageFailed)):
        _filled(database, iter([BackupRow("about", {"key": "version", "value": "1"}), row, row]), tmp_path)
    assert [path.name for path in tmp_path.rglob("0*") if path.name != "0" * 64] == []


def test_text_that_is_none_is_damage() -> None:
    written = bytearray()
    rows = RowEncoder(written.extend)
    rows.put(BackupRow("about", {"key": "aaaa"}))
    rows.finish()
    with pytest.raises(BackupDamaged):
        list(decode_rows(iter([bytes(written).replace(b"aaaa", b"a\xffaa")])))


def test_the_backup_of_the_first_version_restores(tmp_path: Path) -> None:
    path = FIXTURES / "backup-v1.pad"
    assert is_backup(path)
    with open_backup(path) as file:
        reader = SealedReader(file)
        secret = parse_recovery_key((FIXTURES / "backup-v1.recovery-key").read_text())
        key = open_slot(reader.header, SlotType.RECOVERY_KEY, secret)
        held = restore_new(tmp_path / "home", reader, key)
    assert held == Restored(2, 6, 1_700_000_000_000, "0.1.0")
    vault = Vault.open(tmp_path / "home", recovery_key=(FIXTURES / "backup-v1.recovery-key").read_text())
    store = vault.store(make_pad_record(2).pad_id)
    assert [row.entry for row in store.log_after(0, 9)] == [CANARY, CANARY * 2, CANARY * 3]
    assert store.checkpoint() == (3, CANARY)
    assert [row.update for row in store.journal_after(0)] == [b"two", b"three"]
    assert [row.entry for row in store.outbox()] == [CANARY]
    assert [row.title for row in vault.listing()] == ["Titel é"] * 2
    assert [alarm.code for alarm in vault.alarms()] == ["FORK"]
    vault.close()
