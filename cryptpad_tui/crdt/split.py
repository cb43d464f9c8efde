"""Cutting, merging and voiding updates that our own engine wrote or that passed the validator.

The validator bounds one update, so a large honest edit leaves as several, each valid alone where it
stands: structs in clock order, strings cut at code points, deletions last (protocol Decision 12).
Nothing here may change what the updates mean together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pycrdt import get_state

from cryptpad_tui.crdt.errors import InvalidUpdate, engine_call
from cryptpad_tui.crdt.grammar import (
    DELETED,
    OWN_LIMITS,
    STRING,
    UPDATE_LIMITS,
    Struct,
    read_delete_set,
    read_struct,
)
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader
from cryptpad_tui.crdt.wire import (
    decode_state_vector,
    encode_block,
    encode_delete_set,
    encode_place,
    encode_string,
    encode_varint,
)

MAX_PART_BYTES = 200_000
_RANGES_PER_PART = 4_000
_KEYS = PadKind.RICHTEXT.format_keys

Range = tuple[int, int, int]
"""client, first clock, length."""


@dataclass(slots=True)
class _Item:
    """One struct with its clock. `raw` is empty when it must be written anew."""

    clock: int
    struct: Struct
    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Own:
    """One update of one client, taken apart."""

    client: int
    items: list[_Item]
    ranges: list[Range]

    @property
    def next_clock(self) -> int:
        return self.items[-1].clock + self.items[-1].struct.length if self.items else 0


def split_update(update: bytes, *, max_bytes: int = MAX_PART_BYTES) -> list[bytes]:
    """The update as parts that are each valid alone, in order; the update itself if it is small enough."""
    own = _take_apart(update)
    fits = len(update) <= max_bytes and len(own.ranges) <= _RANGES_PER_PART
    if fits and all(item.struct.kind != DELETED or _fits_deleted(item.struct) for item in own.items):
        return [update]
    return _write_parts(own.client, own.items, own.ranges, max_bytes)


def merge_own(updates: Sequence[bytes]) -> list[bytes]:
    """The same edits in fewer updates; the input itself where they do not follow one another."""
    if len(updates) < 2:
        return list(updates)
    try:
        parts = [_take_apart(update) for update in updates]
    except InvalidUpdate:
        return list(updates)
    items: list[_Item] = []
    ranges: list[Range] = []
    client, clock = 0, None
    for part in parts:
        ranges += part.ranges
        if not part.items:
            continue
        if clock is not None and (part.client != client or part.items[0].clock != clock):
            return list(updates)
        client, clock = part.client, part.next_clock
        items += part.items
    return _write_parts(client, list(_join_strings(client, items)), union(ranges), MAX_PART_BYTES)


def own_end(update: bytes) -> Id:
    """The client of an own update, and the clock behind its last item; 0 where it only deletes.

    The engine counts the clocks, thirty times as quickly as its items are read here; it counts from 0 on.
    """
    reader = Reader(update)
    if not reader.varint(1):
        return 0, 0
    count, client, first = reader.varint(reader.size), reader.varint(MAX_CLIENT), reader.varint(MAX_CLOCK)
    from_zero = b"\x01" + encode_varint(count) + encode_varint(client) + b"\0" + update[reader.at :]
    with engine_call():
        return client, first + decode_state_vector(get_state(from_zero)).get(client, 0)


def deleted_by(update: bytes) -> list[Range]:
    """What an own update deletes."""
    return _take_apart(update).ranges


def void_update(update: bytes) -> bytes:
    """The update with its places kept and its content gone (protocol §5, VOID)."""
    own = _take_apart(update)
    structs: list[bytes] = []
    for item in own.items:
        info = item.raw[0] & 0xE0 | DELETED
        place = item.raw[1 : item.struct.content_at]
        gone = item.struct._replace(kind=DELETED)
        raw = bytes([info]) + place + encode_varint(item.struct.length)
        structs += _pieces(own.client, _Item(item.clock, gone, "", raw), UPDATE_LIMITS.update_bytes)
    first = own.items[0].clock if own.items else 0
    return encode_block(own.client, first, structs) + b"\0"


def _take_apart(update: bytes) -> _Own:
    reader = Reader(update)
    client, items = 0, list[_Item]()
    if reader.varint(1):
        count, client, clock = reader.varint(reader.size), reader.varint(MAX_CLIENT), reader.varint(MAX_CLOCK)
        for _ in range(count):
            start = reader.at
            struct = read_struct(reader, OWN_LIMITS, _KEYS)
            # Offsets count from the struct's own start, since it is kept as a slice.
            struct = struct._replace(content_at=struct.content_at - start)
            items.append(_Item(clock, struct, struct.text, update[start : reader.at]))
            clock += struct.length
    ranges = read_delete_set(reader, OWN_LIMITS)
    reader.finish()
    return _Own(client, items, ranges)


def _fits_deleted(struct: Struct) -> bool:
    return struct.length <= UPDATE_LIMITS.deleted_units


def _write_parts(client: int, items: Sequence[_Item], ranges: Sequence[Range], max_bytes: int) -> list[bytes]:
    parts: list[bytes] = []
    block: list[bytes] = []
    block_clock, size = 0, 0
    for item in items:
        clock = item.clock
        for raw, length in zip(*_pieces_with_lengths(client, item, max_bytes // 2), strict=True):
            if block and size + len(raw) > max_bytes:
                parts.append(encode_block(client, block_clock, block) + b"\0")
                block, size = [], 0
            if not block:
                block_clock = clock
            block.append(raw)
            size += len(raw)
            clock += length
    slices = [ranges[i : i + _RANGES_PER_PART] for i in range(0, len(ranges), _RANGES_PER_PART)]
    if block:
        # A short delete set travels with the last structs, as the engine itself writes it.
        with_it = slices.pop(0) if len(slices) == 1 and size + 24 * len(ranges) <= max_bytes else []
        parts.append(encode_block(client, block_clock, block) + encode_delete_set(with_it))
    parts += [encode_block(0, 0, []) + encode_delete_set(piece) for piece in slices]
    return parts


def _pieces(client: int, item: _Item, max_bytes: int) -> list[bytes]:
    return _pieces_with_lengths(client, item, max_bytes)[0]


def _pieces_with_lengths(client: int, item: _Item, max_bytes: int) -> tuple[list[bytes], list[int]]:
    """A struct as structs under the limits: the rest of a string hangs on the piece before it."""
    struct = item.struct
    contents: Iterable[tuple[bytes, int]]
    if struct.kind == STRING and (not item.raw or len(item.raw) > max_bytes):
        contents = [(encode_string(text), _units(text)) for text in _cut_text(item.text, max_bytes)]
    elif struct.kind == DELETED and not _fits_deleted(struct):
        limit = UPDATE_LIMITS.deleted_units
        lengths = [min(limit, struct.length - done) for done in range(0, struct.length, limit)]
        contents = [(encode_varint(length), length) for length in lengths]
    else:
        return [item.raw], [struct.length]
    raws: list[bytes] = []
    made: list[int] = []
    origin, clock = struct.origin, item.clock
    for content, length in contents:
        info, place = encode_place(origin, struct.right, struct.root or "")
        raws.append(bytes([info | struct.kind]) + place + content)
        made.append(length)
        clock += length
        origin = (client, clock - 1)
    return raws, made


def _cut_text(text: str, max_bytes: int) -> Iterator[str]:
    if len(text) * 4 <= max_bytes:
        yield text
        return
    raw = text.encode()
    start = 0
    while start < len(raw):
        end = min(start + max_bytes, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        yield raw[start:end].decode()
        start = end


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _join_strings(client: int, items: Sequence[_Item]) -> Iterator[_Item]:
    """Join each string to the one it was typed after, as the engine does when it writes a whole document."""
    run: list[_Item] = []
    end = 0
    for item in items:
        struct = item.struct
        follows = bool(run) and struct.kind == STRING == run[0].struct.kind
        if follows and struct.origin == (client, end - 1) and struct.right == run[0].struct.right:
            run.append(item)
        else:
            if run:
                yield _joined(run)
            run = [item]
        end = item.clock + struct.length
    if run:
        yield _joined(run)


def _joined(run: Sequence[_Item]) -> _Item:
    if len(run) == 1:
        return run[0]
    first = run[0]
    length = sum(item.struct.length for item in run)
    return _Item(first.clock, first.struct._replace(length=length), "".join(item.text for item in run), b"")


def union(ranges: Sequence[Range]) -> list[Range]:
    """Sorted and disjoint, neighbours joined."""
    joined: list[Range] = []
    for client, first, length in sorted(ranges):
        if joined and joined[-1][0] == client and joined[-1][1] + joined[-1][2] >= first:
            last = joined.pop()
            first, length = last[1], max(last[2], first + length - last[1])
        joined.append((client, first, length))
    return joined
