"""Beginning at a snapshot: a newcomer's first step, and the way around what this machine cannot load.

Flows, like `pad.flows`. Whoever begins so trusts the snapshot's maker until it is checked, so nothing of it
is kept before the log proved to hold it, and never a snapshot of another log than was verified here.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import Entry, Kind, SnapshotExtension, parse_entry
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Flow, Request, do_job, get_chunk, get_table, one_entry, prove
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.folded import Detour
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import DocumentLoader
from cryptpad_tui.pad.verdicts import StartMark


@dataclass(frozen=True, slots=True)
class Offer:
    """The snapshot that the relay names, and the end that it signed."""

    position: int
    hello_n: int
    end_n: int


def start(replica: Replica, offer: Offer, load: DocumentLoader) -> Flow[None]:
    """In a fold of its own, which becomes the replica's when all of it is checked."""
    entry = yield from _read(replica, offer)
    yield from _begin_at(replica, offer, entry, load)


def check(replica: Replica) -> None:
    """The snapshot that this fold started from must be in the log, where veterans judge it."""
    start = replica.unconfirmed_start
    if start is None:
        return
    rows = replica.store.log_after(start.n - 1, 1)
    if not rows or rows[0].n != start.n or not compare_digest(rows[0].entry_id, start.entry_id):
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "it is not in the log", evidence=(start.entry,))


def go_around(replica: Replica, offer: Offer, load: DocumentLoader) -> Flow[bool]:
    """Begin again behind what this machine cannot load or read, if the relay has a snapshot that holds it.

    Judged as a newcomer judges it; and it must be of the log that is verified here.
    """
    own = replica.require_stored()
    stuck_n = min(own.owner.unplaced(), default=own.n + 1)
    if offer.position <= stuck_n or not own.n:
        return False
    entry = yield from _read(replica, offer)
    extension = _extension(entry)
    if extension.snap_n < stuck_n:
        return False
    yield from _must_extend(own, entry, extension)
    yield from _begin_at(replica, offer, entry, load)
    replica.detour = Detour(stuck_n, is_back=replica.fold.epoch != own.epoch)
    return True


def _read(replica: Replica, offer: Offer) -> Flow[Entry]:
    """The SNAPSHOT, by a writer whom the pad's edit key certified."""
    pad_id = replica.pad_id
    if not 0 < offer.hello_n < offer.position <= offer.end_n:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "its place is none")
    entry = parse_entry((yield from one_entry(pad_id, offer.position)))
    hello = parse_entry((yield from one_entry(pad_id, offer.hello_n)))
    if entry.pad_id != pad_id or entry.kind != Kind.SNAPSHOT or hello.pad_id != pad_id:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "not what was asked for", evidence=(entry.raw,))
    mark = replica.mark_of(entry.epoch)
    if mark is None or hello.epoch != entry.epoch or mark.number != replica.ring.newest:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "of another epoch", evidence=(entry.raw,))
    snapshots.check_entry(entry, hello, mark.cap_pk)
    if _extension(entry).snap_n < mark.n:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "it is older than its epoch", evidence=(entry.raw,))
    return entry


def _begin_at(replica: Replica, offer: Offer, entry: Entry, load: DocumentLoader) -> Flow[None]:
    fold, pad_id, extension = replica.new_fold(), replica.pad_id, _extension(entry)
    mark = replica.mark_of(entry.epoch)
    assert mark is not None
    fold.enter(mark)
    snap_n = extension.snap_n
    yield from _prove_start(fold, snap_n, extension.snap_head)
    table = yield from get_table(pad_id, extension.table_id)
    chunks = []
    for reference in extension.chunks:
        chunks.append((yield from get_chunk(pad_id, reference.chunk_id, reference.size)))
    if snap_n >= offer.position:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "it replaces what comes after it", evidence=(entry.raw,))
    yield from do_job(pad_id, lambda: snapshots.start_fold(fold, entry, table, chunks, load))
    replica.store.commit_fold([], proven_heads=sorted(fold.proven.items()))
    digest = fold.digests[snap_n].state_digest
    fold.start = StartMark(entry.entry_id, snap_n, offer.position, entry.writer_pk, digest)
    replica.start_from(fold, LogRow(offer.position, entry.entry_id, b"", entry.raw, void=False))


def _extension(entry: Entry) -> SnapshotExtension:
    assert entry.snapshot is not None
    return entry.snapshot


def _must_extend(own: Fold, entry: Entry, extension: SnapshotExtension) -> Flow[None]:
    """The snapshot's log must be the one that this client verified, as far as that goes; raises Alarm."""
    if extension.snap_n <= own.n:
        if own.head_of(extension.snap_n) is None:
            yield from prove(own, extension.snap_n)
        known, shown = own.head_of(extension.snap_n), extension.snap_head
    else:
        body = yield Request(Op.BRIDGE, frames.Bridge(own.pad_id, own.n, extension.snap_n).encode())
        steps = frames.Bridged.decode(body).steps
        established = chain.follow_proof(extension.snap_n, extension.snap_head, own.n, steps)
        if established is None:
            raise Alarm(AlarmCode.BAD_SNAPSHOT, f"no proof that it extends position {own.n}")
        known, shown = own.head, established[own.n]
    if known is None or not compare_digest(known, shown):
        raise Alarm(AlarmCode.FORK, "its snapshot is of another log", evidence=(entry.raw,))


def _prove_start(fold: Fold, snap_n: int, snap_head: bytes) -> Flow[None]:
    """The snapshot's head must extend the pad's birth; the proof brings every skip head that is needed."""
    body = yield Request(Op.BRIDGE, frames.Bridge(fold.pad_id, 0, snap_n).encode())
    established = chain.follow_proof(snap_n, snap_head, 0, frames.Bridged.decode(body).steps)
    if established is None or not compare_digest(established[0], chain.chain_start(fold.pad_id)):
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "it does not extend the pad's birth")
    fold.add_proven(established)
