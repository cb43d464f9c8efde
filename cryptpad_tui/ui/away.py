"""The terminal belongs to another program for a while; the app goes on without a screen.

Timers, relays and other windows are served meanwhile. Nothing of ours may be written to the terminal until
the other program has ended, and the app must be back whatever happens to it.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptpad_tui.ui.safe_app import SafeApp

Outcome = TypeVar("Outcome")
Terminal = tuple[int, int]
"""The descriptors to type and to draw at."""


async def away(app: SafeApp, work: Callable[[Terminal | None], Awaitable[Outcome]]) -> Outcome:
    """Wait for `work` with the terminal as it was before the app."""
    driver = app._driver
    if driver is None or not driver.can_suspend:
        return await work(None)
    failure: Exception | None = None
    with app.suspend():
        try:
            with app.batch_update():
                outcome = await work(_terminal())
        except Exception as error:
            # Textual comes back only from a block that ends well. An app that ends must not: it cancels.
            failure = error
    app.forget_screen()
    if failure is not None:
        raise failure
    return outcome


def _terminal() -> Terminal | None:
    """Python's own stderr is the terminal: the descriptor of that number is closed to libraries."""
    if sys.__stdin__ is None or sys.__stderr__ is None:
        return None
    return sys.__stdin__.fileno(), sys.__stderr__.fileno()
