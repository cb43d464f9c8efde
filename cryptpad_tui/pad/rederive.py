"""Folding a log a second time, beside the fold in use: where a start is doubted, or the owner voids an entry.

Flows, like `pad.flows`, that pause after a few milliseconds of work. Nothing in use changes before the second
fold stands at the same head as the first; then it takes its place whole, or nothing does.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Final, Protocol

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode, NeedsProof
from cryptpad_tui.pad.asking import (
    FETCH_LIMIT,
    Flow,
    Request,
    do_job,
    get_chunk,
    get_table,
    one_entry,
    pause,
    prove,
)
from cryptpad_tui.pad.fold import Fold, Folded
from cryptpad_tui.pad.owner_records import NeedsEntry, NeedsRefold, verified_records, voids_in
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.stored_fold import Replaced

SLICE_ENTRIES: Final = 16
SLICE_BYTES: Final = 65_536
KEPT_DIFFERING: Final = 8


@dataclass(slots=True)
class Beside:
    """A second fold on its way, and what it found."""

    fold: Fold
    base_n: int
    watch_n: int = 0
    """The position whose digest is asked for."""
    watched: bytes = b""
    void_ns: set[int] = field(default_factory=set)
    differing: list[Folded] = field(default_factory=list)
    """Snapshots whose digest is not this fold's, the newest few."""

    def become(self, other: Beside) -> None:
        """Go on as another one that began again."""
        self.fold, self.base_n, self.watch_n = other.fold, other.base_n, other.watch_n
        self.watched, self.void_ns, self.differing = other.watched, other.void_ns, other.differing

    def took(self, folded: Folded) -> None:
        if folded.row.void:
            self.void_ns.add(folded.row.n)
        if folded.digest_differs:
            self.differing = [*self.differing, folded][-KEPT_DIFFERING:]
        if folded.row.n == self.watch_n:
            self.watched = self.fold.digest().state_digest


class BaseMaker(Protocol):
    """Makes a fold to begin at, which takes these positions as voided."""

    def __call__(self, voided: dict[int, int], /) -> Flow[Fold]: ...


# -- a start that is doubted


def derive(replica: Replica, *, trusted: bool = True) -> Flow[Beside]:
    """Fold the log from its beginning to this client's position; changes nothing."""

    def birth(voided: dict[int, int]) -> Flow[Fold]:
        fold = replica.new_fold()
        fold.owner.voided.update(voided)
        return fold
        yield  # a Flow that asks nothing

    start = replica.fold.start
    watch_n = start.snap_n if start else replica.fold.n
    return (yield from _beside(replica, birth, {}, replica.fold.n, watch_n=watch_n, trusted=trusted))


def conclude(replica: Replica, beside: Beside) -> Flow[bool]:
    """Compare the start with what the log leads to, and put that in its place where it differs.

    Returns whether the start was right. Both folds stand at one position when they are compared.
    """
    replica.require_stored()
    while beside.fold.n != replica.fold.n:
        try:
            yield from _advance(beside, replica, replica.fold.n, trusted=True)
        except NeedsRefold:
            beside.become((yield from derive(replica)))
    start = replica.fold.start
    if start is None:
        return True
    if compare_digest(beside.watched, start.state_digest) and start.position not in beside.void_ns:
        replica.fold.start = replace(start, checked=True, doubted=False)
        _keep_names(replica.fold, beside.fold)
        replica.save_checkpoint(again=True)
        replica.judgement.start_was_right()
        return True
    replica.replace_fold(beside.fold, beside.void_ns, beside.base_n, Replaced.TRUTH)
    replica.judgement.start_was_wrong(start, beside.differing)
    return False


# -- the owner voids an entry


def meet(replica: Replica, problem: Exception) -> Flow[None]:
    """Get what the fold needs to go on; raises `problem` where that is nothing that a relay has."""
    if isinstance(problem, NeedsProof):
        yield from prove(replica.fold, problem.n)
    elif isinstance(problem, NeedsEntry):
        yield from _learn(replica.fold, problem)
    elif isinstance(problem, NeedsRefold):
        yield from refold(replica, problem)
    else:
        raise problem


def _learn(fold: Fold, need: NeedsEntry) -> Flow[None]:
    raw = yield from one_entry(fold.pad_id, need.n)
    fold.owner.learn(raw)
    if not fold.owner.knows(need.entry_id):
        raise Alarm(AlarmCode.CHAIN_GAP, f"it shows another entry at position {need.n}", evidence=(raw,))


def refold(replica: Replica, need: NeedsRefold) -> Flow[None]:
    """Fold again to where the record stands, with the entry that it names voided."""
    voided = {**replica.fold.owner.voided, need.void_n: need.at_n}

    def base(more: dict[int, int]) -> Flow[Fold]:
        return _base_below(replica, more)

    start = replica.fold.start
    watch_n = start.snap_n if start and not start.checked else 0
    beside = yield from _beside(replica, base, voided, replica.fold.n, watch_n=watch_n)
    _keep_names(beside.fold, replica.fold)
    why = Replaced.VOIDED
    first = min(beside.fold.owner.voided.keys() - replica.fold.owner.voided.keys())
    if start and watch_n < first and beside.watched not in (b"", start.state_digest):
        # Folded from the pad's birth: the start was a lie.
        why = Replaced.TRUTH
    replica.replace_fold(beside.fold, beside.void_ns, beside.base_n, why)
    if start and why is Replaced.TRUTH:
        replica.judgement.start_was_wrong(start, beside.differing)


