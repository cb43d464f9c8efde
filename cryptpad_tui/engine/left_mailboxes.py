"""One's own mailboxes at relays that the drive has left: who did not hear yet of the move writes there still.

They are emptied as long as a message could lie there that is not too old to be taken. Nothing is asked of a
relay but by the key that it had, and one that does not answer is left alone for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.engine import mailbox
from cryptpad_tui.engine.mailbox import Fetched
from cryptpad_tui.engine.own_card import RELAY_SETTING
from cryptpad_tui.host.errors import HostError
from cryptpad_tui.people.mail import MAX_AGE_MS
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable, open_connection

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_LEFT: Final = "mail/left"
MAX_LEFT: Final = 8
WAIT_S: Final = 3.0
AGAIN_MS: Final = 3_600_000
"""A relay that did not answer is asked again after an hour."""


@dataclass(frozen=True, slots=True)
class LeftMailbox:
    """A relay at which this account had its mailbox."""

    url: str
    relay_pk: str
    left_ms: int
    silent_ms: int = 0
    """When it did not answer last; 0 where it did."""


def note(engine: Engine, url: str | None, relay_pk: bytes, *, now_at: bytes) -> None:
    """The drive goes from this relay to the one of the key `now_at`. Inside the transaction of that."""
    kept = [each for each in left(engine) if each.relay_pk not in (relay_pk.hex(), now_at.hex())]
    if url and relay_pk and relay_pk != now_at and engine.vault.setting(RELAY_SETTING) is not None:
        kept.append(LeftMailbox(url, relay_pk.hex(), engine.wall_ms()))
    _write(engine, kept[-MAX_LEFT:])


def left(engine: Engine) -> list[LeftMailbox]:
    """Those in which something may lie, the one that was left last at the end."""
    found = [LeftMailbox(**each) for each in json.loads(engine.vault.setting(_LEFT) or "[]")]
    return [each for each in found if engine.wall_ms() - each.left_ms <= MAX_AGE_MS]


def due(engine: Engine) -> list[LeftMailbox]:
    """Those that are to be asked at this moment."""
    now_ms = engine.wall_ms()
    return [each for each in left(engine) if not 0 <= now_ms - each.silent_ms < AGAIN_MS]


async def fetch(engine: Engine, in_step: Callable[[], Awaitable[bool]]) -> Fetched:
    """Take what lies there. It is dropped where every device can have it: `in_step` waits for the drive."""
    found = Fetched()
    for each in due(engine):
        answered = False
        with contextlib.suppress(RelayUnreachable, Refused, Malformed, HostError, OSError):
            async with asyncio.timeout(4 * WAIT_S):
                answered = await _fetch_one(engine, each, found, in_step)
        if answered == bool(each.silent_ms):
            after = replace(each, silent_ms=0 if answered else engine.wall_ms())
            _write(engine, [after if one.relay_pk == each.relay_pk else one for one in left(engine)])
    return found


async def _fetch_one(
    engine: Engine, place: LeftMailbox, found: Fetched, in_step: Callable[[], Awaitable[bool]]
) -> bool:
    """Whether it was the relay that it was."""
    url = await asyncio.to_thread(engine.resolve, place.url)
    connection: RelayConnection = await open_connection(url, timeout_s=WAIT_S)
    try:
        if not compare_digest(connection.greeting.relay_pk, bytes.fromhex(place.relay_pk)):
            return False
        await connection.run(mailbox.bind(engine, connection.greeting))
        came = await connection.run(mailbox.fetch(engine))
        found.taken += came.taken
        found.refused += came.refused
        found.left += came.left
        if came.drop and await in_step():
            await connection.run(mailbox.drop(engine, came.drop))
    finally:
        await connection.close()
    return True


def _write(engine: Engine, places: list[LeftMailbox]) -> None:
    kept = json.dumps([asdict(each) for each in places]) if places else None
    if engine.vault.setting(_LEFT) != kept:
        engine.vault.set_setting(_LEFT, kept)
