"""The writer thread: makes one batch at a time durable, and says so to the event loop.

At most one commit each `interval_s`, and at once after a quiet time: what arrives meanwhile shares the next.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable

from cryptpad_relay.hub import Hub
from cryptpad_relay.store.base import Rows, StorageError, Store

LOG = logging.getLogger("cryptpad_relay")


class Committer:
    """Between hub and store. `wake` may be called as often as one likes, from the event loop."""

    def __init__(
        self, store: Store, loop: asyncio.AbstractEventLoop, interval_s: float, now: Callable[[], float]
    ) -> None:
        self._store, self._loop, self._interval_s, self._now = store, loop, interval_s, now
        self._hub: Hub | None = None
        self._jobs: queue.SimpleQueue[Rows | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="relay-writer", daemon=True)
        self._timer: asyncio.Handle | None = None
        self._busy = False
        self._not_before = 0.0
        self._idle = asyncio.Event()

    def start(self, hub: Hub) -> None:
        self._hub = hub
        self._thread.start()

    async def drain(self) -> None:
        """Returns when nothing waits for the disk any more; nothing may be staged meanwhile."""
        if self._busy or self._timer is not None:
            self._idle.clear()
            await self._idle.wait()

    def wake(self) -> None:
        if not self._busy and self._timer is None:
            wait_s = self._not_before - self._now()
            if wait_s > 0:
                self._timer = self._loop.call_later(wait_s, self._take)
            else:
                self._timer = self._loop.call_soon(self._take)

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _take(self) -> None:
        self._timer = None
        batch = self._hub.take_batch() if self._hub else None
        if batch is None:
            self._idle.set()
            return
        self._busy = True
        self._not_before = self._now() + self._interval_s
        self._jobs.put(batch.rows)

    def _run(self) -> None:
        while (rows := self._jobs.get()) is not None:
            failure: Exception | None = None
            try:
                if rows:
                    self._store.commit(rows)
            except Exception as error:  # whatever it was: without a commit there is no acknowledgement
                failure = error
            self._loop.call_soon_threadsafe(self._done, failure)

    def _done(self, failure: Exception | None) -> None:
        self._busy = False
        if self._hub is None:
            return
        if failure is None:
            self._hub.committed(self._now())
        else:
            name = str(failure) if isinstance(failure, StorageError) else type(failure).__name__
            LOG.error("a commit failed, its clients were told to try again: %s", name)
            self._hub.failed()
        self.wake()
