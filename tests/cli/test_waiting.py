"""Who waits for a relay is told what for, once, and only where it takes longer than a moment."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Command, FakeEngine, Inside, MakePerson, Person

from cryptpad_tui.cli import vault_access
from cryptpad_tui.vault.kit import Kit, kit_qr_text


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def doris(make_person: MakePerson) -> Person:
    person = make_person("Doris")
    person.does("new", "Waits")
    return person


def test_a_wait_says_what_for_and_why(doris: Person, inside: Inside, nobody: str) -> None:
    assert inside(doris, "relay", "set", nobody).code == 0
    ended = doris.run("sync", "--wait", "1.5")
    assert (ended.code, len(ended.lines)) == (5, 2)
    told, failed = ended.lines
    assert told.startswith(f"cryptpad-tui: note: waiting for {nobody} (the relay does not answer")
    assert failed.startswith("cryptpad-tui: error:")


def test_a_share_that_waits_says_so_too(
    doris: Person, inside: Inside, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptpad_tui.cli import verbs_share

    monkeypatch.setattr(vault_access, "TOLD_AFTER_S", 0.2)
    monkeypatch.setattr(verbs_share, "_WAIT_S", 0.6)
    assert inside(doris, "relay", "set", nobody).code == 0
    ended = inside(doris, "share", "Waits")
    assert (ended.code, len(ended.lines), ended.out) == (5, 2, b"")
    assert "waiting for" in ended.lines[0]


def test_a_joiner_of_a_silent_relay_is_told(
    doris: Person, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptpad_tui.cli import verbs_share
    from cryptpad_tui.crypto.keys import Role
    from cryptpad_tui.crypto.links import NO_RELAY, Link, encode_link

    monkeypatch.setattr(vault_access, "TOLD_AFTER_S", 0.2)
    monkeypatch.setattr(verbs_share, "_WAIT_S", 0.6)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        link = encode_link(
            Link(
                role=Role.VIEW,
                pad_id=bytes(32),
                epoch=0,
                seed=bytes(32),
                pin_n=0,
                pin_head=bytes(16),
                relay_fingerprint=NO_RELAY,
                address=address,
            )
        )
        ended = inside(doris, "join", stdin=link.encode())
    assert (ended.code, len(ended.lines)) == (5, 2)
    assert "waiting for the relay;" in ended.lines[0]


def test_a_kit_of_a_relay_that_is_gone_makes_the_vault_and_says_what_is_missing(
    doris: Person, inside: Inside, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_access, "TOLD_AFTER_S", 0.1)
    monkeypatch.setattr(vault_access, "MEET_S", 0.4)
    kit = kit_qr_text(Kit(bytes(range(32)), nobody, b""))
    again = Person(tmp_path / "again", {**doris.environ, "CRYPTPAD_TUI_HOME": str(tmp_path / "again")})
    began = time.monotonic()
    ended = inside(again, "init", "--name", "Doris", "--from-kit", "--kdf-memory", "64", stdin=kit.encode())
    assert time.monotonic() - began < vault_access.FIRST_SYNC_S / 2
    assert ended.code == 0
    waiting, missing, made = ended.lines
    assert f"waiting for {nobody}" in waiting
    assert "not everything has come yet" in missing
    assert "the vault is in" in made


def test_what_is_done_at_once_says_nothing(command: Command, engine: FakeEngine) -> None:
    engine.add("Pad", relay="wss://relay.example")
    ended = command("sync")
    assert (ended.code, ended.err) == (0, "")
