"""A pad that moves: read-only here once its owner moved it away, and not yet writable while it comes here.

ARRIVE is the owner's word that a pad is on its way; BRING gives its entries the places that they had. No
frame of anybody else can put anything into a pad that is on its way, but the owner's own MOVE record, which
ends it. So there are never two relays at which one pad can be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_frames import ARRIVES, LIVES_HERE, Arrival, Arrive, Bring
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_relay.protocol.owner_records import DeleteRecord
from cryptpad_relay.protocol.restore import heads_through
from cryptpad_relay.store.base import Loss
from cryptpad_relay.voids import Appendable, parse_appended

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

ON_ITS_WAY: Final = Loss(2**62, 0)
"""What is durable about a pad that comes here: its log is known to go on, and nobody need wait for that."""
HAS_COME: Final = Loss(0, 0)
SLICE_ENTRIES: Final = 16
AGAIN_MS: Final = 2_000


def is_arriving(pad: OpenPad) -> bool:
    """Also where the record that was to end it never became durable."""
    return pad.loss == ON_ITS_WAY or (pad.loss == HAS_COME and not pad.log.home)


def lives_elsewhere(pad: OpenPad, relay_pk: bytes) -> bool:
    return pad.log.home not in (b"", relay_pk)


def check_writable(pad: OpenPad, entry: Appendable, relay_pk: bytes) -> None:
    """Whether this may be added to the pad here; raises Refused. What the log holds is answered as ever."""
    if not (pad.loss or pad.log.home or isinstance(entry, MoveRecord)) or pad.log.known(entry) is not None:
        return
    if is_arriving(pad):
        raise Refused(Code.ARRIVING, AGAIN_MS)
    if isinstance(entry, DeleteRecord):
        _check_end(pad, entry, relay_pk)
    elif lives_elsewhere(pad, relay_pk):
        raise Refused(Code.MOVED)
    if isinstance(entry, MoveRecord) and entry.relay_pk == relay_pk:
        raise Refused(Code.WRONG_RELAY)


def _check_end(pad: OpenPad, record: DeleteRecord, relay_pk: bytes) -> None:
    """What a pad left behind is erased by a word from before its owner moved it, the pad itself by one from
    after that: whoever has the one must not end the other by it. The records stay, and with them the way."""
    if (record.seen_n < pad.log.home_n) is not lives_elsewhere(pad, relay_pk):
        raise Refused(Code.BAD_BASE)


def check_given_back(pad: OpenPad, fresh: Sequence[Appendable], relay_pk: bytes) -> None:
    """The same for RESTORE, by which anybody may bring the record that says that the pad lives here."""
    if all(isinstance(entry, MoveRecord) for entry in fresh):
        return
    for entry in fresh:
        check_writable(pad, entry, relay_pk)


def arrived(pad: OpenPad, fresh: Sequence[Appendable]) -> Loss | None:
    """What is to be durable with these entries: that the pad is not on its way any more."""
    has_come = is_arriving(pad) and any(isinstance(entry, MoveRecord) for entry in fresh)
    return HAS_COME if has_come else None


def arrive(session: Session, req: int, body: bytes, now: float) -> None:
    """By the owner alone. A pad that can be written here already stays as it is."""
    request = Arrive.decode(body)
    _pay(session, now)
    pad = session.pads.get(request.pad_id) or session.hub.open_pad(request.pad_id)
    if pad is None:
        raise Refused(Code.UNKNOWN_PAD)
    if not request.signature_ok(pad.log.genesis.owner_pk, session.nonce, session.hub.relay_pk):
        raise Refused(Code.BAD_SIGNATURE)
    session.proven = True
    _listen(session, pad)
    session.arrivals.add(request.pad_id)
    away = lives_elsewhere(pad, session.hub.relay_pk)
    lives_here = bool(pad.log.n) and not is_arriving(pad) and not away
    end = pad.log.committed
    answer = Arrival(LIVES_HERE if lives_here else ARRIVES, end.n, end.head).encode()
    if lives_here or is_arriving(pad) or away:
        session.answer(Op.ARRIVE, req, answer)
        return
    rows = session.hub.stage(session, req, Op.ARRIVE, answer)
    pad.loss = rows.losses[pad.log.index.pad.number] = ON_ITS_WAY


def bring(session: Session, req: int, body: bytes, now: float) -> Iterator[None]:
    """Entries at the places that they had; the answer is the log's end. Only where ARRIVE was proven."""
    frame = Bring.decode(body)
    if frame.pad_id not in session.arrivals:
        raise Refused(Code.NOT_SUBSCRIBED)
    # An EPOCH among what was brought ended the subscription; the owner needs no keys of an epoch.
    pad = session.pads.get(frame.pad_id) or session.hub.open_pad(frame.pad_id)
    if pad is None:
        raise Refused(Code.UNKNOWN_PAD)
    _listen(session, pad)
    retry_ms = session.entry_tokens.take(len(frame.entries), now) or session.byte_tokens.take(len(body), now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)
    is_closed = is_arriving(pad) or lives_elsewhere(pad, session.hub.relay_pk)
    # Where it lives, what the log holds may be brought again, and nothing else.
    if not is_closed and any(pad.log.known(parse_appended(raw)) is None for raw in frame.entries):
        raise Refused(Code.BAD_BASE)
    _check_places(pad, frame)
    return _bring_slices(session, req, pad, frame, now)


def _bring_slices(session: Session, req: int, pad: OpenPad, frame: Bring, now: float) -> Iterator[None]:
    # Here and not above: restoring.py asks this module, too.
    from cryptpad_relay.restoring import check_durable

    try:
        checked: list[Appendable] = []
        for i, raw in enumerate(frame.entries, 1):
            checked.append(pad.log.verified(raw))
            if i % SLICE_ENTRIES == 0:
                yield
        # Others had their turn since: all that follows happens at once.
        _check_places(pad, frame)
        fresh = checked[max(pad.log.n - frame.after_n, 0) :]
        check_durable(pad, fresh)
        session.hub.restore(pad, fresh, arrived(pad, fresh), session, req, Op.BRING)
    except (Malformed, Refused) as refusal:
        session.refuse(req, refusal, now)


def _check_places(pad: OpenPad, frame: Bring) -> None:
    """The frame goes on from this log, and is the same where both have something."""
    ids = [parse_appended(raw).entry_id for raw in frame.entries]
    heads = heads_through(frame.after_n, ids, pad.log.head_at) if frame.after_n <= pad.log.n else None
    meet_n = min(frame.last_n, pad.log.n)
    if heads is None or heads[meet_n] != pad.log.head_at(meet_n):
        raise Refused(Code.BAD_BASE)


def _listen(session: Session, pad: OpenPad) -> None:
    session.pads[pad.log.pad_id] = pad
    session.hub.subscribe(pad, session)


def _pay(session: Session, now: float) -> None:
    retry_ms = session.proof_tokens.take(1, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)


MOVES: Final[dict[int, Callable[[Session, int, bytes, float], Iterator[None] | None]]] = {
    Op.ARRIVE: arrive,
    Op.BRING: bring,
}
