"""Conversations with a relay as generators: each yields a Request and is sent the reply's body.

A reply that is an ERR is thrown in as Refused. Nothing here knows sockets or tasks, so that a test can play
the relay, honest or lying, line by line. What a flow learns it folds through `Replica`, which checks it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import Entry, Kind
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.owner_records import EpochRecord, OwnerRecord
from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.crdt.errors import CannotLoadHere, NeedsTime
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import ViewKeys, keys_match
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows_keys, flows_start, rederive
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import FETCH_LIMIT, Flow, Request, do_job, pause, prove
from cryptpad_tui.pad.epochs import KeysChangedSince, NoStartYet, Removed
from cryptpad_tui.pad.evidence import pin_piece, shown_piece
from cryptpad_tui.pad.fold import Fold, Folded
from cryptpad_tui.pad.moves import Moved
from cryptpad_tui.pad.owner_records import end_in, epochs_in, moves_in, verified_records
from cryptpad_tui.pad.ports import OutboxRow
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import DocumentLoader, Snapshot

__all__ = ["FETCH_LIMIT", "Flow", "Request", "prove"]

APPEND_BYTES: Final = 900_000
SLICE_BYTES: Final = 131_072
"""Folded in one turn: a megabyte at once would keep a key waiting."""


@dataclass(frozen=True, slots=True)
class Pin:
    """What a link or an earlier session promised about the log: head[n] starts with these bytes."""

    n: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """The relay's answer to SUB, verified as far as its own signature goes."""

    signed: SignedHead
    snapshot_n: int
    hello_n: int
    ticket: bytes


def fetch_genesis(
    pad_id: bytes, epoch: int, keys: ViewKeys, greeting: Greeting
) -> Flow[tuple[Genesis, PadKind]]:
    """A joiner's first step: GENESIS hashes to the pad id and names these keys; raises Alarm."""
    proof = keys.subscribe_proof(pad_id, epoch, greeting.relay_nonce, greeting.relay_pk)
    body = yield Request(Op.OWNER_REC, frames.OwnerRec(pad_id, epoch, proof).encode())
    try:
        answer = frames.OwnerRecords.decode(body)
        genesis = parse_genesis(answer.genesis, pad_id)
    except Malformed as error:
        said = shown_piece(Op.OWNER_REC | 0x80, body)
        raise Alarm(AlarmCode.BAD_RECORD, error.reason, evidence=(said,)) from None
    records = verified_records(genesis, answer.records)
    if (moves := moves_in(records)) and moves[-1].relay_pk != greeting.relay_pk:
        raise Moved(moves[-1])
    named = _named_by(genesis, epoch, records)
    for kind in PadKind:
        if keys_match(keys, named, kind):
            return genesis, kind
    if keys_match(keys, replace(named, kcv=keys.key_check(PadKind.TEXT)), PadKind.TEXT):
        # GENESIS is right, as its hash says: what does not fit is a kind or rule set that is unknown here.
        raise BadLink("its pad was made by a newer version of cryptpad-tui")
    said = shown_piece(Op.OWNER_REC | 0x80, answer.genesis)
    raise Alarm(AlarmCode.BAD_RECORD, "its keys are not this link's", evidence=(said,))


def _named_by(genesis: Genesis, epoch: int, records: list[OwnerRecord]) -> Genesis | EpochRecord:
    """What names the keys of a link of this epoch, which must be the present one; raises BadLink."""
    if end_in(records) is not None:
        raise BadLink("the pad's owner deleted it")
    epochs = epochs_in(records)
    newest = epochs[-1].epoch if epochs else 0
    if newest > epoch:
        raise KeysChangedSince(genesis, epochs[-1])
    if newest < epoch:
        raise BadLink("the relay does not know the keys that it was made for: try again later")
    return epochs[-1] if epochs else genesis


def create(replica: Replica) -> Flow[None]:
    """Bring a pad to a relay that does not have it."""
    yield Request(Op.CREATE, frames.Create(replica.genesis.raw).encode())


def subscribe(
    replica: Replica, greeting: Greeting, *, rng: RandomBytes, epoch: int | None = None
) -> Flow[Connected]:
    """SUB, by the newest keys unless told, and check the relay's signature over our challenge."""
    fold, challenge = replica.fold, replica.witness.challenge(rng)
    flows_keys.prove(replica, greeting, epoch)
    proof = replica.fetch_proof
    sub = frames.Sub(replica.pad_id, replica.fetch_epoch, proof, fold.n, fold.head, challenge)
    answer = frames.Subscribed.decode((yield Request(Op.SUB, sub.encode())))
    signed = SignedHead(replica.pad_id, answer.n, answer.head, answer.unix_ms, challenge, answer.signature)
    if not signed.verify(greeting.relay_pk):
        # Not the ticket at its end: who reads a proof must not watch the pad by it.
        said = shown_piece(Op.SUB | 0x80, answer.encode()[: -len(answer.ticket)])
        raise Alarm(AlarmCode.WRONG_RELAY, "its signature does not verify", evidence=(said,))
    replica.take_signed(signed)
    return Connected(signed, answer.snapshot_n, answer.hello_n, answer.ticket)


