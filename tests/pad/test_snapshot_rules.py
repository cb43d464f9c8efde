"""Snapshots that an honest relay takes and offers, and that no client may count: who was there says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pad.test_joining import bring, grow, join, snapshot_at_checkpoint
from pad.test_verdicts import LIE, settle

from cryptpad_relay.protocol.entry import FLATTENED, Kind, parse_entry
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad import flows, replica, sealed_checks, snapshots
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.pad.writers import WriterStatus, encode_table
from support.pads import ListRelay, Person, relay_for


@pytest.fixture
def pad(monkeypatch: pytest.MonkeyPatch) -> tuple[Person, Person, ListRelay, snapshots.Snapshot]:
    """Anna and Mallory were there; a true snapshot was made at this very position, and not sent."""
    anna, mallory = Person("Anna", 1), Person("Mallory", 2)
    relay = relay_for(anna)
    grow(anna, relay, 3)
    mallory.fetch(relay)
    made = snapshot_at_checkpoint(mallory, relay, monkeypatch)
    anna.fetch(relay)
    return anna, mallory, relay, made


def lie_of(liar: Person, relay: ListRelay) -> snapshots.Snapshot:
    """Right in all but its text, at the liar's own position."""
    fold, writer = liar.replica.fold, liar.replica.writer
    assert writer
    false = ViewDocument(client_id=writer.client_id, kind=liar.replica.kind)
    false.replace(false.lines.end, false.lines.end, LIE)
    document = type(fold.document)(fold.kind)
    document.apply(document.check(writer.client_id, false.take_updates()))
    true, fold.document, known = fold.document, document, dict(fold.digests)
    fold.mark_checkpoint()
    made = snapshots.make_snapshot(fold, rng=liar.rng)
    fold.document, fold.digests = true, known
    relay.chunks[made.extension.table_id] = encode_table(fold.writers.values())
    relay.chunks.update({chunk_id_of(chunk): chunk for chunk in made.chunks})
    return made


def end(liar: Person, relay: ListRelay, writer: Writer, how: str) -> None:
    """What makes a writer end for every client, and what no relay can see."""
    if how == "superseded":
        relay.append(liar.replica.queue.superseding_hello(writer.pk).raw)
    else:
        relay.append(writer.update(liar.replica.base(), (b"\0\1no update",)).raw)


@pytest.mark.parametrize("defended", [True, False])
@pytest.mark.parametrize("how", ["superseded", "terminated"])
def test_a_lie_by_a_writer_that_had_ended_is_warned_of(
    pad: tuple[Person, Person, ListRelay, snapshots.Snapshot],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    defended: bool,
) -> None:
    """It says of itself that it goes on, so that whoever begins there believes it."""
    anna, mallory, relay, _ = pad
    if not defended:
        monkeypatch.setattr(sealed_checks, "_is_lie", lambda fold, entry, n: False)
    made, base = lie_of(mallory, relay), mallory.replica.base()
    writer, hello = mallory.replica.queue.snapshot_writer()
    hello_n = relay.append(hello.raw)
    end(mallory, relay, writer, how)
    relay.append(writer.other(Kind.SNAPSHOT, base, made.seal.encode(), made.extension).raw)
    relay.hello_n = hello_n
    anna.fetch(relay)
    assert anna.replica.fold.writers[writer.pk].status is WriterStatus.TERMINATED
    anna.send(relay)
    anna.fetch(relay)
    assert (parse_entry(relay.entries[-1]).kind is Kind.ALERT) == defended
    nora = Person("Nora", 3)
    join(nora, relay, flows.Pin(0, b""))
    assert nora.canonical() == LIE
    settle(nora, relay)
    assert (nora.canonical() == anna.canonical()) == defended


def test_a_true_snapshot_of_the_ended_accuses_nobody(
    pad: tuple[Person, Person, ListRelay, snapshots.Snapshot],
) -> None:
    anna, mallory, relay, made = pad
    writer, hello = mallory.replica.queue.snapshot_writer()
    base = mallory.replica.base()
    relay.append(hello.raw)
    end(mallory, relay, writer, "superseded")
    relay.append(writer.other(Kind.SNAPSHOT, base, made.seal.encode(), made.extension).raw)
    anna.fetch(relay)
    assert anna.replica.fold.snapshot is None
    assert not anna.store.outbox()


OTHER = b"\7" * 32
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another state": ({}, {"state_digest": OTHER}),
    "another content": ({}, {"content_digest": OTHER}),
    "another log": ({"snap_head": OTHER}, {}),
    "other writers": ({"table_id": OTHER}, {}),
    "no checkpoint": ({"snap_n": 63}, {}),
    "what comes later": ({"snap_n": 200}, {}),
    "a form that is reserved": ({"flags": FLATTENED}, {}),
}
"""What a snapshot says of itself that no newcomer could begin at, or should not."""


def test_a_snapshot_that_is_wrong_in_one_thing_does_not_count(
    pad: tuple[Person, Person, ListRelay, snapshots.Snapshot],
) -> None:
    """Otherwise nobody would make another one, and newcomers would wait for ever."""
    anna, mallory, relay, made = pad
    for wrong, (extension, seal) in WRONG.items():
        changed = replace(made.extension, **extension), replace(made.seal, **seal)
        bring(mallory, relay, replace(made, extension=changed[0], seal=changed[1]))
        anna.fetch(relay)
        assert anna.replica.fold.snapshot is None, wrong
        writer_pk = parse_entry(relay.entries[-1]).writer_pk
        assert anna.replica.fold.writers[writer_pk].status is WriterStatus.LIVE, wrong
    bring(mallory, relay, made)
    anna.fetch(relay)
    assert anna.replica.fold.snapshot is not None


def test_of_two_snapshots_of_one_position_the_first_counts(
    pad: tuple[Person, Person, ListRelay, snapshots.Snapshot],
) -> None:
    anna, mallory, relay, made = pad
    bring(mallory, relay, made)
    anna.fetch(relay)
    first = anna.replica.fold.snapshot
    bring(mallory, relay, made)
    anna.fetch(relay)
    assert anna.replica.fold.snapshot == first is not None


def wants_at_checkpoint(person: Person, relay: ListRelay) -> bool:
    while person.replica.fold.n != person.replica.fold.checkpoint_n:
        grow(person, relay, 1)
    return person.replica.wants_snapshot()


def test_where_newcomers_are_offered_what_nobody_can_begin_at_another_is_made(
    pad: tuple[Person, Person, ListRelay, snapshots.Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No relay sees that its seal holds nothing; who comes back to the pad does."""
    anna, mallory, relay, made = pad
    writer, hello = mallory.replica.queue.snapshot_writer()
    base = mallory.replica.base()
    relay.hello_n = relay.append(hello.raw)
    relay.snapshot_n = relay.append(writer.other(Kind.SNAPSHOT, base, b"\1", made.extension).raw)
    with pytest.raises(Alarm):
        join(Person("Nora", 3), relay, flows.Pin(0, b""))
    anna.fetch(relay)
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 10_000)
    assert anna.replica.fold.snapshot is None
    anna.replica.snapshot_offered(relay.snapshot_n)
    assert wants_at_checkpoint(anna, relay)
    bring(anna, relay, snapshots.make_snapshot(anna.replica.fold, rng=anna.rng))
    assert not wants_at_checkpoint(anna, relay)
