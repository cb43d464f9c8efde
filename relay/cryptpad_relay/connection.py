"""One WebSocket as an asyncio protocol: bytes to messages for the session, frames to bytes for the network.

A connection has no task and no queue, which keeps an idle one small and a delivery cheap. Memory is bounded
on both sides: who reads no answers is not heard, who falls too far behind is closed; for all, in pressure.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, cast

from cryptpad_relay.diagnostics import LOG, describe
from cryptpad_relay.handshake import forwarded_for, http_answer
from cryptpad_relay.limits import Bucket, Rate, limited_as
from cryptpad_relay.peers import Peer
from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.protocol.frames import MAX_MESSAGE
from cryptpad_relay.session import Session
from cryptpad_relay.websocket import (
    BrokenWebSocket,
    Message,
    MessageReader,
    Opcode,
    binary_frame,
    close_frame,
    control_frame,
)

if TYPE_CHECKING:
    from cryptpad_relay.server import RelayServer

MAX_BACKLOG: Final = 16
ANSWERS_BEHIND: Final = 256 * 1024
"""Unsent bytes beyond which no further request is taken."""
DROPPABLE_BEHIND: Final = 64 * 1024
MAX_BEHIND: Final = 4 * 1024 * 1024
"""Unsent bytes beyond which a peer is a slow reader."""
MAX_HANDSHAKE: Final = 8 * 1024
UNPROVEN_RAW_BYTES: Final = 6 * 1024
"""All bytes after the HTTP request and before the first proof: the messages and their framing."""
CONTROLS: Final = Rate(16, 1)
"""Pings and pongs; an honest client sends a few a minute."""
CLOSING_S: Final = 5.0


class Connection(asyncio.BufferedProtocol):
    """A Peer whose far end is a socket."""

    __slots__ = (
        "_closing_since",
        "_controls",
        "_handshake",
        "_raw_bytes",
        "_reader",
        "_reading",
        "_server",
        "_unfinished",
        "_waking",
        "address",
        "heard_at",
        "open",
        "session",
        "since",
        "slot",
        "transport",
        "writable",
    )

    transport: asyncio.Transport

    def __init__(self, server: RelayServer) -> None:
        self._server = server
        self._handshake: bytearray | None = bytearray()
        self._reader: MessageReader | None = None
        self._raw_bytes = self._unfinished = 0
        self._reading, self._waking = True, False
        self._closing_since: float | None = None
        self.session: Session | None = None
        self.open = False
        self.writable = True
        self.since = self.heard_at = server.now()
        self._controls = Bucket(CONTROLS, self.since)
        self.address = ""
        self.slot = 0

    # What the session and the hub ask for

    @property
    def ready(self) -> bool:
        return self.writable

    def send(self, *frames: bytes) -> None:
        if self.open:
            self.transport.write(b"".join([binary_frame(frame) for frame in frames]))
            if self.transport.get_write_buffer_size() > MAX_BEHIND:
                self.close(CloseCode.SLOW_READER)

    def close(self, code: int) -> None:
        """Say why, say no more, and wait a little for the far end to close."""
        if self._closing_since is None:
            self._closing_since = self._server.now()
            self._server.closing(self)
            if self._reader is None:
                self.transport.abort()
                return
            self.open = False
            self.transport.write(close_frame(code))
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._read(True)

    def cut(self) -> None:
        """End it without a word, and with all that it made us keep."""
        self.open = False
        self._reader = None
        self.transport.abort()

    def wake(self) -> None:
        if not self._waking:
            self._waking = True
            self._server.loop.call_soon(self._advance)

    # What the network says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=ANSWERS_BEHIND, low=ANSWERS_BEHIND // 4)
        peer = transport.get_extra_info("peername")
        self.address = limited_as(str(peer[0])) if isinstance(peer, tuple) else "unix"
        self._server.add(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """One buffer for all connections: what is read into it is copied out before the next read."""
        return self._server.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._server.read_buffer[:nbytes])
        try:
            self._received(data)
        except Exception as error:
            # A fault of ours must cost the one connection that met it, not all of them.
            LOG.error("a connection was cut: %s", describe(error))
            self.transport.abort()

    def _received(self, data: bytes) -> None:
        self.heard_at = self._server.now()
        if self._handshake is not None:
            data = self._shake_hands(data)
        if self._raw_bytes >= 0:
            data = self._take_unproven(data)
        self._take_bytes(data)
        self._count_unfinished()
        self._pace()

    def _take_unproven(self, data: bytes) -> bytes:
        """What is left once a proof was among it; beyond the budget nothing is even looked at."""
        allowed = max(0, UNPROVEN_RAW_BYTES - self._raw_bytes)
        self._raw_bytes += len(data)
        self._take_bytes(data[:allowed])
        if self.session is not None and self.session.proven:
            self._raw_bytes = -1
            self._server.proven(self)
            return data[allowed:]
        if len(data) > allowed:
            self.close(CloseCode.IDLE_HANDSHAKE)
        return b""

    def eof_received(self) -> None:
        self.open = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._server.remove(self)
        if self.session is not None:
            self.session.closed()
            self.session = None

    def pause_writing(self) -> None:
        self.writable = False
        self._server.pressure.stops_reading(self)

    def resume_writing(self) -> None:
        self.writable = True
        self._server.pressure.reads(self)
        self.wake()

    # Time

    def tick(self, now: float) -> None:
        """About once a second while nothing is proven or the connection closes."""
        if self._closing_since is not None:
            if now - self._closing_since > CLOSING_S:
                self.transport.abort()
        elif self.session is not None:
            self.session.tick(now)
        elif now - self.since > self._server.limits.unproven_s:
            self.transport.abort()

    def keep_alive(self, now: float, every_s: float) -> None:
        """Ping a silent peer; drop one that was silent for three times as long."""
        if now - self.heard_at > 3 * every_s:
            self.transport.abort()
        elif self.open and now - self.heard_at > every_s / 2:
            self.transport.write(control_frame(Opcode.PING))

    # The WebSocket

    def _shake_hands(self, data: bytes) -> bytes:
        """What came after the HTTP request, which is for the reader."""
        if self._handshake is None:
            return data
        self._handshake += data
        head, end, rest = bytes(self._handshake).partition(b"\r\n\r\n")
        if not end:
            if len(self._handshake) > MAX_HANDSHAKE:
                self.transport.abort()
            return b""
        self._handshake = None
        accepted, answer = http_answer(head + end)
        self.transport.write(answer)
        if not accepted:
            self.transport.close()
            return b""
        if heard := forwarded_for(head, self._server.limits.proxies):
            self.address = limited_as(heard)
        self._reader, self.open = MessageReader(MAX_MESSAGE), True
        self.session = Session(self._server.hub, self, self.heard_at, self.address)
        return rest

    def _take_bytes(self, data: bytes) -> None:
        if not data or self._reader is None:
            return
        try:
            messages = self._reader.feed(data)
        except BrokenWebSocket as broken:
            self.close(broken.code)
            self._reader = None
            return
        for message in messages:
            self._take(message)

    def _take(self, message: Message) -> None:
        if message.opcode == Opcode.BINARY:
            if self.session is not None and self.open:
                self.session.receive(message.payload, self.heard_at)
        elif message.opcode == Opcode.TEXT or self._controls.take(1, self.heard_at):
            self.close(CloseCode.PROTOCOL_ERROR)
        elif message.opcode == Opcode.PING and self.open:
            if self.transport.get_write_buffer_size() > ANSWERS_BEHIND:
                self.close(CloseCode.SLOW_READER)
            else:
                self.transport.write(control_frame(Opcode.PONG, message.payload))
        elif message.opcode == Opcode.CLOSE:
            if self._closing_since is None:
                self.transport.write(control_frame(Opcode.CLOSE, message.payload))
            self.open = False
            self.transport.close()

    def _count_unfinished(self) -> None:
        unfinished = self._reader.unfinished if self._reader is not None else 0
        if unfinished != self._unfinished:
            self._unfinished = unfinished
            self._server.pressure.holds(self, unfinished)

    def _advance(self) -> None:
        self._waking = False
        if self.session is not None:
            self.session.advance(self._server.now())
            self._pace()

    def _pace(self) -> None:
        """Read on while there is room for what is read, and for the answers."""
        session = self.session
        room = session is None or session.backlog <= MAX_BACKLOG
        self._read(not self.open or (room and self.writable and not self._server.stopping))

    def stop_reading(self) -> None:
        """The relay stops: what was received is done, what was not is the next relay's."""
        if self.open:
            self._read(False)

    def _read(self, reading: bool) -> None:
        if reading != self._reading and not self.transport.is_closing():
            self._reading = reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()


def fan_out(peers: Iterable[Peer], *frames: bytes, droppable: bool = False) -> None:
    """The relay's hot path: the bytes are built once and cost each peer little more than its system call."""
    data = b"".join([binary_frame(frame) for frame in frames])
    limit = DROPPABLE_BEHIND if droppable else MAX_BEHIND
    for connection in cast(Iterable[Connection], peers):
        if connection.open:
            transport = connection.transport
            if transport.get_write_buffer_size() <= limit:
                transport.write(data)
            elif not droppable:
                connection.close(CloseCode.SLOW_READER)
