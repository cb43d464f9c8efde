"""Honest editors with delays, undo, formats and maps: nothing of theirs is ever refused at its log position.

The pending order of protocol §9 is kept: a client sends its own updates in order, and the log is the
truth. `CRYPTPAD_TUI_SIM_RUNS` makes the simulation longer.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

import pytest

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import merge_own, split_update
from cryptpad_tui.crdt.validator import FoldState
from cryptpad_tui.crdt.view import ViewDocument

ALPHABET = "abc é😀\n\tß漢"
FORMATS = ({"bold": True}, {"bold": None}, {"italic": True}, {"header": 2}, {"link": 'é"\\\n'})
VALUES = (1, "s", None, 2.5, [1, 2], {"k": [True, -7, 1e300]}, b"raw", -0.0, 2**53 - 1)
RUNS = int(os.environ.get("CRYPTPAD_TUI_SIM_RUNS", "14"))


@dataclass
class Peer:
    client_id: int
    view: ViewDocument
    outbox: list[bytes] = field(default_factory=list)
    folded: int = 0


class Room:
    """A log, its canonical fold, and peers that lag behind it."""

    def __init__(self, rng: random.Random, kind: PadKind) -> None:
        self.rng, self.kind = rng, kind
        self.canonical = CanonicalDocument(kind)
        self.log: list[tuple[int, list[bytes]]] = []
        self.peers = [Peer(100 + i, ViewDocument(client_id=100 + i, kind=kind)) for i in range(4)]

    def edit(self, peer: Peer) -> None:
        rng, view = self.rng, peer.view
        place, length = view.lines.position_at, view.lines.char_count
        a = rng.randrange(length + 1)
        b = min(length, a + rng.randrange(12))
        made = "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, 6)))
        act = rng.random()
        rich = self.kind is PadKind.RICHTEXT
        if act < 0.4:
            view.replace(place(a), place(a), made, {"bold": True} if rich and act < 0.1 else None)
        elif act < 0.58:
            view.replace(place(a), place(b), rng.choice(["", made]))
        elif act < 0.68 and rich:
            view.format(place(a), place(b), rng.choice(FORMATS))
        elif act < 0.74:
            view.set_map(rng.choice(["meta", "comments"]), rng.choice("xyz"), rng.choice(VALUES))
        elif act < 0.77:
            view.delete_map("meta", rng.choice("xyz"))
        elif act < 0.85:
            view.undo()
        elif act < 0.9:
            view.redo()
        elif act < 0.93:
            view.end_undo_group()
        elif act < 0.932:
            view.replace(place(a), place(b), "".join(rng.choices(ALPHABET, k=500)))
        elif act < 0.934:
            view.replace(place(0), view.lines.end, "")
        peer.outbox += view.take_updates()

    def send(self, peer: Peer, share: float) -> None:
        count = len(peer.outbox) if share == 1 else self.rng.randrange(len(peer.outbox) + 1)
        if not count:
            return
        taken, peer.outbox = peer.outbox[:count], peer.outbox[count:]
        if self.rng.random() < 0.5:
            taken = merge_own(taken)
        if self.rng.random() < 0.3:
            taken = [part for update in taken for part in split_update(update, max_bytes=24)]
        self.canonical.apply(self.canonical.check(peer.client_id, taken))
        self.log.append((peer.client_id, taken))

    def fold(self, peer: Peer, upto: int) -> None:
        for client_id, updates in self.log[peer.folded : upto]:
            if client_id != peer.client_id:
                for update in updates:
                    peer.view.apply(update)
        peer.folded = max(peer.folded, upto)


def run(seed: int, kind: PadKind, steps: int = 150) -> Room:
    rng = random.Random(seed)
    room = Room(rng, kind)
    for _ in range(steps):
        room.edit(rng.choice(room.peers))
        room.send(rng.choice(room.peers), rng.random())
        peer = rng.choice(room.peers)
        room.fold(peer, rng.randrange(peer.folded, len(room.log) + 1))
    for peer in room.peers:
        room.send(peer, 1)
    for peer in room.peers:
        room.fold(peer, len(room.log))
    return room


def summary(state: FoldState) -> tuple[object, ...]:
    """What the validator remembers, in a form that does not depend on how it was learnt."""
    zones = {
        client: list(zip(state.zones.starts[client], roots, strict=True))
        for client, roots in state.zones.roots.items()
    }
    low = {
        (client, clock)
        for client, clock in state.clocks.items()
        for clock in range(clock)
        if (client, clock) in state.low
    }
    return dict(state.clocks), zones, low


@pytest.mark.parametrize("seed", range(RUNS))
def test_nothing_honest_is_refused_and_all_replicas_agree(seed: int) -> None:
    room = run(seed, PadKind.RICHTEXT if seed % 3 else PadKind.TEXT)
    canonical = room.canonical
    digest = canonical.content_digest()
    for peer in room.peers:
        assert peer.view.text() == canonical.text()
        assert peer.view.state_vector() == canonical.clocks
        for root in room.kind.map_roots:
            assert peer.view.map_items(root) == canonical.maps()[root]
    again = CanonicalDocument(room.kind)
    for client_id, updates in room.log:
        again.apply(again.check(client_id, updates))
    reloaded = CanonicalDocument.from_snapshot(room.kind, canonical.encode(), canonical.clocks)
    twice = CanonicalDocument.from_snapshot(room.kind, reloaded.encode(), canonical.clocks)
    for other in (again, reloaded, twice):
        assert other.content_digest() == digest
        assert other.clocks == canonical.clocks
        assert other.text_bytes() == len(canonical.text().encode())
        assert summary(other._state) == summary(canonical._state)
    assert sum(len(updates) for _, updates in room.log) > 60


def test_the_tail_folds_alike_on_a_snapshot_and_on_the_whole_log() -> None:
    room = run(5, PadKind.RICHTEXT)
    half = len(room.log) // 2
    whole = CanonicalDocument(room.kind)
    for client_id, updates in room.log[:half]:
        whole.apply(whole.check(client_id, updates))
    joiner = CanonicalDocument.from_snapshot(room.kind, whole.encode(), whole.clocks)
    for client_id, updates in room.log[half:]:
        for document in (whole, joiner):
            document.apply(document.check(client_id, updates))
        assert whole.text() == joiner.text()
    assert whole.content_digest() == joiner.content_digest()


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_later_entry_stays_valid_when_an_earlier_one_is_voided(seed: int) -> None:
    room = run(seed, PadKind.RICHTEXT, steps=60)
    voided = len(room.log) // 3
    documents = [CanonicalDocument(room.kind) for _ in range(2)]
    for n, (client_id, updates) in enumerate(room.log):
        for document in documents:
            check = document.check_void if n == voided else document.check
            document.apply(check(client_id, updates))
    assert documents[0].content_digest() == documents[1].content_digest()
    assert documents[0].clocks == room.canonical.clocks
    snapshot = CanonicalDocument.from_snapshot(room.kind, documents[0].encode(), documents[0].clocks)
    assert snapshot.content_digest() == documents[0].content_digest()
