"""VOID at the clients: the owner takes one entry's changes away, for everybody alike, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pad.test_joining import bring, grow, join, snapshot_at_checkpoint

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.records import VoidRecord, parse_void, void_body
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure, InvalidUpdate
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.pad import flows, flows_void, owner_records
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.stored_fold import Replaced
from cryptpad_tui.pad.writers import WriterStatus
from support.pads import OWNER_ROOT, ListRelay, Person, relay_for

POISON = "poison"


def void(relay: ListRelay, n: int, *, sign_with: bytes = OWNER_ROOT) -> bytes:
    previous = parse_void(relay.records[-1]).entry_id if relay.records else relay.pad_id
    body = void_body(relay.pad_id, 0, previous, n, relay.ids[n - 1])
    raw = body + owner_key(sign_with).sign(labels.VOID, body)
    relay.append(raw)
    return raw


def settle(person: Person, relay: ListRelay) -> None:
    """Fetch, and let the view follow a fold that was exchanged."""
    person.fetch(relay)
    if person.replica.replaced:
        person.replica.replaced = None
        assert person.replica.writer
        person.view.reset(person.replica.canonical_state(), person.replica.writer.client_id)


def status_of(person: Person, other: Person) -> WriterStatus:
    assert other.replica.writer
    return person.replica.fold.writers[other.replica.writer.pk].status


@pytest.fixture
def trio() -> tuple[Person, Person, Person, ListRelay]:
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    return anna, boris, carla, relay_for(anna)


def spoil(anna: Person, boris: Person, relay: ListRelay) -> int:
    """Anna writes, Boris writes what shall be voided, Anna writes into the middle of it."""
    anna.type("good text. ")
    anna.sync(relay)
    boris.fetch(relay)
    boris.type("bad words ")
    boris.sync(relay)
    bad_n = len(relay.entries)
    anna.fetch(relay)
    anna.type("[Anna was here]", anna.text().index("words"))
    anna.sync(relay)
    boris.fetch(relay)
    return bad_n


def test_a_void_takes_one_entry_away_and_nothing_that_was_built_on_it(
    trio: tuple[Person, Person, Person, ListRelay],
) -> None:
    """R7."""
    anna, boris, carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    void(relay, bad_n)
    settle(anna, relay)
    settle(boris, relay)
    join(carla, relay, flows.Pin(0, b""))
    for person in (anna, boris, carla):
        assert person.canonical() == "good text. [Anna was here]"
        assert status_of(person, boris) is WriterStatus.TERMINATED
        assert status_of(person, anna) is WriterStatus.LIVE
        assert person.store.log[bad_n - 1].void
        assert person.replica.fold.head == relay.heads[-1]
    assert anna.text() == boris.text() == anna.canonical()
    anna.type("And on.")
    anna.sync(relay)
    carla.fetch(relay)
    assert carla.canonical() == anna.canonical() == "good text. [Anna was here]And on."


def test_the_writer_ends_at_the_record_and_not_before(trio: tuple[Person, Person, Person, ListRelay]) -> None:
    anna, boris, carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    boris.type("between ")
    boris.sync(relay)
    void(relay, bad_n)
    late = boris.entry(b"\0\0")
    relay.append(late)
    settle(anna, relay)
    join(carla, relay, flows.Pin(0, b""))
    assert anna.canonical() == carla.canonical() == "good text. [Anna was here]between "
    assert [row.n for row in anna.store.log if row.void] == [bad_n, len(relay.entries)]


def test_dropping_the_entry_would_cost_others_their_text(
    trio: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7 without its rule: what Anna wrote inside refers to nothing, and she ends for it."""

    def drop(self: CanonicalDocument, client_id: int, updates: object) -> None:
        raise InvalidUpdate("dropped")

    monkeypatch.setattr(CanonicalDocument, "check_void", drop)
    anna, boris, _carla, relay = trio
    void(relay, spoil(anna, boris, relay))
    settle(anna, relay)
    assert anna.canonical() == "good text. "
    assert status_of(anna, anna) is WriterStatus.TERMINATED


def test_only_what_this_machine_verified_is_voided(
    trio: tuple[Person, Person, Person, ListRelay],
) -> None:
    """A relay that shows the owner another entry than everybody gets no signature for it."""
    anna, boris, _carla, relay = trio
    spoil(anna, boris, relay)
    subscribe(anna, relay)
    for n in (1, len(relay.entries) + 2):
        with pytest.raises(flows_void.NotVoidable):
            relay.play(voiding(anna, n))
    boris.type("more")
    boris.replica.queue.seal_pending()
    boris.send(relay)
    forged = bytearray(relay.entries[-1])
    forged[-70] ^= 1
    relay.entries[-1] = bytes(forged)
    with pytest.raises(Alarm):
        relay.play(voiding(anna, len(relay.entries)))
    assert relay.records == []


