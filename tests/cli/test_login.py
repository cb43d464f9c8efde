"""A login by the verbs: a page in one home, the same drive in another, and what is refused on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import AsyncMock, Mock

import pytest
from cli.fakes import Command, Inside, MakePerson, Person

from cryptpad_tui.cli import verbs_login
from cryptpad_tui.cli.login_page import page_lines, svg_page
from cryptpad_tui.engine import logins
from cryptpad_tui.people.login_errors import LoginFull, LoginUnsettled, NotALoginPage
from cryptpad_tui.people.login_keys import SecretKey
from cryptpad_tui.people.login_sheet import LoginSheet, parse_sheet
from cryptpad_tui.vault.passwords import KdfCost
from support.relay import RelayProcess

SHEET = LoginSheet("wss://pads.example", "anna", SecretKey(KdfCost(3, 29), bytes(range(16))))
CHEAP = ("--kdf-memory", "64")


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


@pytest.fixture
def anna(make_person: MakePerson, inside: Inside, relay: RelayProcess, tmp_path: Path) -> Person:
    """With a pad at a relay, and a file with the login's passphrase."""
    person = make_person("Anna", relay.url)
    assert inside(person, "new", "Plan", "--from", "-", stdin=b"one\n").code == 0
    assert inside(person, "sync").code == 0
    for name, text in (("first", "horse"), ("second", "battery")):
        (tmp_path / name).write_text(f"{text}\n")
        (tmp_path / name).chmod(0o600)
    return person


def new_machine(of: Person, name: str) -> Person:
    return Person(of.home.parent / name, {**of.environ, "CRYPTPAD_TUI_HOME": str(of.home.parent / name)})


@pytest.mark.e2e
def test_a_page_and_a_passphrase_bring_the_drive_to_a_machine_with_nothing(
    anna: Person, inside: Inside, tmp_path: Path
) -> None:
    first = ("--login-passphrase-file", str(tmp_path / "first"))
    second = ("--login-passphrase-file", str(tmp_path / "second"))
    assert inside(anna, "login", "status").out == b"no login\n"
    made = inside(anna, "login", "create", "Anna", *first, *CHEAP)
    assert made.code == 0, made.err
    page = made.out
    assert b"horse" not in page
    again = inside(anna, "login", "create", "anna", *first, *CHEAP)
    assert (again.code, again.out) == (1, b"")

    lap = new_machine(anna, "lap")
    wrong = inside(lap, "login", "join", *second, *CHEAP, stdin=page)
    assert wrong.code == 4, wrong.err
    assert not lap.home.exists()
    joined = inside(lap, "login", "join", *first, *CHEAP, "--device", "lap", stdin=page)
    assert joined.code == 0, joined.err
    assert inside(lap, "cat", "Plan").out == b"one\n"
    assert b"lap" in inside(lap, "device", "list").out
    assert inside(lap, "login", "join", *first, stdin=page).code == 1
    said = json.loads(inside(lap, "login", "status", "--json").out)
    assert (said["name"], said["mode"], said["version"], said["kept"]) == ("anna", "key", 1, True)

    new_page = tmp_path / "page.svg"
    changed = inside(lap, "login", "change", *second, *CHEAP, "--svg", "-o", str(new_page))
    assert (changed.code, changed.out) == (0, b""), changed.err
    assert new_page.stat().st_mode & 0o777 == 0o600
    late = inside(new_machine(anna, "late"), "login", "join", *first, *CHEAP, stdin=page)
    assert late.code == 4
    inside(anna, "sync")
    assert b"version 2" in inside(anna, "login", "status").out
    assert inside(anna, "login", "remove").code == 0
    assert inside(anna, "login", "status").out == b"no login\n"
    assert inside(anna, "login", "remove").code == 1


@pytest.mark.e2e
def test_a_phrase_alone_is_drawn_and_only_a_drawn_one_is_asked_with(
    anna: Person, inside: Inside, relay: RelayProcess, tmp_path: Path
) -> None:
    """A hash takes half a gigabyte: what is no drawn phrase is told apart before it."""
    short = inside(anna, "login", "create", "anna", "--phrase", "5")
    assert short.code == 2
    mixed = inside(anna, "login", "create", "anna", "--phrase", "-o", str(tmp_path / "page"))
    assert mixed.code == 2
    lap = new_machine(anna, "lap")
    weak = inside(
        lap, "login", "join", "anna", "--relay", relay.url, "--login-passphrase-file", str(tmp_path / "first")
    )
    assert weak.code == 1
    assert "six or more words" in weak.err
    phrase = inside(anna, "login", "create", "anna", "--phrase")
    assert phrase.code == 0, phrase.err
    assert len(phrase.out.split()) == 6
    (tmp_path / "phrase").write_bytes(phrase.out.upper())
    (tmp_path / "phrase").chmod(0o600)
    file = ("--login-passphrase-file", str(tmp_path / "phrase"))
    joined = inside(lap, "login", "join", "anna", "--relay", relay.url, *file, *CHEAP)
    assert joined.code == 0, joined.err
    assert inside(lap, "cat", "Plan").out == b"one\n"


def test_a_page_is_read_from_its_lines_and_from_its_code() -> None:
    page = "\n".join(page_lines(SHEET, day="2026-01-31"))
    assert max(len(line) for line in page.splitlines()) <= 80
    assert parse_sheet(page) == parse_sheet(SHEET.qr_text()) == SHEET
    assert parse_sheet(f"scanned:\n{SHEET.qr_text()}\n") == SHEET
    svg = svg_page(SHEET, day="2026-01-31")
    assert SHEET.secret.text() in svg
    assert SHEET.secret.text() not in repr(SHEET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PADLOGIN1:",
        "PADLOGIN1: wss://pads.example anna",
        "Relay: ftp://x\nName: anna\nSecret key: 0000",
        "Relay: wss://a\nRelay: wss://b\nName: anna\nSecret key: 0000",
        "x" * 20_000,
    ],
)
def test_what_is_no_page_is_refused(text: str) -> None:
    with pytest.raises(NotALoginPage):
        parse_sheet(text)


def test_nobody_to_ask_is_no_login(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRYPTPAD_TUI_HOME", str(tmp_path / "home"))
    assert command("login", "join", "anna").code == 2
    assert command("login", "join", "--relay", "wss://pads.example").code == 2
    assert command("login", "join", stdin=b"no page").code == 1


@pytest.mark.parametrize(
    ("failure", "goes"), [(LoginFull(), True), (LoginUnsettled(), False), (OSError("a fault of ours"), False)]
)
async def test_the_page_goes_only_where_the_relay_certainly_took_nothing(
    failure: Exception, goes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the one key to everything."""
    wish = Mock()
    monkeypatch.setattr(logins, "set_login", AsyncMock(side_effect=failure))
    with pytest.raises(type(failure)):
        await verbs_login._set(Mock(), None, Mock(), wish)
    assert wish.unwrite.called == goes
