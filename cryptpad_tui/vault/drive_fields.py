"""What the drive says about pads and folders, as rows: a list is shown from them alone. No key is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from cryptpad_tui.vault.database import Database

PAD_ENTRY_CHARS: Final = 64
"""A pad's entry is its id in hex; a folder's is shorter."""


class _HasDatabase(Protocol):
    _database: Database


class DriveFieldTable:
    """A part of Tables."""

    def drive_fields(self: _HasDatabase) -> list[tuple[str, str, str | int]]:
        """(entry, field, value) of the whole drive."""
        rows = self._database.rows("SELECT entry, field, value FROM drive_field")
        return cast(list[tuple[str, str, str | int]], rows)

    def drive_fields_of(self: _HasDatabase, entries: Sequence[str]) -> list[tuple[str, str, str | int]]:
        """Of the folders, and of these pads. Of others what names folders, in drives of earlier versions."""
        found = self._database.rows(
            "SELECT entry, field, value FROM drive_field WHERE length(entry)<>? OR field='folder'",
            (PAD_ENTRY_CHARS,),
        )
        for entry in entries:
            query = "SELECT entry, field, value FROM drive_field WHERE entry=?"
            found += self._database.rows(query, (entry,))
        return cast(list[tuple[str, str, str | int]], found)

    def drive_field(self: _HasDatabase, entry: str, field: str) -> str | int | None:
        query = "SELECT value FROM drive_field WHERE entry=? AND field=?"
        return cast(str | int | None, self._database.scalar(query, (entry, field)))

    def drive_tags(self: _HasDatabase, entry: str) -> list[str]:
        query = "SELECT substr(field, 5) FROM drive_field WHERE entry=? AND field GLOB 'tag:*' AND value"
        return [str(row[0]) for row in self._database.rows(query, (entry,))]

    def put_drive_fields(self: _HasDatabase, fields: Mapping[tuple[str, str], str | int | None]) -> None:
        """None takes a field away."""
        with self._database.transaction():
            self._database.execute_each(
                "DELETE FROM drive_field WHERE entry=? AND field=?",
                [key for key, value in fields.items() if value is None],
            )
            self._database.execute_each(
                "INSERT INTO drive_field VALUES(?,?,?)"
                " ON CONFLICT(entry, field) DO UPDATE SET value=excluded.value",
                [(*key, value) for key, value in fields.items() if value is not None],
            )
