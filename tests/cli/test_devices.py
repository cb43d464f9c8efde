"""Another machine of one's own, by a code or a kit: a real relay, real homes, real verbs."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson, Person

from support import zygote
from support.relay import RelayProcess
from support.zygote import Piped

pytestmark = pytest.mark.e2e
CHEAP = ("--kdf-memory", "64")


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


@pytest.fixture
def anna(make_person: MakePerson, inside: Inside, relay: RelayProcess) -> Person:
    """With a relay and two pads, one in a folder."""
    person = make_person("Anna", relay.url)
    assert inside(person, "new", "Plan", "--from", "-", stdin=b"one\n").code == 0
    assert inside(person, "new", "Diary").code == 0
    assert inside(person, "mkdir", "Work").code == 0
    assert inside(person, "mv", "Plan", "Work").code == 0
    assert inside(person, "sync").code == 0
    return person


def new_machine(of: Person, name: str) -> Person:
    """A home with nothing in it, and the same passphrase file."""
    return Person(of.home.parent / name, {**of.environ, "CRYPTPAD_TUI_HOME": str(of.home.parent / name)})


@dataclass
class Showing:
    """A process that shows a code and waits."""

    process: Piped
    code: str

    def end(self) -> tuple[int, str]:
        code, _, err = self.process.end()
        return code, err


@contextlib.contextmanager
def showing(person: Person, *arguments: str) -> Iterator[Showing]:
    piped = zygote.shared().pipe(arguments, env=person.environ, cwd=person.home.parent)
    try:
        code = piped.stdout.readline().strip()
        assert re.fullmatch(r"\d{1,4}-[a-z]+-[a-z]+", code), piped.end()
        yield Showing(piped, code)
    finally:
        piped.kill()


def wrong(code: str) -> str:
    number, first, second = code.split("-")
    return f"{number}-{'acorn' if first != 'acorn' else 'actor'}-{second}"


def test_a_code_makes_another_machine_the_same_account(
    anna: Person, inside: Inside, relay: RelayProcess
) -> None:
    lap = new_machine(anna, "lap")
    join = ("device", "join", "--relay", relay.url, "--device", "lap", *CHEAP)
    with showing(anna, "device", "add", "--wait", "60") as shown:
        ended = inside(lap, *join, stdin=shown.code.encode())
        assert ended.code == 0, ended.err
        assert shown.end()[0] == 0
    assert inside(lap, "cat", "Work/Plan").out == b"one\n"
    assert inside(lap, "append", "Work/Plan", stdin=b"two\n").code == 0
    assert inside(anna, "sync").code == 0
    assert inside(anna, "cat", "Plan").out == b"one\ntwo\n"
    listed = json.loads(inside(anna, "device", "list", "--json").out)
    assert [line["name"] for line in listed][1:] == ["lap"]
    assert [line["this"] for line in listed] == [True, False]
    refused = inside(anna, "device", "remove", "lap")
    assert (refused.code, "account's root" in refused.err) == (1, True)
    assert inside(anna, "device", "remove", "lap", "--wiped").code == 0
    assert len(json.loads(inside(anna, "device", "list", "--json").out)) == 1
    assert inside(lap, *join, stdin=b"1-cedar-tulip").code == 1, "there is a vault already"


def test_a_wrong_guess_burns_the_code_and_who_shows_it_is_told(
    anna: Person, inside: Inside, relay: RelayProcess
) -> None:
    """T42: a code guessed online."""
    lap = new_machine(anna, "guesser")
    join = ("device", "join", "--relay", relay.url, *CHEAP)
    with showing(anna, "device", "add", "--wait", "60") as shown:
        guessed = inside(lap, *join, stdin=wrong(shown.code).encode())
        assert (guessed.code, "used up" in guessed.err) == (1, True)
        late = inside(lap, *join, stdin=shown.code.encode())
        assert (late.code, "Nobody waits" in late.err) == (1, True)
        code, told = shown.end()
    assert code == 1
    assert "tried to guess it" in told
    assert not lap.home.exists()


def test_a_machine_that_dies_while_it_joins_has_a_vault_or_none(
    anna: Person, inside: Inside, relay: RelayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the account came and before the vault stands: not begun. After: done by the next sync."""
    from cryptpad_tui.cli import verbs_devices

    lap = new_machine(anna, "dying")
    join = ("device", "join", "--relay", relay.url, "--device", "lap", *CHEAP)
    with showing(anna, "device", "add", "--wait", "60") as shown, monkeypatch.context() as patch:
        patch.setattr(verbs_devices, "_make_vault", dies)
        assert inside(lap, *join, stdin=shown.code.encode()).code != 0
    assert not (lap.home / "vault.hdr").exists()
    assert inside(lap, "ls").code != 0
    with showing(anna, "device", "add", "--wait", "60") as shown, monkeypatch.context() as patch:
        patch.setattr(verbs_devices, "first_sync", dies)
        assert inside(lap, *join, stdin=shown.code.encode()).code != 0
    assert inside(lap, "ls").text == ""
    assert inside(lap, "sync").code == 0
    assert "Work/Plan" in inside(lap, "ls").text or "Plan" in inside(lap, "ls").text


