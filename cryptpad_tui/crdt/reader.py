"""Taking strict pieces off the front of foreign bytes.

Every number has one accepted encoding, every length is checked before it is read, and every string
is strict UTF-8 and clean. It must never raise anything but InvalidUpdate.
"""

from __future__ import annotations

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.errors import InvalidUpdate

MAX_CLIENT = (1 << 53) - 1
MAX_CLOCK = (1 << 31) - 1

Id = tuple[int, int]
"""client, clock."""


class Reader:
    """Takes strict pieces off the front of some bytes."""

    __slots__ = ("at", "data", "size")

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.size = data, 0, len(data)

    def byte(self) -> int:
        at = self.at
        if at >= self.size:
            raise InvalidUpdate("truncated")
        self.at = at + 1
        return self.data[at]

    def varint(self, limit: int) -> int:
        """A number in its shortest encoding, at most `limit`."""
        # Without a call a byte: most of what reading a snapshot costs is here.
        data, at = self.data, self.at
        try:
            n = data[at]
            at += 1
            if n >= 128:
                n &= 127
                shift = 7
                while True:
                    byte = data[at]
                    at += 1
                    n |= (byte & 127) << shift
                    if byte < 128:
                        break
                    shift += 7
                    if shift > 49:
                        raise InvalidUpdate("number too long")
                if byte == 0:
                    raise InvalidUpdate("number not in its shortest form")
        except IndexError:
            raise InvalidUpdate("truncated") from None
        self.at = at
        if n > limit:
            raise InvalidUpdate("number over its limit")
        return n

    def take(self, size: int) -> bytes:
        if size > self.size - self.at:
            raise InvalidUpdate("truncated")
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def text(self, limit: int) -> str:
        """A clean string of at most `limit` bytes."""
        size = self.varint(MAX_CLIENT)
        if size > limit:
            raise InvalidUpdate("string over its limit")
        try:
            text = self.take(size).decode()
        except UnicodeDecodeError:
            raise InvalidUpdate("string is not UTF-8") from None
        if find_unclean(text):
            raise InvalidUpdate("control character")
        return text

    def id(self) -> Id:
        return self.varint(MAX_CLIENT), self.varint(MAX_CLOCK)

    def finish(self) -> None:
        if self.at != self.size:
            raise InvalidUpdate("bytes left over")
