"""What hostile clients make the relay keep in memory, bounded in total: unfinished messages, unread answers.

Each connection has its own bounds; these are for many connections that all stay just below them. Who made the
relay keep something for the longest time is cut off first: honest clients finish and read, and reconnect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptpad_relay.connection import Connection


class Pressure:
    """Told by each connection what it holds; cuts off the oldest holders beyond the limits."""

    def __init__(self, unfinished_bytes: int, unread_bytes: int) -> None:
        self._max_unfinished = unfinished_bytes
        self._max_unread = unread_bytes
        self._unfinished: dict[Connection, int] = {}
        self._unfinished_bytes = 0
        self._unread: dict[Connection, None] = {}

    def holds(self, connection: Connection, size: int) -> None:
        """Bytes of a message that is not whole yet; 0 when it is."""
        self._unfinished_bytes += size - self._unfinished.get(connection, 0)
        if size:
            # A place in the order is kept from the first byte on.
            self._unfinished[connection] = size
        else:
            self._unfinished.pop(connection, None)
        while self._unfinished_bytes > self._max_unfinished:
            self._cut(next(iter(self._unfinished)))

    def stops_reading(self, connection: Connection) -> None:
        """It leaves so much unread that its answers wait."""
        self._unread[connection] = None
        self.trim()

    def reads(self, connection: Connection) -> None:
        self._unread.pop(connection, None)

    def trim(self) -> None:
        """Also called each second: what waits grows by commits."""
        waiting = {each: each.transport.get_write_buffer_size() for each in self._unread}
        total = sum(waiting.values())
        for connection, size in waiting.items():
            if total <= self._max_unread:
                return
            total -= size
            self._cut(connection)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._unfinished_bytes -= self._unfinished.pop(connection, 0)
        self._unread.pop(connection, None)

    def _cut(self, connection: Connection) -> None:
        # A goodbye would wait behind what is not read.
        self.forget(connection)
        connection.cut()
