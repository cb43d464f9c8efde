"""Writers and leases: which process made a writer key, and which one sends a pad's outbox.

A lease passes on when its holder is dead by its process lock, never because it was silent: a suspended
process that wakes up would send beside the next holder. When it was taken is for people alone.
"""

from __future__ import annotations

from typing import cast

from cryptpad_tui.host.clock import ClockMs
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.errors import UnknownPad
from cryptpad_tui.vault.processes import ProcessLock


class Leases:
    """The writer and lease tables, seen from one process."""

    def __init__(self, database: Database, process: ProcessLock, now: ClockMs) -> None:
        self._database = database
        self._process = process
        self._now = now

    def register_writer(self, pad_id: bytes, writer_pk: bytes) -> None:
        """Write down that this process holds the writer's key; a shared key goes to the last who says so."""
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO writer(pad, writer_pk, token) VALUES(?,?,?)"
                " ON CONFLICT DO UPDATE SET token=excluded.token",
                (self._pad(pad_id), writer_pk, self._process.token),
            )

    def writer_owner(self, pad_id: bytes, writer_pk: bytes) -> str | None:
        """The token of the process that registered the writer; it may be dead."""
        query = "SELECT token FROM writer WHERE pad=(SELECT id FROM pad WHERE pad_id=?) AND writer_pk=?"
        return cast(str | None, self._database.scalar(query, (pad_id, writer_pk)))

    def acquire(self, pad_id: bytes) -> bool:
        """Become the pad's only sender: the lease is free, ours already, or its holder is dead."""
        with self._database.transaction():
            pad = self._pad(pad_id)
            holder = self._database.scalar("SELECT token FROM lease WHERE pad=?", (pad,))
            token = self._process.token
            if holder is not None and holder != token and self._process.is_alive(str(holder)):
                return False
            self._database.execute(
                "INSERT INTO lease VALUES(?,?,?) ON CONFLICT(pad) DO UPDATE"
                " SET token=excluded.token, heartbeat_ms=excluded.heartbeat_ms",
                (pad, token, self._now()),
            )
            return True

    def release(self, pad_id: bytes) -> None:
        self._database.execute(
            "DELETE FROM lease WHERE pad=(SELECT id FROM pad WHERE pad_id=?) AND token=?",
            (pad_id, self._process.token),
        )

    def release_all(self) -> None:
        self._database.execute("DELETE FROM lease WHERE token=?", (self._process.token,))

    def heartbeat_ms(self, pad_id: bytes) -> int | None:
        """When the holder took it; None where there is no lease."""
        query = "SELECT heartbeat_ms FROM lease WHERE pad=(SELECT id FROM pad WHERE pad_id=?)"
        return cast(int | None, self._database.scalar(query, (pad_id,)))

    def _pad(self, pad_id: bytes) -> int:
        pad = self._database.scalar("SELECT id FROM pad WHERE pad_id=?", (pad_id,))
        if pad is None:
            raise UnknownPad()
        return cast(int, pad)
