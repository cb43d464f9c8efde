"""Mailboxes in relay.db: two tables, written in the transaction of a batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, Protocol

from cryptpad_relay.store.mail.base import (
    BindMailbox,
    CloseMailbox,
    DropMail,
    Lane,
    Mailbox,
    Mailing,
    MailStep,
    PutMail,
)

MAIL_TABLES: Final = """
CREATE TABLE IF NOT EXISTS mailbox (
  key INTEGER PRIMARY KEY,
  mailbox_id BLOB NOT NULL UNIQUE,
  pass_id BLOB NOT NULL,
  newest INTEGER NOT NULL,
  day INTEGER NOT NULL           -- days since 1970 when its owner was there last
) STRICT;
CREATE INDEX IF NOT EXISTS mailbox_day ON mailbox (day);
CREATE TABLE IF NOT EXISTS mail (
  mailbox INTEGER NOT NULL,
  place INTEGER NOT NULL,
  lane INTEGER NOT NULL,
  day INTEGER NOT NULL,
  digest BLOB NOT NULL,
  mail BLOB NOT NULL,
  PRIMARY KEY (mailbox, place)
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS mail_digest ON mail (mailbox, digest);
CREATE INDEX IF NOT EXISTS mail_day ON mail (day);
"""
_KEY: Final = "(SELECT key FROM mailbox WHERE mailbox_id = ?)"


class _HasReading(Protocol):
    _reading: sqlite3.Connection


class SqliteMail:
    """A part of SqliteStore: MailStore."""

    __slots__ = ()

    def mailbox(self: _HasReading, mailbox_id: bytes) -> Mailbox | None:
        query = "SELECT pass_id, newest FROM mailbox WHERE mailbox_id = ?"
        row = self._reading.execute(query, (mailbox_id,)).fetchone()
        return Mailbox(*row) if row else None

    def mail_count(self: _HasReading, mailbox_id: bytes, lane: Lane | None = None) -> int:
        lanes = tuple(Lane) if lane is None else (lane, lane)
        query = f"SELECT count(*) FROM mail WHERE mailbox = {_KEY} AND lane IN (?, ?)"
        return int(self._reading.execute(query, (mailbox_id, *lanes)).fetchone()[0])

    def has_mail(self: _HasReading, mailbox_id: bytes, digest: bytes) -> bool:
        query = f"SELECT 1 FROM mail WHERE mailbox = {_KEY} AND digest = ?"
        return self._reading.execute(query, (mailbox_id, digest)).fetchone() is not None

    def mails(self: _HasReading, mailbox_id: bytes, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        query = f"SELECT place, mail FROM mail WHERE mailbox = {_KEY} AND place > ? ORDER BY place LIMIT ?"
        return self._reading.execute(query, (mailbox_id, after, limit)).fetchall()


def write_mailing(connection: sqlite3.Connection, mailing: Mailing) -> None:
    """Inside the transaction of a batch."""
    for step in mailing.steps:
        _write(connection, step)
    if mailing.mails_before:
        connection.execute("DELETE FROM mail WHERE day < ?", (mailing.mails_before,))
    if mailing.boxes_before:
        for (mailbox_id,) in connection.execute(
            "SELECT mailbox_id FROM mailbox WHERE day < ?", (mailing.boxes_before,)
        ).fetchall():
            _write(connection, CloseMailbox(mailbox_id))


def _write(connection: sqlite3.Connection, step: MailStep) -> None:
    if isinstance(step, BindMailbox):
        connection.execute(
            "INSERT INTO mailbox (mailbox_id, pass_id, newest, day) VALUES (?, ?, 0, ?)"
            " ON CONFLICT (mailbox_id) DO UPDATE SET pass_id = excluded.pass_id, day = excluded.day",
            step,
        )
    elif isinstance(step, PutMail):
        _put(connection, step)
    elif isinstance(step, DropMail):
        connection.executemany(
            f"DELETE FROM mail WHERE mailbox = {_KEY} AND place = ?",
            [(step.mailbox_id, place) for place in step.places],
        )
    else:
        connection.execute(f"DELETE FROM mail WHERE mailbox = {_KEY}", (step.mailbox_id,))
        connection.execute("DELETE FROM mailbox WHERE mailbox_id = ?", (step.mailbox_id,))


def _put(connection: sqlite3.Connection, step: PutMail) -> None:
    made = connection.execute(
        "INSERT INTO mail (mailbox, place, lane, day, digest, mail)"
        " SELECT key, newest + 1, ?, ?, ?, ? FROM mailbox WHERE mailbox_id = ?"
        " ON CONFLICT DO NOTHING",
        (step.lane, step.day, step.digest, step.mail, step.mailbox_id),
    ).rowcount
    if made:
        connection.execute("UPDATE mailbox SET newest = newest + 1 WHERE mailbox_id = ?", (step.mailbox_id,))
