"""What a relay shows of the owner's records: newer keys, none for this person, or the pad's end.

Each record is verified before anything follows from it. A relay can keep one back; who learns of it later is
told what it hid.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.owner_records import (
    EpochRecord,
    ExpireRecord,
    IdleRecord,
    OwnerRecord,
)
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.pad.epochs import Ended, Expired, Removed
from cryptpad_tui.pad.moves import Moved, check_extends
from cryptpad_tui.pad.owner_records import end_in, epochs_in, moves_in, verified_records
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.writers import WriterState

DAY_MS: Final = 86_400_000


def prove(replica: Replica, greeting: Greeting, epoch: int | None = None) -> None:
    """Make the proof for this connection that this person may read, by the newest keys unless told."""
    at = replica.ring.newest if epoch is None else epoch
    keys = replica.ring.known(at) or replica.ring.newest_keys
    proof = keys.subscribe_proof(replica.pad_id, at, greeting.relay_nonce, greeting.relay_pk)
    replica.fetch_epoch, replica.fetch_proof = at, proof


def owner_records(replica: Replica) -> Flow[list[OwnerRecord]]:
    """The owner's records, verified; by the proof that was made on this connection."""
    request = frames.OwnerRec(replica.pad_id, replica.fetch_epoch, replica.fetch_proof)
    body = yield Request(Op.OWNER_REC, request.encode())
    return verified_records(replica.genesis, frames.OwnerRecords.decode(body).records)


def learn(replica: Replica) -> Flow[bool]:
    """Find the keys of newer epochs in the owner's records; whether there were any.

    Raises Removed where the newest epoch was not made for this person, Alarm where the relay hid it, and
    Moved where the pad went on from there: keys that let them in again would be at the other relay alone.
    """
    ring, before, shown_by = replica.ring, replica.ring.newest, replica.place.shown_by
    records = yield from owner_records(replica)
    epochs, moves = epochs_in(records), moves_in(records)
    ring.learn(epochs)
    for record in epochs:
        if record.epoch == replica.require_stored().epoch + 1:
            _check_not_hidden(replica, record)
    if epochs and epochs[-1].epoch > ring.newest:
        if moves and shown_by and moves[-1].relay_pk != shown_by:
            check_extends(replica.fold, moves[-1])
            raise Moved(moves[-1])
        raise Removed(epochs[-1])
    return ring.newest > before


def _check_not_hidden(replica: Replica, record: EpochRecord) -> None:
    """What this client folded under the keys of before must be what the owner closed; raises Alarm."""
    fold = replica.fold
    if not fold.n:
        return
    known = fold.head_of(record.close_n) if record.close_n <= fold.n else None
    if known is not None and not compare_digest(known, record.close_head):
        detail = f"the pad's owner closed another log at position {record.close_n}"
        raise Alarm(AlarmCode.FORK, detail, evidence=(record.raw,))
    if record.close_n < fold.n:
        names = sorted({each.name or each.ident_pk.hex()[:8] for each in _after(replica, record.close_n)})
        detail = (
            f"it hid that the owner changed the keys after position {record.close_n}; the"
            f" {fold.n - record.close_n} entries after it count for nobody else, by {', '.join(names)}"
        )
        raise Alarm(AlarmCode.FORK, detail[:300], evidence=(record.raw,))


def _after(replica: Replica, n: int) -> list[WriterState]:
    return [writer for writer in replica.fold.everybody.values() if writer.last_n > n]


def is_on_the_way(replica: Replica) -> Flow[bool]:
    """Whether the relay that shows what another one was given is the one that the owner named last, and the
    log here is not at that record yet: then it may show the pad up to there.
    """
    place, moves = replica.place, moves_in((yield from owner_records(replica)))
    if not moves or moves[-1].relay_pk != place.shown_by or moves[-1].close_n < replica.fold.n:
        return False
    before, place.ahead = place.ahead, moves[-1]
    return before != moves[-1]


def ended(replica: Replica, *, now_ms: int) -> Flow[None]:
    """The relay says that the pad is deleted: raises Ended where its owner did that, else returns.

    Raises Moved where only what was left there has ended.
    """
    try:
        records = yield from owner_records(replica)
    except Refused:
        return
    if (moves := moves_in(records)) and moves[-1].relay_pk != (replica.place.shown_by or moves[-1].relay_pk):
        check_extends(replica.require_stored(), moves[-1])
        raise Moved(moves[-1])
    if (end := end_in(records)) is not None:
        raise Ended(end)
    days = [record for record in records if isinstance(record, ExpireRecord)]
    if days and 0 < days[-1].unix_ms <= now_ms:
        raise Expired(days[-1])
    idle = [record for record in records if isinstance(record, IdleRecord)]
    # By this client's own clock and memory: a relay that ends a pad which was just used is not believed.
    if idle and idle[-1].days and now_ms - replica.used_ms >= idle[-1].days * DAY_MS:
        raise Expired(idle[-1])
