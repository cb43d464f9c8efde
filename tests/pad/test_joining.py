"""What a relay owes a newcomer cannot be got around by cutting the first attempt short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.pad import flows, replica, snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.writers import encode_table
from support.pads import ListRelay, Person, load_here, relay_for


class Cut(Exception):
    """The connection ended."""


def grow(person: Person, relay: ListRelay, count: int) -> None:
    for i in range(count):
        person.type(f"{i} ")
        person.sync(relay)


def snapshot_at_checkpoint(
    person: Person, relay: ListRelay, monkeypatch: pytest.MonkeyPatch
) -> snapshots.Snapshot:
    """Let `person` fold live to the next checkpoint; returns the snapshot made there, not sent."""
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 10)
    person.replica.may_snapshot = lambda: True
    person.replica.made_snapshot = None
    while person.replica.made_snapshot is None:
        person.type("x")
        person.replica.queue.seal_pending()
        person.send(relay)
        first = person.replica.fold.n + 1
        new = tuple(relay.entries[first - 1 :])
        person.show(relay.play(flows.take(person.replica, first, new, relay.heads[-1], live=True)))
    made = person.replica.made_snapshot
    relay.chunks[made.extension.table_id] = encode_table(person.replica.fold.writers.values())
    return made


def bring(person: Person, relay: ListRelay, made: snapshots.Snapshot) -> None:
    entries = flows.snapshot_entries(person.replica, made)
    assert relay.play(flows.send_snapshot(person.replica, made, entries))
    person.fetch(relay)


def join(person: Person, relay: ListRelay, pin: flows.Pin) -> None:
    connected = relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))
    person.show(relay.play(flows.join(person.replica, connected, pin, load_here)))


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_the_pin_holds_after_a_first_attempt_was_cut(
    with_snapshot: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    if with_snapshot:
        bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    grow(anna, relay, 3)
    pin = flows.Pin(3, b"\1" * 16)
    boris = Person("Boris", 2)
    check = flows.check_pin
    with monkeypatch.context() as cut:

        def gone(*parts: object) -> None:
            raise Cut

        cut.setattr(flows, "check_pin", gone)
        with pytest.raises(Cut):
            join(boris, relay, pin)
    assert flows.check_pin is check
    assert boris.replica.fold.n
    with pytest.raises(Alarm) as caught:
        join(boris, relay, pin)
    assert caught.value.code == AlarmCode.FORK


def test_a_snapshot_outside_the_log_is_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """R+E: veterans never see such a snapshot, so they could never warn of it."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    made = snapshot_at_checkpoint(anna, relay, monkeypatch)
    bring(anna, relay, made)
    grow(anna, relay, 3)
    position = relay.snapshot_n
    hello, entry = flows.snapshot_entries(anna.replica, replace(made))
    boris = Person("Boris", 2)
    honest = relay.entries[position - 2 : position]

    def one(body: bytes) -> bytes:
        fetch = flows.frames.Fetch.decode(body)
        if fetch.limit == 1 and fetch.after_n in (position - 2, position - 1):
            raw = (hello, entry)[fetch.after_n - position + 2].raw
            return flows.frames.Fetched(fetch.after_n + 1, bytes(32), (raw,)).encode()
        return ListRelay.on_fetch(relay, body)

    monkeypatch.setattr(relay, "on_fetch", one)
    assert [hello.raw, entry.raw] != honest
    with pytest.raises(Alarm) as caught:
        join(boris, relay, flows.Pin(0, b""))
    assert caught.value.code == AlarmCode.BAD_SNAPSHOT
    assert boris.store.checkpoint() is None
    join(boris, relay, flows.Pin(0, b""))
    assert boris.view.text() == anna.view.text()
    assert boris.store.log_after(0, 1)[0].n == 1, "the next attempt begins at none"


