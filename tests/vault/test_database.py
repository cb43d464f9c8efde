"""The engine's promises are asked for and checked, and its errors never get through as they are."""

from __future__ import annotations

import contextlib
import errno
import inspect
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from vault.helpers import DATABASE_KEY, make_pad_record

from cryptpad_tui.pad.ports import StaleJournal
from cryptpad_tui.vault import database as module
from cryptpad_tui.vault.database import Database, translate
from cryptpad_tui.vault.errors import (
    DiskFull,
    EncryptionMissing,
    StorageFailed,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultUnsafe,
)
from cryptpad_tui.vault.padstore import VaultPadStore
from cryptpad_tui.vault.tables import Tables

WRITER = b"w" * 32


@pytest.fixture
def store(database: Database) -> VaultPadStore:
    tables = Tables(database)
    tables.put_pad(make_pad_record(1))
    return tables.store(make_pad_record(1).pad_id)


def test_it_is_durable_and_keeps_plaintext_off_the_disk(database: Database) -> None:
    settings = {
        "cipher": "chacha20",
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
        "temp_store": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "busy_timeout": 5_000,
    }
    assert {name: database.scalar(f"PRAGMA {name}") for name in settings} == settings


@pytest.mark.skipif(not Path("/usr/bin/strace").exists(), reason="no strace to see system calls with")
def test_an_acknowledgement_comes_after_the_disk_has_it(tmp_path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
from cryptpad_tui.vault.database import Database
database = Database.create(Path({str(tmp_path / "v.db")!r}), bytes(32))
os.write(2, b"begin")
database.execute("INSERT INTO setting VALUES('a', 'b')")
os.write(2, b"acknowledged")
os._exit(0)
"""
    traced = subprocess.run(
        ["strace", "-f", "-e", "trace=fsync,fdatasync,write", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    if 'write(2, "begin"' not in traced.stderr:
        pytest.skip("strace may not trace here")
    between = traced.stderr.split('write(2, "begin"')[1].split('write(2, "acknowledged"')[0]
    assert "sync(" in between


def test_an_engine_that_cannot_encrypt_is_refused(tmp_path: Path) -> None:
    class PlainCursor:
        def fetchall(self) -> list[object]:
            return []

    class PlainConnection:
        def __init__(self) -> None:
            self.statements: list[str] = []

        def execute(self, statement: str, **_: object) -> PlainCursor:
            self.statements.append(statement)
            return PlainCursor()

    plain = PlainConnection()
    with pytest.raises(EncryptionMissing):
        module.set_key(plain, bytes(32))  # type: ignore[arg-type]
    assert not any(bytes(32).hex() in statement for statement in plain.statements)


def test_a_key_of_another_length_never_reaches_the_engine(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        Database.create(tmp_path / "v.db", b"short")
    assert not (tmp_path / "v.db").exists()


def test_every_error_of_the_engine_becomes_one_of_ours() -> None:
    kinds = [each for _, each in inspect.getmembers(apsw, inspect.isclass) if issubclass(each, apsw.Error)]
    assert len(kinds) > 30
    for kind in kinds:
        ours = translate(kind("quotes 'secret' text"), 0)
        assert isinstance(ours, VaultError)
        assert "secret" not in str(ours)
    assert isinstance(translate(apsw.FullError(), 0), DiskFull)
    assert isinstance(translate(apsw.IOError(), 28), DiskFull)
    assert isinstance(translate(apsw.IOError(), 5), StorageFailed)
    assert isinstance(translate(apsw.NotADBError(), 0), VaultDamaged)
    assert isinstance(translate(apsw.BusyError(), 0), VaultBusy)


def test_a_disk_without_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ("PRAGMA journal_mode=DELETE", *module._SETTINGS[1:])
    monkeypatch.setattr(module, "_SETTINGS", settings)
    with pytest.raises(VaultUnsafe):
        Database.create(tmp_path / "v.db", DATABASE_KEY)
    assert list(tmp_path.glob("v.db*")) == []


def append_until_full(store: VaultPadStore, size_bytes: int) -> list[bytes]:
    """What was acknowledged before the first refusal; two updates at a time, which go together or not."""
    saved: list[bytes] = []
    for number in range(1_000):
        update = number.to_bytes(size_bytes)
        try:
            store.append_journal(WRITER, [update, update])
        except DiskFull:
            assert saved
            return saved
        saved += [update, update]
    pytest.fail("never full")


def contents(store: VaultPadStore) -> list[bytes]:
    return [row.update for row in store.journal_after(0)]


def test_no_room_in_the_file_is_disk_full_and_nothing_is_lost(
    database: Database, store: VaultPadStore
) -> None:
    pages = database.scalar("PRAGMA page_count")
    assert isinstance(pages, int)
    database.rows(f"PRAGMA max_page_count={pages + 20}")
    saved = append_until_full(store, 1_500)
    assert contents(store) == saved
    assert database.rows("PRAGMA integrity_check") == [("ok",)]
    database.rows("PRAGMA max_page_count=100000")
    store.append_journal(WRITER, [b"after"])
    assert contents(store) == [*saved, b"after"]


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_for_the_write_ahead_log_is_disk_full_and_nothing_is_lost(
    database: Database, store: VaultPadStore, tmp_path: Path
) -> None:
    with files_at_most((tmp_path / "db" / "vault.db-wal").stat().st_size + 60_000):
        saved = append_until_full(store, 6_000)
    assert contents(store) == saved
    store.append_journal(WRITER, [b"after"])
    database.close()
    again = Database.open(tmp_path / "db" / "vault.db", DATABASE_KEY)
    assert contents(Tables(again).store(make_pad_record(1).pad_id)) == [*saved, b"after"]
    assert again.rows("PRAGMA integrity_check") == [("ok",)]
    again.close()


def test_an_error_inside_a_transaction_undoes_all_of_it(database: Database, store: VaultPadStore) -> None:
    def fail_half_way() -> None:
        with database.transaction():
            store.append_journal(WRITER, [b"x"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert contents(store) == []
    store.append_journal(WRITER, [b"y"])
    assert contents(store) == [b"y"]


def test_a_writer_who_keeps_it_too_long_is_busy_not_damage(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 20)
    other = Database.open(tmp_path / "db" / "vault.db", DATABASE_KEY)
    with database.transaction(), pytest.raises(VaultBusy), other.transaction():
        pass
    with other.transaction():
        pass
    other.close()


def test_threads_take_turns(database: Database, store: VaultPadStore) -> None:
    def append(mark: bytes) -> None:
        for _ in range(30):
            store.append_journal(WRITER, [mark, mark])

    threads = [threading.Thread(target=append, args=(b"%d" % number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = contents(store)
    assert len(found) == 240
    assert all(first == second for first, second in zip(found[::2], found[1::2], strict=True))


def test_the_engine_itself_follows_no_link(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our check looks by name; whoever swaps the file after it must not win either."""
    database.close()
    (tmp_path / "link.db").symlink_to(tmp_path / "db" / "vault.db")
    monkeypatch.setattr(module, "check_files", lambda path: None)
    with pytest.raises(StorageFailed):
        Database.open(tmp_path / "link.db", DATABASE_KEY)


def test_two_connections_that_read_first_and_write_later_both_get_their_turn(
    database: Database, store: VaultPadStore, tmp_path: Path
) -> None:
    other = Database.open(tmp_path / "db" / "vault.db", DATABASE_KEY)
    other_store = Tables(other).store(make_pad_record(1).pad_id)

    def adopt_and_type(each: VaultPadStore) -> None:
        for _ in range(30):
            with contextlib.suppress(StaleJournal):
                ids = [row.id for row in each.journal_after(0)]
                each.replace_pending(journal_ids=ids, outbox_ids=[], writer_pk=WRITER, updates=[b"x"])

    store.append_journal(WRITER, [b"x"])
    thread = threading.Thread(target=adopt_and_type, args=(other_store,))
    thread.start()
    adopt_and_type(store)
    thread.join()
    assert contents(store) == [b"x"], "each took over what was there, and no edit was made twice"
    other.close()


def test_the_wrong_key_is_damage(database: Database, tmp_path: Path) -> None:
    database.close()
    with pytest.raises(VaultDamaged):
        Database.open(tmp_path / "db" / "vault.db", bytes(32))


def test_a_disk_too_full_to_open_the_database_is_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        system_errno = errno.ENOSPC

        def __init__(self, *_: object, **__: object) -> None: ...

        def set_busy_timeout(self, _: int) -> None:
            raise apsw.IOError

        def close(self, _: bool) -> None: ...

    monkeypatch.setattr(apsw, "Connection", FullDisk)
    with pytest.raises(DiskFull):
        Database.create(tmp_path / "v.db", bytes(32))
