"""Moving house: every pad of one's own to another relay, one by one, and the drive when all are there.

What was moved stays moved, and asking again does the rest. Pads of others are theirs to move.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import inbox, relocating, relocation_mail, whereabouts
from cryptpad_tui.engine.carrying import Told
from cryptpad_tui.engine.errors import EngineError, RelayRefused
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.engine.own_card import RELAY_SETTING
from cryptpad_tui.engine.relocating import AlreadyThere, MoveReport
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.flows_move import NotMovedThere
from cryptpad_tui.sync.connection import RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


class NotAllMoved(EngineError):
    """Some pads stayed where they were, and so did the drive. Everybody goes on, each pad at its own relay.
    Say the same again when the reasons above are gone: what was moved stays moved.
    """


class NotAllFollowed(EngineError):
    """Some pads could not be followed there, for the reasons above; what you had not sent is kept, and the
    others go on there. Say the same again when the reasons are gone.
    """


def movable(engine: Engine) -> tuple[list[bytes], list[bytes], int]:
    """One's own pads that are on a relay; one's drive, where it is; and how many pads are others'."""
    mine, drive, others = list[bytes](), list[bytes](), 0
    for record in engine.vault.pads():
        if record.role != "owner":
            others += 1
        elif record.relay_pk:
            (drive if record.kind == PadKind.DRIVE else mine).append(record.pad_id)
    return mine, drive, others


@dataclass(frozen=True, slots=True)
class AllMoved:
    """What came of moving everything."""

    failed: tuple[tuple[bytes, str], ...]
    """Pads that stayed, and why, in sentences."""
    others: int


async def move_all(
    engine: Engine,
    url: str,
    *,
    old_is_gone: bool = False,
    erase: bool = False,
    told: Told = lambda what: None,
    done: Callable[[MoveReport], None] = lambda report: None,
) -> AllMoved:
    """Every pad of one's own, one after the other; the drive last, and only when all others are there.

    Whatever keeps one pad keeps no other; a relay that cannot be reached is not waited for again for each.
    """
    await _reach(engine, url)
    if not old_is_gone:
        await _empty_mailbox(engine)
    mine, drive, others = movable(engine)
    failed: list[tuple[bytes, str]] = []
    silent: dict[str | None, str] = {}
    for pad_id in [*mine, *drive]:
        if pad_id in drive and failed:
            break
        record = engine.vault.pad(pad_id)
        at = record.relay_url if record is not None else None
        if at in silent:
            failed.append((pad_id, silent[at]))
            continue
        try:
            report = await relocating.move(
                engine, pad_id, url, old_is_gone=old_is_gone, erase=erase, told=told
            )
        except AlreadyThere:
            continue
        except Exception as error:
            failed.append((pad_id, _why(error)))
            if isinstance(error, RelayUnreachable):
                silent[at] = _why(error)
        else:
            done(report)
    if not failed:
        engine.set_relay(url)
        if not drive:
            await _tell_card(engine)
    return AllMoved(tuple(failed), others)


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following all that was moved to a relay."""

    found: tuple[bytes, ...]
    failed: tuple[tuple[bytes, str], ...]
    """Pads that could not be followed, and why, in sentences."""


async def follow_all(engine: Engine, url: str) -> Followed:
    """Whatever was moved to this relay, one's own drive first; what keeps one pad keeps no other."""
    await _reach(engine, url)
    drive = movable(engine)[1]
    rest = [record.pad_id for record in engine.vault.pads() if record.pad_id not in drive]
    found, failed = list[bytes](), list[tuple[bytes, str]]()
    for pad_id in [*drive, *rest]:
        try:
            await whereabouts.follow(engine, pad_id, url)
        except NotMovedThere:
            continue
        except Exception as error:
            failed.append((pad_id, _why(error)))
            continue
        if pad_id not in drive:
            found.append(pad_id)
    return Followed(tuple(found), tuple(failed))


async def _reach(engine: Engine, url: str) -> None:
    """Raises NoSuchAddress or RelayUnreachable once, and not for each pad."""
    connection = await whereabouts.connect(engine, url)
    await connection.close()


async def _empty_mailbox(engine: Engine) -> None:
    """What lies at the relay of now is taken before it is left: it may be stopped soon."""
    if not is_limited(engine.vault) and engine.vault.setting(RELAY_SETTING) is not None:
        with contextlib.suppress(EngineError, RelayUnreachable, Alarm, Malformed, OSError):
            await inbox.look(engine)


async def _tell_card(engine: Engine) -> None:
    """Of an account whose drive is on no relay yet; with a drive that moves, it is told of that."""
    if await relocation_mail.is_reached(engine):
        with engine.people.durable():
            relocation_mail.tell_card(engine)


def _why(error: Exception) -> str:
    if isinstance(error, RelayRefused):
        return f"a relay refused ({error.code.name.lower()})"
    return str(error) or " ".join((type(error).__doc__ or "").split())
