"""A change that this machine cannot load must not end the pad here, where others made a snapshot behind it.

The way around is a newcomer's: the same checks, and what was verified and typed here stays.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pad.test_joining import bring, join, snapshot_at_checkpoint
from pad.test_void import POISON, poisoned, void

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.pad import flows, flows_start
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.fold import Fold
from support.pads import ListRelay, Person, relay_for

Patch = pytest.MonkeyPatch
NO_PIN = flows.Pin(0, b"")


class Weak:
    """Which replicas' engines die of one word, where it comes as a change of its own."""

    def __init__(self) -> None:
        self.on = False


@pytest.fixture
def weak(monkeypatch: Patch) -> Weak:
    weak, call = Weak(), CanonicalDocument._call_engine

    def crash(self: CanonicalDocument, *updates: bytes) -> None:
        if weak.on and any(POISON.encode() in update for update in updates):
            self._broken = True
            raise EngineFailure("PanicException")
        call(self, *updates)

    monkeypatch.setattr(CanonicalDocument, "_call_engine", crash)
    return weak


def loader(weak: Weak) -> Callable[[PadKind, bytes, dict[int, int]], CanonicalDocument]:
    def load(kind: PadKind, update: bytes, clocks: dict[int, int]) -> CanonicalDocument:
        was, weak.on = weak.on, False
        try:
            return CanonicalDocument.from_snapshot(kind, update, clocks)
        finally:
            weak.on = was

    return load


def attach(person: Person, relay: ListRelay, weak: Weak) -> None:
    """As a connection does: SUB, join, and let the view follow."""
    weak.on = True
    try:
        connected = relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))
        person.show(relay.play(flows.join(person.replica, connected, NO_PIN, loader(weak))))
        person.view.apply(person.replica.canonical_state())
    finally:
        weak.on = False


