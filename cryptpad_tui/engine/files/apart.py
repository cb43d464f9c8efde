"""Work on files in threads, so that no key press waits for it; who stops it waits until it let go.

A thread cannot be ended: one that goes on with a descriptor that was closed meanwhile would write into
whatever file has that number by then. So nothing here returns while its thread runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import TypeVar, TypeVarTuple

from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files.kept import Progress

Done = TypeVar("Done")
Arguments = TypeVarTuple("Arguments")


class _Stopped(EngineError):
    """This was stopped. Nothing was changed."""


async def in_thread(work: Callable[[*Arguments], Done], *arguments: *Arguments) -> Done:
    """What the work gives; cancelled, this ends when the work has."""
    thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await _end_of(thread)
        raise


@contextlib.asynccontextmanager
async def entered_in_thread(
    make: Callable[[Progress], AbstractContextManager[Done]], told: Progress
) -> AsyncIterator[Done]:
    """Enter in a thread what `make` gives, telling of bytes; cancelled, it ends when it next tells."""
    stop = threading.Event()

    def told_unless_stopped(done: int) -> None:
        if stop.is_set():
            raise _Stopped
        told(done)

    block = make(told_unless_stopped)
    thread = asyncio.ensure_future(asyncio.to_thread(block.__enter__))
    try:
        entered = await asyncio.shield(thread)
    except asyncio.CancelledError as error:
        stop.set()
        await _end_of(thread)
        if thread.exception() is None:
            block.__exit__(type(error), error, None)
        raise
    with contextlib.ExitStack() as stack:
        stack.push(block.__exit__)
        yield entered


async def _end_of(thread: asyncio.Future[Done]) -> None:
    while not thread.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({thread})
    # Looked at, so that nothing says that nobody did.
    thread.exception()
