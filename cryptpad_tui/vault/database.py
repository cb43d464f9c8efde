"""The encrypted database file: opening it, transactions, and what the engine's errors mean for a person.

Never opens the file without a key, never lets an exception of the engine through, and never opens or closes
vault.db by any other way while it is in use: closing a descriptor would drop SQLite's locks on it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias, cast

import apsw

from cryptpad_tui.host import files
from cryptpad_tui.vault import errors
from cryptpad_tui.vault.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, TABLES

Value: TypeAlias = int | str | bytes | None
Row: TypeAlias = tuple[Value, ...]

CIPHER: Final = "chacha20"
BUSY_TIMEOUT_MS: Final = 5_000
_WAL_LIMIT_BYTES: Final = 16 << 20
SIDE_FILES: Final = ("-wal", "-shm", "-journal")

_NO_SUCH_PAD: Final = apsw.SQLITE_CONSTRAINT_FOREIGNKEY
"""The only references between tables are to pads."""

_SETTINGS: Final = (
    "PRAGMA journal_mode=WAL",
    # An acknowledgement means that it is on the disk.
    "PRAGMA synchronous=FULL",
    "PRAGMA fullfsync=ON",
    "PRAGMA checkpoint_fullfsync=ON",
    # Sorting must not spill plaintext into a file; what is deleted must not linger in free pages.
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    f"PRAGMA journal_size_limit={_WAL_LIMIT_BYTES}",
)


class Database:
    """One connection to vault.db. Calls from several threads wait for each other."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()

    @classmethod
    def create(cls, path: Path, key: bytes) -> Database:
        """Make the file with its tables; FileExistsError if there is one."""
        files.create_private_file(path, b"")
        try:
            database = cls._connect(path, key)
            try:
                with database.transaction():
                    for statement in TABLES:
                        database.execute(statement)
                    database.execute(f"PRAGMA application_id={APPLICATION_ID}")
                    database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            except BaseException:
                database.close()
                raise
        except BaseException:
            remove_files(path)
            raise
        return database

    @classmethod
    def open(cls, path: Path, key: bytes) -> Database:
        """Open a file that create() made; raises VaultDamaged or VaultTooNew."""
        check_files(path)
        database = cls._connect(path, key)
        try:
            if database.scalar("PRAGMA application_id") != APPLICATION_ID:
                raise errors.VaultDamaged(f"{path.name} is not a vault's database")
            version = database.scalar("PRAGMA user_version")
            if not isinstance(version, int) or version < 1:
                raise errors.VaultDamaged(f"{path.name} has no format version")
            if version > SCHEMA_VERSION:
                raise errors.VaultTooNew(f"tables of format {version}")
            database._require_whole()
            if version < SCHEMA_VERSION:
                database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    def _require_whole(self) -> None:
        """Raise VaultDamaged where the file ends before its last page, whether or not that page is ever read.

        What another process has not moved into the file yet is in a log that is not empty then.
        """
        pages = cast(int, self.scalar("PRAGMA page_count"))
        size = pages * cast(int, self.scalar("PRAGMA page_size"))
        log = self._path.with_name(self._path.name + "-wal")
        waiting = log.stat().st_size if log.exists() else 0
        if not waiting and self._path.stat().st_size < size:
            raise errors.VaultDamaged(f"{self._path.name} is cut short")

    def _migrate(self) -> None:
        """Bring the tables to this version; another process may be doing the same."""
        with self.transaction():
            version = cast(int, self.scalar("PRAGMA user_version"))
            for step in range(version, SCHEMA_VERSION):
                for statement in MIGRATIONS[step]:
                    self.execute(statement)
            self.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    @classmethod
    def _connect(cls, path: Path, key: bytes) -> Database:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW
        connection: apsw.Connection | None = None
        try:
            connection = apsw.Connection(str(path.parent.resolve() / path.name), flags=flags)
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            set_key(connection, key)
            for statement in _SETTINGS:
                connection.execute(statement).fetchall()
            if connection.execute("PRAGMA journal_mode").fetchall() != [("wal",)]:
                raise errors.VaultUnsafe("this disk does not allow a write-ahead log")
        except BaseException as error:
            system_errno = 0
            if connection is not None:
                system_errno = connection.system_errno
                connection.close(True)
            if isinstance(error, apsw.Error):
                raise translate(error, system_errno) from None
            raise
        return cls(connection, path)

    def __repr__(self) -> str:
        return f"Database({self._path.name!r})"

    def close(self) -> None:
        """Idempotent. The last one out moves the write-ahead log into the file."""
        with self._lock, self._translated():
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on the disk when the block is left; inside another one, part of that one."""
        with self._lock, self._translated():
            if self._connection.in_transaction:
                yield
                return
            # IMMEDIATE: a transaction that reads first and writes later could fail half-way otherwise.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside is one state, whatever others write meanwhile. Nothing may be written."""
        with self._lock, self._translated():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def each(self, query: str, values: Sequence[Value] = ()) -> Iterator[Row]:
        """Rows one by one, for tables of any size; inside a snapshot or a transaction."""
        with self._lock, self._translated():
            yield from cast(Iterator[Row], self._connection.execute(query, values))

    def execute(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Run a statement without result rows; returns how many rows it changed."""
        with self._lock, self._translated():
            self._connection.execute(statement, values).fetchall()
            return self._connection.changes()

    def insert(self, statement: str, values: Sequence[Value]) -> int:
        """Run an INSERT; returns the row's id."""
        with self._lock, self._translated():
            self._connection.execute(statement, values)
            return self._connection.last_insert_rowid()

    def execute_each(self, statement: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run a statement once for each of `rows`, in one transaction; returns how many rows it changed."""
        with self.transaction():
            before = self._connection.total_changes()
            self._connection.executemany(statement, rows).fetchall()
            return self._connection.total_changes() - before

    @property
    def own_changes(self) -> int:
        """How many rows this connection changed, whether or not that was taken back."""
        with self._lock, self._translated():
            return self._connection.total_changes()

    def rows(self, query: str, values: Sequence[Value] = ()) -> list[Row]:
        with self._lock, self._translated():
            return cast(list[Row], self._connection.execute(query, values).fetchall())

    def row(self, query: str, values: Sequence[Value] = ()) -> Row | None:
        found = self.rows(query, values)
        return found[0] if found else None

    def scalar(self, query: str, values: Sequence[Value] = ()) -> Value:
        """The first column of the first row, None where there is none."""
        found = self.row(query, values)
        return found[0] if found else None

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.ConnectionClosedError:
            raise errors.VaultLocked() from None
        except apsw.Error as error:
            raise translate(error, self._system_errno()) from None

    def _system_errno(self) -> int:
        try:
            return self._connection.system_errno
        except apsw.Error:
            return 0


def remove_files(path: Path) -> None:
    """Remove a closed database with its side files."""
    for suffix in ("", *SIDE_FILES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def check_files(path: Path) -> None:
    """Refuse a database that is missing, empty, shared with others, or whose side files are."""
    try:
        if files.check_private_file(path) == 0:
            raise errors.VaultDamaged(f"{path.name} is empty")
    except FileNotFoundError:
        raise errors.VaultDamaged(f"{path.name} is missing") from None
    for suffix in SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            files.check_private_file(path.with_name(path.name + suffix))


def set_key(connection: apsw.Connection, key: bytes) -> None:
    """Give the engine the 32-byte key, after making sure that it is one that encrypts."""
    if len(key) != 32:
        raise ValueError("key of wrong length")
    chosen = connection.execute(f"PRAGMA cipher='{CIPHER}'").fetchall()
    if chosen != [(CIPHER,)]:
        raise errors.EncryptionMissing()
    # Not kept in the statement cache: the text holds the key.
    connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"", can_cache=False).fetchall()


def change_key(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt a database that nobody has open with another key, in its place."""
    connection: apsw.Connection | None = None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW)
        set_key(connection, old)
        # Under a write-ahead log the engine refuses; the last opening brings it back.
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        connection.execute("PRAGMA temp_store=MEMORY").fetchall()
        connection.execute(f"PRAGMA rekey=\"x'{new.hex()}'\"", can_cache=False).fetchall()
    except apsw.Error as error:
        raise translate(error, connection.system_errno if connection else 0) from None
    finally:
        if connection is not None:
            connection.close(True)


def translate(error: apsw.Error, system_errno: int) -> errors.VaultError:
    """What the engine's error means. Its text never goes further: it may quote what is stored."""
    kind = type(error).__name__
    if isinstance(error, apsw.FullError):
        return errors.DiskFull(kind)
    if isinstance(error, apsw.IOError):
        return errors.DiskFull(kind) if system_errno in files.NO_ROOM else errors.StorageFailed(kind)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return errors.VaultBusy(kind)
    if isinstance(error, apsw.NotADBError | apsw.CorruptError | apsw.FormatError):
        return errors.VaultDamaged(f"vault.db: {kind}")
    if getattr(error, "extendedresult", 0) == _NO_SUCH_PAD:
        return errors.UnknownPad()
    if isinstance(error, apsw.ConnectionClosedError):
        return errors.VaultLocked(kind)
    return errors.StorageFailed(kind)
