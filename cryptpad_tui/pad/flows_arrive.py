"""The first step on every connection: SUB, with what may have to come before it and after it.

CREATE for a relay that does not have the pad, RESTORE for one that came back with less. Folds nothing.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows, flows_restore
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.flows import Connected, Flow
from cryptpad_tui.pad.replica import Replica

GONE: Final = frozenset({Code.UNKNOWN_PAD, Code.DELETED})
"""What a relay says of a pad that it does not have, or no more; only its owner may have deleted it."""


def arrive(
    replica: Replica, greeting: Greeting, *, uploaded: bool, rng: RandomBytes
) -> Flow[tuple[Connected, int]]:
    """The verified answer to SUB, and how many lost entries the relay was given before it.

    `uploaded`: the relay had this pad before. Raises Alarm; Refused where it is to be tried again.
    """
    try:
        connected = yield from flows.subscribe(replica, greeting, rng=rng)
    except Refused as refused:
        if refused.code not in GONE:
            raise
        connected = yield from _begin(replica, greeting, refused.code, uploaded=uploaded, rng=rng)
    return (yield from flows_restore.give_back(replica, connected, greeting, rng=rng))


def _begin(
    replica: Replica, greeting: Greeting, code: Code, *, uploaded: bool, rng: RandomBytes
) -> Flow[Connected]:
    """CREATE, where the relay never had the pad, or lost it wholly and all of it is here."""
    said = shown_piece(Op.ERR, frames.Error(code).encode())
    gone = Alarm(AlarmCode.UNSIGNED_DELETE, code.name, evidence=(said,))
    if code == Code.DELETED or (uploaded and not flows_restore.is_whole_here(replica)):
        raise gone
    try:
        yield from flows.create(replica)
        return (yield from flows.subscribe(replica, greeting, rng=rng))
    except Refused as refused:
        if uploaded and refused.code not in flows_restore.AGAIN:
            raise gone from None
        raise