def catch_up(replica: Replica, n: int, head: bytes) -> Flow[list[Folded]]:
    """Fetch and fold up to position n, which the relay says has this head; raises Alarm."""
    if n < replica.fold.n:
        raise Alarm(AlarmCode.ROLLBACK, f"it shows {n} entries of {replica.fold.n}")
    folded: list[Folded] = []
    while replica.fold.n < n:
        before = replica.fold.n
        folded += yield from fetch_once(replica, n - before)
        if replica.fold.n == before:
            raise Alarm(AlarmCode.CHAIN_GAP, f"it does not give position {before + 1}")
    known = replica.fold.head_of(n)
    if known is not None and not compare_digest(known, head):
        raise Alarm(AlarmCode.FORK, f"at position {n}")
    return folded


def fetch_once(replica: Replica, limit: int) -> Flow[list[Folded]]:
    """Fetch and fold at most `limit` entries; none where the relay gives none that follow."""
    fold = replica.fold
    body = yield Request(Op.FETCH, frames.Fetch(replica.pad_id, fold.n, min(limit, FETCH_LIMIT)).encode())
    fetched = frames.Fetched.decode(body)
    if not fetched.entries or fetched.first_n != fold.n + 1:
        return []
    return (yield from take(replica, fetched.first_n, fetched.entries, fetched.head))


def take(
    replica: Replica, first_n: int, entries: tuple[bytes, ...], head: bytes, *, live: bool = False
) -> Flow[list[Folded]]:
    """Fold entries that came in order, fetching the proofs that they need; raises what stopped it."""
    folded: list[Folded] = []
    stuck_at = 0
    while True:
        if replica.fold.document.is_long_unread:
            yield from do_job(replica.pad_id, replica.fold.document.load_beside)
        more, problem = replica.fold_entries(first_n, entries, head, live=live, slice_bytes=SLICE_BYTES)
        folded += more
        if problem is None:
            if not more or replica.fold.n >= first_n + len(entries) - 1:
                return folded
            yield pause(replica.pad_id)
            continue
        if isinstance(problem, NeedsTime):
            while replica.fold.document.prepare():
                yield pause(replica.pad_id)
            continue
        if isinstance(problem, CannotLoadHere):
            at = replica.require_stored().n + 1
            known = at == stuck_at or at < first_n
            if known or not (yield from rederive.skip_voided(replica, at, entries[at - first_n])):
                raise CannotLoadHere(f"position {at}") from problem
            stuck_at = at
        elif not isinstance(problem, Moved) or not (yield from flows_keys.is_on_the_way(replica)):
            yield from rederive.meet(replica, problem)


def join(replica: Replica, connected: Connected, pin: Pin, load: DocumentLoader) -> Flow[list[Folded]]:
    """The way to the log's end, for a newcomer from the newest snapshot; then proofs of start and pin.

    Also for a return: a relay that cut an earlier attempt short must not get around what it had yet to prove.
    """
    try:
        return (yield from _join(replica, connected, pin, load))
    except Alarm as alarm:
        # Whoever lied, the log itself needs no snapshot: the next attempt takes the longer way.
        replica.was_misled |= alarm.code is AlarmCode.BAD_SNAPSHOT
        raise
    finally:
        replica.leave_unproven_way()


def _join(replica: Replica, connected: Connected, pin: Pin, load: DocumentLoader) -> Flow[list[Folded]]:
    signed = connected.signed
    if pin.n > signed.n:
        raise Alarm(
            AlarmCode.ROLLBACK,
            f"the link was made at position {pin.n}, it shows {signed.n}",
            evidence=(pin_piece(pin.n, pin.head),),
        )
    if replica.fold.n == 0 and replica.ring.newest:
        yield from flows_keys.learn(replica)
        if not connected.snapshot_n and replica.ring.known(0) is None:
            raise NoStartYet
    if connected.snapshot_n and _may_begin_at_one(replica):
        yield from flows_start.start(replica, _offer(connected), load)
    awaited = replica.fold.owner.unplaced()
    folded = yield from _to_the_end(replica, connected, load)
    began = replica.unconfirmed_start is not None
    if began:
        # What follows costs the document's length; other windows of this vault may have come in between.
        yield pause(replica.pad_id)
        folded += yield from catch_up(replica, signed.n, signed.head)
    if awaited & replica.fold.owner.unplaced():
        raise Alarm(AlarmCode.BAD_RECORD, "a record that it told of is not in the log")
    flows_start.check(replica)
    yield from check_pin(replica.fold, pin)
    replica.confirm_start()
    replica.snapshot_offered(connected.snapshot_n)
    replica.keep_signed_head()
    if began:
        yield pause(replica.pad_id)
    return folded


