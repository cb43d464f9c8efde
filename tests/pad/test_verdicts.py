"""ALERT and ENDORSE: a lie about the past is found by who was there, and undone by who was not."""

from __future__ import annotations

import json
import time

import pytest
from pad.test_joining import bring, grow, join, snapshot_at_checkpoint

from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad import flows, judgement, rederive, sealed_checks, snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Pause
from cryptpad_tui.pad.checkpoint import encode_checkpoint
from cryptpad_tui.pad.outgoing import Outgoing
from cryptpad_tui.pad.payloads import Verdict
from cryptpad_tui.pad.stored_fold import Replaced
from cryptpad_tui.pad.writers import WriterStatus, encode_table
from support.pads import ListRelay, Person, relay_for


def lying_snapshot(liar: Person, relay: ListRelay, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """`liar` brings a snapshot that is right in all but its text: its digests are those of the lie."""
    honest = snapshot_at_checkpoint(liar, relay, monkeypatch)
    fold, position = liar.replica.fold, honest.extension.snap_n
    assert fold.n == position
    false = ViewDocument(client_id=liar.replica.writer.client_id, kind=liar.replica.kind)  # type: ignore[union-attr]
    false.replace(false.lines.end, false.lines.end, text)
    (update,) = false.take_updates()
    document = type(fold.document)(fold.kind)
    document.apply(document.check(liar.replica.writer.client_id, [update]))  # type: ignore[union-attr]
    true, fold.document = fold.document, document
    before = fold.digests[position]
    fold.mark_checkpoint()
    made = snapshots.make_snapshot(fold, rng=liar.rng)
    fold.document, fold.digests[position] = true, before
    relay.chunks[made.extension.table_id] = encode_table(fold.writers.values())
    entries = flows.snapshot_entries(liar.replica, made)
    assert relay.play(flows.send_snapshot(liar.replica, made, entries))


def settle(person: Person, relay: ListRelay) -> None:
    """Derive a doubted start as PadLink does, and let the view follow."""
    if person.replica.judgement.needs_derivation:
        beside = relay.play(rederive.derive(person.replica))
        relay.play(rederive.conclude(person.replica, beside))
    if person.replica.replaced:
        person.replica.replaced = None
        assert person.replica.writer
        person.view.reset(person.replica.canonical_state(), person.replica.writer.client_id)


def show_all(person: Person) -> None:
    assert person.replica.writer
    person.view.reset(person.replica.canonical_state(), person.replica.writer.client_id)


LIE = "Anna owes Mallory 1,000. " * 10


@pytest.fixture
def lied(monkeypatch: pytest.MonkeyPatch) -> tuple[Person, Person, Person, ListRelay]:
    """Anna was there, Mallory's snapshot lies, Nora joins on it and has not heard of any of that."""
    anna, mallory, nora = Person("Anna", 1), Person("Mallory", 2), Person("Nora", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    mallory.type("m")
    mallory.sync(relay)
    lying_snapshot(mallory, relay, monkeypatch, LIE)
    join(nora, relay, flows.Pin(0, b""))
    show_all(nora)
    assert nora.canonical() == LIE
    return anna, mallory, nora, relay


def warn(anna: Person, relay: ListRelay) -> None:
    """Anna folds the lie, and her ALERT reaches the log."""
    anna.fetch(relay)
    assert [parse_entry(row.entry).kind for row in anna.store.outbox()][-1] == Kind.ALERT
    anna.send(relay)
    anna.fetch(relay)


def test_a_joiner_on_a_lie_ends_with_the_truth(lied: tuple[Person, Person, Person, ListRelay]) -> None:
    """T22."""
    anna, mallory, nora, relay = lied
    start = nora.replica.fold.start
    assert start
    assert (start.checked, nora.replica.judgement.needs_derivation) == (False, False)
    warn(anna, relay)
    nora.fetch(relay)
    assert nora.replica.judgement.needs_derivation
    settle(nora, relay)
    assert nora.canonical() == anna.canonical() == nora.text()
    assert nora.replica.fold.start is None
    assert nora.replica.fold.writers == anna.replica.fold.writers
    [notice] = nora.replica.judgement.take_notices()
    assert "Mallory" in notice.text
    assert status_of(anna, mallory) == status_of(nora, mallory) == WriterStatus.LIVE
    grow(anna, relay, 2)
    nora.fetch(relay)
    assert nora.canonical() == anna.canonical()
    nora.replica._reopen()
    assert nora.canonical() == anna.canonical()


def status_of(person: Person, other: Person) -> WriterStatus:
    assert other.replica.writer
    return person.replica.fold.writers[other.replica.writer.pk].status


def test_without_the_derivation_the_joiner_stays_on_the_lie(
    lied: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement.Judgement, "needs_derivation", property(lambda self: False))
    anna, _mallory, nora, relay = lied
    warn(anna, relay)
    nora.fetch(relay)
    settle(nora, relay)
    assert nora.canonical() == LIE != anna.canonical()


def test_what_was_written_on_the_lie_is_known_to_be_lost(
    lied: tuple[Person, Person, Person, ListRelay],
) -> None:
    """Nora's text refers to what never was: her writer ends, and who holds the view keeps a copy of it."""
    anna, _mallory, nora, relay = lied
    nora.type("I agree, she does.")
    nora.sync(relay)
    before = nora.text()
    assert "I agree" in before
    warn(anna, relay)
    nora.fetch(relay)
    beside = relay.play(rederive.derive(nora.replica))
    relay.play(rederive.conclude(nora.replica, beside))
    assert nora.replica.replaced is Replaced.TRUTH
    assert nora.text() == before
    assert nora.canonical() == anna.canonical()
    assert "I agree" not in anna.canonical()
    assert status_of(nora, nora) is WriterStatus.TERMINATED
    first = nora.store.log[0].n
    assert voids_from(nora, first) == voids_from(anna, first)


def voids_from(person: Person, n: int) -> list[int]:
    return [row.n for row in person.store.log if row.void and row.n >= n]


def test_a_start_that_says_its_accusers_had_ended_is_derived_all_the_same(
    lied: tuple[Person, Person, Person, ListRelay],
) -> None:
    """The lie may hold that every honest writer was terminated: their warning is heard still."""
    anna, _mallory, nora, relay = lied
    for writer in nora.replica.fold.writers.values():
        if writer.name != "Mallory":
            writer.status = WriterStatus.TERMINATED
    warn(anna, relay)
    nora.fetch(relay)
    assert nora.store.log[-1].void
    settle(nora, relay)
    assert nora.canonical() == anna.canonical()


def test_without_hearing_the_ended_such_a_lie_stays(
    lied: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_checks, "warning_of_the_ended", lambda fold, entry, writer, n: None)
    anna, _mallory, nora, relay = lied
    for writer in nora.replica.fold.writers.values():
        writer.status = WriterStatus.TERMINATED
    warn(anna, relay)
    nora.fetch(relay)
    settle(nora, relay)
    assert nora.canonical() != anna.canonical()


def test_a_joiner_on_a_lie_never_accuses_the_truth(
    lied: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next snapshot is right and differs from the lie: a reason to derive, not to warn."""
    anna, _mallory, nora, relay = lied
    with monkeypatch.context() as silent:
        silent.setattr(Outgoing, "queue_verdict", lambda self, kind, verdict: False)
        anna.fetch(relay)
    nora.type("so I exist")
    nora.sync(relay)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    nora.fetch(relay)
    assert nora.store.outbox() == []
    assert nora.replica.judgement.needs_derivation
    settle(nora, relay)
    assert nora.canonical() == anna.canonical()
    assert nora.replica.fold.snapshot == anna.replica.fold.snapshot


def test_the_doubt_outlives_the_process(lied: tuple[Person, Person, Person, ListRelay]) -> None:
    anna, _mallory, nora, relay = lied
    warn(anna, relay)
    nora.fetch(relay)
    nora.replica.save_checkpoint()
    nora.replica._reopen()
    assert nora.replica.judgement.needs_derivation
    settle(nora, relay)
    assert nora.canonical() == anna.canonical()


def test_one_warning_is_enough(lied: tuple[Person, Person, Person, ListRelay]) -> None:
    """Who finds an ALERT with its own digest in the log adds none."""
    anna, _mallory, _nora, relay = lied
    warn(anna, relay)
    carla = Person("Carla", 7)
    carla.fetch(relay)
    assert carla.store.outbox() == []


def test_a_veteran_who_never_wrote_warns_too(lied: tuple[Person, Person, Person, ListRelay]) -> None:
    _anna, _mallory, nora, relay = lied
    carla = Person("Carla", 7)
    carla.fetch(relay)
    assert [parse_entry(row.entry).kind for row in carla.store.outbox()] == [Kind.HELLO, Kind.ALERT]
    carla.send(relay)
    nora.fetch(relay)
    settle(nora, relay)
    assert nora.canonical() != LIE


# -- warnings that are wrong


@pytest.fixture
def honest(monkeypatch: pytest.MonkeyPatch) -> tuple[Person, Person, Person, ListRelay]:
    """Anna and Boris were there, Anna's snapshot is right, Nora joined on it."""
    anna, boris, nora = Person("Anna", 1), Person("Boris", 2), Person("Nora", 3)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    boris.fetch(relay)
    boris.type("b")
    boris.sync(relay)
    anna.fetch(relay)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    boris.fetch(relay)
    join(nora, relay, flows.Pin(0, b""))
    show_all(nora)
    return anna, boris, nora, relay


def say(person: Person, relay: ListRelay, kind: Kind, digest: bytes) -> None:
    snapshot_id = relay.ids[relay.snapshot_n - 1]
    assert person.replica.queue.queue_verdict(kind, Verdict(snapshot_id, digest))
    person.send(relay)
    person.fetch(relay)


def test_a_wrong_warning_changes_nothing_and_names_its_author(
    honest: tuple[Person, Person, Person, ListRelay],
) -> None:
    anna, boris, nora, relay = honest
    say(boris, relay, Kind.ALERT, bytes(32))
    anna.fetch(relay)
    nora.fetch(relay)
    fetches = sum(op.name == "FETCH" for op, _, _ in relay.tape)
    settle(nora, relay)
    assert sum(op.name == "FETCH" for op, _, _ in relay.tape) > fetches
    for person in (anna, nora):
        assert [notice.writer_pk for notice in person.replica.judgement.take_notices()] == [
            boris.replica.writer.pk
        ]  # type: ignore[union-attr]
        assert status_of(person, boris) is WriterStatus.LIVE
        assert person.canonical() == anna.canonical()
    start = nora.replica.fold.start
    assert start
    assert start.checked
    assert nora.replica.replaced is None
    say(boris, relay, Kind.ALERT, b"\1" * 32)
    nora.fetch(relay)
    assert not nora.replica.judgement.needs_derivation, "once is enough"


def test_a_relay_that_gives_another_history_to_the_derivation_is_caught(
    honest: tuple[Person, Person, Person, ListRelay],
) -> None:
    _anna, boris, nora, relay = honest
    say(boris, relay, Kind.ALERT, bytes(32))
    nora.fetch(relay)
    other = relay_for(boris)
    carla = Person("Carla", 8)
    while len(other.entries) < len(relay.entries):
        carla.type("c")
        carla.sync(other)
    with pytest.raises(Alarm) as caught:
        other.play(rederive.derive(nora.replica))
    assert caught.value.code is AlarmCode.FORK
    assert nora.replica.fold.start is not None


def test_deriving_pauses_every_few_milliseconds(honest: tuple[Person, Person, Person, ListRelay]) -> None:
    """The loop that draws the screen runs between the slices."""
    _anna, boris, nora, relay = honest
    say(boris, relay, Kind.ALERT, bytes(32))
    nora.fetch(relay)
    flow = rederive.derive(nora.replica)
    slices, began = [], time.process_time()
    request = next(flow)
    try:
        while True:
            slices.append((time.process_time() - began, isinstance(request, Pause)))
            reply = b"" if isinstance(request, Pause) else relay.answer(request.op, request.body)
            began = time.process_time()
            request = flow.send(reply)
    except StopIteration:
        pass
    assert sum(is_pause for _, is_pause in slices) >= len(relay.entries) // rederive.SLICE_ENTRIES
    assert sorted(spent for spent, _ in slices)[len(slices) // 2] < 0.010


# -- ENDORSE


def test_one_who_was_there_endorses_once(honest: tuple[Person, Person, Person, ListRelay]) -> None:
    anna, boris, nora, relay = honest
    assert nora.replica.judgement.start_report().sentence == (  # type: ignore[union-attr]
        "starts from a snapshot by Anna; nobody else has checked it yet (`verify --deep` does)"
    )
    for person in (anna, boris, nora):
        person.replica.judgement.may_endorse = lambda author: True
    nora.type("n")
    nora.sync(relay)
    for person in (anna, boris):
        person.fetch(relay)
    assert not anna.replica.judgement.endorse_if_due(), "its maker vouches for nothing"
    assert not nora.replica.judgement.endorse_if_due(), "who began at it has checked nothing"
    assert boris.replica.judgement.endorse_if_due()
    assert not boris.replica.judgement.endorse_if_due()
    boris.send(relay)
    carla = Person("Carla", 9)
    for person in (anna, boris, nora, carla):
        person.fetch(relay)
    carla.type("c")
    carla.sync(relay)
    carla.replica.judgement.may_endorse = lambda author: True
    assert not carla.replica.judgement.endorse_if_due(), "somebody did"
    names = {person.identity.public: name for person, name in ((anna, "Anna"), (boris, "Boris"))}
    report = nora.replica.judgement.start_report(names.__getitem__)
    assert report
    assert (report.by, report.checked_by, report.checked_here) == ("Anna", ("Boris",), False)
    assert report.sentence == "starts from a snapshot by Anna, checked by Boris"
    assert anna.replica.judgement.start_report() is None


def test_who_is_not_elected_or_has_written_nothing_endorses_nothing(
    honest: tuple[Person, Person, Person, ListRelay],
) -> None:
    _anna, boris, _nora, relay = honest
    assert not boris.replica.judgement.endorse_if_due()
    carla = Person("Carla", 9)
    carla.fetch(relay)
    carla.replica.judgement.may_endorse = lambda author: True
    assert not carla.replica.judgement.endorse_if_due()
    assert carla.store.outbox() == []


@pytest.mark.parametrize("defended", [True, False])
def test_ones_own_second_identity_vouches_for_nothing(
    honest: tuple[Person, Person, Person, ListRelay], monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    """R12 as far as the log can tell: an endorsement by the maker, or with another digest, is none."""
    anna, boris, nora, relay = honest
    mine = anna.replica.fold.digests[relay_snapshot(relay).snap_n].state_digest
    say(anna, relay, Kind.ENDORSE, mine)
    say(boris, relay, Kind.ENDORSE, bytes(32))
    nora.fetch(relay)
    if not defended:
        monkeypatch.setattr(judgement, "_vouches", lambda mark, start, author: True)
    report = nora.replica.judgement.start_report()
    assert report
    assert len(report.checked_by) == (0 if defended else 2)


def relay_snapshot(relay: ListRelay) -> snapshots.SnapshotExtension:
    extension = parse_entry(relay.entries[relay.snapshot_n - 1]).snapshot
    assert extension
    return extension


def test_a_derivation_asked_for_makes_the_start_checked(
    honest: tuple[Person, Person, Person, ListRelay],
) -> None:
    """`verify --deep`."""
    _anna, _boris, nora, relay = honest
    beside = relay.play(rederive.derive(nora.replica, trusted=False))
    assert relay.play(rederive.conclude(nora.replica, beside))
    report = nora.replica.judgement.start_report()
    assert report
    assert report.sentence == "starts from a snapshot by Anna, checked here against the whole log"
    nora.replica._reopen()
    assert nora.replica.fold.start
    assert nora.replica.fold.start.checked


def test_a_checkpoint_of_before_the_verdicts_is_read() -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    reader = Reader(encode_checkpoint(anna.replica.fold))
    facts = json.loads(reader.sized(1 << 20))
    for name in ("record_id", "record_n", "voided", "start", "verdicts"):
        del facts[name]
    header = json.dumps(facts).encode()
    anna.store.saved = (anna.replica.fold.n, u32(len(header)) + header + reader.take(reader.remaining))
    before = anna.replica.fold
    anna.replica._reopen()
    assert (anna.replica.fold.n, anna.replica.fold.head, anna.canonical()) == (
        before.n,
        before.head,
        "0 1 2 ",
    )
    assert anna.replica.fold.owner.last_id == anna.replica.pad_id


def test_a_start_of_before_it_was_kept_is_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a vault did not see the beginning: it must not vouch for snapshots, nor warn of true ones."""
    anna, nora = Person("Anna", 1), Person("Nora", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    bring(anna, relay, snapshot_at_checkpoint(anna, relay, monkeypatch))
    join(nora, relay, flows.Pin(0, b""))
    start = nora.replica.fold.start
    assert start
    reader = Reader(encode_checkpoint(nora.replica.fold))
    facts = json.loads(reader.sized(1 << 20))
    del facts["start"]
    header = json.dumps(facts).encode()
    nora.store.saved = (nora.replica.fold.n, u32(len(header)) + header + reader.take(reader.remaining))
    nora.replica._reopen()
    assert nora.replica.fold.start == start
    assert not nora.replica.fold.start.checked
    anna.replica.save_checkpoint(again=True)
    anna.replica._reopen()
    assert anna.replica.fold.start is None
