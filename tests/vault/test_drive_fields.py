"""The drive as rows of the vault: kept, changed, taken away; and a vault of an earlier version."""

from __future__ import annotations

from pathlib import Path

from vault.helpers import DATABASE_KEY

from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.schema import SCHEMA_VERSION
from cryptpad_tui.vault.tables import Tables


def test_fields_are_kept_changed_and_taken_away(database: Database) -> None:
    tables = Tables(database)
    tables.put_drive_fields({("a", "name"): "one", ("a", "trashed"): 5, ("b", "name"): "two"})
    tables.put_drive_fields({("a", "name"): "other", ("b", "name"): None, ("c", "name"): None})
    assert sorted(tables.drive_fields()) == [("a", "name", "other"), ("a", "trashed", 5)]
    assert tables.drive_field("a", "name") == "other"
    assert tables.drive_field("b", "name") is None


def test_a_vault_of_the_second_format_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Database.create(path, DATABASE_KEY)
    for table in ("drive_field", "search", "search_due", "mounted", "picture", "roster", "picture_step"):
        old.execute(f"DROP TABLE {table}")
    old.execute("PRAGMA user_version=2")
    old.close()
    database = Database.open(path, DATABASE_KEY)
    assert database.scalar("PRAGMA user_version") == SCHEMA_VERSION
    assert Tables(database).drive_fields() == []
    database.close()
