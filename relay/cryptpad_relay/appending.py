"""APPEND: entries of one pad to the end of its log, as far as they may stand there (docs/wire.md).

Which entry may is padlog.py's; what waits for the disk is the hub's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.derived import TABLE_ROW_BYTES
from cryptpad_relay.epochs import check_relay
from cryptpad_relay.freezing import freeze_ms
from cryptpad_relay.moving import check_writable
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.errors import Code, Malformed, Refused, refusal_code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.voids import Appendable

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

SLICE_ENTRIES: Final = 16
Work = Iterator[None] | None


def append(session: Session, req: int, body: bytes, now: float) -> Work:
    raws = frames.Append.decode(body).entries
    retry_ms = session.entry_tokens.take(len(raws), now) or session.byte_tokens.take(len(body), now)
    if retry_ms:
        session.answer(Op.APPEND, req, frames.Appended((), Code.RETRY, retry_ms).encode())
        return None
    return _append_slices(session, req, raws, now)


def _append_slices(session: Session, req: int, raws: tuple[bytes, ...], now: float) -> Iterator[None]:
    """Signatures first, in slices, since they depend on nothing; then the places, all at once, so that the
    answer and the COMMIT of one frame are of one batch."""
    pad = session.pads.get(raws[0][8:40])
    if pad is None:
        session.answer(Op.APPEND, req, frames.Appended((), Code.NOT_SUBSCRIBED).encode())
        return
    checked: list[Appendable] = []
    code, retry_ms = Code.OK, 0
    for i, raw in enumerate(raws, 1):
        try:
            checked.append(pad.log.verified(raw))
        except (Malformed, Refused) as refusal:
            code, retry_ms = refusal_code(refusal)
            break
        if i % SLICE_ENTRIES == 0 and i < len(raws):
            yield
    held_ms = session.hub.holds.wait_ms(pad)
    frozen_ms = freeze_ms(pad, checked, now)
    if held_ms and checked:
        checked, code, retry_ms = [], Code.BEHIND, held_ms
    elif frozen_ms:
        checked, code, retry_ms = [], Code.RETRY, frozen_ms
    positions = []
    for entry in checked:
        try:
            check_writable(pad, entry, session.hub.relay_pk)
            _pay_for_table(session, pad, entry, now)
            if not isinstance(entry, Entry):
                check_relay(entry, session.hub.relay_pk)
            positions.append(session.hub.append(pad, entry, session).position)
        except Refused as refusal:
            code, retry_ms = refusal_code(refusal)
            break
    session.count_fault(code, now)
    session.hub.answer_append(pad, session, req, frames.Appended(tuple(positions), code, retry_ms))


def _pay_for_table(session: Session, pad: OpenPad, entry: Appendable, now: float) -> None:
    """A SNAPSHOT makes the relay compute and keep a table of all writers: much for one small entry."""
    if isinstance(entry, Entry) and entry.snapshot:
        retry_ms = session.table_tokens.take(pad.log.index.writer_count() * TABLE_ROW_BYTES, now)
        if retry_ms:
            raise Refused(Code.RETRY, retry_ms)