def skip_voided(replica: Replica, n: int, raw: bytes) -> Flow[bool]:
    """Whether the owner voided the entry at n, which this machine cannot load; the fold then takes it so."""
    request = frames.OwnerRec(replica.pad_id, replica.fetch_epoch, replica.fetch_proof)
    try:
        answer = frames.OwnerRecords.decode((yield Request(Op.OWNER_REC, request.encode())))
        entry_id = parse_entry(raw).entry_id
    except (Refused, Malformed):
        return False
    records = voids_in(verified_records(replica.genesis, answer.records))
    if not any(record.void_n == n and compare_digest(record.void_id, entry_id) for record in records):
        return False
    replica.take_as_voided(n)
    return True


def _base_below(replica: Replica, voided: dict[int, int]) -> Flow[Fold]:
    """Where to begin so that all that is voided anew is folded again: as near as there is.

    That may be more than the record names: a voided snapshot keeps nothing from its effect any more.
    """
    fold = replica.restored_fold({})
    if fold.n and all(fold.n < n for n in voided.keys() - fold.owner.voided.keys()):
        fold.owner.voided.update(voided)
        return fold
    first = min(voided.keys() - replica.fold.owner.voided.keys())
    mark = replica.fold.snapshot
    if mark and mark.snap_n < first and mark.position not in voided:
        fold = replica.new_fold()
        fold.owner.voided.update(voided)
        try:
            yield from _load_snapshot(fold, replica, mark.position)
            fold.start = replica.fold.start
            return fold
        except (Alarm, Refused):
            # The relay need not have its pieces any more; it has the log.
            pass
    fold = replica.new_fold()
    fold.owner.voided.update(voided)
    return fold


def _load_snapshot(fold: Fold, replica: Replica, position: int) -> Flow[None]:
    """Put `fold` at a snapshot that this client's own fold agreed with."""
    stored = replica.stored_entry(position)
    entry = parse_entry(stored if stored is not None else (yield from one_entry(fold.pad_id, position)))
    extension, mark = entry.snapshot, replica.fold.snapshot
    if extension is None or mark is None or entry.entry_id != mark.snapshot_id:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "not what was asked for", evidence=(entry.raw,))
    table = yield from get_table(fold.pad_id, extension.table_id)
    chunks = []
    for reference in extension.chunks:
        chunks.append((yield from get_chunk(fold.pad_id, reference.chunk_id, reference.size)))
    epoch_mark = replica.mark_of(entry.epoch)
    if epoch_mark is None:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "of an epoch that is not known here", evidence=(entry.raw,))
    fold.enter(epoch_mark)
    load = replica.load_document
    yield from do_job(fold.pad_id, lambda: snapshots.start_fold(fold, entry, table, chunks, load))


def _keep_names(fold: Fold, before: Fold) -> None:
    """A snapshot's table has no names: keep those that were read in HELLOs."""
    names = before.everybody
    for writer_pk, writer in fold.everybody.items():
        known = names.get(writer_pk)
        if known and not writer.name:
            writer.name, writer.rgb = known.name, known.rgb


# -- folding beside


def _beside(
    replica: Replica,
    make_base: BaseMaker,
    voided: dict[int, int],
    to_n: int,
    *,
    watch_n: int = 0,
    trusted: bool = True,
) -> Flow[Beside]:
    """A second fold at to_n. Each VOID of something that it folded already costs one beginning more."""
    while True:
        fold = yield from make_base(voided)
        beside = Beside(fold, fold.n, watch_n)
        try:
            yield from _advance(beside, replica, to_n, trusted=trusted)
        except NeedsRefold as need:
            if need.void_n in voided:
                raise Alarm(AlarmCode.BAD_RECORD, "it voids an entry twice") from None
            voided = {**voided, need.void_n: need.at_n}
        else:
            return beside


def _advance(beside: Beside, replica: Replica, to_n: int, *, trusted: bool) -> Flow[None]:
    fold, work = beside.fold, 0
    while fold.n < to_n:
        page = replica.stored_entries(fold.n, min(to_n - fold.n, FETCH_LIMIT))
        known = bool(page)
        if not page:
            page = yield from _fetch(fold, to_n)
        for raw in page:
            beside.took((yield from _step(fold, raw, trusted=trusted and known)))
            work += SLICE_BYTES // SLICE_ENTRIES + len(raw)
            if work >= SLICE_BYTES:
                work = 0
                yield pause(fold.pad_id)
    if fold.n != to_n or not compare_digest(fold.head, replica.fold.head_of(to_n) or b""):
        raise Alarm(AlarmCode.FORK, f"its history leads to another log at position {to_n}")


def _fetch(fold: Fold, to_n: int) -> Flow[list[bytes]]:
    limit = min(to_n - fold.n, FETCH_LIMIT)
    body = yield Request(Op.FETCH, frames.Fetch(fold.pad_id, fold.n, limit).encode())
    fetched = frames.Fetched.decode(body)
    if not fetched.entries or fetched.first_n != fold.n + 1 or len(fetched.entries) > limit:
        raise Alarm(AlarmCode.CHAIN_GAP, f"it does not give position {fold.n + 1}")
    fold.check_claim(fetched.entries, fetched.head)
    return list(fetched.entries)


def _step(fold: Fold, raw: bytes, *, trusted: bool) -> Generator[Request, bytes, Folded]:
    while True:
        try:
            return fold.step(raw, trusted=trusted)
        except NeedsProof as need:
            yield from prove(fold, need.n)
        except NeedsEntry as need:
            yield from _learn(fold, need)
