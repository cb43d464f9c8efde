"""The content digest of a document (protocol §11): what it means, not how the engine encodes it.

Encodings differ after a reload; text, runs and maps do not. Two clients that folded the same log
must get the same 32 bytes, so nothing here may depend on the engine's internal order or number types.

parts: utf8 text | runs | maps
runs:  per maximal run of equal attributes `u32 utf8_len | u16 k | k×(u16 len, key | u16 len, value as JSON)`
maps:  per root of the kind, sorted by name: `u16 len, name | u32 count | count×(u16 len, key | value)`
value: a tag byte, then: 0x7E null · 0x79 false · 0x78 true · 0x7B f64 · 0x77 `u32 len, utf8` ·
       0x76 `u32 count | count×(u16 len, key | value)` · 0x75 `u32 count | values` · 0x74 `u32 len, bytes`
Keys are sorted by their UTF-8 bytes; −0 is 0; a whole number in JSON has no fraction.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from cryptpad_relay.protocol.labels import HASH_BYTES, label16, u8, u16, u32
from cryptpad_tui.crdt.errors import EngineFailure

CONTENT_LABEL = "pad1/content"

_WHOLE_FLOAT = float(1 << 53)


def content_digest(
    text: str, runs: Iterable[tuple[str, Mapping[str, Any] | None]], maps: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """32 bytes. `runs` may be cut anywhere; an attribute of None is none."""
    return digest_of_parts(text, runs, {root: encode_pairs(values) for root, values in maps.items()})


def digest_of_parts(
    text: str, runs: Iterable[tuple[str, Mapping[str, Any] | None]], maps: Mapping[str, bytes]
) -> bytes:
    """The same of maps that `encode_pairs` has read."""
    # As `hash_parts` does it, without copies of what may be many megabytes.
    hashed = blake2b(digest_size=HASH_BYTES, person=label16(CONTENT_LABEL))
    for part in ([text.encode()], [_encode_runs(runs)], _encode_maps(maps)):
        hashed.update(u32(sum(map(len, part))))
        for each in part:
            hashed.update(each)
    return hashed.digest()


def _encode_runs(runs: Iterable[tuple[str, Mapping[str, Any] | None]]) -> bytes:
    out: list[bytes] = []
    size, marks = 0, b""
    known: dict[tuple[tuple[str, type, Any], ...], bytes] = {}
    for text, attributes in runs:
        if not text:
            continue
        # With the types: True, 1 and 1.0 are one key of a dict, and not one value here.
        named = tuple([(key, type(value), value) for key, value in (attributes or {}).items()])
        made = known.get(named, b"")
        if not made:
            made = known[named] = _encode_marks(attributes or {})
        if made != marks and size:
            out.append(u32(size) + marks)
            size = 0
        size, marks = size + len(text.encode()), made
    if size:
        out.append(u32(size) + marks)
    return b"".join(out)


def _encode_marks(attributes: Mapping[str, Any]) -> bytes:
    pairs = sorted((key.encode(), value) for key, value in attributes.items() if value is not None)
    out = [u16(len(pairs))]
    for key, value in pairs:
        text = json.dumps(_plain(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        out.append(u16(len(key)) + key + u16(len(text)) + text)
    return b"".join(out)


def _plain(value: Any) -> Any:
    """Whole numbers without a fraction, whichever type the engine read them as."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _WHOLE_FLOAT:
        return int(value)
    return value


def _encode_maps(maps: Mapping[str, bytes]) -> list[bytes]:
    out: list[bytes] = []
    for root in sorted(maps):
        name = root.encode()
        out += [u16(len(name)), name, maps[root]]
    return out


def encode_pairs(values: Mapping[str, Any]) -> bytes:
    """What the digest reads of a map, or of an object in one."""
    pairs = sorted([(key.encode(), encode_pair(key, value)) for key, value in values.items()])
    return b"".join([u32(len(pairs)), *[pair for _, pair in pairs]])


def encode_pair(key: str, value: Any) -> bytes:
    """One key of that; they stand in the order of the keys' bytes."""
    raw = key.encode()
    return u16(len(raw)) + raw + _encode_any(value)


def _encode_any(value: Any) -> bytes:
    if value is None:
        return u8(0x7E)
    if isinstance(value, bool):
        return u8(0x78 if value else 0x79)
    if isinstance(value, int | float):
        # Adding 0.0 turns −0.0 into 0.0.
        return u8(0x7B) + struct.pack(">d", float(value) + 0.0)
    if isinstance(value, str):
        text = value.encode()
        return u8(0x77) + u32(len(text)) + text
    if isinstance(value, bytes | bytearray):
        return u8(0x74) + u32(len(value)) + bytes(value)
    if isinstance(value, dict):
        return u8(0x76) + encode_pairs(value)
    if isinstance(value, list):
        return u8(0x75) + u32(len(value)) + b"".join(map(_encode_any, value))
    raise EngineFailure("a map value of an unknown type")
