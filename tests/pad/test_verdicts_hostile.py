"""What hostile editors do so that nobody warns of a lying snapshot, or that a warning is not heard."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pad.test_joining import grow, join, snapshot_at_checkpoint
from pad.test_verdicts import LIE, lying_snapshot, settle

from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad import digests, flows, snapshots, verdicts
from cryptpad_tui.pad.payloads import Verdict
from cryptpad_tui.pad.writers import encode_table
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


def bring_lie(liar: Person, relay: ListRelay, *, engine: str = digests.ENGINE) -> None:
    """A snapshot of the liar's own position that is right in all but its text."""
    fold, writer = liar.replica.fold, liar.replica.writer
    assert writer
    false = ViewDocument(client_id=writer.client_id, kind=liar.replica.kind)
    false.replace(false.lines.end, false.lines.end, LIE)
    document = type(fold.document)(fold.kind)
    document.apply(document.check(writer.client_id, false.take_updates()))
    true, fold.document = fold.document, document
    checkpoint, known = (fold.checkpoint_n, fold.checkpoint_bytes), dict(fold.digests)
    fold.mark_checkpoint()
    made = snapshots.make_snapshot(fold, rng=liar.rng)
    made = replace(made, seal=replace(made.seal, engine=engine))
    fold.document, fold.digests = true, known
    fold.checkpoint_n, fold.checkpoint_bytes = checkpoint
    relay.chunks[made.extension.table_id] = encode_table(fold.writers.values())
    assert relay.play(flows.send_snapshot(liar.replica, made, flows.snapshot_entries(liar.replica, made)))


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


def ends_with_the_truth(anna: Person, relay: ListRelay) -> None:
    """Anna, who was there, warns; Nora, who joins on the lie, hears it."""
    anna.fetch(relay)
    anna.send(relay)
    anna.fetch(relay)
    assert parse_entry(relay.entries[-1]).kind is Kind.ALERT
    nora = Person("Nora", 3)
    join(nora, relay, flows.Pin(0, b""))
    assert nora.canonical() == LIE
    settle(nora, relay)
    assert nora.canonical() == anna.canonical() != LIE


def test_a_lie_about_a_position_that_is_no_checkpoint_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An honest relay takes it, since it cannot tell checkpoints; veterans have no digest to compare."""
    monkeypatch.setattr(digests, "MIN_SPACING", 16)
    anna, mallory = Person("Anna", 1), Person("Mallory", 2)
    relay = relay_for(anna)
    grow(anna, relay, 20)
    mallory.fetch(relay)
    mallory.type("m")
    mallory.sync(relay)
    fold = mallory.replica.fold
    assert fold.n != fold.checkpoint_n
    bring_lie(mallory, relay)
    ends_with_the_truth(anna, relay)


@pytest.mark.parametrize("engine", [digests.ENGINE, "pycrdt-9"])
def test_a_lie_under_another_engines_name_is_warned_of(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    """Its text is compared with nothing: it counts, and whoever begins at it derives it."""
    anna, mallory = Person("Anna", 1), Person("Mallory", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    snapshot_at_checkpoint(mallory, relay, monkeypatch)
    bring_lie(mallory, relay, engine=engine)
    ends_with_the_truth(anna, relay)
    counts = anna.replica.fold.snapshot is not None
    assert counts == (engine != digests.ENGINE)
    boris = Person("Boris", 4)
    boris.fetch(relay)
    assert not any("wrongly" in notice.text for notice in boris.replica.judgement.take_notices())


def test_a_late_lie_that_a_relay_lets_in_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """R+E: a second snapshot of one position, which an honest relay refuses."""
    anna, mallory = Person("Anna", 1), Person("Mallory", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    made = snapshot_at_checkpoint(mallory, relay, monkeypatch)
    assert relay.play(
        flows.send_snapshot(mallory.replica, made, flows.snapshot_entries(mallory.replica, made))
    )
    bring_lie(mallory, relay)
    ends_with_the_truth(anna, relay)


def test_a_warning_waits_for_what_is_sent_before_it(lied: tuple[Person, Person, ListRelay]) -> None:
    """Anna comes back with entries that an earlier window signed, and meets the lie while she catches up."""
    anna, _mallory, relay = lied
    anna.type("left behind ")
    anna.replica.queue.seal_pending()
    anna.replica.queue.renew_writer()
    anna.fetch(relay)
    assert [parse_entry(row.entry).kind for row in anna.store.outbox()] == [Kind.UPDATE]
    assert not anna.replica.judgement.alert_if_due()
    anna.send(relay)
    anna.fetch(relay)
    assert anna.replica.judgement.alert_if_due()
    anna.send(relay)
    anna.fetch(relay)
    assert parse_entry(relay.entries[-1]).kind is Kind.ALERT
    assert not anna.replica.judgement.alert_if_due()
    assert not anna.store.outbox()
