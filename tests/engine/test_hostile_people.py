"""What people with a link can do to other people's windows: nothing that lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptpad_tui.engine import Engine
from cryptpad_tui.pad.writer import Base
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Wait for a state, never for a time."""
    for _ in range(int(within_s / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


async def test_a_viewers_absurd_position_costs_nobody_their_connection(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    line = anna.create_pad("Pad", text="text\n")
    await boris.join(await anna.make_link(line.pad_id, view=True))
    await anna.start()
    hers = anna.open_pad(line.pad_id)
    await until(lambda: hers.attached_here)
    connection = next(iter(anna.relays.loops.values())).connection
    his = boris.open_pad(line.pad_id)
    his.replica.base = lambda: Base(2**64 - 1, bytes(32))  # type: ignore[method-assign]
    await boris.start()
    await until(lambda: bool(hers.presence.sessions))
    await asyncio.sleep(0.3)
    assert connection is not None
    assert not connection.closed.is_set()
    assert hers.attached_here
