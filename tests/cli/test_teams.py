"""A team on the command line: three vaults, a real relay, every role, a request, a removal and a leaving."""

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


def test_three_people_keep_a_team(make_person: MakePerson, inside: Inside, relay: RelayProcess) -> None:
    people = {name: make_person(f"{name}-team") for name in ("Anna", "Ben", "Carla")}
    said: list[str] = []

    def run(who: str, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        person: Person = people[who]
        ended = inside(person, *arguments, stdin=stdin)
        assert ended.code == code, (who, arguments, ended)
        said.append(ended.err)
        return ended.text

    def accept(who: str, kind: str) -> str:
        [line] = [line for line in json.loads(run(who, "inbox", "--json")) if line["kind"] == kind]
        return run(who, "inbox", "accept", str(line["number"]))

    def roles(who: str) -> dict[str, str]:
        shown = json.loads(run(who, "team", "ls", "Crew", "--json"))
        return {each["name"].removesuffix("-team"): each["role"] for each in shown["members"]}

    for who in people:
        run(who, "relay", "set", relay.url)
    for one, other in (("Anna", "Ben"), ("Ben", "Carla")):
        run(one, "contact", "add", stdin=run(other, "contact", "card").encode())
        run(one, "inbox")
        accept(other, "request")
    run("Anna", "sync")
    assert "1 new in your inbox" in said[-1]
    team = run("Anna", "team", "new", "Crew")
    plan = run("Anna", "new", "Plan", "--into", "Crew", "--from", "-", stdin=b"Plan.\n")
    run("Anna", "team", "invite", "Crew", "Ben-team", "--role", "admin")
    assert accept("Ben", "invitation") == team
    # That Carla said yes is not known to Ben's machine before it looks, which it does by itself.
    run("Ben", "team", "invite", "Crew", "Carla-team", "--role", "viewer", "--note", "come")
    assert accept("Carla", "invitation") == team
    assert "Plan." in run("Carla", "cat", plan)
    run("Anna", "sync")
    everybody = {"Anna": "owner", "Ben": "admin", "Carla": "viewer"}
    assert roles("Anna") == roles("Ben") == roles("Carla") == everybody
    run("Carla", "team", "role", "Crew", "Carla-team", "editor", code=1)
    run("Ben", "team", "role", "Crew", "Ben-team", "owner", code=1)

    # She asks the admin she knows; the owner, who never heard of her, says yes.
    run("Carla", "ask", "Crew", "--note", "please")
    run("Ben", "inbox")
    run("Ben", "sync")
    run("Anna", "sync")
    accept("Anna", "team-request")
    run("Carla", "sync")
    run("Carla", "sync")
    run("Carla", "append", "Plan", stdin=b"Carla.\n")
    run("Carla", "sync")
    run("Ben", "sync")
    assert roles("Ben") == {**everybody, "Carla": "editor"}

    run("Ben", "team", "remove", "Crew", "Carla-team")
    assert "wait for an owner's machine: Carla-team" in said[-1]
    run("Anna", "sync")
    assert "out of Crew, whose keys changed: Carla-team" in said[-1]
    run("Anna", "append", "Plan", stdin=b"After.\n")
    for who in ("Ben", "Carla"):
        run(who, "sync")
    assert "Carla.\nAfter." in run("Ben", "cat", plan)
    assert "After." not in run("Carla", "cat", plan)
    assert json.loads(run("Ben", "team", "ls", "--json"))[0]["waits_for_an_owner"] == []

    run("Ben", "team", "leave", "Crew")
    run("Anna", "team", "leave", "Crew", code=1)
    run("Anna", "sync")
    assert roles("Anna") == {"Anna": "owner"}
    run("Anna", "append", "Plan", stdin=b"Alone.\n")
    run("Ben", "sync")
    assert "Alone." not in run("Ben", "cat", plan)
    kinds = {who: [line["kind"] for line in json.loads(run(who, "inbox", "--json"))] for who in people}
    assert "removal" in kinds["Carla"]
    assert "removal" not in kinds["Ben"], "who leaves need not be told"
