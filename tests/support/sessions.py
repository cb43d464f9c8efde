"""What tests of open pads do again and again: wait for a state, type at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptpad_tui.engine import Engine, PadSession

MakeEngine = Callable[..., Engine]


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Wait for a state, never for a time."""
    for _ in range(int(within_s / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


def append(session: PadSession, text: str) -> None:
    end = session.view.lines.end
    session.view.replace(end, end, text)
