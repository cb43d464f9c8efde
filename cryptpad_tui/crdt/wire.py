"""Writing the engine's update format (Yjs v1) for bytes of our own making.

Strict reading is in `grammar`. The readers here are for what our own engine says about itself and
must never see foreign bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cryptpad_tui.crdt.grammar import HAS_ORIGIN, HAS_RIGHT
from cryptpad_tui.crdt.reader import Id

_SHORT: Final = tuple(bytes([n]) for n in range(128))


def encode_varint(n: int) -> bytes:
    """Seven bits a byte, lowest first."""
    if n < 128:
        return _SHORT[n]
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


def encode_state_vector(clocks: Mapping[int, int]) -> bytes:
    """As the engine reads it."""
    pairs = [encode_varint(client) + encode_varint(clock) for client, clock in clocks.items()]
    return encode_varint(len(pairs)) + b"".join(pairs)


def encode_string(text: str) -> bytes:
    """A length in bytes, then UTF-8."""
    raw = text.encode()
    return encode_varint(len(raw)) + raw


def encode_block(client: int, first_clock: int, structs: Sequence[bytes]) -> bytes:
    """The structs part of an update by one client, or the empty one."""
    if not structs:
        return b"\0"
    head = encode_varint(len(structs)) + encode_varint(client) + encode_varint(first_clock)
    return b"\1" + head + b"".join(structs)


def encode_delete_set(ranges: Iterable[tuple[int, int, int]]) -> bytes:
    """(client, first clock, length) ranges as a delete set; the order within a client is kept."""
    by_client: dict[int, list[bytes]] = {}
    for client, first, length in ranges:
        by_client.setdefault(client, []).append(encode_varint(first) + encode_varint(length))
    out = [encode_varint(len(by_client))]
    for client, pieces in by_client.items():
        out += [encode_varint(client), encode_varint(len(pieces)), *pieces]
    return b"".join(out)


def encode_place(origin: Id | None, right: Id | None, root: str) -> tuple[int, bytes]:
    """The info bits and the bytes that say where a text item stands."""
    if origin is None and right is None:
        return 0, b"\1" + encode_string(root)
    info, out = 0, b""
    if origin is not None:
        info, out = HAS_ORIGIN, encode_varint(origin[0]) + encode_varint(origin[1])
    if right is not None:
        info, out = info | HAS_RIGHT, out + encode_varint(right[0]) + encode_varint(right[1])
    return info, out
