"""Which clocks are the second half of a character above U+FFFF in live text.

The engine counts UTF-16 units, so an update can point between the two halves of such a character.
An edit that does so makes every later joiner lose text (protocol §9, surrogate rule). Blocks keep
the cost of a deletion near the number of characters it meets, whatever the ranges say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BLOCK_BITS = 12

Blocks = dict[int, set[int]]


class LowHalves:
    """A set of (client, clock). `fork` gives a copy that costs nothing until it is changed."""

    __slots__ = ("_base", "_changed")

    def __init__(self, base: Mapping[int, Blocks] | None = None) -> None:
        self._base: Mapping[int, Blocks] = base if base is not None else {}
        self._changed: dict[int, Blocks] = {}

    def fork(self) -> LowHalves:
        """A changeable copy; `join` writes its changes back."""
        if self._changed:
            raise ValueError("only a set without changes of its own can be forked")
        return LowHalves(self._base)

    def join(self, fork: LowHalves) -> None:
        """Take over what a fork of this set changed."""
        base = dict(self._base) if not isinstance(self._base, dict) else self._base
        for client, blocks in fork._changed.items():
            kept = base.setdefault(client, {})
            for number, block in blocks.items():
                if block:
                    kept[number] = block
                else:
                    kept.pop(number, None)
            if not kept:
                del base[client]
        self._base = base

    def __contains__(self, place: tuple[int, int]) -> bool:
        client, clock = place
        if client not in self._base and client not in self._changed:
            return False
        return clock in self._block(client, clock >> _BLOCK_BITS)

    def __bool__(self) -> bool:
        return bool(self._base) or bool(self._changed)

    def __len__(self) -> int:
        clients = set(self._base) | set(self._changed)
        return sum(len(self._block(client, number)) for client in clients for number in self._numbers(client))

    def clocks(self) -> dict[int, list[int]]:
        """The clocks of each client, ascending."""
        return {
            client: [
                clock
                for number in sorted(self._numbers(client))
                for clock in sorted(self._block(client, number))
            ]
            for client in sorted(set(self._base) | set(self._changed))
        }

    def add(self, client: int, clocks: Iterable[int]) -> None:
        number, block = -1, set[int]()
        for clock in clocks:
            if clock >> _BLOCK_BITS != number:
                number = clock >> _BLOCK_BITS
                block = self._own_block(client, number)
            block.add(clock)

    def drop(self, client: int, first: int, length: int) -> None:
        """Forget every clock of a deleted range."""
        if client not in self._base and client not in self._changed:
            return
        end = first + length
        low, high = first >> _BLOCK_BITS, (end - 1) >> _BLOCK_BITS
        if high - low < 16:
            numbers = [n for n in range(low, high + 1) if self._block(client, n)]
        else:
            numbers = [n for n in self._numbers(client) if low <= n <= high]
        for number in numbers:
            if low < number < high:
                self._changed.setdefault(client, {})[number] = set()
                continue
            block = self._own_block(client, number)
            start, stop = max(first, number << _BLOCK_BITS), min(end, (number + 1) << _BLOCK_BITS)
            if stop - start < len(block):
                block.difference_update(range(start, stop))
            else:
                self._changed[client][number] = {clock for clock in block if not start <= clock < stop}

    def _numbers(self, client: int) -> set[int]:
        numbers = set(self._base.get(client, ()))
        for number, block in self._changed.get(client, {}).items():
            if block:
                numbers.add(number)
            else:
                numbers.discard(number)
        return numbers

    def _block(self, client: int, number: int) -> set[int]:
        changed = self._changed.get(client)
        if changed is not None and number in changed:
            return changed[number]
        blocks = self._base.get(client)
        return blocks.get(number, _EMPTY) if blocks is not None else _EMPTY

    def _own_block(self, client: int, number: int) -> set[int]:
        changed = self._changed.setdefault(client, {})
        if number not in changed:
            changed[number] = set(self._block(client, number))
        return changed[number]


_EMPTY: set[int] = set()
