"""The verbs about attacks: what a person reads, what a script reads, and how each ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli.fakes import Command, FakeEngine, Inside, MakePerson

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.labels import public_key
from cryptpad_tui.cli.json_shapes import alarm_object, proof_object
from cryptpad_tui.engine import AlarmView, NoAlarm
from cryptpad_tui.pad.alarms import ADVICE, SAFE, SENTENCES, AlarmCode
from cryptpad_tui.pad.evidence import head_piece
from cryptpad_tui.pad.proofs import check_proof, make_proof
from cryptpad_tui.vault.vault import Vault

SEED = bytes(range(32))
PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def contradiction(pad_id: bytes) -> bytes:
    heads = [chain.sign_head(SEED, pad_id, 5, bytes([i]) * 32, 7, bytes(16)) for i in (1, 2)]
    return make_proof(
        AlarmCode.EQUIVOCATION_RELAY,
        pad_id=pad_id,
        relay_pk=public_key(SEED),
        pieces=[head_piece(head) for head in heads],
        at_ms=1_700_000_000_000,
        detail="\x1b[31mred",
    )


def view_of(pad_id: bytes, code: AlarmCode, state: str = "open", *, lasting: bool = False) -> AlarmView:
    return AlarmView(
        id=3,
        pad_id=pad_id,
        code=code.value,
        sentence=SENTENCES[code],
        detail="\x1b[31mred",
        safe=SAFE[code],
        advice=ADVICE[code],
        at_ms=1_700_000_000_000,
        state=state,
        lasting=lasting,
        ended_ms=0 if state == "open" else 1_700_000_060_000,
        proof=contradiction(pad_id),
    )


class Alarms(FakeEngine):
    """A fake engine with alarms."""

    views: list[AlarmView]

    def alarms_of(self, pad_id: bytes | None = None) -> list[AlarmView]:
        return [view for view in self.views if pad_id in (None, view.pad_id)]

    def dismiss_alarms(self, pad_id: bytes) -> int:
        count = sum(view.state == "open" for view in self.views)
        self.views = [replace(view, state="dismissed") for view in self.views]
        return count

    def proof_of(self, pad_id: bytes, number: int | None = None) -> bytes:
        for view in self.alarms_of(pad_id):
            if number in (None, view.id):
                return view.proof
        raise NoAlarm


@pytest.fixture
def alarms(engine: FakeEngine) -> FakeEngine:
    """The fake engine, with two alarms of one pad."""
    engine.__class__ = Alarms
    pad = engine.add("A")
    engine.views = [  # type: ignore[attr-defined]
        view_of(pad.pad_id, AlarmCode.EQUIVOCATION_RELAY, lasting=True),
        replace(view_of(pad.pad_id, AlarmCode.CHAIN_GAP, "past"), id=2),
    ]
    return engine


@pytest.mark.parametrize("arguments", [(), ("A",)])
def test_alarms_says_what_was_caught_what_is_safe_and_what_to_do(
    alarms: FakeEngine, command: Command, arguments: tuple[str, ...]
) -> None:
    ended = command("alarms", *arguments)
    assert ended.code == 0
    lines = ended.text.splitlines()
    assert len(lines) == 8
    assert "EQUIVOCATION_RELAY  OPEN, read-only until you dismiss it  caught 2023-11-14 22:13" in lines[0]
    assert SENTENCES[AlarmCode.EQUIVOCATION_RELAY] in lines[1]
    assert SAFE[AlarmCode.EQUIVOCATION_RELAY] in lines[2]
    assert ADVICE[AlarmCode.EQUIVOCATION_RELAY] in lines[3]
    assert "CHAIN_GAP  past" in lines[4]
    assert "\x1b" not in ended.text


def test_alarms_as_json_has_the_fields_of_the_page(alarms: FakeEngine, command: Command) -> None:
    ended = command("alarms", "--json")
    first, second = json.loads(ended.out)
    assert (first["state"], first["lasting"], first["ended"]) == ("open", True, None)
    assert (second["state"], second["ended"]) == ("past", "2023-11-14T22:14:20.000Z")
    of_alarms = PAGE.partition("`alarms` is a list")[2].partition("`proof check` prints")[0]
    of_proof = PAGE.partition("`proof check` prints an object")[2].partition("## When")[0]
    view = view_of(bytes(32), AlarmCode.FORK)
    assert all(f"`{name}`" in of_alarms for name in alarm_object("id", view))
    assert all(f"`{name}`" in of_proof for name in proof_object(check_proof(view.proof)))


def test_no_alarms_are_no_lines(engine: FakeEngine, command: Command) -> None:
    engine.__class__ = Alarms
    engine.views = []  # type: ignore[attr-defined]
    assert (command("alarms").out, json.loads(command("alarms", "--json").out)) == (b"", [])


def test_dismissing_needs_a_pad_and_says_what_it_did(alarms: FakeEngine, command: Command) -> None:
    assert command("alarms", "--dismiss").code == 2
    ended = command("alarms", "A", "--dismiss")
    assert (ended.code, len(ended.lines)) == (0, 1)
    assert "1 dismissed" in ended.err
    assert "OPEN" not in ended.text
    assert "no alarm of this pad is open" in command("alarms", "A", "--dismiss").err
    assert command("alarms", "nothing").code == 1


def test_a_proof_goes_out_as_it_is_and_is_judged_by_anybody(
    alarms: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exported = command("proof", "export", "A")
    assert exported.code == 0
    assert exported.out.startswith(b"-----BEGIN CRYPTPAD-TUI PROOF-----\n")
    calls = list(alarms.calls)
    checked = command("proof", "check", stdin=exported.out)
    assert alarms.calls == calls, "the vault stays closed"
    assert checked.code == 0
    assert checked.text.startswith("EQUIVOCATION_RELAY: PROVEN against the relay")
    assert "\x1b" not in checked.text
    assert (
        json.loads(command("proof", "check", "--json", stdin=exported.out).out)["proven_against"] == "relay"
    )


def test_an_altered_proof_does_not_hold(alarms: FakeEngine, command: Command) -> None:
    proof = command("proof", "export", "A", "--number", "3").out
    for broken in (proof.replace(b"A", b"B", 1), proof[:-40], b"", b"\xff" * 100):
        ended = command("proof", "check", stdin=broken)
        assert (ended.code, ended.out, len(ended.lines)) == (1, b"", 1)
    assert command("proof", "export", "A", "--number", "9").code == 1


def test_a_proof_is_written_to_a_new_file_and_never_over_one(
    alarms: FakeEngine, command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "proof.txt"
    assert command("proof", "export", "A", "-o", str(path)).code == 0
    assert check_proof(path.read_bytes()).code is AlarmCode.EQUIVOCATION_RELAY
    assert command("proof", "export", "A", "-o", str(path)).code == 1


def test_an_alarm_that_only_its_author_reports_says_so(command: Command) -> None:
    proof = make_proof(AlarmCode.WRONG_RELAY, pad_id=bytes(32), relay_pk=b"", pieces=[], at_ms=1)
    ended = command("proof", "check", stdin=proof)
    assert ended.code == 0
    assert "REPORTED, not proven against anybody" in ended.text
    assert json.loads(command("proof", "check", "--json", stdin=proof).out)["proven_against"] is None


def test_a_pad_that_a_contradiction_halted_is_read_only_until_its_person_goes_on(
    make_person: MakePerson, inside: Inside
) -> None:
    """On a real vault: look, refuse, export, check, dismiss, write."""
    person = make_person("Halted")
    pad = inside(person, "new", "Pad").text
    secret = Path(person.environ["CRYPTPAD_TUI_PASSPHRASE_FILE"]).read_bytes().strip()
    vault = Vault.open(person.home, passphrase=secret)
    pad_id = next(record.pad_id for record in vault.pads() if record.kind != 2)
    proof = contradiction(pad_id)
    vault.add_alarm(pad_id, "EQUIVOCATION_RELAY", "sentence", proof, 5, lasting=True)
    vault.close()
    assert [json.loads(inside(person, "ls", "--json").out)[0]["sync"]] == ["alarm"]
    (status,) = json.loads(inside(person, "status", "--json").out)["pads"]
    assert (status["alarms"], status["past_alarms"]) == (["EQUIVOCATION_RELAY"], [])
    refused = inside(person, "append", pad, stdin=b"text\n")
    assert (refused.code, len(refused.lines)) == (6, 1)
    assert SAFE[AlarmCode.EQUIVOCATION_RELAY][1:] in refused.err
    assert inside(person, "cat", pad).out == b""
    assert inside(person, "proof", "export", pad).out == proof
    assert inside(person, "alarms", pad, "--dismiss").code == 0
    assert inside(person, "append", pad, stdin=b"text\n").code == 0
    (status,) = json.loads(inside(person, "status", "--json").out)["pads"]
    assert (status["alarms"], status["past_alarms"]) == ([], ["EQUIVOCATION_RELAY"])
    assert inside(person, "rm", pad).code == 0
    assert inside(person, "proof", "export", pad).out == proof
