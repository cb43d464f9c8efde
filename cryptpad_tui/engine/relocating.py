"""Moving pads to another relay, as their owner: all of it is brought there first, and the owner signs last.

Cut off before the signature nothing has begun; after it nothing is left that only this machine could do.
Asked again it goes on from where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_frames import Bring
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.engine import relocation_owed, whereabouts
from cryptpad_tui.engine.carrying import Carrier, LeftOut, LivesThere, Patience, Told, ask, patiently
from cryptpad_tui.engine.errors import EngineError, RelayRefused
from cryptpad_tui.engine.keyrings import ring_of
from cryptpad_tui.engine.owned_pads import in_step, owned
from cryptpad_tui.engine.verifying import connection_of
from cryptpad_tui.pad import flows_epoch, flows_move
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.pad.flows_move import NotMovedThere, OtherLogThere
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.vault.records import PadRecord

ATTEMPTS_BEFORE_FREEZE: Final = 3
ATTEMPTS: Final = 6
WHAT_MOVING_DOES: Final = (
    "Everything that is at the relay of now is brought to the other one, and then everybody goes on there by"
    " themselves, as long as the one of now answers: leave it running until all have come by. Links that were"
    " made before lead on for as long as it answers."
)
WITHOUT_THE_OLD: Final = (
    "The owner's word is at the other relay alone. Tell everybody in the pad to go there: a fresh link, or"
    " `cryptpad-tui move PAD --follow URL`, keeps what they had not sent. What the relay before had taken"
    " from others and this machine has never seen counts for nobody."
)


class AlreadyThere(EngineError):
    """The pad is at that relay already. Nothing was changed."""


class NotWholeHere(EngineError):
    """A part of the pad's history is only at the relay that is gone, so it cannot be moved without it.
    Nothing was changed. `cryptpad-tui duplicate` makes a pad of your own from what is here.
    """


class TooBusy(EngineError):
    """Others wrote so quickly that the pad could not be closed at its relay. Nothing was moved; what was
    brought to the other relay stays there for the next try.
    """


@dataclass(frozen=True, slots=True)
class MoveReport:
    """What came of it."""

    pad_id: bytes
    url: str
    entries: int
    absent_files: tuple[str, ...] = ()
    """Names of files that neither this machine nor the relay before has: raw."""
    broken_files: tuple[str, ...] = ()
    """Names of files about which the pad says what does not fit their bytes: raw."""
    told: int = 0
    """Contacts who are told by mailbox."""
    is_left: bool = False
    """Whether the relay before could not be asked to erase what it has: `sync` asks again."""


async def move(
    engine: Engine,
    pad_id: bytes,
    url: str,
    *,
    old_is_gone: bool = False,
    erase: bool = False,
    told: Told = lambda what: None,
    wait_s: float = 10.0,
) -> MoveReport:
    """Bring one's own pad to another relay, and everybody in it.

    `old_is_gone`: the relay that it is at will never answer again. Then what others had acknowledged there
    and this machine has not seen counts for nobody. `erase`: what it leaves at the relay of now goes there.

    Raises NotOwner, AlreadyThere, OtherLogThere, TooBusy, NoRoom, RelayRefused, RelayUnreachable or Alarm.
    """
    whereabouts.check_address(url)
    record = owned(engine, pad_id)
    if record.relay_pk and not old_is_gone:
        await in_step(engine, pad_id, wait_s)
    await relocation_owed.go_on(engine, pad_id)
    address = await _address(engine, url)
    if not record.relay_pk:
        return _begin_there(engine, record, address)
    session = engine.open_pad(pad_id)
    try:
        report = await _moved(engine, session, Way(address, old_is_gone, erase), told, wait_s)
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()
    await engine.sync([pad_id], wait_s=wait_s)
    return report


async def _address(engine: Engine, url: str) -> str:
    """What others are to connect to; this machine's own relay has one when it runs."""
    connection = await whereabouts.connect(engine, url)
    await connection.close()
    return engine.public_url(url)


