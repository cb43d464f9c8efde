"""The index: what is found, in which order, and that no question is an error and no word leaves the vault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vault.helpers import DATABASE_KEY, make_pad_record
from vault.test_canary import CANARY, is_anywhere

from cryptpad_tui.vault import database as database_module
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.schema import SCHEMA_VERSION
from cryptpad_tui.vault.search import CLOSE, OPEN, match_expression
from cryptpad_tui.vault.tables import Tables
from cryptpad_tui.vault.vault import Vault


def put(tables: Tables, number: int, title: str, body: str = "", tags: str = "") -> bytes:
    record = make_pad_record(number)
    tables.put_pad(record)
    tables.put_listing(ListingRow(record.pad_id, title, 0, "owner", number, len(body), False))
    due = tables.search_due_of(record.pad_id)
    assert due is not None
    tables.put_search_text(due, title=title, tags=tags, body=body)
    return record.pad_id


def found(tables: Tables, query: str) -> list[int]:
    return [int.from_bytes(pad_id) for pad_id in tables.search_ids(query, 10)]


@pytest.fixture
def tables(database: Database) -> Tables:
    made = Tables(database)
    put(made, 1, "Shopping", "oat milk\nCafé Ärger\nbread", tags="home urgent")
    put(made, 2, "Milk", "nothing")
    put(made, 3, "Other", "milk, and later: oat", tags="work")
    return made


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("milk", [2, 1, 3]),
        ("MILK oat", [3, 1]),
        ('"oat milk"', [1]),
        ('"oat milk', [1]),
        ("cafe arger", [1]),
        ("bre*", [1]),
        ("bre", []),
        ("title:milk", [2]),
        ("Title:milk tag:home", []),
        ("tag:home milk", [1]),
        ("tag:milk", []),
        ('title:"shop" ', []),
        ("title:shop*", [1]),
        ("milk AND NOT oat", []),
        ("body:milk", []),
        ("()", []),
        ("", []),
    ],
)
def test_what_a_question_finds(tables: Tables, query: str, numbers: list[int]) -> None:
    got = found(tables, query)
    assert sorted(got) == sorted(numbers)
    assert got[:1] == numbers[:1], "a title counts most"


def test_a_match_has_its_line_and_what_is_around_it(tables: Tables) -> None:
    pad_id = make_pad_record(1).pad_id
    match = tables.search_match("bread", pad_id)
    assert match is not None
    assert (match.title, match.line) == ("Shopping", 3)
    assert f"{OPEN}bread{CLOSE}" in match.snippet
    for query, line in (("oat", 1), ("arger", 2), ("tag:urgent", None), ("title:shopping", None)):
        match = tables.search_match(query, pad_id)
        assert match is not None
        assert match.line == line, query
    assert tables.search_match("absent", pad_id) is None


def test_a_change_makes_a_pad_due_and_indexing_it_does_not_hide_a_later_one(tables: Tables) -> None:
    pad_id = make_pad_record(2).pad_id
    assert tables.search_due() == []
    tables.set_search_due(pad_id, 5)
    (due,) = tables.search_due()
    tables.set_search_due(pad_id, 5)
    tables.put_search_text(due, title="Milk", tags="", body="changed")
    assert found(tables, "changed") == [2]
    assert [each.pad_id for each in tables.search_due()] == [pad_id], "it changed while it was read"


def test_a_pad_that_is_forgotten_is_found_no_more(tables: Tables) -> None:
    tables.forget_pad(make_pad_record(1).pad_id)
    assert found(tables, "oat") == [3]
    assert tables._database.scalar("SELECT count(*) FROM search") == 2


def test_indexing_again_makes_every_pad_due_and_finds_nothing_old(tables: Tables) -> None:
    tables.set_all_search_due()
    assert len(tables.search_due()) == 3
    assert found(tables, "milk") == []


def test_a_vault_of_the_third_format_gets_the_index_with_every_pad_due(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Database.create(path, DATABASE_KEY)
    put(Tables(old), 1, "one")
    for table in ("search", "search_due", "mounted", "picture", "roster", "picture_step"):
        old.execute(f"DROP TABLE {table}")
    old.execute("PRAGMA user_version=3")
    old.close()
    database = Database.open(path, DATABASE_KEY)
    assert database.scalar("PRAGMA user_version") == SCHEMA_VERSION
    assert len(Tables(database).search_due()) == 1
    database.close()


HOSTILE = (
    '"' * 5,
    "a OR",
    "NEAR(a b, 2)",
    "^a",
    "{title",
    "title:",
    'tag:"',
    "a:b:c",
    "*",
    "-",
    "\0",
    "a\0b",
    "\ud800",
    "%s'",
)


def test_no_question_is_an_error(database: Database) -> None:
    tables = Tables(database)
    put(tables, 1, "title", "some text")
    pieces = st.sampled_from(["some", "text", "te*", '"', '"some text"', "title:title", "(", "\n"])
    near = st.lists(pieces).map(" ".join)

    @settings(deadline=None, derandomize=True, max_examples=120)
    @given(st.one_of(st.text(max_size=30), st.text('ab":*(){}^-+ ', max_size=20), near))
    def ask(query: str) -> None:
        for pad_id in tables.search_ids(query, 3):
            assert tables.search_match(query, pad_id) is not None

    ask()
    for query in (*HOSTILE, "a" * 100_000, "a " * 10_000, '"' + "a " * 500):
        tables.search_ids(query, 3)


@example("title:a")
@given(st.text(max_size=40))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_every_quote_of_an_expression_is_closed(query: str) -> None:
    assert match_expression(query).count('"') % 2 == 0


def test_no_word_of_the_index_is_readable_on_the_disk(
    open_vault: Callable[..., Vault], vault_dir: Path
) -> None:
    vault = open_vault()
    text = CANARY.decode()
    words = text.replace("-", " ")
    put(vault, 1, text, f"{text}\n{words}\n" * 500, tags=text)
    secrets = [CANARY, words.encode(), b"canary", b"sings"]
    assert vault.search_ids(f'"{words}"', 1)
    assert is_anywhere(vault_dir, secrets) == []
    vault.set_all_search_due()
    vault.close()
    assert is_anywhere(vault_dir, secrets) == []


def test_what_was_taken_out_of_the_index_is_gone_from_a_plain_page_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "set_key", lambda connection, key: None)
    (tmp_path / "plain").mkdir(0o700)
    plain = Database.create(tmp_path / "plain" / "vault.db", bytes(32))
    tables = Tables(plain)
    put(tables, 1, "title", "canary sings\n" * 50)
    put(tables, 2, "title", "other words")
    plain.close()
    assert is_anywhere(tmp_path, [b"canary"]) == [b"canary"], "what makes the test worth something"
    again = Database.open(tmp_path / "plain" / "vault.db", bytes(32))
    Tables(again).forget_pad(make_pad_record(1).pad_id)
    again.close()
    assert is_anywhere(tmp_path, [b"canary"]) == []
