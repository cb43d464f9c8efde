"""Lies about snapshots: their pieces, their proofs, their table, and a maker who signs another history.

Each attack runs twice: as it is, and with the defence taken out, where it must succeed. A snapshot has
layers of defence; where a test takes out several, all of them are needed before the lie gets through.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import pytest
from crdt.forge import block, snapshot, string

from adversary.colluders import base_of, editor
from adversary.liar import answering
from adversary.people import Client, Lab, assert_caught, proven
from adversary.sabotage import Patch, both, nothing, yes
from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import MAX_SNAPSHOT_CHUNKS, ChunkRef, Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.pad import flows, replica, snapshots
from cryptpad_tui.pad.alarms import AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of, digest_of
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.writers import WriterStatus, encode_table


@dataclass(frozen=True)
class Lied:
    """A snapshot that its maker changed before signing."""

    fold: Fold
    made: snapshots.Snapshot


async def grown(lab: Lab, monkeypatch: Patch, author: Client) -> snapshots.Snapshot:
    """Let `author` write to the next checkpoint; returns the snapshot made there, not yet sent."""
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 10)
    author.replica.may_snapshot = lambda: True
    author.replica.made_snapshot = None
    while author.replica.made_snapshot is None:
        await author.write("x")
    made, author.replica.made_snapshot = author.replica.made_snapshot, None
    author.replica.may_snapshot = lambda: False
    return made


async def with_snapshot(lab: Lab, monkeypatch: Patch) -> tuple[Client, snapshots.Snapshot]:
    """Anna's pad with an honest snapshot in its log, and a line after it."""
    anna = await lab.client("Anna", 1)
    made = await grown(lab, monkeypatch, anna)
    await bring(lab, anna, made)
    await anna.write("after the snapshot ")
    return anna, made


async def bring(lab: Lab, maker: Client, made: snapshots.Snapshot) -> bytes:
    """The relay takes the snapshot, whatever it says; returns the entry."""
    for chunk in made.chunks:
        lab.world.chunks[chunk_id_of(chunk)] = chunk
    hello, entry = flows.snapshot_entries(maker.replica, made)
    lab.relay.grow(lab.world, hello.raw, entry.raw)
    await lab.settle()
    return entry.raw


# -- T23: pieces


def cut_small(monkeypatch: Patch) -> None:
    monkeypatch.setattr(snapshots, "PIECE_BYTES", 96)


PIECES = ["missing", "exchanged", "the first one again", "of other bytes"]


@pytest.mark.parametrize("lie", PIECES)
async def test_t23_a_wrong_piece_of_a_snapshot(lab: Lab, monkeypatch: Patch, lie: str) -> None:
    cut_small(monkeypatch)
    _, made = await with_snapshot(lab, monkeypatch)
    ids = [ref.chunk_id for ref in made.extension.chunks]
    assert len(ids) > 2
    first, second = lab.world.chunks[ids[0]], lab.world.chunks[ids[1]]
    if lie == "missing":
        del lab.world.chunks[ids[1]]
    elif lie == "exchanged":
        lab.world.chunks[ids[0]], lab.world.chunks[ids[1]] = second, first
    elif lie == "the first one again":
        lab.world.chunks[ids[1]] = first
    else:
        lab.world.chunks[ids[1]] = bytes(len(second))
    victim = lab.newcomer("Viktor", 3)
    before = victim.state()
    await victim.connect()
    assert_caught(victim, AlarmCode.BAD_SNAPSHOT, before)
    assert victim.person.store.checkpoint() is None


