"""Reading and writing the engine's update format (Yjs v1) for bytes of our own making.

Sizes are checked, nothing else: this is for updates that our engine wrote or that passed the
validator. Foreign bytes must never be read here first.
"""

from __future__ import annotations


def encode_varint(n: int) -> bytes:
    """Seven bits a byte, lowest first."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where the next thing starts."""
    n, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        n |= (byte & 127) << shift
        if byte < 128:
            return n, at
        shift += 7


def decode_state_vector(data: bytes) -> dict[int, int]:
    """Client to clock, from the engine's own encoding."""
    count, at = decode_varint(data, 0)
    clocks = {}
    for _ in range(count):
        client, at = decode_varint(data, at)
        clocks[client], at = decode_varint(data, at)
    return clocks
