"""What goes through the pipes of a process without keys: frames of a known length, and how they are cut.

A frame is u32 length | bytes. The first one that such a process writes is empty: it stands, and is confined.
Neither side may trust a length before it has checked it.
"""

from __future__ import annotations

from typing import Final

LENGTH_BYTES: Final = 4


class BadFrame(ValueError):
    """The two processes do not understand each other."""


def framed(data: bytes) -> bytes:
    """The bytes with their length before them."""
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


class Cutter:
    """Takes checked pieces off the front of a frame."""

    def __init__(self, frame: bytes) -> None:
        self._frame, self._at = frame, 0

    def piece(self, size: int) -> bytes:
        if size > len(self._frame) - self._at:
            raise BadFrame("a frame ends too early")
        piece = self._frame[self._at : self._at + size]
        self._at += size
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.piece(size), "big")

    def reason(self) -> str:
        return self.piece(self.number(1)).decode("ascii", "replace")

    def verdict(self) -> str | None:
        refused, reason = self.number(1), self.reason()
        return reason or "refused" if refused else None

    def rest(self) -> bytes:
        return self.piece(len(self._frame) - self._at)

    def finish(self) -> None:
        if self._at != len(self._frame):
            raise BadFrame("a frame has bytes left over")