def _may_begin_at_one(replica: Replica) -> bool:
    """Whether the way to the log's end begins at a snapshot; else all of it is read."""
    if replica.was_misled and replica.ring.known(0) is not None:
        return False
    # What was sent before and is in no folded entry may stand before the snapshot: only the whole log tells.
    return replica.fold.n == 0 and not replica.store.outbox()


def _offer(connected: Connected) -> flows_start.Offer:
    return flows_start.Offer(connected.snapshot_n, connected.hello_n, connected.signed.n)


def _to_the_end(replica: Replica, connected: Connected, load: DocumentLoader) -> Flow[list[Folded]]:
    """To the signed end; around what this machine cannot load or read, from a snapshot of behind it."""
    signed = connected.signed
    try:
        return (yield from catch_up(replica, signed.n, signed.head))
    except Removed as left_out:
        if left_out.record.epoch >= replica.ring.newest:
            raise
        # Left out for a while, and back by later keys, of which their record tells more.
        yield from flows_keys.learn(replica)
        if not (yield from flows_start.go_around(replica, _offer(connected), load)):
            raise NoStartYet from None
    except CannotLoadHere:
        if not (yield from flows_start.go_around(replica, _offer(connected), load)):
            raise
    return (yield from catch_up(replica, signed.n, signed.head))


def check_pin(fold: Fold, pin: Pin) -> Flow[None]:
    """The log must extend what the link's maker had seen; raises Alarm."""
    if pin.n and fold.head_of(pin.n) is None:
        yield from prove(fold, pin.n)
    known = fold.head_of(pin.n)
    if pin.head.strip(b"\0") and (known is None or not compare_digest(known[: len(pin.head)], pin.head)):
        detail = f"the link's maker saw another log at position {pin.n}"
        raise Alarm(AlarmCode.FORK, detail, evidence=(pin_piece(pin.n, pin.head),))


@dataclass(frozen=True, slots=True)
class Sent:
    """How far APPEND came: `code` is OK, or what the first unsent entry met."""

    accepted: int
    code: Code = Code.OK
    retry_ms: int = 0


def send(replica: Replica, rows: list[OutboxRow]) -> Flow[Sent]:
    """Append outbox entries in order, as the bytes they are. Folding them is the COMMIT's business."""
    accepted = 0
    while accepted < len(rows):
        batch = _batch(rows[accepted:])
        body = yield Request(Op.APPEND, frames.Append(tuple([row.entry for row in batch])).encode())
        answer = frames.Appended.decode(body)
        accepted += len(answer.positions)
        if len(answer.positions) > len(batch) or (not answer.positions and answer.code == Code.OK):
            said = shown_piece(Op.APPEND | 0x80, body)
            raise Alarm(
                AlarmCode.BAD_ENTRY, "its acknowledgement fits nothing that was sent", evidence=(said,)
            )
        if answer.code != Code.OK:
            return Sent(accepted, answer.code, answer.retry_ms)
    return Sent(accepted)


def _batch(rows: list[OutboxRow]) -> list[OutboxRow]:
    batch: list[OutboxRow] = []
    size = 2
    for row in rows[: frames.MAX_APPEND_ENTRIES]:
        size += 4 + len(row.entry)
        if batch and size > APPEND_BYTES:
            break
        batch.append(row)
    return batch


def snapshot_entries(replica: Replica, made: Snapshot) -> tuple[Entry, Entry]:
    """The HELLO of a writer made for one snapshot, and the SNAPSHOT itself."""
    writer, hello = replica.queue.snapshot_writer()
    return hello, writer.other(Kind.SNAPSHOT, replica.base(), made.seal.encode(), made.extension)


def send_snapshot(replica: Replica, made: Snapshot, entries: tuple[Entry, Entry]) -> Flow[bool]:
    """Bring a snapshot to the relay; False where it would not take it, which harms nothing."""
    for chunk in made.chunks:
        yield Request(Op.CHUNK_PUT, frames.ChunkPut(replica.pad_id, chunk).encode())
    appended = frames.Append(tuple([entry.raw for entry in entries]))
    body = yield Request(Op.APPEND, appended.encode())
    return frames.Appended.decode(body).code == Code.OK
