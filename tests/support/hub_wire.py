"""A real relay (hub, sessions, a store in memory) at the other end of a PadLink, without sockets.

`HubConnection` is what a PadLink takes for a RelayConnection. `restart_from` is an operator with a backup.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from cryptpad_relay.hub import Hub
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_tui.pad import flows
from support.forge import Desk, DeskClient, Forge

T = TypeVar("T")
Tamper = Callable[[Op, bytes, Callable[[], bytes]], bytes]
"""(op, body, the honest answer) -> what the client is answered; raises Refused."""


class BackedUpRelay:
    """A relay whose data can be put back to what it was."""

    def __init__(self) -> None:
        self.forge = Forge(3)
        keys = self.forge.relay_keys()
        self.forge.relay_keys = lambda: keys  # type: ignore[method-assign]
        self.store = MemoryStore()
        self.now = 1_700_000_000.0
        self.start()

    def start(self, *, restored: bool = False) -> None:
        def hub(store: Any, keys: Any, **options: Any) -> Hub:
            return Hub(store, keys, **{**options, "wall": lambda: self.now, "restored": restored})

        self.desk = Desk(self.store, self.forge, hub_type=hub)  # type: ignore[arg-type]

    def backup(self) -> MemoryStore:
        return self.store.crash()

    def restart_from(self, backup: MemoryStore, *, restored: bool = False) -> None:
        """Later, with older data, under the same identity."""
        self.store = backup.crash()
        self.wait(60.0)
        self.start(restored=restored)

    def wait(self, seconds: float) -> None:
        self.now += seconds


class HubConnection:
    """One connection to it; `deliver` hands over what was pushed."""

    def __init__(self, relay: BackedUpRelay, tamper: Tamper | None = None) -> None:
        self.client: DeskClient = relay.desk.connect()
        self.greeting = self.client.greeting
        self.asked: list[Op] = []
        self._relay, self._tamper = relay, tamper
        self._handlers: dict[bytes, Callable[[Frame], None]] = {}

    def on_push(self, pad_id: bytes, handler: Callable[[Frame], None] | None) -> None:
        self._handlers.pop(pad_id, None)
        if handler:
            self._handlers[pad_id] = handler

    async def request(self, request: flows.Request) -> bytes:
        op, body = request
        self.asked.append(op)
        if self._tamper:
            return self._tamper(op, body, lambda: self._honest(op, body))
        return self._honest(op, body)

    def _honest(self, op: Op, body: bytes) -> bytes:
        answer = self.client.ask(op, body)
        if answer.op == Op.ERR:
            error = frames.Error.decode(answer.body)
            raise Refused(error.code, error.retry_ms)
        return answer.body

    async def run(self, flow: flows.Flow[T]) -> T:
        try:
            request = next(flow)
            while True:
                try:
                    reply = await self.request(request)
                except Refused as refused:
                    request = flow.throw(refused)
                else:
                    request = flow.send(reply)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    async def deliver(self) -> None:
        for frame in [*self.client.peer.take()]:
            at = {Op.COMMIT: 0, Op.SIGNED: 0, Op.PRESENCE: 8}.get(Op(frame.op))
            handler = self._handlers.get(frame.body[at : at + 32]) if at is not None else None
            if handler:
                handler(frame)
        for _ in range(5):
            await asyncio.sleep(0)
