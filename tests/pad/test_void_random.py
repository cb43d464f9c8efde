"""Random histories of edits, snapshots, VOIDs, joins and reopenings: equal log, equal state for everybody."""

from __future__ import annotations

import random

import pytest
from pad.test_joining import join
from pad.test_void import void

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.records import record_kind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad import digests, flows
from cryptpad_tui.pad.owner_records import VOIDABLE
from cryptpad_tui.pad.snapshots import make_snapshot
from cryptpad_tui.pad.writers import WriterStatus, encode_table
from support.pads import Person, relay_for

RECENT = 25


class History:
    """One pad's people and what they do; the relay's rules for snapshots are kept here."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._seed = seed * 100
        self.people = [Person("P0", self._seed)]
        self.relay = relay_for(self.people[0])
        self._voided: set[int] = set()
        self._snapshots: list[tuple[int, int]] = []
        self._record_n = 0

    def settle(self, person: Person) -> None:
        """To the log's end; there is no view to follow."""
        person.fetch(self.relay)
        person.replica.take_folded()
        person.replica.replaced, person.replica.reloaded = None, False

    def write(self, person: Person) -> None:
        self.settle(person)
        replica, rng = person.replica, self.rng
        assert replica.writer
        known = replica.fold.writers.get(replica.writer.pk)
        writer = replica.writer
        if known and known.status is not WriterStatus.LIVE:
            writer = replica.queue.renew_writer()
        view = ViewDocument(client_id=writer.client_id, kind=replica.kind, state=replica.canonical_state())
        start = rng.randint(0, len(view.text()))
        end = min(start + rng.choice((0, 0, 2)), len(view.text()))
        text = rng.choice(("ab", "x", "hello ", "\n", "é😀"))
        view.replace(view.lines.position_at(start), view.lines.position_at(end), text)
        replica.store.append_journal(writer.pk, view.take_updates())
        replica.queue.seal_pending()
        person.send(self.relay)
        self.settle(person)

    def snapshot(self, person: Person) -> None:
        self.settle(person)
        fold, relay = person.replica.fold, self.relay
        while fold.checkpoint_n != fold.n or fold.n <= max(
            [self._record_n, *[s[1] for s in self._snapshots]]
        ):
            self.write(person)
            fold = person.replica.fold
        made = make_snapshot(fold, rng=person.rng)
        relay.chunks[made.extension.table_id] = encode_table(fold.writers.values())
        entries = flows.snapshot_entries(person.replica, made)
        if self.rng.random() < 0.5:
            self.write(self.rng.choice(self.people))
        assert relay.play(flows.send_snapshot(person.replica, made, entries))
        self._snapshots.append((relay.snapshot_n, made.extension.snap_n))

    def void(self) -> None:
        able = [
            n for n, raw in enumerate(self.relay.entries, 1) if n not in self._voided and is_voidable(raw)
        ]
        snapshots = [n for n, _ in self._snapshots] if self.rng.random() < 0.35 else []
        if not able:
            return
        n = self.rng.choice(snapshots or able[-RECENT:])
        void(self.relay, n)
        self._voided.add(n)
        self._record_n = len(self.relay.entries)
        self._snapshots = [each for each in self._snapshots if each[0] != n]
        newest = self._snapshots[-1][0] if self._snapshots else 1
        self.relay.snapshot_n, self.relay.hello_n = (newest, newest - 1) if newest > 1 else (0, 0)

    def join(self) -> None:
        person = Person(f"P{len(self.people)}", self._seed + len(self.people))
        join(person, self.relay, flows.Pin(0, b""))
        self.people.append(person)

    def step(self) -> None:
        person, dice = self.rng.choice(self.people), self.rng.random()
        if dice < 0.55:
            self.write(person)
        elif dice < 0.68:
            self.snapshot(person)
        elif dice < 0.76:
            self.void()
        elif dice < 0.84 and len(self.people) < 6:
            self.join()
        elif dice < 0.92:
            self.settle(person)
            person.replica.save_checkpoint()
        else:
            person.replica._reopen()


def is_voidable(raw: bytes) -> bool:
    return record_kind(raw) is None and parse_entry(raw).kind in VOIDABLE


@pytest.mark.parametrize("seed", [5, 10, 38])
def test_everybody_agrees_wherever_they_began(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of these histories tell bases that lie too high apart."""
    monkeypatch.setattr(digests, "MIN_SPACING", 6)
    history = History(seed)
    for _ in range(50):
        history.step()
    birth = Person("Birth", 7)
    history.join()
    history.people.append(birth)
    void_at: dict[int, bool] = {}
    for person in history.people:
        history.settle(person)
        fold, first = person.replica.fold, history.people[0].replica.fold
        mine, theirs = (digests.digest_of(each.document, each.writers.values()) for each in (fold, first))
        assert mine == theirs
        assert fold.snapshot == first.snapshot
        assert all(void_at.setdefault(row.n, row.void) == row.void for row in person.store.log)
        assert person.replica.judgement.take_notices() == []