def stuck(weak: Weak, *, sends: bool = False) -> tuple[Person, Person, ListRelay, int]:
    """Anna stands before Boris's poison, with something typed; `sends`: it is in the log behind it."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    bad_n = poisoned(anna, boris, relay)
    with pytest.raises(CannotLoadHere) as caught:
        attach(anna, relay, weak)
    assert str(caught.value) == f"position {bad_n}"
    anna.type("typed while stuck. ")
    if sends:
        anna.replica.queue.seal_pending()
        anna.send(relay)
    boris.fetch(relay)
    return anna, boris, relay, bad_n


def test_it_goes_on_from_a_snapshot_behind_it(weak: Weak, monkeypatch: Patch) -> None:
    anna, boris, relay, bad_n = stuck(weak)
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))
    boris.type("after it. ")
    boris.sync(relay)
    attach(anna, relay, weak)
    start = anna.replica.fold.start
    assert start is not None
    assert not start.checked
    assert start.snap_n >= bad_n
    assert anna.replica.fold.n == len(relay.entries)
    assert anna.canonical() == boris.canonical()
    assert "typed while stuck" in anna.text()
    assert "after it" in anna.text()
    anna.sync(relay)
    boris.fetch(relay)
    assert anna.canonical() == boris.canonical() == anna.text()
    assert boris.canonical().count("typed while stuck") == 1
    [notice] = anna.replica.judgement.take_notices()
    assert f"the change at {bad_n} cannot be loaded here" in notice.text
    anna.replica._reopen()
    assert anna.canonical() == boris.canonical()


def test_what_was_sent_behind_it_is_not_sent_again(weak: Weak, monkeypatch: Patch) -> None:
    anna, boris, relay, _ = stuck(weak, sends=True)
    assert anna.store.outbox()
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))
    attach(anna, relay, weak)
    assert anna.store.outbox() == []
    anna.type("and on")
    anna.sync(relay)
    boris.fetch(relay)
    assert boris.canonical() == anna.canonical() == anna.text()
    assert boris.canonical().count("typed while stuck") == 1


def test_a_table_that_says_more_than_was_sent_takes_nothing_away(weak: Weak, monkeypatch: Patch) -> None:
    """A snapshot's maker with the relay's help: what was never sent would be forgotten as sent."""
    anna, boris, relay, _ = stuck(weak)
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))
    anna.replica.queue.seal_pending()
    unsent = anna.store.outbox()
    assert unsent
    real = flows_start.snapshots.start_fold

    def lying(fold: Fold, *shown: object) -> None:
        real(fold, *shown)  # type: ignore[arg-type]
        writer = fold.writers[unsent[0].writer_pk]
        writer.last_seq, writer.last_id = unsent[-1].seq, bytes(32)

    monkeypatch.setattr(flows_start.snapshots, "start_fold", lying)
    attach(anna, relay, weak)
    assert anna.replica.fold.start is not None
    assert anna.store.outbox() == unsent


def test_a_void_that_comes_after_the_snapshot_is_no_obstacle(weak: Weak, monkeypatch: Patch) -> None:
    """The relay tells of the record first; in the log a snapshot that holds the entry comes before it."""
    anna, boris, relay, bad_n = stuck(weak)
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))
    void(relay, bad_n)
    boris.fetch(relay)
    attach(anna, relay, weak)
    assert anna.replica.fold.n == len(relay.entries)
    assert anna.canonical() == boris.canonical()
    assert anna.replica.fold.owner.unplaced() == set()


@pytest.mark.parametrize("defended", [True, False])
def test_a_snapshot_of_another_log_is_no_way_around(weak: Weak, monkeypatch: Patch, defended: bool) -> None:
    """A relay must not turn a weak machine into a way out of the history that it verified."""
    anna, _, _relay, bad_n = stuck(weak)
    mallory = Person("Mallory", 5)
    other = relay_for(mallory)
    mallory.type("another history, and no good text in it. ")
    mallory.sync(other)
    while len(other.entries) < bad_n:
        mallory.type("x")
        mallory.sync(other)
    bring(mallory, other, snapshot_at_checkpoint(mallory, other, monkeypatch))
    before = anna.replica.require_stored().n, anna.canonical()
    if not defended:
        monkeypatch.setattr(flows_start, "_must_extend", lambda own, entry, extension: iter(()))
    connected = other.play(flows.subscribe(anna.replica, other.greeting, rng=anna.rng))
    offer = flows_start.Offer(connected.snapshot_n, connected.hello_n, connected.signed.n)
    if defended:
        with pytest.raises(Alarm) as caught:
            other.play(flows_start.go_around(anna.replica, offer, loader(weak)))
        assert caught.value.code is AlarmCode.FORK
        assert (anna.replica.require_stored().n, anna.canonical()) == before
    else:
        assert other.play(flows_start.go_around(anna.replica, offer, loader(weak)))
        assert "another history" in anna.canonical()


def test_a_way_that_was_not_proved_to_its_end_is_left(weak: Weak, monkeypatch: Patch) -> None:
    anna, boris, relay, bad_n = stuck(weak)
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))

    def unproven(replica: object) -> None:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "it is not in the log")

    with monkeypatch.context() as cut:
        cut.setattr(flows_start, "check", unproven)
        with pytest.raises(Alarm):
            attach(anna, relay, weak)
    assert (anna.replica.require_stored().n, anna.canonical()) == (bad_n - 1, "good text. ")
    attach(anna, relay, weak)
    assert anna.canonical() == boris.canonical()


def test_a_snapshot_of_before_it_does_not_help(weak: Weak, monkeypatch: Patch) -> None:
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    anna.type("a")
    anna.sync(relay)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    poisoned(anna, boris, relay)
    with pytest.raises(CannotLoadHere):
        attach(anna, relay, weak)
    assert "good text" in anna.canonical()
    assert anna.replica.fold.start is None


def test_a_newcomer_needs_none_of_this(weak: Weak, monkeypatch: Patch) -> None:
    _, boris, relay, _ = stuck(weak)
    bring(boris, relay, snapshot_at_checkpoint(boris, relay, monkeypatch))
    carla = Person("Carla", 3)
    join(carla, relay, NO_PIN)
    assert carla.canonical() == boris.canonical()
