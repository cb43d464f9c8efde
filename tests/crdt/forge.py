"""Hand-made updates for the tests that play the attacker."""

from __future__ import annotations

from cryptpad_tui.crdt.grammar import ANY, DELETED, FORMAT, STRING
from cryptpad_tui.crdt.reader import Id
from cryptpad_tui.crdt.wire import encode_delete_set, encode_place, encode_string, encode_varint

HAS_KEY = 0x20


def block(client: int, clock: int, *structs: bytes) -> bytes:
    head = encode_varint(len(structs)) + encode_varint(client) + encode_varint(clock)
    return head + b"".join(structs)


def update(client: int, clock: int, *structs: bytes, deletes: tuple[tuple[int, int, int], ...] = ()) -> bytes:
    return b"\1" + block(client, clock, *structs) + encode_delete_set(deletes)


def snapshot(*blocks: bytes, deletes: tuple[tuple[int, int, int], ...] = ()) -> bytes:
    return encode_varint(len(blocks)) + b"".join(blocks) + encode_delete_set(deletes)


def deletion(*ranges: tuple[int, int, int]) -> bytes:
    return b"\0" + encode_delete_set(ranges)


def item(
    kind: int, content: bytes, origin: Id | None = None, right: Id | None = None, root: str = "text"
) -> bytes:
    info, place = encode_place(origin, right, root)
    return bytes([info | kind]) + place + content


def string(text: str, origin: Id | None = None, right: Id | None = None, root: str = "text") -> bytes:
    return item(STRING, encode_string(text), origin, right, root)


def deleted(length: int, origin: Id | None = None, right: Id | None = None) -> bytes:
    return item(DELETED, encode_varint(length), origin, right)


def mark(key: str, value: str, origin: Id | None = None) -> bytes:
    return item(FORMAT, encode_string(key) + encode_string(value), origin)


def entry(value: bytes, key: str = "k", root: str = "meta", count: int = 1) -> bytes:
    place = b"\1" + encode_string(root) + encode_string(key)
    return bytes([HAS_KEY | ANY]) + place + encode_varint(count) + value


def entry_after(value: bytes, origin: Id | None = None, right: Id | None = None) -> bytes:
    info, place = encode_place(origin, right, "")
    return bytes([info | HAS_KEY | ANY]) + place + b"\1" + value


NULL = b"\x7e"


def any_string(text: str) -> bytes:
    return b"\x77" + encode_string(text)
