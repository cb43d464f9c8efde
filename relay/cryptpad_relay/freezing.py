"""FREEZE: appends of others wait a moment, so that the owner's EPOCH closes the log exactly where it is.

The owner alone may ask for it, and each time for no longer than FREEZE_S; an EPOCH that is taken ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.freeze import FREEZE_S, Freeze
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.voids import Appendable

if TYPE_CHECKING:
    from cryptpad_relay.session import Session


def freeze(session: Session, req: int, body: bytes, now: float) -> None:
    """The answer is the end that the next record must close."""
    request = Freeze.decode(body)
    pad = session.pads.get(request.pad_id)
    if pad is None:
        raise Refused(Code.NOT_SUBSCRIBED)
    retry_ms = session.proof_tokens.take(1, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)
    if not request.signature_ok(pad.log.genesis.owner_pk, session.nonce, session.hub.relay_pk):
        raise Refused(Code.BAD_SIGNATURE)
    pad.frozen_until = now + FREEZE_S
    session.answer(Op.FREEZE, req, u64(pad.log.n) + pad.log.head)


def freeze_ms(pad: OpenPad, entries: Sequence[Appendable], now: float) -> int:
    """How long these wait for an EPOCH that the owner is making; records do not."""
    left_s = pad.frozen_until - now
    held = left_s > 0 and any(isinstance(entry, Entry) for entry in entries)
    return max(1, int(left_s * 1_000)) if held else 0
