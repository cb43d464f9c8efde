"""Makes one batch at a time durable: rows are written on the event loop, the wait for the disk is a thread's.

The thread makes one call a batch, so that it does not fight the loop over the interpreter's lock. There is at
most one commit each `interval_s`, and one at once after a quiet time: what arrives meanwhile shares the next.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

from cryptpad_relay.diagnostics import LOG, describe
from cryptpad_relay.hub import Hub
from cryptpad_relay.store.base import StorageError, Store


class Committer:
    """Between hub and store. `wake` may be called as often as one likes, from the event loop."""

    def __init__(
        self, store: Store, loop: asyncio.AbstractEventLoop, interval_s: float, now: Callable[[], float]
    ) -> None:
        self._store, self._loop, self._interval_s, self._now = store, loop, interval_s, now
        self._hub: Hub | None = None
        self._jobs: queue.SimpleQueue[bool] = queue.SimpleQueue()
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
        self._jobs.put(False)
        self._thread.join()

    def _take(self) -> None:
        self._timer = None
        # Taking checks what was put off, and that wakes us: there is nothing to wake for.
        self._busy = True
        batch = self._hub.take_batch(self._now()) if self._hub else None
        if batch is None:
            self._busy = False
            self._idle.set()
            return
        self._not_before = self._now() + self._interval_s
        if not batch.rows:
            self._loop.call_soon(self._done, None)
            return
        try:
            self._store.write(batch.rows)
        except Exception as error:  # whatever it was: without a sync there is no acknowledgement
            self._loop.call_soon(self._done, error)
        else:
            self._jobs.put(True)

    def _run(self) -> None:
        while self._jobs.get():
            failure: Exception | None = None
            try:
                self._store.sync()
            except Exception as error:
                failure = error
            self._loop.call_soon_threadsafe(self._done, failure)

    def _done(self, failure: Exception | None) -> None:
        self._busy = False
        if self._hub is None:
            return
        if failure is None:
            self._hub.committed(self._now())
        else:
            reason = str(failure) if isinstance(failure, StorageError) else describe(failure)
            LOG.error("a commit failed, its clients were told to try again: %s", reason)
            self._hub.failed()
        self.wake()
