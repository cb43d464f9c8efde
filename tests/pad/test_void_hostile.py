"""VOID in unlucky orders: every client that has the same log has the same state, wherever it began."""

from __future__ import annotations

import pytest
from pad.test_joining import bring, grow, join, snapshot_at_checkpoint
from pad.test_void import settle, void

from cryptpad_tui.pad import flows
from cryptpad_tui.pad.digests import digest_of
from support.pads import Person, relay_for


def state_of(person: Person) -> bytes:
    fold = person.replica.fold
    return digest_of(fold.document, fold.writers.values()).state_digest


def test_a_voided_snapshot_uncovers_a_void_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot kept an earlier VOID from taking effect. A checkpoint of then must not keep it so."""
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    boris.fetch(relay)
    boris.type("bad words")
    boris.sync(relay)
    bad_n = len(relay.entries)
    anna.fetch(relay)
    anna.replica.save_checkpoint()
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    void(relay, bad_n)
    settle(anna, relay)
    assert "bad words" in anna.canonical()
    assert bad_n <= anna.replica.local_checkpoint_n < relay.snapshot_n
    void(relay, relay.snapshot_n)
    settle(anna, relay)
    relay.snapshot_n = 0
    join(carla, relay, flows.Pin(0, b""))
    assert carla.canonical() == anna.canonical()
    assert state_of(carla) == state_of(anna)


def test_a_second_void_of_one_entry_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner on two devices: what stood between the two records goes on to count."""
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    boris.type("bad words")
    boris.sync(relay)
    bad_n = len(relay.entries)
    anna.fetch(relay)
    void(relay, bad_n)
    settle(anna, relay)
    made = snapshot_at_checkpoint(anna, relay, monkeypatch)
    anna.replica.save_checkpoint()
    bring(anna, relay, made)
    join(carla, relay, flows.Pin(0, b""))
    void(relay, bad_n)
    late = Person("Late", 5)
    late.fetch(relay)
    late.type("also bad")
    late.sync(relay)
    void(relay, len(relay.entries))
    for person in (anna, carla):
        settle(person, relay)
    assert state_of(carla) == state_of(anna)
    assert anna.replica.fold.snapshot
    assert carla.replica.fold.snapshot == anna.replica.fold.snapshot
