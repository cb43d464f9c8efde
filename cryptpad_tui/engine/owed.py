"""What was begun about the account's keys, or a move, and is not done: taken up by the app and by `sync`.

Each part is done by asking again, and remembers itself how far it came.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.engine import coming_along, moving, relocation_owed, removing
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def is_owed(engine: Engine) -> bool:
    return removing.is_owed(engine) or moving.is_owed(engine) or coming_along.is_owed(engine)


async def see_to(engine: Engine) -> list[str]:
    """What cannot be done at present stays owed; sentences about what is done."""
    said = []
    with contextlib.suppress(EngineError, RelayUnreachable, Refused, Alarm):
        if removing.is_owed(engine):
            left = await removing.go_on(engine)
            said += [] if left else ["The change of keys without the device that you removed is done."]
        if coming_along.is_owed(engine):
            await coming_along.go_on(engine)
        if moving.is_owed(engine) and (await moving.go_on(engine)).is_done:
            said.append("The account's other root is done: the drive of before is deleted at its relay.")
    await relocation_owed.go_on(engine)
    return said
