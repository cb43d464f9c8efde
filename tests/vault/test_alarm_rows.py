"""Alarms in the vault: kept once while they are open, ended as they may be, and read in older vaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from vault.helpers import DATABASE_KEY, make_pad_record

from cryptpad_tui.vault import alarms as alarms_module
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.records import AlarmState
from cryptpad_tui.vault.schema import MIGRATIONS, SCHEMA_VERSION
from cryptpad_tui.vault.tables import Tables

PAD = make_pad_record(1).pad_id


@pytest.fixture
def tables(database: Database) -> Tables:
    return Tables(database)


def kept(tables: Tables) -> list[tuple[str, str, int, AlarmState]]:
    return [(row.code, row.sentence, row.at_ms, row.state) for row in tables.alarms(PAD)]


def test_an_open_alarm_is_kept_once_with_its_first_time(tables: Tables) -> None:
    tables.add_alarm(PAD, "FORK", "one", b"proof", 5)
    tables.add_alarm(PAD, "FORK", "again", b"proof", 6)
    tables.add_alarm(PAD, "FORK", "two", b"another proof", 7)
    tables.add_alarm(PAD, "ROLLBACK", "three", b"proof", 8)
    tables.add_alarm(None, "WRONG_RELAY", "four", b"", 9)
    assert kept(tables) == [("FORK", "one", 5, AlarmState.OPEN), ("ROLLBACK", "three", 8, AlarmState.OPEN)]
    assert [row.pad_id for row in tables.alarms()] == [PAD, PAD, None]
    assert tables.alarm_codes(AlarmState.OPEN) == {PAD: ("FORK", "ROLLBACK")}


def test_a_lasting_alarm_takes_the_place_of_a_weaker_one_and_never_the_other_way(tables: Tables) -> None:
    tables.add_alarm(PAD, "FORK", "weak", b"1", 5)
    tables.add_alarm(PAD, "FORK", "lasting", b"2", 6, lasting=True, detail="more")
    tables.add_alarm(PAD, "FORK", "weak again", b"3", 7)
    (row,) = tables.alarms(PAD)
    assert (row.sentence, row.proof, row.detail, row.lasting) == ("lasting", b"2", "more", True)


def test_good_behaviour_ends_all_but_lasting_alarms_and_a_person_ends_all(tables: Tables) -> None:
    other = make_pad_record(2).pad_id
    tables.add_alarm(other, "CHAIN_GAP", "elsewhere", b"0", 4)
    tables.add_alarm(PAD, "CHAIN_GAP", "one", b"1", 5)
    tables.add_alarm(PAD, "EQUIVOCATION_RELAY", "two", b"2", 6, lasting=True)
    assert tables.end_alarms(PAD, AlarmState.PAST, 9) == 1
    assert [(row.state, row.ended_ms) for row in tables.alarms(PAD)] == [
        (AlarmState.PAST, 9),
        (AlarmState.OPEN, 0),
    ]
    assert tables.end_alarms(PAD, AlarmState.DISMISSED, 10) == 1
    assert tables.alarm_codes(AlarmState.DISMISSED) == {PAD: ("EQUIVOCATION_RELAY",)}
    assert tables.alarm_codes(AlarmState.OPEN) == {other: ("CHAIN_GAP",)}


def test_what_is_caught_again_after_it_ended_is_open_again(tables: Tables) -> None:
    tables.add_alarm(PAD, "FORK", "one", b"1", 5)
    tables.end_alarms(PAD, AlarmState.PAST, 6)
    tables.add_alarm(PAD, "FORK", "one", b"1", 7)
    tables.add_alarm(PAD, "FORK", "other", b"2", 8)
    assert kept(tables) == [("FORK", "one", 5, AlarmState.OPEN)]


def test_a_relay_that_lies_for_ever_fills_no_disk(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms_module, "MAX_ENDED_ROWS", 3)
    for i in range(10):
        tables.add_alarm(PAD, "FORK", str(i), bytes([i]), i)
        tables.end_alarms(PAD, AlarmState.PAST, i)
    tables.add_alarm(PAD, "FORK", "last", b"last", 10)
    assert [sentence for _, sentence, _, _ in kept(tables)] == ["7", "8", "9", "last"]


def test_a_vault_of_the_first_format_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Database.create(path, DATABASE_KEY)
    for column in ("detail", "lasting", "state", "ended_ms"):
        old.execute(f"ALTER TABLE alarm DROP COLUMN {column}")
    for table in ("drive_field", "search", "search_due", "mounted", "picture", "roster", "picture_step"):
        old.execute(f"DROP TABLE {table}")
    old.execute(
        "INSERT INTO alarm(pad_id, code, sentence, proof, at_ms, digest) VALUES(?,?,?,?,?,?)",
        (PAD, "FORK", "sentence", b"6162\n6364", 5, b"digest"),
    )
    old.execute("PRAGMA user_version=1")
    old.close()
    for _ in range(2):
        database = Database.open(path, DATABASE_KEY)
        (row,) = Tables(database).alarms(PAD)
        assert (row.code, row.proof, row.state, row.lasting) == (
            "FORK",
            b"6162\n6364",
            AlarmState.OPEN,
            False,
        )
        assert database.scalar("PRAGMA user_version") == SCHEMA_VERSION
        database.close()
    assert sorted(MIGRATIONS) == list(range(1, SCHEMA_VERSION))
