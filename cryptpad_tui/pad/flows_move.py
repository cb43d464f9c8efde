"""Moving a pad, as its owner: the receipt of the relay that has it all, and the record that says so.

Flows, each with one of the two relays. Nothing has happened to the pad before the relay that it leaves took
the record, and nothing is left to do for the owner alone after that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import Kind
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import MAX_APPEND_ENTRIES, Greeting, Op
from cryptpad_relay.protocol.labels import ARRIVE, DELETE, MOVE
from cryptpad_relay.protocol.move_frames import Arrival, Arrive, arrive_parts
from cryptpad_relay.protocol.move_record import MoveRecord, move_body, parse_move
from cryptpad_relay.protocol.owner_records import delete_body
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.flows_keys import owner_records
from cryptpad_tui.pad.moves import MoveError, check_extends
from cryptpad_tui.pad.owner_records import moves_in, verified_records
from cryptpad_tui.pad.replica import Replica

FRAME_BYTES: Final = 800_000


class OtherLogThere(MoveError):
    """The other relay has another log of this pad, or lost what it was given, so nothing was moved. The pad
    goes on where it is. Move it to another relay, or ask who runs that one.
    """


class NotMovedThere(MoveError):
    """The relay there has no word of the pad's owner that the pad was moved to it, so nothing was followed.
    What is here stays as it is. Ask the owner for the address, or for a fresh link.
    """


def arrive(replica: Replica, owner_root: bytes, greeting: Greeting) -> Flow[Arrival]:
    """Tell a relay that the pad is to come to it; how much of it is there already."""
    yield Request(Op.CREATE, frames.Create(replica.genesis.raw).encode())
    parts = arrive_parts(replica.pad_id, greeting.relay_nonce, greeting.relay_pk)
    signature = owner_key(owner_root).sign(ARRIVE, *parts)
    body = yield Request(Op.ARRIVE, Arrive(replica.pad_id, signature).encode())
    return Arrival.decode(body)


def first_frame(entries: Sequence[bytes]) -> int:
    """How many of these one BRING may carry: a SNAPSHOT or a record begins one, and an EPOCH ends it."""
    size = 0
    for count, entry in enumerate(entries):
        size += 4 + len(entry)
        if count and (begins_frame(entry) or size > FRAME_BYTES or count == MAX_APPEND_ENTRIES):
            return count
        if record_kind(entry) is RecordKind.EPOCH:
            return count + 1
    return len(entries)


def begins_frame(entry: bytes) -> bool:
    return record_kind(entry) is not None or entry[4] == Kind.SNAPSHOT


def receipt(replica: Replica, greeting: Greeting, *, rng: RandomBytes) -> Flow[SignedHead]:
    """The other relay's signature over exactly what is verified here; raises OtherLogThere."""
    fold, challenge = replica.require_stored(), rng(16)
    body = yield Request(Op.STH, frames.SthRequest(fold.pad_id, challenge).encode())
    answer = frames.SthReply.decode(body)
    signed = SignedHead(fold.pad_id, answer.n, answer.head, answer.unix_ms, challenge, answer.signature)
    if not signed.verify(greeting.relay_pk):
        said = shown_piece(Op.STH | 0x80, body)
        raise Alarm(AlarmCode.WRONG_RELAY, "its signature does not verify", evidence=(said,))
    if signed.n != fold.n or not compare_digest(signed.head, fold.head):
        raise OtherLogThere
    return signed


def sign_off(
    replica: Replica,
    owner_root: bytes,
    receipt: SignedHead,
    to: Greeting,
    url: str,
    *,
    about_to: Callable[[MoveRecord], None] = lambda record: None,
) -> Flow[MoveRecord | None]:
    """Close the log at the relay that the pad leaves; None where others wrote meanwhile. Raises Refused.

    The record is folded here when this returns one. `about_to` is told of it before it leaves.
    """
    records = yield from owner_records(replica)
    previous = records[-1].entry_id if records else replica.pad_id
    record = make_move(replica, owner_root, previous, receipt, to.relay_pk, url)
    about_to(record)
    body = yield Request(Op.APPEND, frames.Append((record.raw,)).encode())
    code = Code(frames.Appended.decode(body).code)
    if code is Code.BAD_BASE:
        return None
    if code is not Code.OK:
        raise Refused(code)
    yield from take(replica, record)
    return record


def make_move(
    replica: Replica,
    owner_root: bytes,
    previous: bytes,
    receipt: SignedHead,
    relay_pk: bytes,
    url: str,
) -> MoveRecord:
    body = move_body(replica.fold.epoch, previous, receipt, relay_pk, url)
    return parse_move(body + owner_key(owner_root).sign(MOVE, body))


def take(replica: Replica, record: MoveRecord) -> Flow[None]:
    """Fold the record that was just made: it is the owner's own, and its place is sure."""
    head = replica.fold.heads_after([record.raw])[0]
    yield from flows.take(replica, record.close_n + 1, (record.raw,), head)


def erase_left(record: MoveRecord, owner_root: bytes, *, now_ms: int) -> Flow[None]:
    """Have the relay that a pad left erase what it has of it; raises Refused.

    The word is one from before the move, which ends nothing at the relay where the pad lives.
    """
    seen = record.close_n, record.close_head
    body = delete_body(record.pad_id, record.epoch, record.entry_id, *seen, now_ms)
    raw = body + owner_key(owner_root).sign(DELETE, body)
    answer = yield Request(Op.APPEND, frames.Append((raw,)).encode())
    code = Code(frames.Appended.decode(answer).code)
    if code is not Code.OK:
        raise Refused(code)


def moved_there(replica: Replica, epoch: int, greeting: Greeting) -> Flow[MoveRecord]:
    """The owner's word that the pad lives at this relay, asked of the relay itself; raises NotMovedThere.

    Raises Alarm where what is verified here is not the log that was moved. Nobody vouched for this relay:
    what is not the owner's word accuses nobody, and least of all the relay that the pad is at.
    """
    keys = replica.ring.known(epoch) or replica.ring.newest_keys
    proof = keys.subscribe_proof(replica.pad_id, epoch, greeting.relay_nonce, greeting.relay_pk)
    body = yield Request(Op.OWNER_REC, frames.OwnerRec(replica.pad_id, epoch, proof).encode())
    try:
        moves = moves_in(verified_records(replica.genesis, frames.OwnerRecords.decode(body).records))
    except Alarm:
        raise NotMovedThere from None
    if not moves or moves[-1].relay_pk != greeting.relay_pk:
        raise NotMovedThere
    _check_not_left(replica, moves[-1])
    check_extends(replica.require_stored(), moves[-1])
    return moves[-1]


def _check_not_left(replica: Replica, record: MoveRecord) -> None:
    """A relay that the pad has left may hide the record by which it went on; raises NotMovedThere."""
    for known in (replica.fold.owner.home, replica.place.ahead):
        if known is not None and known.close_n > record.close_n:
            raise NotMovedThere
