"""Which edits a view holds beyond certain bytes, told without asking the engine.

By the ids of their items and deletions, and not by how they were packed: edits are signed in other groups
than they were typed in. Long edits, as an import makes them, go by their bytes, which are not looked into.
It must never say of an edit that it is held where a part of it may not be.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_delete_set, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Reader
from cryptpad_tui.crdt.split import Range, own_end, union

LONG_BYTES: Final = 4_096
_MAX_READ_BYTES: Final = 65_536
"""Of long edits that are looked into all the same: their bytes are others than those that are held."""
_KEYS: Final = PadKind.RICHTEXT.format_keys


@dataclass(slots=True)
class Holding:
    """What came beyond certain bytes."""

    ends: dict[int, int] = field(default_factory=dict)
    """How far each client's clock has come in short edits."""
    deleted: list[Range] = field(default_factory=list)
    """What short edits delete."""
    long: set[bytes] = field(default_factory=set)
    """The digests of long ones."""

    @classmethod
    def of(cls, updates: Iterable[bytes]) -> Holding:
        """That of updates behind which nothing is missing. Raises InvalidUpdate."""
        made = cls()
        for update in updates:
            made.take(update)
        return made

    def take(self, update: bytes) -> None:
        """That one too. Raises InvalidUpdate."""
        if len(update) < LONG_BYTES:
            self.add(_read(update))
        elif not self.has_items_of(update):
            self.long.add(sha256(update).digest())

    def has_items_of(self, update: bytes) -> bool:
        """Whether its items were held as short edits, which were then signed as one."""
        client, end = own_end(update)
        return bool(end) and end <= self.ends.get(client, 0)

    def add(self, other: Holding) -> None:
        """All of that too."""
        for client, end in other.ends.items():
            self.ends[client] = max(end, self.ends.get(client, 0))
        self.deleted += other.deleted
        self.long |= other.long

    def tidied(self) -> Holding:
        """The same in fewer ranges."""
        return Holding(dict(self.ends), list(union(self.deleted)), set(self.long))


def _read(update: bytes) -> Holding:
    reader, ends = Reader(update), dict[int, int]()
    if reader.varint(1):
        count, client, clock = reader.varint(reader.size), reader.varint(MAX_CLIENT), reader.varint(MAX_CLOCK)
        for _ in range(count):
            clock += read_struct(reader, OWN_LIMITS, _KEYS).length
        ends[client] = clock
    return Holding(ends, read_delete_set(reader, OWN_LIMITS))


def parted(updates: Sequence[bytes], held: Holding) -> tuple[list[bytes], list[bytes]] | None:
    """Those of the updates that are held whole, and the others; None where more is held than they have.

    Raises InvalidUpdate where too much would have to be looked into.
    """
    within, beyond, whole, deleted = list[bytes](), list[bytes](), Holding(), _Ranges(held.deleted)
    left = _MAX_READ_BYTES
    for update in updates:
        if len(update) >= LONG_BYTES:
            digest = sha256(update).digest()
            if digest in held.long:
                whole.long.add(digest)
                within.append(update)
                continue
            left -= len(update)
            if left < 0:
                raise InvalidUpdate("too much to look into")
        one = _read(update)
        whole.add(one)
        has_all = all(end <= held.ends.get(client, 0) for client, end in one.ends.items())
        (within if has_all and all(map(deleted.holds, one.deleted)) else beyond).append(update)
    known = _Ranges(whole.deleted)
    is_all = all(end <= whole.ends.get(client, 0) for client, end in held.ends.items())
    is_all &= held.long <= whole.long and all(map(known.holds, deleted.joined))
    return (within, beyond) if is_all else None


class _Ranges:
    """Deleted ranges that can be asked."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self.joined = union(ranges)

    def holds(self, one: Range) -> bool:
        client, first, length = one
        at = bisect_right(self.joined, (client, first, MAX_CLOCK)) - 1
        if at < 0:
            return False
        of, start, size = self.joined[at]
        return of == client and first + length <= start + size
