"""The network between people and the relay: delays, cuts, and a tape of every message.

Messages of one connection stay in order, as a socket's do; those of different ones overtake each other. A cut
loses what is under way, and each end learns of it in its own time.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from websockets.exceptions import ConnectionClosedError

from sim.loop import VirtualLoop

TINY_S = 1e-6
"""Keeps two messages of one connection apart where their delays are equal."""


class ServerEnd(Protocol):
    """What a relay is told of one connection."""

    def receive(self, message: bytes) -> None: ...

    def closed(self) -> None: ...


class Tape:
    """Every message that anybody on the network could read, to be listened to, and a hash of their sequence.

    Who, which way, what kind, how long: not the bytes, since the engine writes the marks of one character in
    an order that no seed decides.
    """

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.secrets: dict[bytes, str] = {}
        """Bytes that must never appear, and what they are."""
        self.leaks: list[str] = []
        self.messages = 0
        self.listeners: list[Callable[[Link, bool, bytes], None]] = []

    def record(self, link: Link, *, to_relay: bool, message: bytes) -> None:
        self.messages += 1
        self._hash.update(b"%d %d %d %d " % (link.number, to_relay, message[0], len(message)))
        for secret, name in self.secrets.items():
            if secret in message:
                self.leaks.append(f"{name} in message {self.messages}")
        for listener in self.listeners:
            listener(link, to_relay, message)

    def digest(self) -> str:
        return self._hash.hexdigest()


class Link:
    """One connection. The client's end is a socket as `websockets` makes them."""

    def __init__(
        self, number: int, owner: object, loop: VirtualLoop, rng: random.Random, tape: Tape, url: str = ""
    ) -> None:
        self.number, self.url = number, url
        self.owner = owner
        """The window at the client's end."""
        self.pace_s = rng.choice((0.002, 0.02, 0.2))
        self.open = True
        self.server: ServerEnd | None = None
        self._loop, self._rng, self._tape = loop, rng, tape
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._client_open = True
        self._last = {True: 0.0, False: 0.0}

    # -- what travels

    def _travel(self, to_relay: bool, deliver: Callable[[], None]) -> None:
        now = self._loop.time()
        at = max(now + self._rng.expovariate(1 / self.pace_s), self._last[to_relay] + TINY_S)
        self._last[to_relay] = at
        self._loop.later(at - now, self._deliver, deliver)

    def _deliver(self, deliver: Callable[[], None]) -> None:
        if self.open:
            deliver()

    def to_client(self, message: bytes) -> None:
        """From the relay's end."""
        if self.open:
            self._tape.record(self, to_relay=False, message=message)
            self._travel(False, lambda: self._arrived.put_nowait(message))

    def cut(self) -> None:
        """Nothing passes any more. Both ends find out later, each by itself."""
        if not self.open:
            return
        self.open = False
        self._loop.later(self._rng.uniform(0, 2), self._arrived.put_nowait, None)
        if self.server:
            self._loop.later(self._rng.uniform(0, 4), self.server.closed)

    # -- the client's end

    async def send(self, message: bytes) -> None:
        if not self._client_open:
            raise ConnectionClosedError(None, None)
        if self.open:
            self._tape.record(self, to_relay=True, message=message)
            server = self.server
            if server:
                self._travel(True, lambda: server.receive(message))

    async def recv(self) -> bytes:
        message = await self._arrived.get()
        if message is None:
            self._client_open = False
            raise ConnectionClosedError(None, None)
        return message

    def __aiter__(self) -> Link:
        return self

    async def __anext__(self) -> bytes:
        with suppress(ConnectionClosedError):
            return await self.recv()
        raise StopAsyncIteration

    async def close(self) -> None:
        self._client_open = False
        self.cut()


class Network:
    """Who reaches the relay at present."""

    def __init__(self, loop: VirtualLoop, rng: random.Random, tape: Tape) -> None:
        self._loop, self._rng, self.tape = loop, rng, tape
        self._links: list[Link] = []
        self._made = 0
        self.accept: Callable[[Link], ServerEnd | None] = lambda link: None
        """The door of the relay that a connection is to; None while it is down."""
        self.unreachable: Callable[[object], bool] = lambda owner: False

    async def connect(self, owner: object, url: str = "") -> Link:
        """The client's end of a connection; OSError where there is no way."""
        await asyncio.sleep(self._rng.expovariate(1 / 0.02))
        link = Link(self._made, owner, self._loop, self._rng, self.tape, url)
        self._made += 1
        if not self.unreachable(owner):
            link.server = self.accept(link)
        if link.server is None:
            raise OSError("no way there")
        self._links = [known for known in self._links if known.open]
        self._links.append(link)
        return link

    def cut(self, chosen: Callable[[Link], bool]) -> None:
        for link in self._links:
            if chosen(link):
                link.cut()
