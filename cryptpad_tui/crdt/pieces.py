"""A long update as pieces that the engine takes one by one: it holds Python's lock as long as a call lasts.

Each piece refers only to itself and to those before it, so nothing waits inside the engine. For updates whose
every item was checked, or that this program wrote. Cutting changes nothing of what they mean together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Final

from cryptpad_tui.crdt.collector import collector_paused
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader
from cryptpad_tui.crdt.wire import encode_varint

PIECE_BYTES: Final = 131_072
"""Some ten milliseconds of the engine's."""
LONG_BYTES: Final = 1_048_576
"""Shorter ones are not worth reading for it."""
_here: Final = local()
"""What this thread wants. No context variable: a callback that a thread leaves in an event loop takes those
along, and all that the loop does from there on would be done as in the thread."""


@contextmanager
def in_pieces() -> Iterator[None]:
    """In a thread: what is long is loaded so that others of the process go on meanwhile, and takes longer."""
    before = _are_wanted()
    _here.pieces = True
    try:
        yield
    finally:
        _here.pieces = before


def _are_wanted() -> bool:
    return getattr(_here, "pieces", False)


def pieces_of(update: bytes, kind: PadKind) -> list[bytes]:
    """In an order in which each is complete; the update itself where it is short, or nobody asked for pieces,
    or there is no such order."""
    if not _are_wanted() or len(update) < LONG_BYTES:
        return [update]
    with collector_paused():
        blocks, end = _read_blocks(update, kind)
        return _in_order(update, blocks, update[end:]) or [update]


class _Block:
    """The structs of one client: where each begins, in bytes and clocks, and which need another's first."""

    def __init__(self, client: int) -> None:
        self.client = client
        self.starts: list[int] = []
        self.clocks: list[int] = []
        self.needs: dict[int, list[Id]] = {}
        self.at = 0
        """How many are in pieces."""

    @property
    def count(self) -> int:
        return len(self.clocks) - 1


def _read_blocks(update: bytes, kind: PadKind) -> tuple[list[_Block], int]:
    reader, blocks = Reader(update), list[_Block]()
    for _ in range(reader.varint(reader.size)):
        count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
        clock = reader.varint(MAX_CLOCK)
        block = _Block(client)
        for index in range(count):
            block.starts.append(reader.at)
            block.clocks.append(clock)
            item = read_struct(reader, OWN_LIMITS, kind.format_keys)
            others = [each for each in (item.origin, item.right) if each is not None and each[0] != client]
            if others:
                block.needs[index] = others
            clock += item.length
        block.starts.append(reader.at)
        block.clocks.append(clock)
        blocks.append(block)
    return blocks, reader.at


def _in_order(update: bytes, blocks: list[_Block], deletions: bytes) -> list[bytes]:
    """Empty where items refer to one another in a circle."""
    done = {block.client: block.clocks[0] for block in blocks}
    waiting: dict[int, list[_Block]] = {}
    ready, piece = list(reversed(blocks)), _Piece(update)
    while ready:
        block = ready.pop()
        if block.at == block.count:
            continue
        need = next((each for each in block.needs.get(block.at, ()) if done.get(each[0], 0) <= each[1]), None)
        if need is not None:
            waiting.setdefault(need[0], []).append(block)
            continue
        piece.take(block)
        done[block.client] = block.clocks[block.at]
        ready += [block, *waiting.pop(block.client, ())]
    if any(block.at < block.count for block in blocks):
        return []
    piece.end()
    return [*piece.made, b"\0" + deletions]


class _Piece:
    """The pieces that are made, and the one that is being filled: runs of structs, one a client."""

    def __init__(self, update: bytes) -> None:
        self._update = update
        self.made: list[bytes] = []
        self._runs: dict[int, tuple[_Block, int]] = {}
        self._bytes = 0

    def take(self, block: _Block) -> None:
        """The next structs of this client, up to one that needs another's; at least one."""
        if block.client not in self._runs:
            self._runs[block.client] = (block, block.at)
        first = block.at
        while block.at < block.count and (block.at == first or block.at not in block.needs):
            self._bytes += block.starts[block.at + 1] - block.starts[block.at]
            block.at += 1
            if self._bytes >= PIECE_BYTES:
                self.end()
                return

    def end(self) -> None:
        """Close the piece; without a list of deletions."""
        if not self._runs:
            return
        out = [encode_varint(len(self._runs))]
        for block, first in self._runs.values():
            out += [
                encode_varint(block.at - first),
                encode_varint(block.client),
                encode_varint(block.clocks[first]),
                self._update[block.starts[first] : block.starts[block.at]],
            ]
        self.made.append(b"".join(out) + b"\0")
        self._runs, self._bytes = {}, 0
