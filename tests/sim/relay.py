"""The relay of a simulation: the real hub, sessions, append rule and store, with a committer in virtual time.

Its disk can fail a commit, and its machine can lose power before one or between write and sync.
"""

from __future__ import annotations

import random
from typing import Final

from cryptpad_relay.batch import Batch
from cryptpad_relay.data_dir import RelayKeys
from cryptpad_relay.hub import Hub
from cryptpad_relay.peers import send_to_each
from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.session import Session
from cryptpad_relay.store.base import StorageError, StoredEntry
from cryptpad_relay.store.memory import MemoryStore
from sim.loop import VirtualLoop
from sim.network import Link, ServerEnd

WALL_AT_START_S: Final = 1_800_000_000.0
COMMIT_S: Final = 0.005
TICK_S: Final = 0.25


class _Door:
    """One connection at the relay: network.ServerEnd and cryptpad_relay.peers.Peer at once."""

    ready = True

    def __init__(self, power: Power, link: Link) -> None:
        self._power, self._link = power, link
        self.session = Session(power.hub, self, power.loop.time(), "address")

    def receive(self, message: bytes) -> None:
        if self._power.on:
            self.session.receive(message, self._power.loop.time())

    def closed(self) -> None:
        if self._power.on:
            self._power.doors.pop(self, None)
            self.session.closed()

    def send(self, *frames: bytes) -> None:
        for frame in frames:
            self._power.relay.say(self._link, frame)

    def close(self, code: CloseCode) -> None:
        self._link.cut()

    def wake(self) -> None:
        self._power.loop.later(0.0, self._advance)

    def _advance(self) -> None:
        if self._power.on:
            self.session.advance(self._power.loop.time())


class Power:
    """The relay's process from one start to its end; what is left of a dead one does nothing."""

    def __init__(self, relay: SimRelay, store: MemoryStore, name: int) -> None:
        self.relay, self.loop, self.store = relay, relay.loop, store
        self.on = True
        self.doors: dict[_Door, None] = {}
        self._busy = False
        self._timer_set = False
        self.hub = Hub(
            store,
            relay.keys,
            wall=lambda: WALL_AT_START_S + self.loop.time(),
            random_bytes=relay.rng.randbytes,
            fan_out=send_to_each,
            wake=self._wake,
        )
        self._tick()

    def _tick(self) -> None:
        if self.on:
            now = self.loop.time()
            self.hub.tick(now)
            for door in list(self.doors):
                door.session.tick(now)
            self.loop.later(TICK_S, self._tick)

    def _wake(self) -> None:
        if not self._busy and not self._timer_set:
            self._timer_set = True
            self.loop.later(COMMIT_S, self._take)

    def _take(self) -> None:
        if not self.on:
            return
        self._timer_set, self._busy = False, True
        batch = self.hub.take_batch(self.loop.time())
        if batch is None:
            self._busy = False
            return
        self.store.write(batch.rows)
        if self.relay.die_between:
            self.relay.die_between = False
            self.relay.crash()
            return
        self.loop.later(self.relay.rng.expovariate(1 / self.relay.sync_s), self._synced, batch)

    def _synced(self, batch: Batch) -> None:
        if not self.on:
            return
        self._busy = False
        try:
            if batch.rows:
                self.store.sync()
        except StorageError:
            self.hub.failed()
        else:
            self.hub.committed(self.loop.time())
        self._wake()


class SimRelay:
    """A relay that keeps its key and what it made durable, and may start again."""

    def __init__(self, loop: VirtualLoop, rng: random.Random) -> None:
        self.loop, self.rng = loop, rng
        self.keys = RelayKeys(rng.randbytes(32), rng.randbytes(32))
        self.sync_s = rng.choice((0.001, 0.01, 0.1))
        self.die_between = False
        """Lose power after the next batch was written and before it is synced."""
        self.power: Power | None = None
        self.store = MemoryStore()
        self.crashes = 0
        self.start()

    def start(self) -> None:
        if self.power is None:
            self.power = Power(self, self.store, self.crashes)

    def crash(self) -> None:
        """The machine loses power: connections and what was not synced are gone."""
        power, self.power = self.power, None
        if power is None:
            return
        self.crashes += 1
        power.on = False
        for door in power.doors:
            door._link.cut()
        self.store = power.store.crash()

    def fail_next_commit(self) -> None:
        self.store.fail_commits += 1

    def accept(self, link: Link) -> ServerEnd | None:
        """Open a connection to whoever called; None while the relay is down."""
        power = self._power_for(link)
        if power is None:
            return None
        door = _Door(power, link)
        power.doors[door] = None
        return door

    def _power_for(self, link: Link) -> Power | None:
        return self.power

    def say(self, link: Link, frame: bytes) -> None:
        """A frame on its way out; an honest relay sends it."""
        link.to_client(frame)

    def log(self, pad_id: bytes) -> list[StoredEntry]:
        """What is durable of a pad."""
        row = self.store.find(pad_id)
        if row is None:
            return []
        index = self.store.pad_index(row)
        return list(index.read(0, index.end()[0]))
