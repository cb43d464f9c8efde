"""A map's pairs as the content digest reads them, kept between two digests: a long drive has 140,000.

After the first time only what changed is read. It must give the very bytes that reading everything gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from pycrdt import Map

from cryptpad_relay.protocol.labels import u32
from cryptpad_tui.crdt.collector import weakly
from cryptpad_tui.crdt.digest import encode_pair
from cryptpad_tui.crdt.errors import EngineFailure, engine_call

_MANY_ADDED: Final = 2_000


class KeptPairs:
    """Of one map of a document that is loaded."""

    def __init__(self, shared: Map[Any], values: Mapping[str, Any]) -> None:
        """`values` is all that the map holds at this moment."""
        self._shared = shared
        self._pairs = {key.encode(): encode_pair(key, value) for key, value in values.items()}
        self._order = sorted(self._pairs)
        self._added: list[bytes] = []
        self._has_lost = False
        self._changed: set[str] = set()
        self._subscription = shared.observe(weakly(self._note))

    def _note(self, event: Any) -> None:
        self._changed.update(event.keys)

    def follow(self) -> None:
        """Read what changed, soon after it did: much of it at once would take long."""
        changed, self._changed = self._changed, set()
        for key in changed:
            raw, pair = key.encode(), self._pair(key)
            if pair is None:
                self._has_lost |= self._pairs.pop(raw, None) is not None
            else:
                if raw not in self._pairs:
                    self._added.append(raw)
                self._pairs[raw] = pair
        if len(self._added) > _MANY_ADDED:
            self._put_in_order()

    def _put_in_order(self) -> None:
        if self._has_lost:
            # What went may have come again.
            self._order = sorted(self._pairs)
        elif self._added:
            # Nearly in order already, which a sort makes use of.
            self._order += self._added
            self._order.sort()
        self._added, self._has_lost = [], False

    def _pair(self, key: str) -> bytes | None:
        """None where there is none, or reading it raises."""
        with suppress(EngineFailure), engine_call():
            if key in self._shared:
                return encode_pair(key, self._shared.get(key))
        return None

    def encoded(self) -> bytes:
        """As `digest.encode_pairs` gives it for what the map holds."""
        self.follow()
        self._put_in_order()
        return b"".join([u32(len(self._order)), *map(self._pairs.__getitem__, self._order)])
