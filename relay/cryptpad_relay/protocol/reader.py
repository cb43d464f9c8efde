"""A cursor over foreign bytes: every read checks the length first, and nothing may be left over."""

from __future__ import annotations

import struct

from cryptpad_relay.protocol.errors import Malformed, Oversized


class Reader:
    """Reads fixed-width big-endian fields from the front of `data`; raises Malformed beyond its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def remaining(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size < 0 or size > self.remaining:
            raise Malformed("truncated")
        start = self._at
        self._at = start + size
        return self._data[start : self._at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int(struct.unpack(">H", self.take(2))[0])

    def u32(self) -> int:
        return int(struct.unpack(">I", self.take(4))[0])

    def u64(self) -> int:
        return int(struct.unpack(">Q", self.take(8))[0])

    def sized(self, limit: int) -> bytes:
        """A `u32 length | bytes` field of at most `limit` bytes."""
        size = self.u32()
        if size > limit:
            raise Oversized("field too long")
        return self.take(size)

    def end(self) -> None:
        """Nothing may follow: trailing bytes would be a second spelling of the same value."""
        if self.remaining:
            raise Malformed("trailing bytes")
