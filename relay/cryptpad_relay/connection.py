"""One WebSocket as an asyncio protocol: bytes to messages for the session, frames to bytes for the network.

The WebSocket rules are those of websockets' sans-IO core, with compression off. A connection has no task and
no queue, which keeps an idle one small and a delivery cheap. Memory is bounded on both sides: no request is
taken while the peer does not read its answers, and a peer that falls too far behind is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, cast

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from cryptpad_relay.peers import Peer
from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.protocol.frames import MAX_MESSAGE
from cryptpad_relay.session import Session

if TYPE_CHECKING:
    from cryptpad_relay.server import RelayServer

MAX_BACKLOG: Final = 16
ANSWERS_BEHIND: Final = 256 * 1024
"""Unsent bytes beyond which no further request is taken."""
DROPPABLE_BEHIND: Final = 64 * 1024
MAX_BEHIND: Final = 4 * 1024 * 1024
"""Unsent bytes beyond which a peer is a slow reader."""
UNPROVEN_RAW_BYTES: Final = 16 * 1024
"""All bytes of a connection before its first proof: the HTTP request and the framing, beside the messages."""
CLOSING_S: Final = 5.0
_QUIET: Final = logging.getLogger("cryptpad_relay.websocket")
_QUIET.disabled = True


class Connection(asyncio.Protocol):
    """A Peer whose far end is a socket."""

    __slots__ = (
        "_closing_since",
        "_message",
        "_paused",
        "_raw_bytes",
        "_server",
        "_waking",
        "_websocket",
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
        self._websocket = ServerProtocol(origins=[None], extensions=None, max_size=MAX_MESSAGE, logger=_QUIET)
        self._message: bytearray | None = None
        self._raw_bytes = 0
        self._paused = self._waking = False
        self._closing_since: float | None = None
        self.session: Session | None = None
        self.open = False
        self.writable = True
        self.since = self.heard_at = server.now()
        self.address = ""
        self.slot = 0

    # What the session and the hub ask for

    @property
    def ready(self) -> bool:
        return self.writable and not self._server.stopping

    def send(self, *frames: bytes) -> None:
        if self.open:
            self.write(b"".join([websocket_frame(frame) for frame in frames]))

    def write(self, data: bytes) -> None:
        """Bytes that are WebSocket frames already."""
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > MAX_BEHIND:
            self.close(CloseCode.SLOW_READER)

    def close(self, code: CloseCode) -> None:
        """Say why, hear nothing more, and wait a little for the far end to close."""
        if self._closing_since is not None:
            return
        self.open = False
        self._closing_since = self._server.now()
        if self._websocket.state is State.OPEN:
            self._websocket.send_close(code)
            self._flush()
        else:
            self.transport.abort()
        self._server.closing(self)
        self._set_reading(True)

    def wake(self) -> None:
        if not self._waking:
            self._waking = True
            self._server.loop.call_soon(self._advance)

    # What the network says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=ANSWERS_BEHIND, low=ANSWERS_BEHIND // 4)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else "unix"
        self._server.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._server.now()
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            if isinstance(event, Request):
                self._greet(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
        self._flush()
        session = self.session
        if session is None or not session.proven:
            self._raw_bytes += len(data)
            if self._raw_bytes > UNPROVEN_RAW_BYTES:
                self.close(CloseCode.IDLE_HANDSHAKE)
        elif self._raw_bytes >= 0:
            self._raw_bytes = -1
            self._server.proven(self)
        self._set_reading(session is None or session.backlog <= MAX_BACKLOG)

    def eof_received(self) -> None:
        self._websocket.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._server.remove(self)
        if self.session is not None:
            self.session.closed()
            self.session = None

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
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
        if self._closing_since is not None:
            self.tick(now)
        elif now - self.heard_at > 3 * every_s:
            self.transport.abort()
        elif self.open and now - self.heard_at > every_s / 2:
            self._websocket.send_ping(b"")
            self._flush()

    # The WebSocket

    def _greet(self, request: Request) -> None:
        if request.path != "/":
            response = self._websocket.reject(404, "The relay's address has no path.\n")
        else:
            response = self._websocket.accept(request)
        self._websocket.send_response(response)
        self._flush()
        if self._websocket.state is State.OPEN:
            self.open = True
            self.session = Session(self._server.hub, self, self._server.now(), self.address)

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY or frame.opcode is Opcode.CONT:
            if self._message is not None:
                self._message += frame.data
                if not frame.fin:
                    return
                message, self._message = bytes(self._message), None
            elif frame.fin:
                message = bytes(frame.data)
            else:
                self._message = bytearray(frame.data)
                return
            if self.session is not None and self.open:
                self.session.receive(message, self.heard_at)
        elif frame.opcode is Opcode.TEXT:
            self.close(CloseCode.PROTOCOL_ERROR)

    def _flush(self) -> None:
        """What the WebSocket core wants to say: its handshake, pongs, a close."""
        for data in self._websocket.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.open = False
                if self._closing_since is None:
                    self._closing_since = self._server.now()
                self._server.closing(self)
                if self.transport.can_write_eof() and not self.transport.is_closing():
                    self.transport.write_eof()
        if self._websocket.state is not State.OPEN and self.open:
            self.open = False
        if self.transport.get_write_buffer_size() > 2 * MAX_BEHIND:
            self.transport.abort()

    def _advance(self) -> None:
        self._waking = False
        session = self.session
        if session is not None:
            session.advance(self._server.now())
            self._set_reading(session.backlog <= MAX_BACKLOG)

    def _set_reading(self, reading: bool) -> None:
        reading = reading and (self.writable or not self.open)
        if self._paused == reading and not self.transport.is_closing():
            self._paused = not reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()


def websocket_frame(payload: bytes) -> bytes:
    """One unfragmented binary message of a server."""
    size = len(payload)
    if size < 126:
        return b"\x82" + size.to_bytes(1, "big") + payload
    if size < 65_536:
        return b"\x82\x7e" + size.to_bytes(2, "big") + payload
    return b"\x82\x7f" + size.to_bytes(8, "big") + payload


def fan_out(peers: Iterable[Peer], frame: bytes, *, droppable: bool = False) -> None:
    """The relay's hot path: the frame is built once and costs each peer little more than its system call."""
    data = websocket_frame(frame)
    limit = DROPPABLE_BEHIND if droppable else MAX_BEHIND
    for connection in cast(Iterable[Connection], peers):
        if connection.open:
            transport = connection.transport
            if transport.get_write_buffer_size() <= limit:
                transport.write(data)
            elif not droppable:
                connection.close(CloseCode.SLOW_READER)