def dies(*_: object, **__: object) -> None:
    """What a killed process does next: nothing."""
    raise KeyboardInterrupt


def test_who_shows_a_code_and_dies_has_given_nothing_away(
    anna: Person, inside: Inside, relay: RelayProcess
) -> None:
    with showing(anna, "device", "add", "--wait", "60") as shown:
        code = shown.code
    ended = inside(
        new_machine(anna, "late"), "device", "join", "--relay", relay.url, *CHEAP, stdin=code.encode()
    )
    assert (ended.code, "Nobody waits" in ended.err) == (1, True)


def test_a_pad_is_shared_by_a_code(
    anna: Person, make_person: MakePerson, inside: Inside, relay: RelayProcess
) -> None:
    ben = make_person("Ben", relay.url)
    with showing(anna, "share", "Plan", "--view", "--code") as shown:
        ended = inside(ben, "join", "--code", stdin=shown.code.encode())
        assert ended.code == 0, ended.err
        assert shown.end()[0] == 0
    assert inside(ben, "cat", "Plan").out == b"one\n"
    with showing(anna, "share", "Plan", "--code") as shown:
        stolen = inside(
            new_machine(anna, "thief"),
            "device",
            "join",
            "--relay",
            relay.url,
            *CHEAP,
            stdin=shown.code.encode(),
        )
        assert stolen.code == 1, "a code for a pad gives no account"


def test_a_kit_brings_everything_back_from_the_relay_alone(
    anna: Person, inside: Inside, relay: RelayProcess
) -> None:
    kit = inside(anna, "kit", "--keep-recovery-key").out
    again = new_machine(anna, "again")
    ended = inside(again, "init", "--name", "Anna", "--from-kit", *CHEAP, stdin=kit)
    assert ended.code == 0, ended.err
    assert inside(again, "cat", "Work/Plan").out == b"one\n"
    assert inside(again, "ls", "--json").text.count('"right": "owner"') == 2
    assert inside(again, "append", "Diary", stdin=b"Dear diary\n").code == 0
    assert inside(anna, "sync").code == 0
    assert inside(anna, "cat", "Diary").out == b"Dear diary\n"


def test_a_kit_is_not_believed_by_another_relay(
    anna: Person, inside: Inside, relay: RelayProcess, tmp_path: Path
) -> None:
    kit = inside(anna, "kit", "--keep-recovery-key").out
    address = relay.address
    relay.stop()
    other = RelayProcess.__new__(RelayProcess)
    other.data, other.address, other.url, other._process = tmp_path / "other", address, "", None
    other.start()
    try:
        ended = inside(new_machine(anna, "again"), "init", "--name", "Anna", "--from-kit", *CHEAP, stdin=kit)
        assert "WRONG_RELAY" in ended.err or "relay" in ended.err
        assert inside(new_machine(anna, "again"), "sync").code == 6
    finally:
        other.stop()
