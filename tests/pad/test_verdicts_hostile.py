"""What hostile editors do so that nobody warns of a lying snapshot, or that a warning is not heard."""

from __future__ import annotations

import pytest
from pad.test_joining import grow, join
from pad.test_verdicts import LIE, lying_snapshot, settle

from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_tui.pad import flows, verdicts
from cryptpad_tui.pad.payloads import Verdict
from support.pads import ListRelay, Person, relay_for


def endorse_by_crowd(person: Person, relay: ListRelay, verdict: Verdict, count: int) -> None:
    """One person under `count` identities, which cost nothing, each with a writer of its own."""
    for seed in range(count):
        other = Person(f"Crowd {seed}", 1_000 + seed)
        other.replica.fold = person.replica.fold
        writer = other.replica.writer
        assert writer
        base = person.replica.base()
        hello = writer.hello(base, other.identity, other.replica.profile.name, bytes(3))
        for entry in (hello, writer.other(Kind.ENDORSE, base, verdict.encode())):
            relay.append(entry.raw)


@pytest.fixture
def lied(monkeypatch: pytest.MonkeyPatch) -> tuple[Person, Person, ListRelay]:
    """Anna was there; Mallory's snapshot lies."""
    anna, mallory = Person("Anna", 1), Person("Mallory", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    mallory.type("m")
    mallory.sync(relay)
    lying_snapshot(mallory, relay, monkeypatch, LIE)
    return anna, mallory, relay


def test_a_crowd_that_vouches_for_a_lie_drowns_no_warning(lied: tuple[Person, Person, ListRelay]) -> None:
    anna, mallory, relay = lied
    nora = Person("Nora", 3)
    mallory.fetch(relay)
    snapshot = parse_entry(relay.entries[relay.snapshot_n - 1])
    endorse_by_crowd(mallory, relay, Verdict(snapshot.entry_id, bytes(32)), verdicts.MAX_VERDICTS + 1)
    anna.fetch(relay)
    anna.send(relay)
    assert parse_entry(relay.entries[-1]).kind is Kind.ALERT
    join(nora, relay, flows.Pin(0, b""))
    assert nora.canonical() == LIE
    assert nora.replica.judgement.needs_derivation
    settle(nora, relay)
    assert nora.canonical() == anna.canonical() != LIE
