"""The other end of relay_load.py: many clients in one process of its own, as cheap as Python allows.

It speaks just enough WebSocket to write prepared frames and to count what comes back, so that the server is
what is measured. The job comes as one JSON line and the result goes as one; "go" and "done" mark the steady
part. It needs tests/ on its path, where the forge lives.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import random
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from pycrdt import Doc, Text, TransactionEvent

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import Op, join_frame
from support.forge import Forge, ForgedPad

SAMPLED_READERS = 8
PRESENCE_BUDGET = 8_000
PRESENCE_BYTES = 552


def masked(payload: bytes) -> bytes:
    """A client's frame. A mask of zeros is a mask."""
    size = len(payload)
    if size < 126:
        return bytes([0x82, 0x80 | size]) + bytes(4) + payload
    if size < 65_536:
        return b"\x82\xfe" + struct.pack(">H", size) + bytes(4) + payload
    return b"\x82\xff" + struct.pack(">Q", size) + bytes(4) + payload


class Client(asyncio.Protocol):
    """One connection: hands whole messages to `on_message`."""

    transport: asyncio.Transport

    def __init__(self, path: str, on_message: Callable[[Client, bytes], None]) -> None:
        self.buffer = bytearray()
        self.path = path
        self.on_message = on_message
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.nonce = b""
        self.number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.upgraded, self.joined):
            if not future.done() and self.number >= 0:
                future.set_exception(ConnectionError("closed while joining"))

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer
        buffer += data
        if not self.upgraded.done():
            head, blank, rest = bytes(buffer).partition(b"\r\n\r\n")
            if not blank:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.upgraded.set_exception(ConnectionError(head.decode()))
                return
            self.upgraded.set_result(None)
            buffer[:] = rest
        at, end = 0, len(buffer)
        while end - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if start + size > end:
                break
            if buffer[at] & 0x0F == 2:
                self.on_message(self, bytes(buffer[start : start + size]))
            elif buffer[at] & 0x0F == 9:
                self.transport.write(b"\x8a\x80" + bytes(4))
            at = start + size
        del buffer[:at]

    def say(self, payload: bytes) -> None:
        self.transport.write(masked(payload))


class Load:
    """What every server is measured by. A subclass knows one server's protocol."""

    path = "/"

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.writers: int = job["writers"]
        self.edits: int = int(job["rate"] * job["seconds"])
        self.sent_at: dict[bytes, float] = {}
        self.deliveries = self.acks = self.presence_bytes = 0
        self.latencies: list[float] = []
        self.ack_latencies: list[float] = []
        self.running = False

    async def join(self, client: Client) -> None: ...

    def edit(self, number: int) -> tuple[bytes, bytes]:
        """The message of this edit (by writer number % writers), and the key by which it is known again."""
        raise NotImplementedError

    def on_message(self, client: Client, message: bytes) -> None:
        raise NotImplementedError

    def samples(self, client: Client) -> bool:
        return self.writers <= client.number < self.writers + SAMPLED_READERS


