"""The fold's checks, each with what happens when it is taken out; and two people who end equal."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_tui.crypto.keys import SigningSeed, ViewKeys
from cryptpad_tui.pad import fold as fold_module
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.outgoing import SealResult
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.pad.writers import WriterStatus
from support.pads import ListRelay, Person, load_here, relay_for, seeded


@pytest.fixture
def pair() -> tuple[Person, Person, ListRelay]:
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    return anna, boris, relay_for(anna)


def alarm_of(person: Person, relay: ListRelay) -> AlarmCode:
    before = person.replica.fold.n, person.canonical()
    with pytest.raises(Alarm) as caught:
        person.fetch(relay)
    assert person.canonical() == before[1] or person.replica.fold.n > before[0]
    return caught.value.code


def test_two_people_typing_at_once_end_with_one_text(pair: tuple[Person, Person, ListRelay]) -> None:
    anna, boris, relay = pair
    anna.type("Hello, world.")
    anna.sync(relay)
    boris.sync(relay)
    anna.type("Dear Boris. ", 0)
    boris.type(" See you 😀.")
    anna.sync(relay)
    boris.sync(relay)
    anna.sync(relay)
    assert anna.text() == boris.text() == "Dear Boris. Hello, world. See you 😀."
    assert anna.canonical() == boris.canonical() == anna.text()
    assert anna.replica.fold.head == boris.replica.fold.head == relay.heads[-1]
    assert {w.name for w in boris.replica.fold.writers.values()} == {"Anna", "Boris"}


def test_a_changed_byte_anywhere_is_caught(pair: tuple[Person, Person, ListRelay]) -> None:
    """T1, for every byte of a HELLO and an UPDATE."""
    anna, boris, relay = pair
    anna.type("secret words")
    anna.sync(relay)
    for position in (0, 1):
        honest = relay.entries[position]
        for i in range(len(honest)):
            relay.entries[position] = honest[:i] + bytes([honest[i] ^ 1]) + honest[i + 1 :]
            assert alarm_of(boris, relay) in AlarmCode
            assert boris.canonical() == ""
        relay.entries[position] = honest
    boris.sync(relay)
    assert boris.text() == "secret words"


def test_a_left_out_entry_is_a_gap(pair: tuple[Person, Person, ListRelay]) -> None:
    """T4: dropped in the middle, and renumbered by a relay that recomputes its own chain."""
    anna, boris, relay = pair
    for word in ("one ", "two ", "three "):
        anna.type(word)
        anna.sync(relay)
    lying = relay_for(anna)
    for raw in (*relay.entries[:2], *relay.entries[3:]):
        lying.append(raw)
    assert alarm_of(boris, lying) == AlarmCode.CHAIN_GAP
    assert boris.canonical() == "one "


def test_exchanged_entries_fork_from_whoever_saw_them_in_order(
    pair: tuple[Person, Person, ListRelay],
) -> None:
    """T3."""
    anna, boris, relay = pair
    anna.type("a")
    anna.sync(relay)
    boris.type("b")
    boris.fetch(relay)
    boris.replica.queue.seal_pending()
    boris.send(relay)
    boris.fetch(relay)
    anna.fetch(relay)
    anna.type("c")
    anna.sync(relay)
    lying = relay_for(anna)
    for index in (2, 0, 1, 3, 4):
        lying.append(relay.entries[index])
    victim = Person("Victor", 9)
    assert alarm_of(victim, lying) == AlarmCode.FORK


def test_a_viewer_cannot_write_even_with_the_relays_help(pair: tuple[Person, Person, ListRelay]) -> None:
    """T16, R+V: a writer without certificate, with one by the fetch key, and no HELLO at all."""
    anna, boris, _relay = pair
    rng = seeded(5)
    view_keys = ViewKeys(anna.replica.keys.view_seed)
    forged_cap = SigningSeed(rng(32))
    forger = Writer(anna.replica.pad_id, 0, anna.replica.keys, rng=rng)  # type: ignore[arg-type]
    honest_cert = forger.cert()
    for cert in (
        rng(64),
        forged_cap.sign(labels.CERT, anna.replica.pad_id, bytes(4), forger.pk, b"\1"),
        view_keys.viewer_cert(anna.replica.pad_id, 0, forger.pk),
    ):
        assert cert != honest_cert
        writer = Writer(anna.replica.pad_id, 0, anna.replica.keys, rng=rng)  # type: ignore[arg-type]
        writer.cert = lambda cert=cert: cert  # type: ignore[method-assign, misc]
        lying = relay_for(anna)
        lying.append(writer.hello(boris.replica.base(), boris.identity, "Mallory", bytes(3)).raw)
        assert alarm_of(boris, lying) == AlarmCode.NOT_AUTHORISED
    lying = relay_for(anna)
    writer = Writer(anna.replica.pad_id, 0, anna.replica.keys, rng=rng)  # type: ignore[arg-type]
    writer.hello(boris.replica.base(), boris.identity, "Mallory", bytes(3))
    lying.append(writer.update(boris.replica.base(), (b"\0\0",)).raw)
    assert alarm_of(boris, lying) == AlarmCode.NOT_AUTHORISED


def test_without_the_certificate_check_a_forger_gets_in(
    pair: tuple[Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, relay = pair
    monkeypatch.setattr(fold_module.Entry, "cert_ok", lambda self, cap_pk: True)
    writer = Writer(anna.replica.pad_id, 0, anna.replica.keys, rng=seeded(5))  # type: ignore[arg-type]
    writer.cert = lambda: bytes(64)  # type: ignore[method-assign]
    relay.append(writer.hello(boris.replica.base(), boris.identity, "Mallory", bytes(3)).raw)
    boris.fetch(relay)
    assert boris.replica.fold.n == 1


def test_an_editor_who_breaks_the_rules_ends_and_the_pad_goes_on(
    pair: tuple[Person, Person, ListRelay],
) -> None:
    """T19: the entry stays in the chain, changes nothing, and all clients agree."""
    anna, boris, relay = pair
    anna.type("good ")
    anna.sync(relay)
    boris.sync(relay)
    hostile = boris.replica
    assert hostile.writer
    relay.append(hostile.writer.hello(hostile.base(), boris.identity, "Boris", bytes(3)).raw)
    boris.fetch(relay)
    for junk in (b"\xff\xff", b"\1\1\5\0", b""):
        relay.append(boris.entry(junk))
    anna.fetch(relay)
    boris.fetch(relay)
    for person in (anna, boris):
        state = person.replica.fold.writers[hostile.writer.pk]
        assert state.status == WriterStatus.TERMINATED
        assert person.canonical() == "good "
        assert [row.void for row in person.store.log] == [False, False, False, True, True, True]
    anna.type("text")
    anna.sync(relay)
    boris.fetch(relay)
    assert boris.canonical() == "good text"


def test_an_entry_of_another_pad_is_refused(pair: tuple[Person, Person, ListRelay]) -> None:
    """T7: the same owner's other pad."""
    anna, boris, _relay = pair
    other = Person("Anna", 4, owner_root=bytes(32))
    other.type("elsewhere")
    elsewhere = relay_for(other)
    other.sync(elsewhere)
    lying = relay_for(anna)
    for raw in elsewhere.entries:
        lying.append(raw)
    assert alarm_of(boris, lying) == AlarmCode.BAD_ENTRY


