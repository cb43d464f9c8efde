"""A shared folder on the command line: three vaults, a real relay, and taking somebody out of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson, Person

from support.relay import RelayProcess

pytestmark = pytest.mark.e2e


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


def test_three_people_share_a_folder_and_one_is_taken_out(
    make_person: MakePerson, inside: Inside, relay: RelayProcess
) -> None:
    people = {name: make_person(f"{name}-folder") for name in ("Anna", "Ben", "Carla")}

    def run(who: str, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        person: Person = people[who]
        ended = inside(person, *arguments, stdin=stdin)
        assert ended.code == code, (who, arguments, ended)
        return ended.text

    def titles(who: str) -> set[str]:
        return {pad["path"] for pad in json.loads(run(who, "ls", "--json"))}

    for who in people:
        run(who, "relay", "set", relay.url)
    folder = run("Anna", "mkdir", "Team", "--shared")
    plan = run("Anna", "new", "Plan", "--into", "Team/Inner", "--from", "-", stdin=b"Plan.\n")
    link = run("Anna", "share", "Team").encode()
    for who in ("Ben", "Carla"):
        assert run(who, "join", stdin=link) == folder
        assert titles(who) == {"Team/Inner/Plan"}
        run(who, "append", "Plan", stdin=f"{who}.\n".encode())
        run(who, "append", "Plan", stdin=b"-\n")
    notes = run("Ben", "new", "Notes", "--into", "Team", "--from", "-", stdin=b"Notes.\n")
    assert "Team/  (shared)" in run("Ben", "ls", "--tree")
    for who in ("Anna", "Carla"):
        run(who, "sync")
    assert titles("Anna") == {"Team/Inner/Plan", "Team/Notes"}
    members = json.loads(run("Anna", "members", "Team", "--json"))
    assert members["changing"] is None

    run("Anna", "members", "Team", "--keep", "Ben-folder")
    run("Anna", "revoke", "Team", "--links")
    run("Anna", "append", "Plan", stdin=b"After.\n")
    for pad in (plan, notes):
        assert run("Ben", "sync", pad) == ""
        run("Carla", "sync", pad)
    assert "After." in run("Ben", "cat", plan)
    assert "After." not in run("Carla", "cat", plan)
    run("Anna", "mv", plan, "/")
    run("Ben", "sync")
    assert "No longer in Team/Plan" in titles("Ben")
