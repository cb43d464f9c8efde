"""The grammar of one map value (the engine's "Any"), read strictly and thrown away.

Nothing that a value can say may cost more than its bytes, or read differently on two clients.
"""

from __future__ import annotations

import math
import struct

from cryptpad_tui.crdt.clean import MAX_ANY_DEPTH, MAX_EXACT_INT, MAX_KEY_BYTES, MAX_STRING_BYTES
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.reader import Reader


def skip_any(reader: Reader, depth: int) -> None:
    """Read one value of a map."""
    if depth > MAX_ANY_DEPTH:
        raise InvalidUpdate("value nested too deep")
    tag = reader.byte()
    if tag in (0x7F, 0x7E, 0x79, 0x78):  # undefined, null, false, true
        return
    if tag == 0x77:
        reader.text(MAX_STRING_BYTES)
    elif tag == 0x7D:
        _skip_signed(reader)
    elif tag == 0x7C:
        _check_finite(struct.unpack(">f", reader.take(4))[0])
    elif tag == 0x7B:
        _check_finite(struct.unpack(">d", reader.take(8))[0])
    elif tag == 0x7A:
        if abs(int.from_bytes(reader.take(8), "big", signed=True)) > MAX_EXACT_INT:
            raise InvalidUpdate("whole number over 53 bits")
    elif tag == 0x76:
        _skip_object(reader, depth)
    elif tag == 0x75:
        for _ in range(reader.varint(reader.size - reader.at)):
            skip_any(reader, depth + 1)
    elif tag == 0x74:
        reader.take(reader.varint(reader.size - reader.at))
    else:
        raise InvalidUpdate("value of unknown type")


def _skip_object(reader: Reader, depth: int) -> None:
    keys: set[str] = set()
    for _ in range(reader.varint(reader.size - reader.at)):
        key = reader.text(MAX_KEY_BYTES)
        if key in keys:
            raise InvalidUpdate("object names a key twice")
        keys.add(key)
        skip_any(reader, depth + 1)


def _skip_signed(reader: Reader) -> None:
    """A whole number of at most 53 bits: sign in bit 6 of its first byte."""
    byte = reader.byte()
    n, shift = byte & 63, 6
    more = byte >= 128
    while more:
        byte = reader.byte()
        n |= (byte & 127) << shift
        shift += 7
        more = byte >= 128
        if shift > 55 or (not more and byte == 0):
            raise InvalidUpdate("whole number not in its shortest form")
    if n > MAX_EXACT_INT:
        raise InvalidUpdate("whole number over 53 bits")


def _check_finite(number: float) -> None:
    if not math.isfinite(number):
        raise InvalidUpdate("number is not finite")
