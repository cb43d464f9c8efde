"""Login blocks in relay.db: an id, a version and a sealed block. Nothing says whose."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final, Protocol

from cryptpad_relay.store.base import LoginRow

LOGIN_TABLE: Final = """
CREATE TABLE IF NOT EXISTS login (
  login_id BLOB PRIMARY KEY,
  version INTEGER NOT NULL,
  block BLOB NOT NULL
) STRICT;
"""


class _HasReading(Protocol):
    _reading: sqlite3.Connection


class SqliteLogins:
    """A part of SqliteStore."""

    __slots__ = ()

    def login(self: _HasReading, login_id: bytes) -> LoginRow | None:
        query = "SELECT version, block FROM login WHERE login_id = ?"
        row = self._reading.execute(query, (login_id,)).fetchone()
        return LoginRow(*row) if row else None

    def login_count(self: _HasReading) -> int:
        return int(self._reading.execute("SELECT count(*) FROM login").fetchone()[0])


def write_logins(connection: sqlite3.Connection, logins: Mapping[bytes, LoginRow | None]) -> None:
    """Inside the transaction of a batch."""
    for login_id, row in logins.items():
        if row is None:
            connection.execute("DELETE FROM login WHERE login_id = ?", (login_id,))
        else:
            values = (login_id, row.version, row.block)
            connection.execute(
                "INSERT OR REPLACE INTO login (login_id, version, block) VALUES (?, ?, ?)", values
            )