def test_a_replayed_entry_is_refused(pair: tuple[Person, Person, ListRelay]) -> None:
    anna, boris, relay = pair
    anna.type("once ")
    anna.sync(relay)
    relay.append(relay.entries[1])
    assert alarm_of(boris, relay) == AlarmCode.CHAIN_GAP


def test_two_entries_for_one_place_are_proof_against_their_writer(
    pair: tuple[Person, Person, ListRelay],
) -> None:
    """T18: R5's other side. The second body is signed by hand; no honest client can."""
    anna, boris, relay = pair
    anna.type("x")
    anna.sync(relay)
    writer = anna.replica.writer
    assert writer
    writer.seq, writer.last_id = 1, parse_entry(relay.entries[0]).entry_id
    second = anna.entry(b"\0\0")
    lying = relay_for(anna)
    for raw in (*relay.entries, second):
        lying.append(raw)
    with pytest.raises(Alarm) as caught:
        boris.fetch(lying)
    assert caught.value.code == AlarmCode.EQUIVOCATION_WRITER
    assert caught.value.evidence == (second,)


def test_a_shorter_history_is_a_rollback(pair: tuple[Person, Person, ListRelay]) -> None:
    """T8."""
    anna, boris, relay = pair
    for word in ("one ", "two "):
        anna.type(word)
        anna.sync(relay)
    boris.fetch(relay)
    lying = relay_for(anna)
    for raw in relay.entries[:2]:
        lying.append(raw)
    assert alarm_of(boris, lying) == AlarmCode.ROLLBACK
    assert boris.canonical() == "one two "


