"""The end of one pad's hash chain in memory: links the next entry, and knows the heads that it links to.

Ahead of the disk, where rows wait for it. It judges nothing: which entry may come next is padlog.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.chain import Step, low_bit, make_proof, next_head
from cryptpad_relay.store.base import LogIndex

NO_HEAD: Final = bytes(32)
RECENT_HEADS: Final = 4_096


class ChainBroken(Exception):
    """A stored log's end does not fit its hash chain: the disk changed it. Restore the data from a backup."""


class ChainEnd:
    """Position and head of the last entry, durable or on its way there."""

    def __init__(self, index: LogIndex) -> None:
        self._index = index
        self.n, self.head = index.end()
        self._heads: dict[int, bytes] = {self.n: self.head}
        self._skips = self._load_skips()
        self._check_tail()

    def copy(self) -> ChainEnd:
        """One that links on without changing this one."""
        other = ChainEnd.__new__(ChainEnd)
        other._index, other.n, other.head = self._index, self.n, self.head
        other._heads, other._skips = dict(self._heads), list(self._skips)
        return other

    def link(self, entry_id: bytes) -> bytes:
        """Make this the next of the chain; returns the head after it."""
        n = self.n + 1
        self.n, self.head = n, next_head(self.head, self._skip_of(n), n, entry_id)
        self._heads[n] = self.head
        self._skips.append((n, self.head))
        return self.head

    def head_at(self, n: int) -> bytes | None:
        head = self._heads.get(n)
        return head if head is not None else self._index.head(n)

    def proof(self, upper: int, lower: int) -> list[Step]:
        """That the head at `upper` extends the one at `lower`; both are durable."""
        return make_proof(upper, lower, _never_absent(self.head_at), _never_absent(self._index.entry_id))

    def forget_old(self, durable_n: int) -> None:
        """Heads far below what is durable are read again when they are needed."""
        if len(self._heads) > RECENT_HEADS:
            oldest = durable_n - RECENT_HEADS // 2
            self._heads = {n: head for n, head in self._heads.items() if n >= oldest}

    def _load_skips(self) -> list[tuple[int, bytes]]:
        """The heads at n, n without its lowest bit, and so on: all that later entries can link to."""
        skips, i = [], self.n
        while True:
            skips.append((i, self.head_at(i) or NO_HEAD))
            if i == 0:
                return skips[::-1]
            i -= low_bit(i)

    def _skip_of(self, n: int) -> bytes:
        target = n - low_bit(n)
        while self._skips[-1][0] != target:
            self._skips.pop()
        return self._skips[-1][1]

    def _check_tail(self) -> None:
        """The last link must fit: the cheapest proof that a crash left the log whole."""
        if self.n == 0:
            return
        last = next(iter(self._index.read(self.n - 1, self.n)), None)
        previous, skip = self._index.head(self.n - 1), self._index.head(self.n - low_bit(self.n))
        if last is None or previous is None or skip is None:
            raise ChainBroken
        if not compare_digest(next_head(previous, skip, self.n, last.entry_id), self.head):
            raise ChainBroken


def _never_absent(lookup: Callable[[int], bytes | None]) -> Callable[[int], bytes]:
    def found(n: int) -> bytes:
        value = lookup(n)
        if value is None:
            raise ChainBroken
        return value

    return found
