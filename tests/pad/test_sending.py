"""What is sent is sent once: lost acknowledgements, wrong ones, and large edits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import MAX_ENTRY_BYTES, Kind, parse_entry
from cryptpad_relay.protocol.errors import Code
from cryptpad_tui.crdt.canonical import Checked
from cryptpad_tui.pad import flows, outgoing
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.sync.connection import RelayUnreachable
from support.pads import ListRelay, Person, relay_for


class LosesAcks(ListRelay):
    """Appends, and then the connection is gone before the answer arrives."""

    losing = True

    def on_append(self, body: bytes) -> bytes:
        answer = super().on_append(body)
        if self.losing:
            raise RelayUnreachable("the connection to the relay was lost")
        return answer


def test_a_lost_acknowledgement_doubles_nothing() -> None:
    """R26: the same bytes again are acknowledged again, at the place they have."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = LosesAcks(anna.replica.pad_id, anna.replica.genesis.raw)
    anna.type("written once. ")
    anna.replica.queue.seal_pending()
    sealed = [row.entry for row in anna.store.outbox()]
    with pytest.raises(RelayUnreachable):
        anna.send(relay)
    assert [row.entry for row in anna.store.outbox()] == sealed
    relay.losing = False
    anna.send(relay)
    anna.fetch(relay)
    boris.fetch(relay)
    assert relay.entries == sealed
    assert anna.canonical() == boris.canonical() == "written once. "
    assert anna.store.outbox() == []


def test_a_restart_between_signing_and_acknowledgement_sends_the_same_bytes() -> None:
    """T26, R5: what is in the outbox goes as it is; the next process signs with another key."""
    anna = Person("Anna", 1)
    relay = LosesAcks(anna.replica.pad_id, anna.replica.genesis.raw)
    anna.type("before the crash. ")
    anna.replica.queue.seal_pending()
    with pytest.raises(RelayUnreachable):
        anna.send(relay)
    relay.losing = False
    again = Person("Anna", 2)
    again.store = again.replica.store = anna.store
    again.send(relay)
    again.fetch(relay)
    again.type("after it.")
    again.sync(relay)
    writers = {parse_entry(raw).writer_pk for raw in relay.entries}
    places = {(parse_entry(raw).writer_pk, parse_entry(raw).seq) for raw in relay.entries}
    assert len(writers) == 2
    assert len(places) == len(relay.entries)
    assert again.canonical() == "before the crash. after it."


class AcksTooMuch(ListRelay):
    def on_append(self, body: bytes) -> bytes:
        count = len(frames.Append.decode(body).entries) + 1
        return frames.Appended((frames.PadHead(1, bytes(32)),) * count).encode()


class AcksNothing(ListRelay):
    def on_append(self, body: bytes) -> bytes:
        return frames.Appended(()).encode()


@pytest.mark.parametrize("kind", [AcksTooMuch, AcksNothing])
def test_an_acknowledgement_that_fits_nothing_is_an_alarm(kind: type[ListRelay]) -> None:
    """T25."""
    anna = Person("Anna", 1)
    relay = kind(anna.replica.pad_id, anna.replica.genesis.raw)
    anna.type("x")
    anna.replica.queue.seal_pending()
    with pytest.raises(Alarm):
        anna.send(relay)
    assert len(anna.store.outbox()) == 2


def test_a_false_acknowledgement_makes_nothing_synced() -> None:
    """T25: only an entry that came back in the log leaves the outbox."""
    anna = Person("Anna", 1)
    honest = relay_for(anna)

    class Forgets(ListRelay):
        def on_append(self, body: bytes) -> bytes:
            return honest.on_append(body)

    forgetful = Forgets(anna.replica.pad_id, anna.replica.genesis.raw)
    anna.type("kept here")
    anna.replica.queue.seal_pending()
    assert anna.send(forgetful).code == Code.OK
    anna.fetch(forgetful)
    assert len(anna.store.outbox()) == 2


def test_a_large_paste_becomes_entries_that_each_stand_alone() -> None:
    """R18: 3 MB; any prefix of the log folds."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    anna.type("größer 😀 " * 200_000)
    anna.replica.queue.seal_pending()
    anna.send(relay)
    assert len(relay.entries) > 5
    assert max(map(len, relay.entries)) <= MAX_ENTRY_BYTES
    for n in range(1, len(relay.entries) + 1):
        boris.show(relay.play(flows.catch_up(boris.replica, n, relay.heads[n])))
        assert not boris.store.log[-1].void
    anna.fetch(relay)
    assert anna.text() == boris.canonical()


def test_an_active_writer_may_make_a_snapshot() -> None:
    """R4: a writer in mid-text; its next edit follows as if nothing had been."""
    from cryptpad_tui.pad import replica

    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    anna.replica.may_snapshot = lambda: True
    for i in range(70):
        anna.type(f"{i} ")
        anna.replica.queue.seal_pending()
        anna.send(relay)
        first = anna.replica.fold.n + 1
        entries = tuple(relay.entries[first - 1 :])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 10)
            anna.show(relay.play(flows.take(anna.replica, first, entries, relay.heads[-1], live=True)))
    made = anna.replica.made_snapshot
    assert made
    entries_of_it = flows.snapshot_entries(anna.replica, made)
    assert relay.play(flows.send_snapshot(anna.replica, made, entries_of_it))
    anna.type("and on")
    anna.sync(relay)
    boris.fetch(relay)
    assert not any(row.void for row in boris.store.log)
    assert boris.canonical() == anna.text()
    assert [parse_entry(raw).kind for raw in relay.entries].count(Kind.SNAPSHOT) == 1
    assert boris.replica.fold.snapshot == anna.replica.fold.snapshot


def test_what_is_checked_at_once_is_short_whatever_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long formatted import is signed in groups, with keys in between, and not on top of all of itself."""
    monkeypatch.setattr(outgoing, "SEAL_BYTES", 100)
    monkeypatch.setattr(outgoing, "IN_FLIGHT_BYTES", 1_500)
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    for n in range(12):
        anna.type(f"sixty bytes of text that wait for their turn in the queue {n:2} ")
    checked: list[int] = []
    check = anna.replica.fold.document.check

    def noting(client_id: int, updates: Sequence[bytes]) -> Checked:
        checked.append(sum(map(len, updates)))
        return check(client_id, updates)

    monkeypatch.setattr(anna.replica.fold.document, "check", noting)
    while anna.store.journal_after(0):
        anna.replica.queue.seal_pending()
        assert anna.replica.queue.has_more == bool(anna.store.journal_after(0))
        anna.sync(relay)
    anna.sync(relay)
    boris.fetch(relay)
    assert boris.canonical() == anna.canonical()
    assert boris.canonical().count("sixty") == 12
    assert max(checked) < 600