def test_another_history_of_equal_length_is_a_fork(pair: tuple[Person, Person, ListRelay]) -> None:
    """T10."""
    anna, boris, relay = pair
    anna.type("one ")
    anna.sync(relay)
    boris.fetch(relay)
    carla = Person("Carla", 6)
    carla.type("other")
    forked = relay_for(anna)
    carla.sync(forked)
    assert alarm_of(boris, forked) == AlarmCode.FORK


def test_reopening_continues_from_the_checkpoint(pair: tuple[Person, Person, ListRelay]) -> None:
    anna, boris, relay = pair
    for i in range(10):
        anna.type(f"line {i}\n")
        anna.sync(relay)
    anna.replica.save_checkpoint()
    for i in range(3):
        anna.type(f"more {i}\n")
        anna.sync(relay)
    before = anna.replica.fold
    anna.replica._reopen()
    after = anna.replica.fold
    assert (after.n, after.head, after.document.text()) == (before.n, before.head, before.document.text())
    assert after.writers == before.writers
    assert after.skips == before.skips
    boris.sync(relay)
    assert boris.text() == anna.text()


def test_who_leaves_after_a_large_paste_does_not_fold_it_again(
    pair: tuple[Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _, relay = pair
    anna.type("short\n")
    anna.sync(relay)
    anna.replica.leave()
    assert anna.store.checkpoint() is None
    saved: list[int] = []
    keep = anna.store.set_checkpoint
    monkeypatch.setattr(anna.store, "set_checkpoint", lambda n, state: saved.append(n) or keep(n, state))
    anna.type("a line of a long text\n" * 200_000)
    anna.sync(relay)
    assert len(saved) <= 5, "each costs the document's length"
    anna.replica.leave()
    assert saved[-1] == anna.replica.fold.n
    anna.replica._reopen()
    assert anna.canonical() == anna.text()


def test_edits_of_a_live_window_wait_for_those_before_them() -> None:
    """R17: what is behind another window's edit in the queue is not signed."""
    first, second = Person("Anna", 1), Person("Anna", 2)
    second.store = second.replica.store = first.store
    relay = relay_for(first)
    first.type("written first. ")
    for row in first.store.journal_after(0):
        second.view.apply(row.update)
    second.type("built on it. ")
    live = {first.replica.writer.pk}  # type: ignore[union-attr]
    second.replica.queue._is_live = live.__contains__
    assert second.replica.queue.seal_pending() is SealResult.WAIT
    first.replica.queue.seal_pending()
    assert second.replica.queue.seal_pending() is SealResult.WAIT
    first.send(relay)
    first.fetch(relay)
    second.replica.follow_store()
    assert second.replica.queue.seal_pending() is SealResult.SEALED
    second.send(relay)
    reader = Person("Boris", 3)
    reader.fetch(relay)
    assert reader.canonical() == "written first. built on it. "


class _OwnRowsOnly:
    """A store that hides what other windows wrote."""

    def __init__(self, person: Person) -> None:
        self._store, self._writer = person.store, person.replica.writer

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def journal_after(self, journal_id: int) -> list[object]:
        assert self._writer
        return [row for row in self._store.journal_after(journal_id) if row.writer_pk == self._writer.pk]


def test_r17_without_the_order_of_the_queue_an_edit_is_lost_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the second window signs stands before what it was built on, and is void for everybody."""
    first, second = Person("Anna", 1), Person("Anna", 2)
    second.store = second.replica.store = first.store
    relay = relay_for(first)
    first.type("written first. ")
    for row in first.store.journal_after(0):
        second.view.apply(row.update)
    second.type("built on it. ")
    with monkeypatch.context() as taken_out:
        taken_out.setattr(second.replica, "store", _OwnRowsOnly(second))
        taken_out.setattr(type(second.replica.fold.document), "check", lambda document, client, updates: None)
        assert second.replica.queue.seal_pending() is SealResult.SEALED
    second.send(relay)
    reader = Person("Boris", 3)
    reader.fetch(relay)
    assert reader.canonical() == ""
    assert any(row.void for row in reader.store.log)


def test_edits_of_a_dead_window_are_never_signed_as_they_stand() -> None:
    """R5, R17: their writer's key died with the process."""
    first, second = Person("Anna", 1), Person("Anna", 2)
    second.store = second.replica.store = first.store
    first.type("left behind")
    assert second.replica.queue.seal_pending() is SealResult.REMAKE
    assert second.store.outbox() == []


def grow(person: Person, relay: ListRelay, count: int) -> None:
    for i in range(count):
        person.type(f"{i} ")
        person.sync(relay)


def with_snapshot(person: Person, relay: ListRelay) -> int:
    """Let `person` fold live to the next checkpoint and bring a snapshot of it; returns its position."""
    from cryptpad_tui.pad import flows, replica

    person.replica.may_snapshot = lambda: True
    original = replica.SNAPSHOT_TAIL_ENTRIES
    replica.SNAPSHOT_TAIL_ENTRIES = 10
    try:
        while person.replica.made_snapshot is None:
            person.type("x")
            person.replica.queue.seal_pending()
            person.send(relay)
            first = person.replica.fold.n + 1
            new = tuple(relay.entries[first - 1 :])
            person.show(relay.play(flows.take(person.replica, first, new, relay.heads[-1], live=True)))
    finally:
        replica.SNAPSHOT_TAIL_ENTRIES = original
    made = person.replica.made_snapshot
    assert relay.play(flows.send_snapshot(person.replica, made, flows.snapshot_entries(person.replica, made)))
    relay.chunks[made.extension.table_id] = table_at(person)
    return relay.snapshot_n


def table_at(person: Person) -> bytes:
    from cryptpad_tui.pad.writers import encode_table

    return encode_table(person.replica.fold.writers.values())


def join(person: Person, relay: ListRelay, pin_n: int = 0, pin_head: bytes = b"") -> None:
    from cryptpad_tui.pad import flows

    connected = relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))
    flow = flows.join(person.replica, connected, flows.Pin(pin_n, pin_head), load_here)
    person.show(relay.play(flow))


