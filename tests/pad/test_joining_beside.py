"""Joining on a snapshot leaves nobody behind: neither a second window, nor what was sent before."""

from __future__ import annotations

import pytest

from cryptpad_tui.pad import flows, replica
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.writers import encode_table
from support.pads import ListRelay, Person, load_here, relay_for


def grow_to_snapshot(anna: Person, relay: ListRelay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 10)
    anna.replica.may_snapshot = lambda: True
    while anna.replica.made_snapshot is None:
        write_live(anna, relay)
    made = anna.replica.made_snapshot
    relay.chunks[made.extension.table_id] = encode_table(anna.replica.fold.writers.values())
    entries = flows.snapshot_entries(anna.replica, made)
    assert relay.play(flows.send_snapshot(anna.replica, made, entries))
    anna.fetch(relay)


def write_live(person: Person, relay: ListRelay) -> None:
    person.type("x")
    person.replica.queue.seal_pending()
    person.send(relay)
    first = person.replica.fold.n + 1
    new = tuple(relay.entries[first - 1 :])
    person.show(relay.play(flows.take(person.replica, first, new, relay.heads[-1], live=True)))


def join(person: Person, relay: ListRelay) -> None:
    connected = relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))
    person.show(relay.play(flows.join(person.replica, connected, flows.Pin(0, b""), load_here)))


def test_a_window_that_was_open_before_another_joined_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow_to_snapshot(anna, relay, monkeypatch)
    boris = Person("Boris", 2)
    first = boris.replica
    beside = Replica(first.genesis, first.kind, first.keys, boris.store, first.profile, rng=boris.rng)
    join(boris, relay)
    beside.follow_store()
    assert beside.fold.n == len(relay.entries)
    assert beside.fold.document.text() == boris.canonical()
    assert beside.reloaded


def test_what_was_sent_before_the_snapshot_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its acknowledgement was lost; others wrote on until there was a snapshot after it."""
    boris = Person("Boris", 2)
    boris.type("first. ")
    boris.replica.queue.seal_pending()
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    boris.send(relay)
    anna.fetch(relay)
    grow_to_snapshot(anna, relay, monkeypatch)
    join(boris, relay)
    assert boris.store.outbox() == []
    boris.type("second")
    boris.sync(relay)
    anna.fetch(relay)
    assert anna.text() == boris.text() == boris.canonical()
    assert anna.text().startswith("first. ")
    assert "second" in anna.text()
