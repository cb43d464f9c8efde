"""What was begun about the account's own keys and is not done: taken up again, by the app and by `sync`.

Each part is done by asking again, and remembers itself how far it came.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.engine import removing
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def is_owed(engine: Engine) -> bool:
    return removing.is_owed(engine)


async def see_to(engine: Engine) -> None:
    """What cannot be done at present stays owed."""
    with contextlib.suppress(EngineError, RelayUnreachable, Refused, Alarm):
        if removing.is_owed(engine):
            await removing.go_on(engine)