def test_a_newcomer_joins_from_the_snapshot_and_folds_like_a_veteran() -> None:
    """C3: snapshot and tail lead to the same state as the whole log."""
    anna, relay = Person("Anna", 1), None
    relay = relay_for(anna)
    grow(anna, relay, 5)
    with_snapshot(anna, relay)
    pin = relay.heads[3][:16]
    anna.fetch(relay)
    grow(anna, relay, 3)
    boris = Person("Boris", 2)
    join(boris, relay, 3, pin)
    fetched = [op.name for op, _, _ in relay.tape[-12:]]
    assert "CHUNK_GET" in fetched
    assert boris.canonical() == anna.canonical() == anna.text()
    assert boris.replica.fold.head == anna.replica.fold.head
    assert boris.store.log[0].n > 1
    boris.view = type(boris.view)(
        client_id=boris.replica.writer.client_id,  # type: ignore[union-attr]
        kind=boris.replica.kind,
        state=boris.replica.fold.document.encode(),
    )
    boris.type("from the newcomer")
    boris.sync(relay)
    anna.fetch(relay)
    assert anna.canonical() == boris.canonical()
    reopened = Fold(boris.replica.genesis, 0, boris.replica.keys, boris.replica.kind, boris.store.head_at)
    assert reopened.n == 0
    boris.replica._reopen()
    assert boris.replica.fold.document.text() == anna.canonical()