@both
async def test_t23_a_piece_of_an_older_snapshot(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Three layers: the piece's hash, its place in the seal, and the digest of what comes out."""
    anna, older = await with_snapshot(lab, monkeypatch)
    newer = await grown(lab, monkeypatch, anna)
    await bring(lab, anna, newer)
    old_id, new_id = (made.extension.chunks[0].chunk_id for made in (older, newer))
    lab.world.chunks[new_id] = lab.world.chunks[old_id]
    if not defended:
        monkeypatch.setattr(snapshots, "check_chunk", nothing)
        monkeypatch.setattr(snapshots, "compare_digest", yes)
        salt = older.extension.snap_salt
        aad = snapshots.chunk_aad
        monkeypatch.setattr(
            snapshots, "chunk_aad", lambda pad_id, epoch, _, i, count: aad(pad_id, epoch, salt, i, count)
        )
    victim = lab.newcomer("Viktor", 3)
    before = victim.state()
    await victim.connect()
    if defended:
        assert_caught(victim, AlarmCode.BAD_SNAPSHOT, before)
    else:
        assert victim.state().canonical != anna.state().canonical


async def test_t23_more_pieces_than_allowed_are_never_asked_for(lab: Lab, monkeypatch: Patch) -> None:
    """R+E: bounded memory, whatever a signed entry announces."""
    anna, made = await with_snapshot(lab, monkeypatch)
    huge = tuple([ChunkRef(2**32 - 1, bytes(32))] * MAX_SNAPSHOT_CHUNKS)
    newer = await grown(lab, monkeypatch, anna)
    await bring(lab, anna, replace(newer, extension=replace(newer.extension, chunks=huge)))
    victim = lab.newcomer("Viktor", 3)
    await victim.connect()
    assert victim.alarm
    assert victim.alarm.code is AlarmCode.BAD_SNAPSHOT
    assert proven(victim).reported
    asked = [message[0] for message in victim.seat.heard]
    assert Op.CHUNK_GET not in asked
    too_many = replace(made.extension, chunks=(*huge, huge[0]))
    with pytest.raises(Malformed):
        parse_entry(editor(lab).snapshot(base_of(lab), too_many, bytes(80)))


# -- T24: proofs


def wrong_steps(body: bytes) -> bytes:
    steps = list(frames.Bridged.decode(body).steps)
    steps[-1] = steps[-1]._replace(previous=b"\7" * 32)
    return frames.Bridged(tuple(steps)).encode()


def twice_the_steps(body: bytes) -> bytes:
    steps = frames.Bridged.decode(body).steps
    return frames.Bridged(steps + steps).encode()


def endless_steps(body: bytes) -> bytes:
    return (chain.MAX_PROOF_STEPS + 1).to_bytes(2, "big") + bytes(96 * (chain.MAX_PROOF_STEPS + 1))


@pytest.mark.parametrize("lie", [wrong_steps, twice_the_steps, endless_steps, lambda body: b"\0\0"])
async def test_t24_a_proof_that_is_wrong_too_long_or_endless(lab: Lab, monkeypatch: Patch, lie: Any) -> None:
    await with_snapshot(lab, monkeypatch)
    lab.lies_for["Viktor"] = [answering(Op.BRIDGE, lie)]
    victim = lab.newcomer("Viktor", 3)
    before = victim.state()
    await victim.connect()
    assert victim.state() == before
    if lie is endless_steps:
        assert any(isinstance(error, Malformed) for error in victim.errors)
    else:
        assert_caught(victim, AlarmCode.BAD_SNAPSHOT, before)


@both
async def test_t24_a_snapshot_of_a_log_that_does_not_extend_the_pin(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """A whole other history, compacted, for a newcomer whose link remembers the real one."""
    anna = await lab.client("Anna", 1)
    await anna.write("what the link's maker saw ")
    pin = flows.Pin(2, lab.world.heads[2][:16])
    other = lab.world.fork(0)
    olga = await lab.client("Olga", 4, world=other)
    lab.world = other
    made = await grown(lab, monkeypatch, olga)
    await bring(lab, olga, made)
    victim = lab.newcomer("Viktor", 3)
    victim.pin = pin
    if not defended:
        monkeypatch.setattr(flows, "check_pin", lambda fold, pin: iter(()))
    await victim.connect(other)
    if defended:
        assert victim.alarm
        assert victim.alarm.code is AlarmCode.FORK
        assert proven(victim).proven
        assert victim.person.store.checkpoint() is None
    else:
        assert victim.alarm is None
        assert victim.state().canonical == olga.state().canonical


# -- T22, R3: a maker who lies


def lying(maker: Client, made: snapshots.Snapshot, lie: str) -> tuple[snapshots.Snapshot, bytes]:
    """`made` with one lie, consistent in itself; and the table that goes with it."""
    fold = copy.copy(maker.replica.fold)
    fold.writers = {pk: replace(state) for pk, state in fold.writers.items()}
    author = next(state for state in fold.writers.values() if state.name == "Anna")
    if lie == "another text":
        clocks = dict(fold.document.clocks)
        clock = clocks[author.client_id]
        own = snapshot(block(author.client_id, 0, string("y" * clock)))
        fold.document = CanonicalDocument.from_snapshot(fold.kind, own, {author.client_id: clock})
    elif lie == "a terminated writer lives":
        ended = next(state for state in fold.writers.values() if state.status is WriterStatus.TERMINATED)
        ended.status = WriterStatus.LIVE
    elif lie == "a foreign identity":
        author.ident_pk = maker.person.rng(32)
    elif lie == "a lower last seq":
        author.last_seq -= 1
    elif lie == "a writer left out":
        fold.writers = {pk: state for pk, state in fold.writers.items() if state is not author}
        fold.document = CanonicalDocument(fold.kind)
    fold.digests = {fold.n: digest_of(fold.document, fold.writers.values())}
    return snapshots.make_snapshot(fold, rng=maker.person.rng), encode_table(fold.writers.values())


LIES = [
    "another text",
    "a terminated writer lives",
    "a foreign identity",
    "a lower last seq",
    "a writer left out",
]


async def lied_to(lab: Lab, monkeypatch: Patch, lie: str) -> tuple[Client, Client]:
    """R+E: Anna's software makes the lie; Viktor is a veteran with a writer of his own."""
    anna, viktor = await lab.client("Anna", 1), await lab.client("Viktor", 3)
    await viktor.write("by Viktor ")
    mallory = editor(lab)
    lab.relay.grow(lab.world, mallory.hello(base_of(lab)))
    lab.relay.grow(lab.world, mallory.update(base_of(lab), b"\xff"))
    await lab.settle()
    made = await grown(lab, monkeypatch, anna)
    lie_made, table = lying(anna, made, lie)
    await bring(lab, anna, lie_made)
    lab.world.chunks[lie_made.extension.table_id] = table
    return anna, viktor


@both
@pytest.mark.parametrize("lie", LIES)
async def test_t22_r03_veterans_warn_of_a_lying_snapshot_and_do_not_use_it(
    lab: Lab, monkeypatch: Patch, lie: str, defended: bool
) -> None:
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.sealed_checks.compare_digest", yes)
    _, viktor = await lied_to(lab, monkeypatch, lie)
    pending = [parse_entry(row.entry).kind for row in viktor.person.store.outbox()]
    assert "y" * 9 not in viktor.state().canonical
    if defended:
        assert viktor.person.store.log[-1].void
        assert viktor.replica.fold.snapshot is None
        assert pending == [Kind.ALERT]
        statuses = {state.status for state in viktor.replica.fold.writers.values()}
        assert WriterStatus.TERMINATED in statuses
    else:
        assert pending == []
        assert viktor.replica.fold.snapshot is not None, "a lie became the way into this pad"


@pytest.mark.parametrize("lie", ["state digest", "content digest", "snap_head", "snap_n"])
async def test_t22_a_joiner_catches_what_does_not_fit_itself_or_the_log(
    lab: Lab, monkeypatch: Patch, lie: str
) -> None:
    anna = await lab.client("Anna", 1)
    made = await grown(lab, monkeypatch, anna)
    wrong = b"\7" * 32
    if lie == "state digest":
        made = replace(made, seal=replace(made.seal, state_digest=wrong))
    elif lie == "content digest":
        made = replace(made, seal=replace(made.seal, content_digest=wrong))
    elif lie == "snap_head":
        made = replace(made, extension=replace(made.extension, snap_head=wrong))
    else:
        made = replace(made, extension=replace(made.extension, snap_n=made.extension.snap_n - 1))
    await bring(lab, anna, made)
    victim = lab.newcomer("Viktor", 3)
    before = victim.state()
    await victim.connect()
    assert_caught(victim, AlarmCode.BAD_SNAPSHOT, before)


@both
async def test_r03_a_table_by_the_relay_alone(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """The table is no more than a piece that the signed entry names."""
    anna, made = await with_snapshot(lab, monkeypatch)
    table_id = made.extension.table_id
    table = bytearray(lab.world.chunks[table_id])
    table[128:136] = (1).to_bytes(8, "big")
    lab.world.chunks[table_id] = bytes(table)
    if not defended:
        monkeypatch.setattr(snapshots, "check_chunk", nothing)
        monkeypatch.setattr(snapshots, "compare_digest", yes)
    victim = lab.newcomer("Viktor", 3)
    before = victim.state()
    await victim.connect()
    if defended:
        assert_caught(victim, AlarmCode.BAD_SNAPSHOT, before)
    else:
        seqs = [state.last_seq for state in victim.replica.fold.writers.values()]
        assert victim.replica.fold.n > 0
        assert seqs != [state.last_seq for state in anna.replica.fold.writers.values()]


@both
async def test_r04_a_refused_snapshot_spoils_no_writer(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """The relay refuses it, or takes it and nobody believes it: its maker types on."""
    anna, viktor = await lab.client("Anna", 1), await lab.client("Viktor", 3)
    made = await grown(lab, monkeypatch, anna)
    if not defended:
        queue, hello = anna.replica.queue, parse_entry(lab.world.entries[0])
        monkeypatch.setattr(queue, "snapshot_writer", lambda: (queue.writer, hello))
    honest = lab.world.on_append

    def refuse(body: bytes) -> bytes:
        raise Refused(Code.BAD_SNAPSHOT)

    lab.world.on_append = refuse  # type: ignore[method-assign]
    anna.replica.made_snapshot = made
    assert anna.link
    assert await anna.link.send_snapshot() is False
    lab.world.on_append = honest  # type: ignore[method-assign]
    if not defended:
        await anna.write("and goes on ")
        assert "and goes on" not in viktor.state().canonical
        return
    await bring(lab, anna, replace(made, seal=replace(made.seal, state_digest=bytes(32))))
    await anna.write("and goes on ")
    assert "and goes on" in viktor.state().canonical
    assert anna.alarm is viktor.alarm is None
