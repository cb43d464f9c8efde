"""A pad that another window of this vault keeps in step: shown from the vault until its lease is free.

It sends none of the pad's edits, and stays subscribed to nothing: every change comes by the vault already.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

FOLLOW_S: Final = 0.25
PROVE_S: Final = 2.0
SHOWN_S: Final = 0.05


async def wait_for_first_frame(session: PadSession) -> None:
    """What others wrote meanwhile makes a long document be read: who opens it sees its picture before."""
    while session.sends_later:
        await asyncio.sleep(SHOWN_S)


async def wait_for_lease(engine: Engine, session: PadSession, connection: RelayConnection) -> None:
    """Show what the other window brings, and write down what is typed here, until this one is to send."""
    proven = False
    try:
        while not engine.vault.acquire_lease(session.pad_id):
            session.followed = True
            session.flush()
            session.follow_vault()
            session.seal()
            proven = proven or await _prove(engine, session, connection)
            await asyncio.sleep(FOLLOW_S)
    finally:
        # Also where the connection ends: another window has lost its own, or soon will.
        session.followed = False


async def _prove(engine: Engine, session: PadSession, connection: RelayConnection) -> bool:
    """Once, so that the relay keeps a connection that will be needed: it closes those that prove nothing."""
    relay_pk, ring = connection.greeting.relay_pk, session.replica.ring
    if session.record.relay_pk != relay_pk:
        return False
    nonce, challenge = connection.greeting.relay_nonce, engine.rng(16)
    proof = ring.newest_keys.subscribe_proof(session.pad_id, ring.newest, nonce, relay_pk)
    fold = session.replica.fold
    sub = frames.Sub(session.pad_id, ring.newest, proof, fold.n, fold.head, challenge)
    try:
        await connection.request(Request(Op.SUB, sub.encode()), timeout_s=PROVE_S)
        await connection.request(Request(Op.UNSUB, session.pad_id), timeout_s=PROVE_S)
    except (Refused, Malformed, RelayUnreachable):
        # The pad may be new to the relay, or have other keys since; a lost connection ends by itself.
        return True
    return True


def others_wait(session: PadSession) -> bool:
    """Whether edits of another window stand in the queue: each turn that passes costs one sending."""
    writer = session.replica.writer
    return writer is not None and any(
        row.writer_pk != writer.pk for row in session.replica.store.journal_after(0)
    )
