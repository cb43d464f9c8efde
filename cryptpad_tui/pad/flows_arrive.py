"""The first step on every connection: SUB, with what may have to come before it and after it.

CREATE for a relay that does not have the pad, RESTORE for one that came back with less. Folds nothing.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows, flows_keys, flows_restore
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.flows import Connected, Flow
from cryptpad_tui.pad.replica import Replica

GONE: Final = frozenset({Code.UNKNOWN_PAD, Code.DELETED})
"""What a relay says of a pad that it does not have, or no more; only its owner may have deleted it."""


def arrive(
    replica: Replica, greeting: Greeting, *, uploaded: bool, rng: RandomBytes, now_ms: int = 0
) -> Flow[tuple[Connected, int]]:
    """The verified answer to SUB, and how many lost entries the relay was given before it.

    `uploaded`: the relay had this pad before. Raises Alarm; Removed or Ended by the owner's word; Refused
    where it is to be tried again.
    """
    try:
        connected = yield from flows.subscribe(replica, greeting, rng=rng)
    except Refused as refused:
        if refused.code == Code.NOT_AUTHORISED:
            connected = yield from _by_other_keys(replica, greeting, rng=rng)
        elif refused.code in GONE:
            if refused.code == Code.DELETED:
                yield from flows_keys.ended(replica, now_ms=now_ms)
            connected = yield from _begin(replica, greeting, refused.code, uploaded=uploaded, rng=rng)
        else:
            raise
    return (yield from flows_restore.give_back(replica, connected, greeting, rng=rng))


def _by_other_keys(replica: Replica, greeting: Greeting, *, rng: RandomBytes) -> Flow[Connected]:
    """The keys changed while this client was away; or the relay came back from a backup of before."""
    ring = replica.ring
    for epoch in reversed(ring.epochs):
        flows_keys.prove(replica, greeting, epoch)
        try:
            learnt = yield from flows_keys.learn(replica)
        except Refused as refused:
            if refused.code != Code.NOT_AUTHORISED:
                raise
            continue
        older = None if learnt or epoch == ring.newest else epoch
        if older is not None and replica.fold.epoch < ring.newest:
            # What it shows of before them could be by somebody who is out: only who crossed can tell.
            raise Alarm(AlarmCode.ROLLBACK, f"it shows no change of the keys to those of epoch {ring.newest}")
        return (yield from flows.subscribe(replica, greeting, rng=rng, epoch=older))
    raise Refused(Code.NOT_AUTHORISED)


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
