"""VOID in unlucky orders: every client that has the same log has the same state, wherever it began."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pad.test_joining import bring, grow, join, snapshot_at_checkpoint
from pad.test_verdicts import LIE, lying_snapshot, warn
from pad.test_void import settle, void

from cryptpad_tui.pad import flows, rederive
from cryptpad_tui.pad.digests import digest_of
from cryptpad_tui.pad.stored_fold import Replaced
from support.pads import ListRelay, Person, relay_for

Lied = tuple[Person, Person, Person, ListRelay]


@pytest.fixture
def lied(monkeypatch: pytest.MonkeyPatch) -> Lied:
    """Anna was there; Mallory's snapshot lies; Nora joined on it."""
    anna, mallory, nora = Person("Anna", 1), Person("Mallory", 2), Person("Nora", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    mallory.type("m")
    mallory.sync(relay)
    lying_snapshot(mallory, relay, monkeypatch, LIE)
    join(nora, relay, flows.Pin(0, b""))
    return anna, mallory, nora, relay


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


def test_a_void_while_a_start_is_derived_costs_only_time(lied: Lied) -> None:
    """The second fold is on its way when the owner voids an entry that it has folded."""
    anna, mallory, nora, relay = lied
    mallory.fetch(relay)
    mallory.type("bad words")
    mallory.sync(relay)
    bad_n = len(relay.entries)
    for person in (anna, nora):
        person.fetch(relay)
    beside = relay.play(rederive.derive(nora.replica))
    void(relay, bad_n)
    settle(nora, relay)
    settle(anna, relay)
    assert not relay.play(rederive.conclude(nora.replica, beside))
    assert nora.canonical() == anna.canonical()
    assert state_of(nora) == state_of(anna)


def test_what_is_folded_while_a_start_is_concluded_is_not_unfolded(
    lied: Lied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify --deep` works beside a window that goes on."""
    monkeypatch.setattr(rederive, "SLICE_BYTES", 1)
    anna, _mallory, nora, relay = lied
    warn(anna, relay)
    nora.fetch(relay)
    beside = relay.play(rederive.derive(nora.replica))
    grow(anna, relay, 1)
    nora.fetch(relay)
    flow = rederive.conclude(nora.replica, beside)
    request = next(flow)
    grow(anna, relay, 1)
    nora.fetch(relay)
    n = nora.replica.fold.n
    with suppress(StopIteration):
        while True:
            request = flow.send(relay.answer(request.op, request.body))
    assert nora.replica.fold.n == n
    assert nora.canonical() == anna.canonical()


def test_a_void_that_uncovers_a_lie_says_so(lied: Lied) -> None:
    """Folded again from the pad's birth, the start proves false: nothing written on it is kept on."""
    anna, mallory, nora, relay = lied
    mallory.fetch(relay)
    mallory.type("bad words")
    mallory.sync(relay)
    nora.fetch(relay)
    nora.replica.save_checkpoint()
    void(relay, len(relay.entries))
    relay.chunks.clear()
    nora.fetch(relay)
    assert nora.replica.replaced is Replaced.TRUTH
    assert any("Mallory" in notice.text for notice in nora.replica.judgement.take_notices())
    settle(anna, relay)
    assert nora.canonical() == anna.canonical()
