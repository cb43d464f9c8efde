"""A relay that may lie: the honest one, with a door to another history and a hand on what it says.

Honest until `lie` is called in a lying run. `be_honest` ends it all: everybody meets the one true log again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import ProtocolError
from cryptpad_relay.protocol.frames import REPLY_BIT, Op, join_frame, split_frame
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_relay.store.base import Rows
from cryptpad_relay.store.memory import MemoryStore
from sim.client import Window
from sim.network import Link, ServerEnd
from sim.relay import Power, SimRelay

if TYPE_CHECKING:
    from sim.stage import Stage

PUSHES = (Op.COMMIT, Op.SIGNED, Op.PRESENCE)
KEPT_FRAMES = 40
UNMOVES = 0.3
"""How often a lie is about where the pad is, where there are two relays."""


class LyingRelay(SimRelay):
    """SimRelay and a few lies; what it said before is kept to be said again."""

    def __init__(self, world: Stage, rng: random.Random) -> None:
        super().__init__(world.loop, rng)
        self.world = world
        self.other: Power | None = None
        """A second history, shown to `deceived`."""
        self.deceived: set[str] = set()
        self._crosses_presence = False
        self._dropping = 0.0
        self._swapping = 0.0
        self._cutting = 0.0
        self._held: dict[int, bytes] = {}
        self._said: list[tuple[int, bytes]] = []

    def lie(self) -> None:
        """Begin one lie, or end one."""
        if not self.world.lying:
            return
        about_history = (self._merge, self._merge, self._reunite) if self.other else (self._fork,)
        about_words = (self._drop, self._swap, self._cut_out, self._replay, self._replay, self._roll_back)
        kind = self.rng.choice(about_history if self.rng.random() < 0.5 else about_words)
        if self.world.moving and self.rng.random() < UNMOVES:
            kind = self._unmove
        self.world.note(f"lie: {kind.__name__.strip('_')}")
        kind()

    def be_honest(self) -> None:
        self._dropping = self._swapping = self._cutting = 0.0
        self._reunite()

    # -- lies about what is sent

    def _drop(self) -> None:
        self._dropping = self.rng.choice((0.0, 0.2, 0.8))

    def _swap(self) -> None:
        self._swapping = self.rng.choice((0.0, 0.3))

    def _cut_out(self) -> None:
        self._cutting = self.rng.choice((0.0, 0.0, 0.3))

    def _replay(self) -> None:
        """Say again what was said, to anybody: pushes as they were."""
        doors = [door for power in (self.power, self.other) if power for door in power.doors]
        for _ in range(self.rng.choice((1, 5, 20))):
            if doors and self._said:
                _, frame = self.rng.choice(self._said)
                self.rng.choice(doors)._link.to_client(frame)

    def say(self, link: Link, frame: bytes) -> None:
        if not self.world.lying:
            super().say(link, frame)
            return
        op = frame[0]
        if op in PUSHES:
            self._said.append((link.number, frame))
            del self._said[: -KEPT_FRAMES * 10]
            if self.rng.random() < self._dropping:
                return
        held = self._held.pop(link.number, None)
        if held is None and op in PUSHES and self.rng.random() < self._swapping:
            self._held[link.number] = frame
            return
        if op == Op.FETCH | REPLY_BIT and self.rng.random() < self._cutting:
            frame = self._without_one(frame)
        link.to_client(frame)
        if held is not None:
            link.to_client(held)

    def _without_one(self, message: bytes) -> bytes:
        """A FETCH answer that lacks an entry, or has two exchanged."""
        op, req, body = split_frame(message)
        fetched = frames.Fetched.decode(body)
        entries = list(fetched.entries)
        if not entries:
            return message
        at = self.rng.randrange(len(entries))
        taken = entries.pop(at)
        if self.rng.random() < 0.5:
            entries.insert(self.rng.randrange(len(entries) + 1), taken)
        return join_frame(op, req, frames.Fetched(fetched.first_n, fetched.head, tuple(entries)).encode())

    # -- lies about history

    def _power_for(self, link: Link) -> Power | None:
        owner = link.owner
        if self.other and isinstance(owner, Window) and owner.machine.name in self.deceived:
            return self.other
        return self.power

    def _fork(self) -> None:
        """From here on some see a history of their own."""
        if self.power is None or self.other is not None:
            return
        names = [machine.name for machine in self.world.machines]
        self.deceived = set(self.rng.sample(names, self.rng.randrange(1, len(names) + 1)))
        self.other = Power(self, self.store.crash(), -1)
        self._crosses_presence = self.rng.random() < 0.5
        self._cut_deceived()

    def _cut_deceived(self) -> None:
        deceived = self.deceived
        self.world.network.cut(
            lambda link: isinstance(link.owner, Window) and link.owner.machine.name in deceived
        )

    def _reunite(self) -> None:
        """Those who were deceived meet the true log."""
        other, self.other = self.other, None
        if other is None:
            return
        other.on = False
        for door in other.doors:
            door._link.cut()

    def _merge(self) -> None:
        """Give each history what was written in the other, though its authors saw another log."""
        if self.power is None or self.other is None:
            return
        for source, target in ((self.power, self.other), (self.other, self.power)):
            for pad_id in self.world.pads():
                self._pour(source, target, pad_id)

    def _pour(self, source: Power, target: Power, pad_id: bytes) -> None:
        row = source.store.find(pad_id)
        pad = target.hub.open_pad(pad_id)
        doors = [door for door in target.doors if pad_id in door.session.pads]
        if row is None or pad is None or not doors:
            return
        index = source.store.pad_index(row)
        pad.log._check_base = _anything  # type: ignore[method-assign]
        for stored in list(index.read(0, index.end()[0])):
            try:
                target.hub.append(pad, parse_entry(stored.raw), _Nobody())
                target.hub._gathering.answers.append((_Nobody(), 0, Op.APPEND, b""))
            except ProtocolError:
                continue
        target._wake()

    def cross(self, link: Link, message: bytes) -> None:
        """Presence goes between the histories where the liar lets it."""
        if self.other and self.power and self._crosses_presence and message[0] == Op.PRES:
            here = self._power_for(link)
            target = self.power if here is self.other else self.other
            for door in target.doors:
                door._link.to_client(join_frame(Op.PRESENCE, 0, message[5:]))

    def accept(self, link: Link) -> ServerEnd | None:
        door = super().accept(link)
        return None if door is None else _Crossing(door, lambda message: self.cross(link, message))

    def _roll_back(self) -> None:
        """Start again with an older log."""
        if self.power is None or not self.store._durable:
            return
        keep = self.rng.randrange(max(1, len(self.store._durable) - 30), len(self.store._durable) + 1)
        self._start_with(self.store._durable[:keep])

    def _unmove(self) -> None:
        """Forget that the owner moved the pad away, and let whoever comes write on."""
        durable = self.store._durable
        moved = [at for at, rows in enumerate(durable) if any(_is_move(row.raw) for row in rows.entries)]
        if moved:
            self._start_with(durable[: moved[-1]])

    def _start_with(self, batches: list[Rows]) -> None:
        older = MemoryStore()
        for rows in batches:
            older._apply(rows)
            older._durable.append(rows)
        self.crash()
        self.store = older
        self.start()

    def crash(self) -> None:
        self._reunite()
        super().crash()


def _is_move(raw: bytes) -> bool:
    return record_kind(raw) is RecordKind.MOVE


def _anything(entry: object, writer: object, n: int) -> None:
    """The liar's own rule about bases."""


class _Nobody:
    """Who appended what was poured over: nobody who waits for an answer."""

    @property
    def peer(self) -> _Nobody:
        return self

    ready = True

    def send(self, *parts: bytes) -> None: ...

    def close(self, code: object) -> None: ...

    def wake(self) -> None: ...

    def advance(self, now: float) -> None: ...

    def answered(self, op: Op) -> None: ...


class _Crossing:
    """A door whose messages the liar reads first."""

    def __init__(self, door: ServerEnd, read: Callable[[bytes], None]) -> None:
        self._door, self._read = door, read

    def receive(self, message: bytes) -> None:
        self._read(message)
        self._door.receive(message)

    def closed(self) -> None:
        self._door.closed()