class RelayLoad(Load):
    """cryptpad-relay: one entry an APPEND, signed, chained and certified like a client's."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        self.forge = Forge(int(job.get("seed", 1)))
        self.forged = self.forge.pad()
        makers = [self.forged.writer() for _ in range(self.writers)]
        base = self.forged.start
        self.hellos = [maker.hello(base) for maker in makers]
        self.entries = [makers[i % self.writers].update(base) for i in range(self.edits)]
        self.presence_seeds = [self.forge.bytes(32) for _ in range(job["clients"])]
        self.created = False

    async def join(self, client: Client) -> None:
        while not client.nonce:
            await asyncio.sleep(0.001)
        pad = self.pad_of(client)
        client.say(join_frame(Op.CREATE, 1, pad.genesis))
        proof = pad.proof(client.nonce, self.relay_pk)
        client.say(
            join_frame(Op.SUB, 2, frames.Sub(pad.pad_id, 0, proof, 0, pad.start.head, bytes(16)).encode())
        )
        await client.joined
        if client.number < self.writers and not self.job.get("idle"):
            client.say(join_frame(Op.APPEND, 3, frames.Append((self.hellos[client.number],)).encode()))
            await asyncio.sleep(0.05)

    def pad_of(self, client: Client) -> ForgedPad:
        return self.forged

    def edit(self, number: int) -> tuple[bytes, bytes]:
        raw = self.entries[number]
        return join_frame(Op.APPEND, 1000 + number, frames.Append((raw,)).encode()), raw[160:184]

    def on_message(self, client: Client, message: bytes) -> None:
        op = message[0]
        if op == Op.COMMIT:
            if not self.running:
                return
            count = (message[77] << 8) | message[78]
            # Only what others wrote counts: a writer's own entries come back to it as ids.
            if client.number < self.writers:
                count = sum(len(entry) > 32 for entry in frames.Commit.decode(message[5:]).entries)
            self.deliveries += count
            if self.samples(client):
                now = time.perf_counter()
                for entry in frames.Commit.decode(message[5:]).entries:
                    self.latencies.append(now - self.sent_at[entry[160:184]])
        elif op == Op.APPEND | 0x80:
            req = int.from_bytes(message[1:5], "big")
            if message[-6:-4] != b"\0\0":
                raise RuntimeError(f"refused: {frames.Appended.decode(message[5:])}")
            if req >= 1000:
                self.acks += 1
                self.ack_latencies.append(
                    time.perf_counter() - self.sent_at[self.entries[req - 1000][160:184]]
                )
        elif op == Op.PRESENCE:
            self.presence_bytes += len(message)
        elif op == Op.GREETING:
            greeting = frames.Greeting.decode(message[5:])
            self.relay_pk, client.nonce = greeting.relay_pk, greeting.relay_nonce
        elif op == Op.SUB | 0x80:
            client.joined.set_result(None)
        elif op == Op.ERR:
            raise RuntimeError(f"error: {frames.Error.decode(message[5:])}")

    def presence_frame(self, client: Client, counter: int) -> bytes:
        raw = self.forged.presence(self.presence_seeds[client.number], counter)
        return join_frame(Op.PRES, 0, raw)


class ManyPadsLoad(RelayLoad):
    """Idle connections, each on a pad of its own: what a connection costs to hold."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__({**job, "writers": 0, "rate": 0})
        self.pads = [self.forge.pad() for _ in range(job["clients"])]

    def pad_of(self, client: Client) -> ForgedPad:
        return self.pads[client.number]