@pytest.mark.parametrize("lie", ["pin", "chunk", "missing", "table", "bridge", "tail"])
def test_a_joiner_catches_a_lie_about_the_snapshot(lie: str) -> None:
    """T9, T22, T23: whatever the relay exchanges, nothing is taken from it."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 5)
    with_snapshot(anna, relay)
    pin_n, pin_head = 3, relay.heads[3][:16]
    chunk_ids = list(relay.chunks)
    if lie == "pin":
        pin_head = bytes(16)[:15] + b"\1"
    elif lie == "chunk":
        relay.chunks[chunk_ids[0]] = bytes(len(relay.chunks[chunk_ids[0]]))
    elif lie == "missing":
        del relay.chunks[chunk_ids[0]]
    elif lie == "table":
        relay.chunks[chunk_ids[-1]] = relay.chunks[chunk_ids[-1]][:-1] + b"\7"
    elif lie == "bridge":
        relay.ids[63] = bytes(32)
    else:
        pin_n = len(relay.entries) + 5
    boris = Person("Boris", 2)
    with pytest.raises(Alarm) as caught:
        join(boris, relay, pin_n, pin_head)
    expected = {"pin": AlarmCode.FORK, "tail": AlarmCode.ROLLBACK}.get(lie, AlarmCode.BAD_SNAPSHOT)
    assert caught.value.code == expected


def test_a_lying_snapshot_of_an_editor_is_void_for_who_saw_the_log() -> None:
    """T22: a veteran compares digests; the text of the log stays what it is."""
    from cryptpad_tui.pad import flows

    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    boris.type("b")
    boris.sync(relay)
    with_snapshot_made = anna.replica
    with_snapshot_made.may_snapshot = lambda: True
    anna.fetch(relay)
    position = with_snapshot(anna, relay)
    del relay.entries[position - 2 :], relay.ids[position - 2 :], relay.heads[position - 1 :]
    boris.fetch(relay)
    honest = anna.replica
    from cryptpad_tui.pad import snapshots

    made = snapshots.make_snapshot(honest.fold, rng=seeded(3))
    lying = replace(made, seal=replace(made.seal, state_digest=bytes(32)))
    assert relay.play(flows.send_snapshot(honest, lying, flows.snapshot_entries(honest, lying)))
    boris.fetch(relay)
    assert boris.store.log[-1].void
    assert boris.replica.fold.snapshot is None
    assert boris.canonical() == anna.canonical()
    assert [parse_entry(row.entry).kind for row in boris.store.outbox()] == [Kind.ALERT]


def test_the_header_of_an_entry_has_the_sizes_of_the_page() -> None:
    anna = Person("Anna", 1)
    assert anna.replica.writer
    hello = anna.replica.writer.hello(anna.replica.base(), anna.identity, "Anna", bytes(3))
    update = anna.replica.writer.update(anna.replica.base(), (bytes(40),))
    assert len(update.raw) == 552
    assert len(hello.raw) == 552 + 64
    assert struct.unpack_from(">Q", update.raw, 76) == (1,)
    assert update.prev == hello.entry_id