def _begin_there(engine: Engine, record: PadRecord, url: str) -> MoveReport:
    """No relay has it yet: it is uploaded there when its turn comes."""
    session = engine.open_pad(record.pad_id)
    try:
        session.update_record(relay=(url, b""))
    finally:
        session.close()
    return MoveReport(record.pad_id, url, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """Where to, and what becomes of the relay that it leaves."""

    url: str
    old_is_gone: bool = False
    erase: bool = False


async def _moved(engine: Engine, session: PadSession, way: Way, told: Told, wait_s: float) -> MoveReport:
    new = await whereabouts.connect(engine, way.url, wait_s=wait_s)
    try:
        if compare_digest(new.greeting.relay_pk, session.record.relay_pk):
            raise AlreadyThere
        by_another = False
        try:
            left_out = await _bring(engine, session, new, way.old_is_gone, told)
            told("the signature")
            record = await _sign_off(engine, session, new, way, Patience(wait_s))
        except LivesThere:
            # An earlier attempt was cut off behind the signature, here or on another machine of this account.
            record, left_out, by_another = await _is_there(session, new), LeftOut(), True
        whereabouts.note_told(engine, session.pad_id, record)
        whereabouts.go_on_there(engine, session, record)
        done = await relocation_owed.finish(engine, session, record, by_another=by_another)
    finally:
        await new.close()
    return MoveReport(
        session.pad_id,
        way.url,
        session.replica.fold.n,
        absent_files=tuple(left_out.absent),
        broken_files=tuple(left_out.broken),
        told=done.told,
        is_left=done.is_left,
    )


async def _is_there(session: PadSession, new: RelayConnection) -> MoveRecord:
    replica = session.replica
    flow = flows_move.moved_there(replica, replica.ring.newest, new.greeting)
    try:
        return await patiently(new, flow)
    except NotMovedThere:
        raise OtherLogThere from None


async def _bring(
    engine: Engine, session: PadSession, new: RelayConnection, old_is_gone: bool, told: Told
) -> LeftOut:
    """The bulk of it, while everybody goes on writing where the pad is; the files that stay behind."""
    async with _reading(engine, session, old_is_gone) as old:
        carrier = Carrier(engine, session, old, new)
        await carrier.arrive()
        told(f"{session.replica.fold.n - carrier.n} entries")
        await carrier.entries()
        await carrier.snapshots()
        return await carrier.files(told)


async def _sign_off(
    engine: Engine, session: PadSession, new: RelayConnection, way: Way, patience: Patience
) -> MoveRecord:
    """What came meanwhile, the receipt, and the owner's signature: nobody else's conversation in between.

    So no relay may put it off for as long as it likes.
    """
    async with session.flows:
        try:
            if way.old_is_gone:
                return await _without_old(engine, session, new, way, patience)
            async with connection_of(engine, session) as old:
                session.replica.place.shown_by = old.greeting.relay_pk
                return await _with_old(engine, session, old, new, way, patience)
        finally:
            session.folded()


async def _with_old(
    engine: Engine,
    session: PadSession,
    old: RelayConnection,
    new: RelayConnection,
    way: Way,
    patience: Patience,
) -> MoveRecord:
    replica, root = session.replica, session.record.secret
    carrier = Carrier(engine, session, old, new, patience)
    for attempt in range(ATTEMPTS):
        if attempt >= ATTEMPTS_BEFORE_FREEZE:
            await old.run(flows_epoch.freeze(replica, root, old.greeting))
        await old.run(flows_epoch.settle(replica, old.greeting, rng=engine.rng))
        await carrier.arrive()
        await carrier.entries()
        receipt = await patiently(new, flows_move.receipt(replica, new.greeting, rng=engine.rng), patience)
        keep = partial(_remember, engine, session, way)
        flow = flows_move.sign_off(replica, root, receipt, new.greeting, way.url, about_to=keep)
        record = await old.run(flow)
        if record is not None:
            await _bring_record(session, new, record, patience)
            return record
    raise TooBusy


def _remember(engine: Engine, session: PadSession, way: Way, record: MoveRecord) -> None:
    relocation_owed.remember(engine, session, record, erase=way.erase, old_is_gone=way.old_is_gone)


async def _without_old(
    engine: Engine, session: PadSession, new: RelayConnection, way: Way, patience: Patience
) -> MoveRecord:
    """The record stands at the other relay alone; who comes to it there finds the whole log before it."""
    replica = session.replica
    if replica.fold.owner.last_id is None or not replica.stored_entries(0, 1):
        raise NotWholeHere
    carrier = Carrier(engine, session, None, new, patience)
    await carrier.arrive()
    await carrier.entries()
    receipt = await patiently(new, flows_move.receipt(replica, new.greeting, rng=engine.rng), patience)
    record = flows_move.make_move(
        replica, session.record.secret, replica.fold.owner.last_id, receipt, new.greeting.relay_pk, way.url
    )
    _remember(engine, session, way, record)
    replica.place.shown_by = new.greeting.relay_pk
    await _bring_record(session, new, record, patience)
    await new.run(flows_move.take(replica, record))
    return record


async def _bring_record(
    session: PadSession, new: RelayConnection, record: MoveRecord, patience: Patience
) -> None:
    """Whoever follows would bring it along, too."""
    await ask(new, Op.BRING, Bring(session.pad_id, record.close_n, (record.raw,)).encode(), patience)


@asynccontextmanager
async def _reading(
    engine: Engine, session: PadSession, old_is_gone: bool
) -> AsyncIterator[RelayConnection | None]:
    """A connection to the relay of now on which nothing but reading happens; None where it is gone."""
    if old_is_gone:
        yield None
        return
    record, url = session.record, engine.relay_of(session.record)
    if url is None:
        raise RelayUnreachable("the pad is at no relay")
    connection = await whereabouts.connect(engine, url)
    try:
        greeting, ring = connection.greeting, ring_of(engine, record)
        if not compare_digest(record.relay_pk, greeting.relay_pk):
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(greeting.relay_pk),))
        proof = ring.newest_keys.subscribe_proof(
            record.pad_id, ring.newest, greeting.relay_nonce, greeting.relay_pk
        )
        start = chain_start(record.pad_id)
        sub = frames.Sub(record.pad_id, ring.newest, proof, 0, start, engine.rng(16))
        await ask(connection, Op.SUB, sub.encode())
        yield connection
    finally:
        await connection.close()