def test_reopening_keeps_what_was_voided(trio: tuple[Person, Person, Person, ListRelay]) -> None:
    anna, boris, _carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    anna.replica.save_checkpoint()
    void(relay, bad_n)
    settle(anna, relay)
    text = anna.canonical()
    anna.replica._reopen()
    assert anna.canonical() == text
    anna.store.saved = None
    anna.replica._reopen()
    assert anna.canonical() == text
    assert anna.replica.fold.owner.voided == {bad_n: len(relay.entries)}


def test_another_window_follows_the_exchanged_fold(trio: tuple[Person, Person, Person, ListRelay]) -> None:
    anna, boris, _carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    window = Person("Anna", 9)
    window.store = anna.store
    window.replica = type(anna.replica)(
        anna.replica.genesis,
        anna.replica.kind,
        anna.replica.keys,
        anna.store,
        anna.replica.profile,
        rng=window.rng,
    )
    assert "bad" in window.canonical()
    void(relay, bad_n)
    settle(anna, relay)
    window.replica.follow_store()
    assert window.canonical() == anna.canonical()
    assert window.replica.replaced is Replaced.VOIDED


@pytest.mark.parametrize("who", ["nobody", "before", "hello", "twice"])
def test_a_record_that_is_not_the_owners_halts(
    trio: tuple[Person, Person, Person, ListRelay], who: str
) -> None:
    """T14: signature, chain of records, and what may be voided."""
    anna, boris, _carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    if who == "nobody":
        void(relay, bad_n, sign_with=bytes(32))
    elif who == "before":
        relay.records = [void_body(relay.pad_id, 0, bytes(32), 1, bytes(32)) + bytes(64)]
        void(relay, bad_n)
    elif who == "hello":
        void(relay, 1)
    else:
        raw = void(relay, bad_n)
        relay.append(raw)
    with pytest.raises(Alarm) as caught:
        anna.fetch(relay)
    assert caught.value.code is AlarmCode.BAD_RECORD
    assert ("bad" in anna.canonical()) == (who != "twice")


def test_without_the_owners_signature_anybody_voids(
    trio: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, _carla, relay = trio
    bad_n = spoil(anna, boris, relay)
    void(relay, bad_n, sign_with=bytes(32))
    monkeypatch.setattr(VoidRecord, "signature_ok", lambda self, owner_pk: True)
    settle(anna, relay)
    assert "bad" not in anna.canonical()


# -- snapshots and VOID


def test_a_void_reaches_not_behind_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Veterans and newcomers agree: the text stays, the writer ends."""
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    bad_n = spoil(anna, boris, relay)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    boris.fetch(relay)
    join(carla, relay, flows.Pin(0, b""))
    void(relay, bad_n)
    dora = Person("Dora", 4)
    join(dora, relay, flows.Pin(0, b""))
    for person in (anna, boris, carla):
        settle(person, relay)
    for person in (anna, boris, carla, dora):
        assert "bad words" in person.canonical().replace("[Anna was here]", "")
        assert status_of(person, boris) is WriterStatus.TERMINATED
        assert person.canonical() == anna.canonical()


def test_a_newcomer_folds_again_from_its_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    join(carla, relay, flows.Pin(0, b""))
    boris.fetch(relay)
    boris.type("bad words")
    boris.sync(relay)
    bad_n = len(relay.entries)
    anna.fetch(relay)
    carla.fetch(relay)
    carla.replica.save_checkpoint()
    assert carla.replica.local_checkpoint_n >= bad_n
    void(relay, bad_n)
    relay.tape.clear()
    before = relay.jobs
    settle(carla, relay)
    assert relay.jobs == before + 1, "a long document is not loaded where keys are heard"
    settle(anna, relay)
    assert carla.canonical() == anna.canonical()
    assert "bad" not in carla.canonical()
    assert "CHUNK_GET" in {op.name for op, _, _ in relay.tape}
    assert {w.name for w in carla.replica.fold.writers.values()} >= {"Boris"}


def test_a_lost_piece_of_the_snapshot_costs_only_time(monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    join(carla, relay, flows.Pin(0, b""))
    boris.fetch(relay)
    boris.type("bad words")
    boris.sync(relay)
    carla.fetch(relay)
    carla.replica.save_checkpoint()
    void(relay, len(relay.entries))
    relay.chunks.clear()
    settle(carla, relay)
    settle(anna, relay)
    assert carla.canonical() == anna.canonical()


def test_a_snapshot_of_before_a_record_counts_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that takes one (an honest one refuses it): veterans void it without ALERT, a newcomer halts."""
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    bad_n = spoil(anna, boris, relay)
    made = snapshot_at_checkpoint(anna, relay, monkeypatch)
    boris.fetch(relay)
    void(relay, bad_n)
    settle(boris, relay)
    entries = flows.snapshot_entries(anna.replica, made)
    assert relay.play(flows.send_snapshot(anna.replica, made, entries))
    settle(anna, relay)
    settle(boris, relay)
    assert boris.store.log[-1].void
    assert boris.store.outbox() == []
    with pytest.raises(Alarm) as caught:
        join(carla, relay, flows.Pin(0, b""))
    assert caught.value.code is AlarmCode.BAD_SNAPSHOT


def test_without_that_rule_a_newcomer_reads_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_records.OwnerBook, "reason_against", lambda self, snap_n, n: "")
    anna, boris, carla = Person("Anna", 1), Person("Boris", 2), Person("Carla", 3)
    relay = relay_for(anna)
    bad_n = spoil(anna, boris, relay)
    made = snapshot_at_checkpoint(anna, relay, monkeypatch)
    void(relay, bad_n)
    settle(anna, relay)
    assert relay.play(flows.send_snapshot(anna.replica, made, flows.snapshot_entries(anna.replica, made)))
    join(carla, relay, flows.Pin(0, b""))
    assert carla.canonical() != anna.canonical()


