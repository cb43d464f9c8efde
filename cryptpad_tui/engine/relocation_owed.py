"""What follows the owner's signature of a move: contacts are told, and what was left is erased where asked.

It is written down right before the signature leaves, and done by whatever runs next on this machine, the app
or `sync`. It moves no pad, and believes no relay: only the owner's record, folded here, has it begin.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import relocation_mail, whereabouts
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.keyrings import ring_of
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.vault.records import PadRecord

OWED: Final = "move/owed/"
"""How the settings begin that name the pads whose move this machine signed, and what is left to do of it."""
GIVE_UP_MS: Final = 30 * 86_400_000
"""After so long a signature that no relay took is none, and a relay that was left is asked for nothing."""
WAIT_S: Final = 5.0
_GONE: Final = frozenset({Code.DELETED, Code.UNKNOWN_PAD, Code.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Owed:
    """Of one pad; ids and keys in hex."""

    record_id: str
    at_ms: int
    to_url: str
    old_url: str
    old_pk: str
    erase: bool
    old_is_gone: bool
    told: int | None = None
    """How many contacts are; None for who is to be told yet."""


@dataclass(frozen=True, slots=True)
class Done:
    told: int = 0
    """Contacts who are told by mailbox."""
    is_left: bool = False
    """Whether what the pad left is to be erased still."""


def remember(
    engine: Engine, session: PadSession, record: MoveRecord, *, erase: bool, old_is_gone: bool
) -> None:
    """Durable when this returns: the record leaves next."""
    old, at_ms = session.record, engine.wall_ms()
    erase &= not old_is_gone
    owed = Owed(
        record.entry_id.hex(),
        at_ms,
        record.url,
        old.relay_url or "",
        old.relay_pk.hex(),
        erase,
        old_is_gone,
    )
    _keep(engine, session.pad_id, owed)


def is_owed(engine: Engine) -> bool:
    """Opens nothing."""
    return bool(engine.vault.settings_under(OWED))


async def go_on(engine: Engine, pad: bytes = b"") -> None:
    """Whatever is left to do of any pad, or of this one; what cannot be done at present stays owed."""
    for name in engine.vault.settings_under(OWED + pad.hex()):
        pad_id = bytes.fromhex(name.removeprefix(OWED))
        record, owed = engine.vault.pad(pad_id), _read(engine, pad_id)
        if owed is None:
            continue
        if record is None or record.role != "owner" or engine.wall_ms() - owed.at_ms > GIVE_UP_MS:
            engine.vault.set_setting(name, None)
            continue
        # A relay that was left may answer anything: it must not keep what comes after this from being done.
        with contextlib.suppress(EngineError, RelayUnreachable, Alarm, Refused, Malformed):
            await _go_on(engine, record, owed)


async def _go_on(engine: Engine, record: PadRecord, owed: Owed) -> None:
    if owed.old_is_gone and record.relay_pk.hex() == owed.old_pk:
        # The relay before will never show the record that this machine did not live to fold.
        await whereabouts.switch_quietly(engine, record.pad_id, owed.to_url)
    with engine.borrowed(record.pad_id) as session:
        home = session.replica.fold.owner.home
        if home is not None and home.entry_id.hex() == owed.record_id:
            await finish(engine, session, home)


async def finish(
    engine: Engine, session: PadSession, record: MoveRecord, *, by_another: bool = False
) -> Done:
    """What is left of this move; `by_another`: it may be one that another machine of the account signed."""
    owed = _read(engine, session.pad_id)
    if owed is None or owed.record_id != record.entry_id.hex():
        return Done(relocation_mail.tell(engine, session, record) if by_another else 0)
    if owed.told is None:
        owed = await _tell(engine, session, record, owed)
    is_left = owed.erase and not await _erase(engine, session, record, owed)
    if owed.told is not None and not is_left:
        engine.vault.set_setting(_name(session.pad_id), None)
    return Done(owed.told or 0, is_left)


async def _tell(engine: Engine, session: PadSession, record: MoveRecord, owed: Owed) -> Owed:
    """Messages and the note of them are one transaction."""
    if session.kind is PadKind.DRIVE and not await relocation_mail.is_reached(engine):
        return owed
    with engine.people.durable():
        if (meanwhile := _read(engine, session.pad_id)) is None or meanwhile.told is not None:
            return replace(owed, told=0)
        if session.kind is PadKind.DRIVE:
            relocation_mail.tell_card(engine)
        owed = replace(owed, told=relocation_mail.tell(engine, session, record))
        _keep(engine, session.pad_id, owed)
    return owed


async def _erase(engine: Engine, session: PadSession, record: MoveRecord, owed: Owed) -> bool:
    """Whether nothing but the owner's records is left there."""
    try:
        connection = await whereabouts.connect(engine, owed.old_url, wait_s=WAIT_S)
    except RelayUnreachable:
        return False
    try:
        if compare_digest(connection.greeting.relay_pk.hex(), owed.old_pk):
            await _subscribe(engine, session, record, connection)
            flow = flows_move.erase_left(record, session.record.secret, now_ms=engine.wall_ms())
            await connection.run(flow)
        # Whatever another relay has at that address, it is none that the pad left.
        return True
    except Refused as refused:
        return refused.code in _GONE
    except RelayUnreachable:
        return False
    finally:
        await connection.close()


async def _subscribe(
    engine: Engine, session: PadSession, record: MoveRecord, connection: RelayConnection
) -> None:
    """By the keys that the relay knew when the pad left it; raises Refused."""
    pad_id, greeting = record.pad_id, connection.greeting
    ring = ring_of(engine, session.record)
    keys = ring.known(record.epoch) or ring.newest_keys
    proof = keys.subscribe_proof(pad_id, record.epoch, greeting.relay_nonce, greeting.relay_pk)
    sub = frames.Sub(pad_id, record.epoch, proof, 0, chain_start(pad_id), engine.rng(16))
    await connection.request(Request(Op.SUB, sub.encode()))


def _read(engine: Engine, pad_id: bytes) -> Owed | None:
    stored = engine.vault.setting(_name(pad_id))
    return Owed(**json.loads(stored)) if stored is not None else None


def _keep(engine: Engine, pad_id: bytes, owed: Owed) -> None:
    engine.vault.set_setting(_name(pad_id), json.dumps(asdict(owed)))


def _name(pad_id: bytes) -> str:
    return OWED + pad_id.hex()
