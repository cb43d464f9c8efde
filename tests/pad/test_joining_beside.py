"""Joining on a snapshot leaves nobody behind: neither a second window, nor what was sent before."""

from __future__ import annotations

from typing import Any

import pytest

from cryptpad_tui.crdt import canonical
from cryptpad_tui.pad import flows, replica
from cryptpad_tui.pad.fold import Folded
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


@pytest.mark.parametrize(("clocks_a_byte", "most"), [(1 << 30, 1), (1, 6)])
def test_who_comes_back_to_a_long_pad_reads_it_in_a_thread_and_takes_a_little_at_a_time(
    monkeypatch: pytest.MonkeyPatch, clocks_a_byte: int, most: int
) -> None:
    """What an edit costs grows with the text: those of a day must not be folded at one stroke."""
    monkeypatch.setattr(canonical, "_CLOCKS_A_BYTE", clocks_a_byte)
    monkeypatch.setattr(canonical, "_LONG_BYTES", 50_000)
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    anna.type("x" * 70_000)
    anna.sync(relay)
    boris.fetch(relay)
    boris.replica.save_checkpoint()
    there = boris.replica
    back = Replica(there.genesis, there.kind, there.keys, boris.store, there.profile, rng=boris.rng)
    for _ in range(6):
        anna.type("y")
        anna.sync(relay)
    slices: list[int] = []
    fold_entries = Replica.fold_entries

    def fold_some(self: Replica, *told: Any, **options: Any) -> tuple[list[Folded], Exception | None]:
        folded, problem = fold_entries(self, *told, **options)
        slices.append(len(folded))
        return folded, problem

    monkeypatch.setattr(Replica, "fold_entries", fold_some)
    relay.jobs = 0
    relay.play(flows.catch_up(back, len(relay.entries), relay.heads[-1]))
    assert back.fold.document.text() == anna.canonical()
    assert relay.jobs == 1
    assert (len(slices), sum(slices)) == (most, len(relay.entries) - there.fold.n)
