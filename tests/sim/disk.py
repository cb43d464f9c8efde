"""A vault on a simulated disk: the real tables in memory, lost power before or after any commit, backups.

SQLite's own promise, that a transaction happened wholly or not at all, is trusted here (tests/vault kills
real processes for it). What is tested is what stands on that promise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from cryptpad_tui.vault.database import Database, Row, Value
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.header import SlotType
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.schema import TABLES
from cryptpad_tui.vault.vault import Vault

NOWHERE: Final = Path("/nonexistent/simulated")
_FLAGS: Final = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
_names = itertools.count()


class PowerCut(BaseException):
    """This process is dead. No code of it may catch that, and nothing that it still does has an effect."""


def _connect(name: str) -> apsw.Connection:
    connection = apsw.Connection(f"file:/{name}?vfs=memdb", flags=_FLAGS)
    connection.execute("PRAGMA foreign_keys=ON").fetchall()
    return connection


class Disk:
    """One vault's database, shared by the processes that have it open."""

    def __init__(self, account_root: bytes, name: str) -> None:
        self._name = f"sim{next(_names)}"
        self._keeps = _connect(self._name)
        for statement in TABLES:
            self._keeps.execute(statement)
        self._keeps.execute("INSERT INTO secret VALUES('account_root', ?)", (account_root,))
        self._keeps.execute("INSERT INTO setting VALUES('name', ?)", (name,))
        self.die_at: int | None = None
        """After so many more moments around commits, the process that makes that commit is killed."""
        self.full = False
        self.was_restored = False
        self.moments = 0

    def connect(self) -> apsw.Connection:
        return _connect(self._name)

    def copy(self) -> apsw.Connection:
        """A backup of this moment."""
        copy = apsw.Connection(":memory:")
        with copy.backup("main", self._keeps, "main") as backup:
            backup.step()
        return copy

    def restore(self, copy: apsw.Connection) -> None:
        """Put a backup in the place of everything; no process may have the vault open."""
        self.was_restored = True
        self._name = f"sim{next(_names)}"
        before, self._keeps = self._keeps, _connect(self._name)
        before.close()
        with self._keeps.backup("main", copy, "main") as backup:
            backup.step()

    def close(self) -> None:
        self._keeps.close()


class SimDatabase(Database):
    """A process's connection: the real one, with a moment to die before and after each commit."""

    def __init__(self, disk: Disk, died: Callable[[], None]) -> None:
        super().__init__(disk.connect(), NOWHERE / "vault.db")
        self._disk = disk
        self._died = died
        self.dead = False

    def _moment(self) -> None:
        self._require_alive()
        self._disk.moments += 1
        if self._disk.die_at is not None:
            self._disk.die_at -= 1
            if self._disk.die_at < 0:
                self._disk.die_at = None
                self.dead = True
                self._died()
                raise PowerCut

    def _require_alive(self) -> None:
        if self.dead:
            raise PowerCut

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._require_alive()
        outermost = not self._connection.in_transaction
        with super().transaction():
            yield
            if outermost:
                self._moment()
                if self._disk.full:
                    raise DiskFull("simulated")
        if outermost:
            self._moment()

    def execute(self, statement: str, values: Sequence[Value] = ()) -> int:
        with self.transaction():
            return super().execute(statement, values)

    def insert(self, statement: str, values: Sequence[Value]) -> int:
        with self.transaction():
            return super().insert(statement, values)

    def rows(self, query: str, values: Sequence[Value] = ()) -> list[Row]:
        self._require_alive()
        return super().rows(query, values)

    def kill(self) -> None:
        """The process is gone: what it had not committed is rolled back, its locks are dropped."""
        self.dead = True
        self._connection.close(True)


class SimProcess:
    """vault.processes.ProcessLock without files: a token that is alive while its process is."""

    def __init__(self, token: str, alive: set[str]) -> None:
        self.token = token
        self._alive = alive
        alive.add(token)

    def is_alive(self, token: str) -> bool:
        return token in self._alive

    def release(self) -> None:
        self._alive.discard(self.token)


def open_vault(
    database: SimDatabase, process: SimProcess, rng: Callable[[int], bytes], wall_ms: Callable[[], int]
) -> Vault:
    """The real vault on a simulated disk, past its passphrase."""
    return Vault(
        NOWHERE,
        database=database,
        master_key=MasterKey(bytes(32)),
        opened_by=SlotType.PASSPHRASE,
        process=process,  # type: ignore[arg-type]
        rng=rng,
        now=wall_ms,
    )
