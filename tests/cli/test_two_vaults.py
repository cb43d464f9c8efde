"""Two vaults and a real relay: share, join, both write, the relay dies, both write on, and all ends equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Ended, Inside, MakePerson, Person

from support.relay import RelayProcess

pytestmark = pytest.mark.e2e
WAITS = "cryptpad-tui: note: saved here; it waits for the relay and goes with the next `cryptpad-tui sync`"


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def anna_and_ben(make_person: MakePerson) -> tuple[Person, Person]:
    return make_person("Anna-two"), make_person("Ben-two")


class Both:
    """Anna, who has the relay, and Ben, who gets a link."""

    def __init__(self, people: tuple[Person, Person], inside: Inside, relay: RelayProcess) -> None:
        self._people, self._inside = people, inside
        self.anna("relay", "set", relay.url)
        self.pad = self.anna("new", "Shopping", "--from", "-", stdin=b"milk\ntea\n")

    def anna(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        return self.ended(0, *arguments, stdin=stdin, code=code).text

    def ben(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        return self.ended(1, *arguments, stdin=stdin, code=code).text

    def ended(self, who: int, *arguments: str, stdin: bytes = b"", code: int = 0) -> Ended:
        ended = self._inside(self._people[who], *arguments, stdin=stdin)
        assert ended.code == code, (arguments, ended)
        assert len(ended.lines) <= 1, ended.err
        return ended

    def sync_all(self) -> None:
        for _ in range(2):
            self.anna("sync")
            self.ben("sync")

    def texts(self) -> set[str]:
        return {self.anna("cat", self.pad), self.ben("cat", self.pad)}


@pytest.fixture
def both(anna_and_ben: tuple[Person, Person], inside: Inside, relay: RelayProcess) -> Iterator[Both]:
    pair = Both(anna_and_ben, inside, relay)
    yield pair
    for run in (pair.anna, pair.ben):
        for pad in json.loads(run("ls", "--json")):
            run("rm", pad["id"])
        run("trash", "--empty")


def test_a_shared_pad_survives_the_relays_death_and_ends_equal(both: Both, relay: RelayProcess) -> None:
    link = both.anna("share", both.pad).encode()
    assert both.ben("join", stdin=link) == both.pad
    assert both.ben("join", stdin=link) == both.pad
    assert both.ben("cat", "Shopping") == "milk\ntea"
    both.ben("append", both.pad, stdin=b"bread\n")
    both.anna("write", both.pad, stdin=b"oat milk\ntea\n")
    both.sync_all()
    assert both.texts() == {"oat milk\ntea\nbread"}
    log = json.loads(both.ben("log", both.pad, "--json"))
    assert {line["author"] for line in log} == {"Anna-two", "Ben-two"}
    assert [line["n"] for line in log] == list(range(1, len(log) + 1))
    assert all(line["verified"] for line in log)

    relay.kill()
    assert both.ended(0, "append", both.pad, stdin=b"from anna\n").lines == [WAITS]
    assert both.ended(1, "write", both.pad, stdin=b"oat milk\nbread\n").lines == [WAITS]
    both.anna("sync", "--wait", "0.3", code=5)
    (pad,) = json.loads(both.anna("ls", "--json"))
    assert (pad["sync"], pad["waiting"] > 0) == ("waiting", True)

    relay.start()
    both.sync_all()
    assert both.texts() == {"oat milk\nbread\nfrom anna"}
    (pad,) = json.loads(both.ben("status", "--json"))["pads"]
    assert (pad["sync"], pad["waiting"], pad["alarms"], pad["relay"]) == ("synced", 0, [], relay.url)


def test_who_may_only_view_reads_and_does_not_write(both: Both) -> None:
    link = both.anna("share", both.pad, "--view").encode()
    both.ben("join", stdin=link)
    assert both.ben("cat", both.pad) == "milk\ntea"
    (pad,) = json.loads(both.ben("ls", "--json"))
    assert pad["right"] == "view"
    for verb in (("write", both.pad), ("append", both.pad), ("share", both.pad)):
        both.ben(*verb, stdin=b"x", code=1)
    assert both.ben("share", both.pad, "--view").startswith("pad1:")


def test_a_pad_that_one_may_only_view_takes_ones_own_name_for_it(both: Both) -> None:
    both.ben("join", stdin=both.anna("share", both.pad, "--view").encode())
    both.ben("rename", both.pad, "Their list")
    assert both.ben("cat", "Their list") == "milk\ntea"
    assert both.anna("cat", "Shopping") == "milk\ntea"


def test_a_relay_that_is_away_when_a_link_is_followed_ends_in_5(both: Both, relay: RelayProcess) -> None:
    link = both.anna("share", both.pad).encode()
    relay.kill()
    both.ben("join", stdin=link, code=5)
    assert json.loads(both.ben("ls", "--json")) == []


def test_a_vault_made_without_a_relay_uploads_at_the_next_sync(both: Both, relay: RelayProcess) -> None:
    pad = both.ben("new", "Ben's own", "--from", "-", stdin=b"mine\n")
    assert json.loads(both.ben("ls", "--json"))[0]["sync"] == "saved"
    both.ben("relay", "set", relay.url)
    assert json.loads(both.ben("ls", "--json"))[0]["sync"] == "waiting"
    both.ben("sync")
    assert json.loads(both.ben("ls", "--json"))[0]["sync"] == "synced"
    both.anna("join", stdin=both.ben("share", pad).encode())
    assert both.anna("cat", pad) == "mine"
    both.ben("relay", "set", "none")


def test_the_doctor_reaches_the_relay(both: Both, relay: RelayProcess) -> None:
    assert f"ok    relay      {relay.url} answers" in both.anna("doctor")
