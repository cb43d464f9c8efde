"""Whether two places of a text are a gap that an editor can have seen, by the few items around them.

An item stands between what it was put behind and what it was put before: from that and the order of one
writer's clocks the usual edit is known to be good without the order of all items. It must never say yes where
the whole list would say no; where it says no, that list must be asked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader

_BACK: Final = 256
"""Clocks before a place that are read with it, to find where its item begins."""
_AHEAD: Final = 32
_MAX_STEPS: Final = 16
_KEYS: Final = PadKind.RICHTEXT.format_keys

Source = Callable[[Mapping[int, int]], bytes]
"""What a state holds from these clocks on, as an update."""


class Place(NamedTuple):
    """What is known of an item: the clock that it is known from, and its neighbours when it was written."""

    start: int
    length: int
    origin: Id | None
    right: Id | None


class Neighbours:
    """Questions about one fold state. `known` answers for places that the state does not have yet."""

    def __init__(
        self, source: Source, clocks: Mapping[int, int], known: Callable[[Id], Place | None]
    ) -> None:
        self._source = source
        self._clocks = clocks
        self._known = known
        self._read: list[tuple[int, list[Place]]] = []

    def are_beside(self, origin: Id | None, right: Id | None) -> bool:
        """Whether they are known to be a gap."""
        if origin is None:
            return right is None or self._behind(right) is None
        if right is None:
            return self._at(origin).right is None
        # The right one first: the other is mostly read with it.
        behind = self._behind(right)
        ahead = self._at(origin).right
        if behind == origin:
            return ahead is None or ahead == right or self._goes_before(right, ahead)
        return ahead == right and (behind is None or self._goes_behind(origin, behind))

    def _behind(self, place: Id) -> Id | None:
        found = self._at(place)
        return (place[0], place[1] - 1) if place[1] > found.start else found.origin

    def _goes_before(self, place: Id, last: Id) -> bool:
        """Whether `place` was put before something that was put before something ... that is `last`."""
        at: Id | None = place
        for _ in range(_MAX_STEPS):
            at = self._at(at).right if at is not None else None
            if at == last:
                return True
        return False

    def _goes_behind(self, place: Id, first: Id) -> bool:
        """Whether `place` is in an item that was put behind one that was put behind ... that of `first`."""
        at: Id | None = place
        for _ in range(_MAX_STEPS):
            if at is None:
                return False
            found = self._at(at)
            if first[0] == at[0] and found.start <= first[1] <= at[1]:
                return True
            at = found.origin
        return at == first

    def _at(self, place: Id) -> Place:
        known = self._known(place)
        if known is not None:
            return known
        client, clock = place
        for of, places in self._read:
            if of == client and places[0].start <= clock < places[-1].start + places[-1].length:
                return places[bisect_right(places, clock, key=lambda one: one.start) - 1]
        places = self._read_around(client, clock)
        self._read.append((client, places))
        return places[bisect_right(places, clock, key=lambda one: one.start) - 1]

    def _read_around(self, client: int, wanted: int) -> list[Place]:
        reader = Reader(self._source({**self._clocks, client: max(0, wanted - _BACK)}))
        places: list[Place] = []
        for _ in range(reader.varint(1 << 16)):
            count, found = reader.varint(reader.size), reader.varint(MAX_CLIENT)
            clock = reader.varint(MAX_CLOCK)
            if found != client:
                break
            for _ in range(count):
                struct = read_struct(reader, OWN_LIMITS, _KEYS)
                places.append(Place(clock, struct.length, struct.origin, struct.right))
                clock += struct.length
                if clock > wanted + _AHEAD:
                    return places
        if not places or clock <= wanted:
            raise KeyError("an unknown item")
        return places