def test_a_voided_snapshot_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    anna, carla = Person("Anna", 1), Person("Carla", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    join(carla, relay, flows.Pin(0, b""))
    void(relay, relay.snapshot_n)
    settle(anna, relay)
    settle(carla, relay)
    for person in (anna, carla):
        assert person.replica.fold.snapshot is None
        assert person.replica.fold.start is None
        assert person.canonical() == anna.text()


# -- an entry that cannot be loaded


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """An engine that dies of one word; returned is how to make it well."""
    call = CanonicalDocument._call_engine

    def crash(self: CanonicalDocument, *updates: bytes) -> None:
        if any(POISON.encode() in update for update in updates) and len(updates) == 1:
            self._broken = True
            raise EngineFailure("PanicException")
        call(self, *updates)

    monkeypatch.setattr(CanonicalDocument, "_call_engine", crash)
    return monkeypatch.undo


def poisoned(anna: Person, boris: Person, relay: ListRelay) -> int:
    """Boris's entry at the returned position kills Anna's engine; something good comes after it."""
    anna.type("good text. ")
    anna.sync(relay)
    boris.fetch(relay)
    boris.type(POISON)
    boris.replica.queue.seal_pending()
    boris.send(relay)
    return len(relay.entries)


def test_a_poison_entry_leaves_the_pad_readable_and_a_void_restores_it(
    trio: tuple[Person, Person, Person, ListRelay], fragile: Callable[[], None]
) -> None:
    """T21."""
    anna, boris, carla, relay = trio
    bad_n = poisoned(anna, boris, relay)
    for _ in range(2):
        with pytest.raises(CannotLoadHere):
            anna.fetch(relay)
        assert anna.replica.require_stored().n == bad_n - 1
        assert anna.canonical() == "good text. "
    subscribe(anna, relay)
    raw = relay.play(voiding(anna, bad_n))
    assert relay.records == [raw]
    anna.fetch(relay)
    assert anna.canonical() == "good text. "
    assert anna.replica.fold.n == len(relay.entries)
    assert anna.replica.fold.owner.voided == {bad_n: bad_n + 1}
    anna.view.reset(anna.replica.canonical_state(), anna.replica.writer.client_id)  # type: ignore[union-attr]
    anna.type("and on")
    anna.sync(relay)
    join(carla, relay, flows.Pin(0, b""))
    assert carla.canonical() == anna.canonical() == "good text. and on"
    anna.replica._reopen()
    assert anna.canonical() == "good text. and on"


def test_who_could_load_it_comes_to_the_same_text(
    trio: tuple[Person, Person, Person, ListRelay], fragile: Callable[[], None]
) -> None:
    anna, boris, carla, relay = trio
    bad_n = poisoned(anna, boris, relay)
    fragile()
    boris.fetch(relay)
    assert POISON in boris.canonical()
    void(relay, bad_n)
    settle(boris, relay)
    join(carla, relay, flows.Pin(0, b""))
    assert boris.canonical() == carla.canonical() == "good text. "


def test_a_relay_cannot_void_what_nobody_can_load(
    trio: tuple[Person, Person, Person, ListRelay], fragile: Callable[[], None]
) -> None:
    anna, boris, _carla, relay = trio
    bad_n = poisoned(anna, boris, relay)
    with pytest.raises(CannotLoadHere):
        anna.fetch(relay)
    subscribe(anna, relay)
    void(relay, bad_n, sign_with=bytes(32))
    with pytest.raises(Alarm) as caught:
        anna.fetch(relay)
    assert caught.value.code is AlarmCode.BAD_RECORD


def test_a_record_that_was_told_of_must_be_in_the_log(
    trio: tuple[Person, Person, Person, ListRelay], fragile: Callable[[], None]
) -> None:
    anna, boris, _carla, relay = trio
    bad_n = poisoned(anna, boris, relay)
    subscribe(anna, relay)
    void(relay, bad_n)
    del relay.entries[-1], relay.ids[-1], relay.heads[-1]
    anna.fetch(relay)
    assert anna.replica.fold.owner.unplaced() == {bad_n}
    with pytest.raises(Alarm) as caught:
        join(anna, relay, flows.Pin(0, b""))
    assert caught.value.code is AlarmCode.BAD_RECORD


def subscribe(person: Person, relay: ListRelay) -> None:
    relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))


def voiding(person: Person, n: int) -> flows.Flow[bytes]:
    return flows_void.void_entry(person.replica, owner_key(OWNER_ROOT), n)