class YjsLoad(Load):
    """Peers that speak Yjs: each edit is the update of one typed character, 25 to 30 bytes."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__(job)
        texts = [Doc({"text": Text()}) for _ in range(self.writers)]
        self.updates: list[bytes] = []
        for doc in texts:
            doc.observe(self._keep)
        for i in range(self.edits):
            text = texts[i % self.writers].get("text", type=Text)
            text.insert(len(text), "abcdefgh"[i % 8])
        self.tails = {len(update) for update in self.updates}

    def _keep(self, event: TransactionEvent) -> None:
        self.updates.append(event.update)

    def on_message(self, client: Client, message: bytes) -> None:
        if not self.running:
            if not client.joined.done():
                client.joined.set_result(None)
            return
        self.deliveries += 1
        if self.samples(client):
            for size in self.tails:
                sent = self.sent_at.get(message[-size:])
                if sent is not None:
                    self.latencies.append(time.perf_counter() - sent)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def sized(data: bytes) -> bytes:
    return varint(len(data)) + data


class ElvaLoad(YjsLoad):
    """elva, opaque: it forwards what it is sent, stores nothing and answers nothing."""

    path = "/bench-room"

    async def join(self, client: Client) -> None:
        client.joined.set_result(None)

    def edit(self, number: int) -> tuple[bytes, bytes]:
        update = self.updates[number]
        return b"\0\2" + sized(update), update


class HocuspocusLoad(YjsLoad):
    """hocuspocus, plaintext: it merges each update into a document, answers from memory and stores later."""

    name = sized(b"bench-room")

    async def join(self, client: Client) -> None:
        client.say(self.name + b"\2\0" + sized(b"token") + sized(b"4"))
        client.say(self.name + b"\0\0" + sized(b"\0"))
        await client.joined
        await asyncio.sleep(0.02)

    def edit(self, number: int) -> tuple[bytes, bytes]:
        update = self.updates[number]
        return self.name + b"\0\2" + sized(update), update

    def on_message(self, client: Client, message: bytes) -> None:
        if self.running and message[len(self.name)] == 8:
            self.acks += 1
            return
        super().on_message(client, message)


LOADS: dict[str, type[Load]] = {
    "relay": RelayLoad,
    "idle": ManyPadsLoad,
    "elva": ElvaLoad,
    "hocuspocus": HocuspocusLoad,
}


async def run(job: dict[str, Any]) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    load = LOADS[job["kind"]](job)
    clients: list[Client] = []
    for number in range(job["clients"]):
        _, client = await loop.create_connection(
            lambda: Client(load.path, load.on_message), job["host"], job["port"]
        )
        client.number = number
        clients.append(client)
        await client.upgraded
        await load.join(client)
    await asyncio.sleep(0.5)
    if job.get("idle"):
        say("ready")
        await loop.run_in_executor(None, sys.stdin.readline)
        return {}
    gc.collect()
    gc.freeze()
    presence = asyncio.create_task(keep_present(load, clients, job)) if job.get("presence") else None
    load.running = True
    say("go")
    started = time.perf_counter()
    await send_edits(load, clients, job, started)
    elapsed = time.perf_counter() - started
    say("done")
    await asyncio.sleep(0.7)
    if presence is not None:
        presence.cancel()
    for client in clients:
        client.transport.abort()
    return {
        "deliveries": load.deliveries,
        "expected": load.edits * (job["clients"] - 1),
        "acks": load.acks,
        "seconds": elapsed,
        "p50_ms": percentile(load.latencies, 50),
        "p99_ms": percentile(load.latencies, 99),
        "ack_p50_ms": percentile(load.ack_latencies, 50),
        "ack_p99_ms": percentile(load.ack_latencies, 99),
        "presence_bytes_per_client_s": load.presence_bytes / job["clients"] / elapsed,
    }


async def send_edits(load: Load, clients: list[Client], job: dict[str, Any], started: float) -> None:
    """At `rate` edits a second with jitter, whatever the server does."""
    jitter = random.Random(7)
    step = 1 / job["rate"] if job["rate"] else 0
    for number in range(load.edits):
        message, key = load.edit(number)
        due = started + (number + jitter.random()) * step
        wait = due - time.perf_counter()
        if wait > 0.0005:
            await asyncio.sleep(wait)
        load.sent_at[key] = time.perf_counter()
        clients[number % load.writers].say(message)
    if not load.edits:
        await asyncio.sleep(job["seconds"])


async def keep_present(load: Load, clients: list[Client], job: dict[str, Any]) -> None:
    """Presence by the rate rule of the protocol: N present people stay near 8 kB/s each."""
    interval = max(1.0, len(clients) * PRESENCE_BYTES / PRESENCE_BUDGET)
    jitter = random.Random(8)
    now = time.perf_counter()
    due = [
        now + jitter.random() * (1.0 if i < load.writers else max(10.0, interval))
        for i in range(len(clients))
    ]
    assert isinstance(load, RelayLoad)
    counter = 0
    while True:
        now = time.perf_counter()
        for i, client in enumerate(clients):
            if due[i] <= now:
                counter += 1
                client.say(load.presence_frame(client, counter))
                due[i] += 1.0 if load.edits and i < load.writers else max(10.0, interval)
        await asyncio.sleep(0.02)


def percentile(values: list[float], of_100: int) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * of_100 // 100)] * 1000, 2)


def say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    say(json.dumps(asyncio.run(run(json.loads(sys.stdin.readline())))))
