"""Which client wrote what: each character of a range of the text, and each value of a map.

A client id is a writer's alone, since the validator refuses updates that speak for another: with the
verified writer of each id this is authorship by signature, whatever a name in a text says. Ranges cost what
is in them, once the item list is built; a map costs the whole state, so it is never read for a key press.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from cryptpad_tui.crdt.grammar import OWN_LIMITS, Struct, read_delete_set, read_struct
from cryptpad_tui.crdt.item_chain import Item
from cryptpad_tui.crdt.items import ItemList
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader
from cryptpad_tui.crdt.values import ByteOffset, Position

_ALL_KEYS = PadKind.RICHTEXT.format_keys


@dataclass(frozen=True, slots=True)
class Written:
    """Neighbouring characters of one client."""

    start: Position
    end: Position
    client: int


def written_between(items: ItemList, lines: LineIndex, start: Position, end: Position) -> list[Written]:
    """Who wrote the characters of a range, in order."""
    first, last = int(lines.byte_of(start)), int(lines.byte_of(end))
    if first >= last:
        return []
    found: list[tuple[int, int, int]] = []
    item: Item | None
    item, inside = items.at_byte(first)
    at = first - inside
    while item is not None and at < last:
        size = item.size_bytes
        if size:
            begin, stop = max(at, first), min(at + size, last)
            if found and found[-1][2] == item.client:
                found[-1] = (found[-1][0], stop, item.client)
            elif begin < stop:
                found.append((begin, stop, item.client))
        at += size
        item = item.next
    return [Written(_position(lines, a), _position(lines, b), client) for a, b, client in found]


def _position(lines: LineIndex, byte: int) -> Position:
    return lines.position_of(ByteOffset(byte))


def map_writers(state: bytes, root: str) -> dict[str, int]:
    """The client that wrote the present value of each key of a map, from a whole state of our own engine."""
    reader = Reader(state)
    values: dict[int, list[_Value]] = {}
    for _ in range(reader.varint(1 << 16)):
        count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
        clock = reader.varint(MAX_CLOCK)
        for _ in range(count):
            begins = reader.at
            struct = read_struct(reader, OWN_LIMITS, _ALL_KEYS)
            if struct.is_map:
                name = _key_of(state, begins, struct)
                values.setdefault(client, []).append(_Value(clock, struct.length, struct.origin, name))
            clock += struct.length
    deleted: dict[int, list[tuple[int, int]]] = {}
    for client, first, length in read_delete_set(reader, OWN_LIMITS):
        deleted.setdefault(client, []).append((first, first + length))
    found: dict[str, int] = {}
    for client, theirs in values.items():
        for value in theirs:
            # The last of joined values is the one that counts.
            if not _is_in(deleted.get(client, []), value.clock + value.length - 1):
                key = _named(value, values)
                if key is not None and key[0] == root:
                    found[key[1]] = client
    return found


@dataclass(frozen=True, slots=True)
class _Value:
    clock: int
    length: int
    origin: Id | None
    name: tuple[str, str] | None
    """Root and key; told only by the first value of a key, the others stand behind it."""


def _key_of(state: bytes, begins: int, struct: Struct) -> tuple[str, str] | None:
    if struct.root is None:
        return None
    reader = Reader(state)
    reader.at = begins + 1
    reader.varint(1)
    return reader.text(reader.size), reader.text(reader.size)


def _named(value: _Value, values: dict[int, list[_Value]]) -> tuple[str, str] | None:
    """The key of a value, from the one that it took the place of."""
    seen: set[Id] = set()
    while value.name is None and value.origin is not None and value.origin not in seen:
        seen.add(value.origin)
        client, clock = value.origin
        theirs = values.get(client, [])
        at = bisect_right(theirs, clock, key=lambda one: one.clock) - 1
        if at < 0:
            return None
        value = theirs[at]
    return value.name


def _is_in(ranges: list[tuple[int, int]], clock: int) -> bool:
    at = bisect_right(ranges, clock, key=lambda one: one[0]) - 1
    return at >= 0 and clock < ranges[at][1]
