"""Each rule about a snapshot that a newcomer begins at, broken alone: docs/protocol.md §11.

What its maker says is sealed, signed and of right digests: what refuses it is the rule itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pad.test_joining import grow, join, snapshot_at_checkpoint

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import next_head
from cryptpad_relay.protocol.entry import ChunkRef, Kind, SnapshotExtension, parse_entry
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u32
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, client_id_of
from cryptpad_tui.crypto.sealing import pad, seal
from cryptpad_tui.pad import flows, snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of, state_digest
from cryptpad_tui.pad.epochs import CLOSED_ROW
from cryptpad_tui.pad.evidence import PieceKind
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.payloads import SnapshotSeal
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.pad.writers import FACT_ROW, TABLE_ROW, encode_facts, encode_table
from support.pads import ListRelay, Person, relay_for, seeded

OTHER = b"\7" * 32
ROW, FACT = TABLE_ROW.size, FACT_ROW.size


@pytest.fixture(scope="module")
def base() -> Iterator[tuple[Person, ListRelay]]:
    """Mallory stands at a checkpoint of a pad in which Anna wrote too."""
    with pytest.MonkeyPatch.context() as patch:
        anna, mallory = Person("Anna", 1), Person("Mallory", 2)
        relay = relay_for(anna)
        grow(anna, relay, 3)
        mallory.fetch(relay)
        snapshot_at_checkpoint(mallory, relay, patch)
        yield mallory, relay


@pytest.fixture
def pad_of(base: tuple[Person, ListRelay]) -> tuple[Person, ListRelay]:
    """The same, with a relay of one's own."""
    mallory, relay = base
    return mallory, another(relay)


def another(relay: ListRelay) -> ListRelay:
    own = copy.copy(relay)
    own.entries, own.ids, own.heads = list(relay.entries), list(relay.ids), list(relay.heads)
    own.records, own.chunks, own.tape = list(relay.records), dict(relay.chunks), []
    return own


def bring(
    mallory: Person,
    relay: ListRelay,
    *,
    table: bytes | None = None,
    facts: bytes | None = None,
    update: bytes | None = None,
    content: bytes | None = None,
    state: bytes | None = None,
    behind: bytes = b"",
    cut: Callable[[bytes], list[bytes]] = lambda body: [body],
    swap: bool = False,
    **extension: Any,
) -> Writer:
    """A snapshot that says this, with digests of what it says; at the relay, and offered."""
    fold, rng = mallory.replica.fold, seeded(9)
    clocks = fold.document.clocks
    table = encode_table(fold.writers.values()) if table is None else table
    facts = encode_facts(fold.writers.values(), clocks) if facts is None else facts
    update = fold.document.encode() if update is None else update
    shown = fold.document.content_digest() if content is None else content
    truth = state_digest(shown, clocks, table, facts) if state is None else state
    pieces = cut(pad(u32(len(facts)) + facts + u32(len(update)) + update + behind))
    salt = bytes(16)
    aads = [snapshots.chunk_aad(fold.pad_id, 0, salt, at, len(pieces)) for at in range(len(pieces))]
    chunks = [
        seal(fold.keys.read_key, aad, piece, rng=rng)
        for aad, piece in zip(reversed(aads) if swap else aads, pieces, strict=True)
    ]
    fields: dict[str, Any] = {
        "snap_n": fold.n,
        "snap_head": fold.head,
        "prev_snapshot_id": bytes(32),
        "flags": 0,
        "snap_salt": salt,
        "table_id": chunk_id_of(table),
        "chunks": tuple([ChunkRef(len(chunk), chunk_id_of(chunk)) for chunk in chunks]),
    }
    made = SnapshotExtension(**{**fields, **extension})
    writer, hello = mallory.replica.queue.snapshot_writer()
    plain = SnapshotSeal(truth, shown, "pycrdt-x").encode()
    entry = writer.other(Kind.SNAPSHOT, mallory.replica.base(), plain, made)
    relay.chunks[chunk_id_of(table)] = table
    relay.chunks.update({chunk_id_of(chunk): chunk for chunk in chunks})
    relay.append(hello.raw)
    relay.append(entry.raw)
    return writer


