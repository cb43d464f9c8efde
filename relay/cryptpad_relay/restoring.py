"""RESTORE: clients show this relay its own signature, and give back what a backup had lost (wire.md).

A frame proves by itself that its entries stood at these places: nothing is remembered between frames. It is
kept wholly or not at all. What nobody signed has no privilege here: it is an append at one exact position.
"""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.holds import ASK_AGAIN_MS
from cryptpad_relay.moving import arrived, check_given_back, is_arriving
from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.restore import Restore, heads_through, leads_to
from cryptpad_relay.voids import Appendable, parse_appended

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

SLICE_ENTRIES: Final = 16
SOON_MS: Final = 100


def restore(session: Session, req: int, body: bytes, now: float) -> Iterator[None]:
    frame = Restore.decode(body)
    pad = session.pads.get(frame.signed.pad_id)
    if pad is None:
        raise Refused(Code.NOT_SUBSCRIBED)
    retry_ms = session.proof_tokens.take(1, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)
    if not frame.signed.verify(session.hub.relay_pk):
        raise Refused(Code.BAD_SIGNATURE)
    check_chain(pad, frame)
    return _restore_slices(session, req, pad, frame, now)


def check_chain(pad: OpenPad, frame: Restore) -> None:
    """Checks 2 and 3, before any signature of an entry is paid for; raises Refused or Malformed."""
    log, signed = pad.log, frame.signed
    ids = [parse_appended(raw).entry_id for raw in frame.entries]
    heads = heads_through(frame.after_n, ids, log.head_at)
    meet_n = min(frame.last_n, log.n)
    if heads is None or heads[meet_n] != log.head_at(meet_n):
        raise Refused(Code.BAD_BASE)
    if signed.n > frame.last_n:
        if not leads_to(signed, frame.last_n, heads[frame.last_n], frame.steps):
            raise Refused(Code.BAD_BASE)
        return
    head = heads.get(signed.n) or log.head_at(signed.n)
    if frame.steps or head is None or not compare_digest(head, signed.head):
        raise Refused(Code.BAD_BASE)


def _restore_slices(session: Session, req: int, pad: OpenPad, frame: Restore, now: float) -> Iterator[None]:
    try:
        checked = []
        for i, raw in enumerate(frame.entries, 1):
            checked.append(pad.log.verified(raw))
            if i % SLICE_ENTRIES == 0:
                yield
        # Others had their turn since: all that follows happens at once.
        check_chain(pad, frame)
        _check_unsigned(session, pad, frame, now)
        fresh = checked[max(pad.log.n - frame.after_n, 0) :]
        check_durable(pad, fresh)
        # A head above a frame that ends below the log's end may belong to another continuation of it.
        proven = frame.signed.n <= pad.log.n or frame.last_n >= pad.log.n
        loss = session.hub.holds.shown(pad, frame.signed) if proven else None
        check_given_back(pad, fresh, session.hub.relay_pk)
        loss = arrived(pad, fresh) or (None if is_arriving(pad) else loss)
        session.hub.restore(pad, fresh, loss, session, req, Op.RESTORE)
    except (Malformed, Refused) as refusal:
        session.refuse(req, refusal, now)


def _check_unsigned(session: Session, pad: OpenPad, frame: Restore, now: float) -> None:
    """Check 4: entries above the signed head count as what they are, an append."""
    unsigned = frame.last_n - max(frame.signed.n, pad.log.n)
    if unsigned <= 0:
        return
    holds = session.hub.holds
    if holds.more_was_shown(pad, frame.signed.n) or holds.unsigned_wait_ms(pad):
        raise Refused(Code.BEHIND, ASK_AGAIN_MS)
    size = sum(map(len, frame.entries[-unsigned:]))
    retry_ms = session.entry_tokens.take(unsigned, now) or session.byte_tokens.take(size, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)


def check_durable(pad: OpenPad, fresh: list[Appendable]) -> None:
    """A SNAPSHOT or a record is judged by what is durable; somebody else may be restoring that just now."""
    judged = any(not isinstance(entry, Entry) or entry.snapshot for entry in fresh)
    if judged and pad.log.n > pad.log.committed.n:
        raise Refused(Code.RETRY, SOON_MS)
