"""A machine is lost: the commands of docs/recovery.md, with a real relay, for both of the two cases."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson, Person
from cli.test_devices import CHEAP, new_machine, showing

from support.relay import RelayProcess

pytestmark = pytest.mark.e2e
PAGE = (Path(__file__).parents[2] / "docs" / "recovery.md").read_text()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


def joined(of: Person, inside: Inside, relay: RelayProcess, name: str, *how: str) -> Person:
    machine = new_machine(of, name)
    with showing(of, "device", "add", "--wait", "60", *how) as shown:
        join = ("device", "join", "--relay", relay.url, "--device", name, *CHEAP)
        ended = inside(machine, *join, stdin=shown.code.encode())
        assert ended.code == 0, ended.err
        assert shown.end()[0] == 0
    return machine


def run(lines: list[str], person: Person, inside: Inside, words: bytes = b"") -> bytes:
    """The page's lines on this machine; what the one that prints words printed."""
    printed = b""
    for line in lines:
        arguments = shlex.split(re.sub(r"[<>] \S+", "", line))[1:]
        ended = inside(person, *arguments, stdin=words)
        assert ended.code == 0, (line, ended.err)
        printed = ended.out if "rotate-account" in line else printed
    return printed


def test_a_lost_machine_is_shut_out_in_either_case(
    make_person: MakePerson, inside: Inside, relay: RelayProcess
) -> None:
    anna = make_person("Anna", relay.url)
    assert inside(anna, "new", "Plan", "--from", "-", stdin=b"one\n").code == 0
    assert inside(anna, "sync").code == 0
    lap = joined(anna, inside, relay, "lap")
    phone = joined(anna, inside, relay, "phone", "--limited")
    assert inside(phone, "append", "Plan", stdin=b"two\n").code == 0
    refused = inside(phone, "kit")
    assert (refused.code, "limited device" in refused.err) == (1, True)
    refused = inside(anna, "device", "remove", "lap")
    assert (refused.code, "rotate-account" in refused.err) == (1, True), refused.err
    limited, begin, follow = (
        block.splitlines() for block in re.findall(r"^```sh lost\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    )

    run(limited, anna, inside)
    assert inside(anna, "append", "Plan", stdin=b"three\n").code == 0
    out = inside(phone, "sync")
    assert "taken out of its account" in out.err
    assert inside(phone, "cat", "Plan").out == b"one\ntwo\n"
    assert inside(lap, "sync").code == 0
    assert inside(lap, "cat", "Plan").out == b"one\ntwo\nthree\n"
    assert [line["name"] for line in json.loads(inside(lap, "device", "list", "--json").out)][1:] == ["lap"]

    words = run(begin, anna, inside)
    assert len(words.split()) == 4
    assert "device follow" in inside(lap, "sync").err
    assert inside(lap, "device", "follow", stdin=b"acorn acorn acorn acorn").code == 1
    run(follow, lap, inside, words)
    assert inside(lap, "append", "Plan", stdin=b"four\n").code == 0
    done = inside(anna, "rotate-account")
    assert (done.code, "is deleted at its relay" in done.err) == (0, True)
    assert inside(anna, "cat", "Plan").out == b"one\ntwo\nthree\nfour\n"
    assert inside(anna, "sync").code == inside(lap, "sync").code == 0
