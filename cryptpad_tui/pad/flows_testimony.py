"""Asking a relay that was caught to explain itself: what it answers can convict it by its own signature.

One or two BRIDGE requests, after which the same alarm is raised, or a sharper one. Believes nothing that the
signed head does not commit to, and treats every refusal to answer as no answer.
"""

from __future__ import annotations

from typing import TypeVar

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad.alarms import OTHER_WAY, Alarm, AlarmCode
from cryptpad_tui.pad.evidence import Piece, PieceKind, head_piece, walk_of_proof
from cryptpad_tui.pad.flows import Flow, Request
from cryptpad_tui.pad.replica import Replica

T = TypeVar("T")


def questioned(replica: Replica, signed: SignedHead, flow: Flow[T]) -> Flow[T]:
    """Run `flow`; where it ends in a fork or a gap, ask how the signed end leads to what is verified here."""
    try:
        return (yield from flow)
    except Alarm as alarm:
        if alarm.code not in (AlarmCode.FORK, AlarmCode.CHAIN_GAP):
            raise
        sharper = yield from _ask(replica, signed, alarm)
        if sharper is None:
            raise
    raise sharper


def _ask(replica: Replica, signed: SignedHead, alarm: Alarm) -> Flow[Alarm | None]:
    """The alarm that the answer makes of it; None where it adds nothing."""
    fold, confirmed = replica.fold, replica.witness.confirmed
    places = [(confirmed.n, confirmed.head)] if confirmed else []
    places.append((fold.n, fold.head))
    for n, head in dict.fromkeys(places):
        if not 0 < n < signed.n:
            continue
        walk = yield from _way_down(replica.pad_id, signed, n)
        if walk is None:
            return None
        established, piece = walk
        if established != head:
            sharper = Alarm(
                AlarmCode.FORK,
                f"its signed history has another position {n}; {OTHER_WAY}",
                evidence=(*alarm.evidence, head_piece(signed), piece),
            )
            sharper.shown = alarm.shown
            return sharper
    return None


def _way_down(pad_id: bytes, signed: SignedHead, n: int) -> Flow[tuple[bytes, Piece] | None]:
    """The head that the signed one commits to at n, with the steps that show it."""
    try:
        body = yield Request(Op.BRIDGE, frames.Bridge(pad_id, n, signed.n).encode())
        steps = frames.Bridged.decode(body).steps
    except (Refused, Malformed):
        return None
    established = chain.follow_proof(signed.n, signed.head, n, steps)
    walk = walk_of_proof(signed.n, signed.head, n, steps)
    if established is None or walk is None:
        return None
    return established[n], Piece(PieceKind.WALK, walk.encode())
