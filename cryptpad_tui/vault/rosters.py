"""What was seen of teams' rosters, a row an operation: none that was here once is missed unseen.

Operations are public among a team's members, and in the vault's pages like all. They go with their folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

from cryptpad_tui.vault.database import Database


class _HasDatabase(Protocol):
    _database: Database


_PAD = "(SELECT id FROM pad WHERE pad_id=? AND NOT forgotten)"


class RosterTable:
    """A part of Tables."""

    def roster(self: _HasDatabase, pad_id: bytes) -> list[bytes]:
        """Every operation of a team that was seen and was signed by whom it says."""
        query = f"SELECT operation FROM roster WHERE pad={_PAD} ORDER BY op_id"
        return [cast(bytes, row[0]) for row in self._database.rows(query, (pad_id,))]

    def put_roster(self: _HasDatabase, pad_id: bytes, operations: Iterable[tuple[bytes, bytes]]) -> None:
        """Ids and bytes, beside those that are there."""
        query = (
            f"INSERT OR IGNORE INTO roster(pad, op_id, operation) SELECT id, ?, ? FROM pad WHERE id={_PAD}"
        )
        for op_id, raw in operations:
            self._database.execute(query, (op_id, raw, pad_id))

    def drop_roster(self: _HasDatabase, pad_id: bytes, op_ids: Iterable[bytes]) -> None:
        """What decides nothing any more."""
        for op_id in op_ids:
            self._database.execute(f"DELETE FROM roster WHERE pad={_PAD} AND op_id=?", (pad_id, op_id))
