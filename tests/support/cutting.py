"""A network that goes away before its nth frame, whichever way that went, and comes back when it is told to.

What the process under test meets is what a socket tells it: a connection that ends, and none that opens.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError

from cryptpad_tui.sync import connection

FASTER = 50
"""A clock goes so much faster while there is no network: nobody waits for what cannot come."""


class Cut:
    """The network of this process, from `installed` on."""

    def __init__(self, at: int) -> None:
        self._left, self._lead = at, 0.0
        self._since: float | None = None
        self._sockets: list[ClientConnection] = []
        self.was_cut = False

    def now(self) -> float:
        """The clock for an engine that is to be cut off."""
        real = time.monotonic()
        gone = real - self._since if self._since is not None else 0.0
        return real + self._lead + gone * FASTER

    @contextmanager
    def installed(self) -> Iterator[None]:
        honest = connection._open_socket

        async def open_socket(url: str, timeout_s: float) -> ClientConnection:
            if self._since is not None:
                raise OSError("no network")
            opened = await honest(url, timeout_s)
            self._sockets.append(opened)
            return _Socket(opened, self)  # type: ignore[return-value]

        connection._open_socket = open_socket
        try:
            yield
        finally:
            connection._open_socket = honest
            self._lead, self._since = self.now() - time.monotonic(), None
            self._left = -1

    def frame(self) -> None:
        """One is about to go, or to be taken in."""
        if self._left == 0:
            self.was_cut, self._since = True, time.monotonic()
            for each in self._sockets:
                each.transport.abort()
        self._left -= 1
        if self._since is not None:
            raise ConnectionClosedError(None, None)


class _Socket:
    def __init__(self, inner: ClientConnection, cut: Cut) -> None:
        self._inner, self._cut = inner, cut

    async def send(self, message: bytes) -> None:
        self._cut.frame()
        await self._inner.send(message)

    async def recv(self) -> bytes | str:
        message = await self._inner.recv()
        self._cut.frame()
        return message

    async def __aiter__(self) -> AsyncIterator[bytes | str]:
        async for message in self._inner:
            self._cut.frame()
            yield message

    async def close(self) -> None:
        await self._inner.close()
