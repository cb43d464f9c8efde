"""The vault's rows beside the pads' logs come back as they were put."""

from __future__ import annotations

from dataclasses import replace

import pytest
from vault.helpers import make_pad_record

from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.tables import Tables

PAD = make_pad_record(1)


@pytest.fixture
def tables(database: Database) -> Tables:
    return Tables(database)


def test_settings_are_kept_replaced_and_forgotten(tables: Tables) -> None:
    assert tables.setting("relay_url") is None
    tables.set_setting("relay_url", "wss://a")
    tables.set_setting("relay_url", "wss://ü")
    assert tables.setting("relay_url") == "wss://ü"
    tables.set_setting("relay_url", None)
    tables.set_setting("relay_url", None)
    assert tables.setting("relay_url") is None


def test_pads_come_back_in_the_order_in_which_they_came(tables: Tables) -> None:
    full = replace(
        make_pad_record(9),
        relay_url="wss://a",
        relay_pk=b"r" * 32,
        pin_n=7,
        pin_head=b"p" * 16,
        uploaded=True,
    )
    for record in (full, PAD):
        tables.put_pad(record)
    assert tables.pads() == [full, PAD]
    assert tables.pad(full.pad_id) == full
    assert tables.pad(b"x" * 32) is None


def test_what_is_known_of_a_pad_changes_and_its_edits_stay(tables: Tables) -> None:
    tables.put_pad(PAD)
    store = tables.store(PAD.pad_id)
    store.append_journal(b"w" * 32, [b"typed"])
    changed = replace(PAD, epoch=3, secret=b"\xbb" * 32, uploaded=True)
    tables.put_pad(changed)
    assert tables.pads() == [changed]
    assert [row.update for row in store.journal_after(0)] == [b"typed"]


def test_a_pad_is_forgotten_with_its_listing_and_without_its_alarms(tables: Tables) -> None:
    other = make_pad_record(2)
    for record in (PAD, other):
        tables.put_pad(record)
        tables.put_listing(ListingRow(record.pad_id, "title", 0, "owner", 1, 2, False))
        tables.store(record.pad_id).put_signed_head(1, b"sth")
        tables.add_alarm(record.pad_id, "FORK", "sentence", b"proof", 9)
    tables.forget_pad(PAD.pad_id)
    tables.forget_pad(PAD.pad_id)
    assert tables.pads() == [other]
    assert [row.pad_id for row in tables.listing()] == [other.pad_id]
    assert tables.store(other.pad_id).signed_head() == b"sth"
    assert len(tables.alarms(PAD.pad_id)) == 1


def test_forgetting_that_was_interrupted_is_finished_later(
    tables: Tables, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.put_pad(PAD)
    rows = [LogRow(n, n.to_bytes(32), n.to_bytes(32), b"entry", False) for n in range(1, 5_001)]
    tables.store(PAD.pad_id).commit_fold(rows)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "purge_forgotten", lambda: None)
        tables.forget_pad(PAD.pad_id)
    assert tables.pads() == []
    assert tables.pad(PAD.pad_id) is None
    assert database.scalar("SELECT count(*) FROM pad WHERE secret=?", (PAD.secret,)) == 0
    tables.put_pad(PAD)
    assert tables.store(PAD.pad_id).log_after(0, 1) == [], "joined again, it starts empty"
    tables.purge_forgotten()
    assert (database.scalar("SELECT count(*) FROM log"), database.scalar("SELECT count(*) FROM pad")) == (
        0,
        1,
    )


def test_the_listing_needs_no_pad_and_is_replaced_row_by_row(tables: Tables) -> None:
    rows = [ListingRow(make_pad_record(n).pad_id, f"title {n}", 1, "view", n, n, n == 2) for n in (1, 2, 3)]
    tables.put_listings(rows)
    assert tables.listing() == rows
    tables.put_listing(replace(rows[0], title="renamed"))
    assert tables.listing() == [replace(rows[0], title="renamed"), *rows[1:]]
