"""The server's half of RFC 6455 after the handshake, sans-IO: bytes in, whole messages out.

It is here, beside the websockets package, because a relay's cost is its cost a message; the tests run both
against each other. Every length is checked before it is waited for, and no message outgrows its limit.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

FIN: Final = 0x80
MASKED: Final = 0x80
RESERVED: Final = 0x70
MAX_CONTROL: Final = 125
MAX_CONTROLS: Final = 16
"""Control frames in one piece of bytes: each costs as much as a message does."""
MAX_FRAGMENTS: Final = 64
FRAGMENT_BYTES: Final = 256
"""So many bytes of a message allow one fragment more."""
PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Message(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    payload: bytes


class BrokenWebSocket(Exception):
    """Bytes that are no WebSocket frame of a client. The connection ends with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class MessageReader:
    """Feed it what arrives; it gives what is complete. After BrokenWebSocket feed it nothing more."""

    __slots__ = ("_buffer", "_controls", "_fragments", "_limit", "_needed", "_opcode", "_parts")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._needed = 0
        self._opcode: int | None = None
        self._parts = bytearray()
        self._fragments = self._controls = 0

    @property
    def unfinished(self) -> int:
        """Bytes kept of a message that is not whole yet."""
        return len(self._buffer) + len(self._parts)

    def feed(self, data: bytes) -> list[Message]:
        """Costs what the bytes are, also where they come one by one."""
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return []
            data = bytes(self._buffer)
        at, messages, self._controls = 0, [], 0
        while (frame := self._frame(data, at)) is not None:
            first, payload, at = frame
            message = self._take(first, payload)
            if message is not None:
                messages.append(message)
        self._buffer = bytearray(data[at:])
        return messages

    def _frame(self, data: bytes, at: int) -> tuple[int, bytes, int] | None:
        """First byte, unmasked payload and end of the frame at `at`; None where it is not all here."""
        have = len(data) - at
        self._needed = 2
        if have < 2:
            return None
        first, second = data[at], data[at + 1]
        size, start = second & 0x7F, at + 2
        if first & RESERVED or not second & MASKED:
            raise BrokenWebSocket(PROTOCOL_ERROR)
        if size >= 126:
            width = 2 if size == 126 else 8
            self._needed = 2 + width
            if have < self._needed:
                return None
            size, start = int.from_bytes(data[start : start + width], "big"), start + width
        if first & 0x08 and (size > MAX_CONTROL or not first & FIN):
            raise BrokenWebSocket(PROTOCOL_ERROR)
        if size + len(self._parts) > self._limit:
            raise BrokenWebSocket(TOO_BIG)
        end = start + 4 + size
        self._needed = end - at
        if end > len(data):
            return None
        return first, unmask(data[start + 4 : end], data[start : start + 4]), end

    def _take(self, first: int, payload: bytes) -> Message | None:
        opcode = first & 0x0F
        if opcode >= Opcode.CLOSE:
            self._controls += 1
            if opcode > Opcode.PONG or self._controls > MAX_CONTROLS:
                raise BrokenWebSocket(PROTOCOL_ERROR)
            return Message(opcode, payload)
        if opcode > Opcode.BINARY or (opcode == Opcode.CONTINUATION) == (self._opcode is None):
            raise BrokenWebSocket(PROTOCOL_ERROR)
        if first & FIN and self._opcode is None:
            return Message(opcode, payload)
        self._parts += payload
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS + len(self._parts) // FRAGMENT_BYTES:
            raise BrokenWebSocket(PROTOCOL_ERROR)
        if not first & FIN:
            self._opcode = opcode if self._opcode is None else self._opcode
            return None
        whole = Message(self._opcode or 0, bytes(self._parts))
        self._opcode, self._parts, self._fragments = None, bytearray(), 0
        return whole


def unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def binary_frame(payload: bytes) -> bytes:
    """One unfragmented binary message of a server."""
    return _frame(Opcode.BINARY, payload)


def control_frame(opcode: Opcode, payload: bytes = b"") -> bytes:
    return _frame(opcode, payload[:MAX_CONTROL])


def close_frame(code: int) -> bytes:
    return _frame(Opcode.CLOSE, code.to_bytes(2, "big"))


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((FIN | opcode, size)) + payload
    if size < 65_536:
        return bytes((FIN | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((FIN | opcode, 127)) + size.to_bytes(8, "big") + payload
