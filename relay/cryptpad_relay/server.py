"""The listening end: accepts connections, ticks the clock for all of them, and stops without losing a word.

It keeps no map from addresses to pads and logs neither.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptpad_relay.committer import Committer
from cryptpad_relay.connection import Connection, fan_out
from cryptpad_relay.data_dir import RelayKeys
from cryptpad_relay.hub import Hub
from cryptpad_relay.limits import Limits
from cryptpad_relay.pressure import Pressure
from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.store.base import Store

TICK_S: Final = 0.25
TICKS_A_SECOND: Final = 4
KEEP_ALIVE_S: Final = 20
BACKLOG: Final = 1_024
ACCEPTED_AT_ONCE: Final = 16
"""Between so many strangers everybody else has a turn, and the limits are looked at."""
READ_BYTES: Final = 64 * 1024
DRAIN_S: Final = 10.0
GOODBYE_S: Final = 2.0


class AddressInUse(Exception):
    """Another program listens there already. Stop it, or choose another address with --listen or --unix."""


class RelayServer:
    """A running relay. `listen_tcp` or `listen_unix`, then `stop`."""

    def __init__(
        self,
        store: Store,
        keys: RelayKeys,
        *,
        limits: Limits,
        commit_interval_s: float,
        restored: bool = False,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = time.monotonic
        self.limits = limits
        self.stopping = False
        self.read_buffer = memoryview(bytearray(READ_BYTES))
        self._committer = Committer(store, self.loop, commit_interval_s, self.now)
        self.hub = Hub(
            store,
            keys,
            wall=time.time,
            random_bytes=os.urandom,
            limits=limits,
            restored=restored,
            fan_out=fan_out,
            wake=self._committer.wake,
        )
        self._committer.start(self.hub)
        self.pressure = Pressure(limits.unfinished_bytes, limits.unread_bytes)
        self._connections: list[dict[Connection, None]] = [{} for _ in range(KEEP_ALIVE_S)]
        self._unproven: dict[Connection, None] = {}
        self._closing: dict[Connection, None] = {}
        self._accepted = 0
        self._listener: asyncio.Server | None = None
        self._nobody_left = asyncio.Event()
        self._ticks = 0
        self._timer = self.loop.call_later(TICK_S, self._tick)

    async def listen_tcp(self, host: str, port: int) -> str:
        """The address that clients can use."""
        info = await self.loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, number, _, address = info[0]
        # asyncio switches Nagle's delay off only for sockets that say they are TCP.
        listening = socket.socket(family, kind, number)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError as error:
            listening.close()
            raise AddressInUse(f"{host}:{port}: {error.strerror}") from error
        self._listener = await self.loop.create_server(
            lambda: Connection(self), sock=listening, backlog=ACCEPTED_AT_ONCE
        )
        # Who waits to be accepted must not be turned away meanwhile.
        listening.listen(BACKLOG)
        bound = listening.getsockname()
        shown = f"[{bound[0]}]" if family == socket.AF_INET6 else bound[0]
        return f"ws://{shown}:{bound[1]}"

    async def listen_unix(self, path: Path) -> str:
        """A socket for this user alone. One left behind by a dead relay is replaced, a live one never."""
        if path.exists() or path.is_symlink():
            await _check_abandoned(path)
        before = os.umask(0o177)
        try:
            self._listener = await self.loop.create_unix_server(
                lambda: Connection(self), str(path), backlog=BACKLOG
            )
        finally:
            os.umask(before)
        return f"unix:{path}"

    async def stop(self) -> None:
        """Take nothing more, answer what was taken, say goodbye."""
        self.stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in self._all():
            connection.stop_reading()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._committer.drain()
        for connection in self._all():
            connection.close(CloseCode.GOING_AWAY)
        if self._all():
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._nobody_left.wait()
        for connection in self._all():
            connection.transport.abort()
        self._timer.cancel()
        self._committer.stop()

    # Called by connections

    def add(self, connection: Connection) -> None:
        if self.stopping or sum(map(len, self._connections)) >= self.limits.connections:
            connection.transport.abort()
            return
        self._accepted += 1
        connection.slot = self._accepted % KEEP_ALIVE_S
        self._connections[connection.slot][connection] = None
        self._unproven[connection] = None
        if len(self._unproven) > self.limits.unproven_connections:
            oldest = next(iter(self._unproven))
            del self._unproven[oldest]
            oldest.close(CloseCode.IDLE_HANDSHAKE)

    def proven(self, connection: Connection) -> None:
        self._unproven.pop(connection, None)

    def closing(self, connection: Connection) -> None:
        """It is looked at each second until it is gone."""
        self._closing[connection] = None

    def remove(self, connection: Connection) -> None:
        self._connections[connection.slot].pop(connection, None)
        self._unproven.pop(connection, None)
        self._closing.pop(connection, None)
        self.pressure.forget(connection)
        if self.stopping and not self._all():
            self._nobody_left.set()

    def _all(self) -> list[Connection]:
        return [connection for slot in self._connections for connection in slot]

    def _tick(self) -> None:
        self._timer = self.loop.call_later(TICK_S, self._tick)
        now = self.now()
        self.hub.tick(now)
        self._ticks += 1
        if self._ticks % TICKS_A_SECOND:
            return
        self.pressure.trim()
        for connection in [*self._unproven, *self._closing]:
            connection.tick(now)
        for connection in list(self._connections[self._ticks // TICKS_A_SECOND % KEEP_ALIVE_S]):
            connection.keep_alive(now, KEEP_ALIVE_S)


async def _check_abandoned(path: Path) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise AddressInUse(f"{path} exists and is no socket")
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except ConnectionRefusedError:
        path.unlink()
        return
    writer.close()
    raise AddressInUse(str(path))