def refusal(relay: ListRelay) -> Alarm | None:
    nora = Person("Nora", 3)
    try:
        join(nora, relay, flows.Pin(0, b""))
    except Alarm as alarm:
        assert nora.store.checkpoint() is None
        return alarm
    return None


def refused(relay: ListRelay) -> AlarmCode | None:
    alarm = refusal(relay)
    return alarm.code if alarm else None


def halves(body: bytes) -> list[bytes]:
    return [body[: len(body) // 2], body[len(body) // 2 :]]


def test_a_snapshot_that_is_right_is_begun_at(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    assert refused(relay) is None


def said(fold: Fold) -> dict[str, dict[str, Any]]:
    """What its maker may get wrong, or lie about."""
    writers, clocks = fold.writers.values(), fold.document.clocks
    table, facts = encode_table(writers), encode_facts(writers, clocks)
    other = SigningSeed(b"\5" * 32).public
    own_id = client_id_of(fold.pad_id, other)
    closed = CLOSED_ROW.pack(other, 1, OTHER, own_id, 0, OTHER)
    second = SigningSeed(b"\6" * 32).public
    rows = sorted([closed, CLOSED_ROW.pack(second, 1, OTHER, client_id_of(fold.pad_id, second), 0, OTHER)])
    truth = state_digest(fold.document.content_digest(), clocks, table, facts)
    empty = CanonicalDocument(fold.kind)
    return {
        "a writer without a certificate": {"table": table[:32] + bytes(64) + table[96:]},
        "rows out of order": {"table": table[ROW:] + table[:ROW], "facts": facts[FACT:] + facts[:FACT]},
        "a writer twice": {"table": table[:ROW] + table, "facts": facts[:FACT] + facts},
        "a row cut": {"table": table[:-1]},
        "a fact too few": {"facts": facts[:-FACT]},
        "a fact cut": {"facts": facts[:-1]},
        "a status of later": {"facts": b"\4" + facts[1:]},
        "another clock": {"facts": facts[:1] + u32(99) + facts[5:]},
        "a closed row cut": {"facts": facts + closed[:-1]},
        "a closed writer with another's id": {
            "facts": facts + CLOSED_ROW.pack(other, 1, OTHER, own_id + 1, 0, OTHER)
        },
        "a closed writer twice": {"facts": facts + closed + closed},
        "closed writers out of order": {"facts": facts + rows[1] + rows[0]},
        "another content": {"content": OTHER, "state": truth},
        "another state": {"state": OTHER},
        "no writers": {
            "table": b"",
            "facts": b"",
            "update": empty.encode(),
            "content": empty.content_digest(),
            "state": state_digest(empty.content_digest(), {}, b"", b""),
        },
        "a document that is none": {"update": b"\1\1"},
        "something behind it": {"behind": b"\0"},
        "pieces of another size": {"cut": halves},
        "another log": {"snap_head": OTHER},
        "a form that is reserved": {"flags": 1},
    }


def test_a_snapshot_that_breaks_one_rule_is_refused(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    for case, changes in said(mallory.replica.fold).items():
        own = another(relay)
        bring(mallory, own, **changes)
        assert refused(own) is AlarmCode.BAD_SNAPSHOT, case


def test_pieces_stand_in_their_order(
    pad_of: tuple[Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory, relay = pad_of
    monkeypatch.setattr(snapshots, "PIECE_BYTES", 100)

    def cut(body: bytes) -> list[bytes]:
        return [body[at : at + 100] for at in range(0, len(body), 100)]

    bring(mallory, relay, cut=cut)
    assert refused(relay) is None
    bring(mallory, relay, cut=cut, swap=True)
    assert refused(relay) is AlarmCode.BAD_SNAPSHOT


def test_a_snapshot_has_its_bound(pad_of: tuple[Person, ListRelay], monkeypatch: pytest.MonkeyPatch) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    monkeypatch.setattr(snapshots, "MAX_TOTAL_BYTES", 100)
    relay.tape.clear()
    assert refused(relay) is AlarmCode.BAD_SNAPSHOT
    assert Op.CHUNK_GET not in {op for op, _, _ in relay.tape}


def test_what_the_relay_gives_is_what_its_maker_signed(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    whole = dict(relay.chunks)
    for chunk_id, chunk in whole.items():
        for other in (chunk[:-1] + bytes([chunk[-1] ^ 1]), chunk + b"\0", chunk[:-1]):
            relay.chunks = {**whole, chunk_id: other}
            alarm = refusal(relay)
            assert alarm is not None
            assert alarm.code is AlarmCode.BAD_SNAPSHOT
            # What the relay gave is told, and nothing is said against the snapshot's maker.
            assert PieceKind.ENTRY not in {piece.kind for piece in alarm.pieces}
    relay.chunks = whole
    assert refused(relay) is None


class Showing(ListRelay):
    """Shows other bytes to who asks for one entry than to who folds the log."""

    shown: dict[int, bytes]

    def on_fetch(self, body: bytes) -> bytes:
        asked = frames.Fetch.decode(body)
        if asked.limit == 1 and asked.after_n + 1 in self.shown:
            n = asked.after_n + 1
            return frames.Fetched(n, self.heads[n], (self.shown[n],)).encode()
        return super().on_fetch(body)


def test_a_snapshot_and_its_hello_are_signed(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    at = relay.snapshot_n
    relay.__class__ = Showing
    assert isinstance(relay, Showing)
    for n, code in ((at - 1, AlarmCode.NOT_AUTHORISED), (at, AlarmCode.BAD_ENTRY)):
        relay.shown = {n: relay.entries[n - 1][:-64] + bytes(64)}
        assert refused(relay) is code
    relay.shown = {}
    assert refused(relay) is None


def test_a_snapshots_writer_is_certified(
    pad_of: tuple[Person, ListRelay], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever only reads can seal one; the relay may show it."""
    mallory, relay = pad_of
    reader = EditKeys(view_seed=mallory.replica.keys.view_seed, edit_seed=OTHER)
    writer = Writer(mallory.replica.pad_id, 0, reader, rng=seeded(4))
    hello = writer.hello(mallory.replica.base(), mallory.identity, "Mallory", bytes(3))
    monkeypatch.setattr(mallory.replica.queue, "snapshot_writer", lambda: (writer, hello))
    bring(mallory, relay)
    relay.tape.clear()
    assert refused(relay) is AlarmCode.NOT_AUTHORISED
    assert Op.TABLE not in {op for op, _, _ in relay.tape}


def test_its_place_and_its_hello_are_those_that_it_has(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    at = relay.snapshot_n
    for snapshot_n, hello_n in ((at, at), (at, 0), (at - 1, at), (at + 1, at - 1), (at, 1), (2, 1), (at, 2)):
        relay.snapshot_n, relay.hello_n = snapshot_n, hello_n
        assert refused(relay) is AlarmCode.BAD_SNAPSHOT, (snapshot_n, hello_n)


def test_a_chunk_has_the_length_that_its_maker_signed(pad_of: tuple[Person, ListRelay]) -> None:
    mallory, relay = pad_of
    bring(mallory, relay)
    entry = parse_entry(relay.entries[-1])
    assert entry.snapshot is not None
    [true] = entry.snapshot.chunks
    for size in (true.size - 1, true.size + 1):
        # The same seal again, as it is made of the same randomness.
        bring(mallory, relay, chunks=(ChunkRef(size, true.chunk_id),))
        assert refused(relay) is AlarmCode.BAD_SNAPSHOT


def test_a_log_begins_with_its_pads_birth(pad_of: tuple[Person, ListRelay]) -> None:
    """A relay and an editor may make a chain of their own, with everything in it but its beginning."""
    mallory, relay = pad_of
    heads = [OTHER]
    for n, entry_id in enumerate(relay.ids, 1):
        heads.append(next_head(heads[-1], heads[n & (n - 1)], n, entry_id))
    relay.heads = heads
    relay.tape.clear()
    bring(mallory, relay, snap_head=heads[mallory.replica.fold.n])
    assert refused(relay) is AlarmCode.BAD_SNAPSHOT
    assert Op.CHUNK_GET not in {op for op, _, _ in relay.tape}
