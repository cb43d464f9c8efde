"""What a drive folder and a folder on disk last agreed on, a row a pad: edits are a difference to it.

It holds pads' text, in the vault's pages like all, and goes with its pad.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, cast

from cryptpad_tui.vault.database import Database


class _HasDatabase(Protocol):
    _database: Database


class MountedRow(NamedTuple):
    """One pad in one mounted folder; `stamp` is its file's, as JSON."""

    pad_id: bytes
    path: str
    base: str
    stamp: str

    def __repr__(self) -> str:
        return f"MountedRow({self.path!r})"


class MountTable:
    """A part of Tables."""

    def mounted(self: _HasDatabase, mount: str) -> list[MountedRow]:
        query = (
            "SELECT pad_id, path, base, stamp FROM mounted JOIN pad ON pad.id=mounted.pad"
            " WHERE mount=? AND NOT forgotten"
        )
        rows = self._database.rows(query, (mount,))
        return [MountedRow(*cast(tuple[bytes, str, str, str], row)) for row in rows]

    def put_mounted(self: _HasDatabase, mount: str, row: MountedRow) -> None:
        self._database.execute(
            "INSERT INTO mounted(mount, pad, path, base, stamp)"
            " SELECT ?, id, ?, ?, ? FROM pad WHERE pad_id=? AND NOT forgotten"
            " ON CONFLICT(mount, pad) DO UPDATE SET"
            " path=excluded.path, base=excluded.base, stamp=excluded.stamp",
            (mount, row.path, row.base, row.stamp, row.pad_id),
        )

    def drop_mounted(self: _HasDatabase, mount: str, pad_id: bytes) -> None:
        query = "DELETE FROM mounted WHERE mount=? AND pad=(SELECT id FROM pad WHERE pad_id=?)"
        self._database.execute(query, (mount, pad_id))
