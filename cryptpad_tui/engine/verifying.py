"""`verify` and `void`: a pad's history checked again, and an entry taken away by the pad's owner.

Each has a connection of its own, and leaves the windows that are open to find out by themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.engine.errors import NoRelay, NotAllowed, RelayRefused, UnknownPad
from cryptpad_tui.pad import flows, flows_void, rederive
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.judgement import StartReport
from cryptpad_tui.pad.verify import Found, check_stored
from cryptpad_tui.sync.connection import RelayConnection, open_connection

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What checking a pad's history again led to."""

    pad_id: bytes
    first_n: int
    last_n: int
    deep: bool
    """Whether the history was checked from the pad's birth on."""
    text_checked: bool
    """Whether the text here was made again from that history."""
    start: StartReport | None
    """The snapshot that this vault began at; None where it has folded the whole history."""
    false_start: str = ""
    """Who made the false snapshot that this vault began at; the true text is in its place."""
    found: tuple[Found, ...] = ()

    @property
    def is_right(self) -> bool:
        return not self.found and not self.false_start


async def verify(engine: Engine, pad_id: bytes, *, deep: bool = False) -> VerifyReport:
    """Check what is stored again; `deep`: from the pad's birth, with what the relay has of before the start.

    Raises Alarm where the relay shows another history, NoRelay or RelayUnreachable where it cannot be asked.
    """
    session = engine.open_pad(pad_id)
    try:
        replica = session.replica
        checking = check_stored(replica)
        while True:
            try:
                next(checking)
            except StopIteration as stop:
                stored = stop.value
                break
            await asyncio.sleep(0)
        whole = stored.first_n <= 1
        report = VerifyReport(
            pad_id,
            stored.first_n,
            stored.last_n,
            whole,
            stored.text_checked,
            start_of(session),
            "",
            stored.found,
        )
        return report if whole or stored.found or not deep else await _deeper(engine, session)
    finally:
        session.close()


async def _deeper(engine: Engine, session: PadSession) -> VerifyReport:
    replica, before = session.replica, start_of(session)
    async with connection_of(engine, session) as connection:
        beside = await connection.run(rederive.derive(replica, trusted=False))
        try:
            was_right = await connection.run(rederive.conclude(replica, beside))
        finally:
            session.folded()
    found = () if not was_right or _same_text(beside.fold, replica.fold) else (_OTHER_TEXT,)
    lied = before.by if before and not was_right else ""
    report = (session.pad_id, 1, replica.fold.n, True, True, start_of(session), lied, found)
    return VerifyReport(*report)


_OTHER_TEXT = Found(0, "the text here is not the one that the log leads to")


def _same_text(derived: Fold, mine: Fold) -> bool:
    again, shown = (fold.digest() for fold in (derived, mine))
    return derived.n == mine.n and compare_digest(again.content_digest, shown.content_digest)


def start_of(session: PadSession) -> StartReport | None:
    """From which snapshot this pad begins here, with names; None where its whole log was folded."""
    return session.replica.judgement.start_report(session.company.name_of)


async def void(engine: Engine, pad_id: bytes, n: int, *, wait_s: float = 10.0) -> None:
    """Take the changes of the entry at n away, for everybody; only the owner of the pad may."""
    record = engine.vault.pad(pad_id)
    if record is None:
        raise UnknownPad
    if record.role != "owner":
        raise NotAllowed
    session = engine.open_pad(pad_id)
    try:
        async with connection_of(engine, session) as connection:
            await connection.run(flows_void.void_entry(session.replica, owner_key(record.secret), n))
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()
    await engine.sync([pad_id], wait_s=wait_s)


@asynccontextmanager
async def connection_of(engine: Engine, session: PadSession) -> AsyncIterator[RelayConnection]:
    """A connection of its own to the pad's relay, on which the pad may be read."""
    url, replica = engine.relay_of(session.record), session.replica
    if url is None:
        raise NoRelay
    connection = await open_connection(await asyncio.to_thread(engine.resolve, url))
    proof = replica.fetch_epoch, replica.fetch_proof
    try:
        key = connection.greeting.relay_pk
        if session.record.relay_pk and not compare_digest(session.record.relay_pk, key):
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(key),))
        # Right after a move nothing may have been attached there yet.
        replica.place.shown_by = key
        await connection.run(flows.subscribe(replica, connection.greeting, rng=engine.rng))
        yield connection
    finally:
        replica.fetch_epoch, replica.fetch_proof = proof
        await connection.close()