def test_who_was_lied_to_by_a_snapshot_makes_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Veterans do not open its pieces: they see nothing wrong with it."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    made = snapshot_at_checkpoint(anna, relay, monkeypatch)
    monkeypatch.undo()
    (piece,) = made.chunks
    junk = bytes(len(piece))
    named = replace(made.extension, chunks=(ChunkRef(len(junk), chunk_id_of(junk)),))
    bring(anna, relay, replace(made, extension=named, chunks=(junk,)))
    with pytest.raises(Alarm):
        join(boris, relay, flows.Pin(0, b""))
    join(boris, relay, flows.Pin(0, b""))
    assert boris.replica.fold.snapshot == anna.replica.fold.snapshot
    while boris.replica.fold.checkpoint_n != boris.replica.fold.n:
        grow(anna, relay, 1)
        boris.fetch(relay)
    anna.fetch(relay)
    assert (anna.replica.wants_snapshot(), boris.replica.wants_snapshot()) == (False, True)


@pytest.mark.parametrize(("snapshot_n", "hello_n"), [(1, 0), (2**64 - 1, 3), (3, 3)])
def test_an_absurd_place_of_a_snapshot_is_an_alarm(snapshot_n: int, hello_n: int) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    relay.snapshot_n, relay.hello_n = snapshot_n, hello_n
    with pytest.raises(Alarm) as caught:
        join(Person("Boris", 2), relay, flows.Pin(0, b""))
    assert caught.value.code == AlarmCode.BAD_SNAPSHOT


def test_a_late_older_snapshot_leaves_newcomer_and_veteran_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """C3: a snapshot of a checkpoint before the newcomer's start is judged by veterans alone."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    older = snapshot_at_checkpoint(anna, relay, monkeypatch)
    newer = snapshot_at_checkpoint(anna, relay, monkeypatch)
    assert older.extension.snap_n < newer.extension.snap_n
    bring(anna, relay, older)
    bring(anna, relay, newer)
    boris = Person("Boris", 2)
    join(boris, relay, flows.Pin(0, b""))
    assert boris.replica.fold.snapshot == anna.replica.fold.snapshot
    for _ in range(2):
        again = snapshot_at_checkpoint(anna, relay, monkeypatch)
    boris.fetch(relay)
    snap_n = again.extension.snap_n
    assert boris.replica.fold.digests[snap_n] == anna.replica.fold.digests[snap_n]


def test_a_snapshot_that_is_refused_leaves_the_fold_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is built beside the one in use, which a window may read meanwhile."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    boris = Person("Boris", 2)
    connected = relay.play(flows.subscribe(boris.replica, relay.greeting, rng=boris.rng))

    def refuse(*parts: object) -> CanonicalDocument:
        assert boris.replica.canonical_state()
        raise InvalidUpdate("made up")

    before = boris.replica.fold
    with pytest.raises(Alarm) as caught:
        relay.play(flows.join(boris.replica, connected, flows.Pin(0, b""), refuse))
    assert caught.value.code == AlarmCode.BAD_SNAPSHOT
    assert boris.replica.fold is before
    assert (before.n, before.writers, boris.replica.canonical_state()) == (0, {}, b"\0\0")


TABLE_LIES = ["another length", "nothing", "too much", "endless", "beyond all bounds", "refused"]


@pytest.mark.parametrize("lie", TABLE_LIES)
def test_a_table_that_is_given_wrongly_is_an_alarm(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded before it is kept, and the bytes must be those that the signed entry names."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    asked = 0

    def table(body: bytes) -> bytes:
        nonlocal asked
        asked += 1
        size, part = 4_000_000, b"x" * 1_000_000
        if lie == "another length":
            size += asked
        elif lie == "nothing":
            part = b""
        elif lie == "too much":
            size = 1_500_000
        elif lie == "beyond all bounds":
            size = 2**32 - 1
        elif lie == "refused":
            raise Refused(Code.NOT_FOUND)
        return size.to_bytes(4, "big") + part

    monkeypatch.setattr(relay, "on_table", table)
    boris = Person("Boris", 2)
    with pytest.raises(Alarm) as caught:
        join(boris, relay, flows.Pin(0, b""))
    assert caught.value.code == AlarmCode.BAD_SNAPSHOT
    assert boris.store.checkpoint() is None
    assert asked == {"another length": 2, "too much": 2, "endless": 4}.get(lie, 1)


def test_a_table_of_many_parts_leads_to_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    boris = Person("Boris", 2)
    join(boris, relay, flows.Pin(0, b""))
    assert [op for op, _, _ in relay.tape].count(Op.TABLE) > 1
    assert boris.replica.fold.start is not None
    assert boris.canonical() == anna.canonical()
