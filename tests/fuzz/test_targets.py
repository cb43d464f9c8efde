"""Every target over its kept inputs and a fixed number of their mutants; `make fuzz` goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice

import pytest
from fuzz import targets, wire
from fuzz.engines import close_all, engines
from fuzz.honest import accept
from fuzz.mutate import mutants
from fuzz.targets import CORPUS, TARGETS, corpus_of

from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.frames import SthRequest
from cryptpad_relay.protocol.login_frames import LoginBlock
from cryptpad_tui.crdt import validator
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.pad.fold import Fold

MUTANTS = {
    "f4_frames": 250,
    "f5_update": 250,
    "f9_vault": 250,
    "f11_flows": 60,
    "f13_mail": 250,
    "f15_drive": 250,
    "f16_owner": 30,
    "f17_rooms": 30,
    "f18_roster": 80,
    "f19_document": 250,
}
OTHERWISE = 500


@pytest.fixture(scope="module", autouse=True)
def _processes() -> Iterator[None]:
    yield
    close_all()


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_target(name: str) -> None:
    corpus = corpus_of(name)
    assert corpus
    for data in [*corpus, *islice(mutants(corpus, seed=1), MUTANTS.get(name, OTHERWISE))]:
        try:
            TARGETS[name](data)
        except Exception as error:
            raise AssertionError(f"{name} fails on {data!r}") from error


def test_no_honest_update_is_refused() -> None:
    """C8; `make fuzz` does a million."""
    accepted, rooms = accept(2_000, first_seed=1_000)
    assert accepted >= 2_000
    assert rooms < 30


# What makes the runs above worth something: each target notices when what it watches over is gone.


def broken_by(name: str) -> list[bytes]:
    """The kept inputs that the target objects to."""
    found = []
    for data in corpus_of(name):
        try:
            TARGETS[name](data)
        except Exception:
            found.append(data)
    return found


def test_f5_notices_a_validator_that_lets_half_characters_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validator._Run, "_refuse_half", lambda self, client, clock: None)
    assert broken_by("f5_update")


def test_f5_notices_an_engine_that_dies_or_raises() -> None:
    first, _ = engines()
    assert first.read(PadKind.TEXT, []).digest
    with pytest.raises(AssertionError, match="raised"):
        first.read(PadKind.TEXT, [b"\1\1\1"])
    assert first._process is not None
    first._process.kill()
    with pytest.raises((AssertionError, BrokenPipeError)):
        first.read(PadKind.TEXT, [])
    first.close()


def test_f8_notices_an_output_that_is_not_made_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "term_safe", lambda text: text)
    assert broken_by("f8_term_safe")


def test_f4_notices_a_second_spelling_and_a_missing_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SthRequest, "decode", lambda body: SthRequest(bytes(32), bytes(16)))
    assert broken_by("f4_frames")


def test_f9_notices_a_header_that_is_read_past_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    real = targets.encode_header
    monkeypatch.setattr(targets, "encode_header", lambda header: real(header) + b"x")
    assert broken_by("f9_vault")


def test_f11_notices_a_client_that_believes_what_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fold, "check_claim", lambda fold, entries, head: None)
    monkeypatch.setattr(Entry, "signature_ok", lambda entry: True)
    assert broken_by("f11_flows")


def test_every_parser_and_form_is_a_target() -> None:
    """A record kind or frame that is added is fuzzed from its first day."""
    assert {parse.__name__ for parse in wire.RECORD_PARSERS} >= {
        "parse_genesis",
        "parse_void",
        "parse_record",
    }
    forms = {form.__name__ for form in wire.FORMS}
    assert forms >= {
        "Sub",
        "Append",
        "Fetched",
        "Commit",
        "Error",
        "TableGiven",
        "Restore",
        "Freeze",
        "FilePut",
        "MailPut",
        "LoginMove",
        "Bring",
        "MeetSend",
    }
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


TAKEN_OUT = {
    "f10_login": ("cryptpad_tui.people.login_block.check_block", lambda raw, *rest: LoginBlock.decode(raw)),
    "f12_card": ("cryptpad_tui.people.card.verify_parts", lambda *parts: True),
    "f13_mail": ("cryptpad_tui.people.mail.verify_parts", lambda *parts: True),
    "f14_words": ("cryptpad_tui.engine.account_word.Reader.end", lambda reader: None),
    "f15_drive": ("cryptpad_tui.drive.drive.suppress", lambda *errors: nullcontext()),
    "f16_owner": ("cryptpad_relay.epochs.check_follows", lambda record, last: None),
    "f17_rooms": ("cryptpad_relay.mailboxes.Mailboxes.left", lambda mailboxes, session: None),
    "f19_document": ("cryptpad_tui.convert.reading_wire.require_clean", lambda text: None),
    "f18_roster": ("cryptpad_tui.people.roster_rules.may_set", lambda author, before, after: True),
}
"""A defence of what each of these watches over, and what is there instead of it."""


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_a_target_notices_when_a_defence_is_gone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*TAKEN_OUT[name])
    corpus = corpus_of(name)
    for data in [*corpus, *islice(mutants(corpus, seed=2), 200)]:
        try:
            TARGETS[name](data)
        except Exception:
            return
    pytest.fail("not noticed")
