"""The real relay as a process of its own, and what happens to it when it is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import low_bit, next_head
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.frames import Frame, Op, join_frame, split_frame
from support.forge import Forge, ForgedPad
from support.zygote import Started, shared


@dataclass(slots=True)
class RelayProcess:
    process: subprocess.Popen[bytes] | Started
    url: str
    first_line: str
    errors: TextIO

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)

    def log(self) -> str:
        """All of stderr; call it once, after the end."""
        return self.errors.read()


@contextmanager
def relay_process(
    data: Path, *arguments: str, program: tuple[str, ...] = ("-m", "cryptpad_relay"), warm: bool = False
) -> Iterator[RelayProcess]:
    """`cryptpad-relay serve` on a free port, ready; `warm`: forked from a process that has it loaded."""
    listen = () if "--unix" in arguments else ("--listen", "127.0.0.1:0")
    command = ["serve", "--data", str(data), *listen, *arguments]
    with ExitStack() as stack:
        (output, outputs), (error, errors) = os.pipe(), os.pipe()
        said, errors_said = (stack.enter_context(open(each, encoding="utf-8")) for each in (output, error))
        try:
            process = _start(() if warm else (sys.executable, *program), command, outputs, errors)
        finally:
            os.close(outputs)
            os.close(errors)
        try:
            line = said.readline()
            assert line, errors_said.read()
            yield RelayProcess(process, line.rpartition(" ")[2].strip(), line, errors_said)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _start(
    program: tuple[str, ...], arguments: list[str], outputs: int, errors: int
) -> subprocess.Popen[bytes] | Started:
    """Without a program it is the warm relay."""
    env = clean_environment()
    with open(os.devnull) as nothing:
        if program:
            command = [*program, *arguments]
            return subprocess.Popen(command, stdin=nothing, stdout=outputs, stderr=errors, env=env)
        streams = (nothing.fileno(), outputs, errors)
        return shared("cryptpad-relay").start(arguments, streams, env=env, cwd=Path.cwd())


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CRYPTPAD_")}


class WireClient:
    """A client of a real socket that speaks frames, one request at a time."""

    def __init__(self, socket: ClientConnection, greeting: frames.Greeting) -> None:
        self.socket = socket
        self.greeting = greeting
        self.req = 0
        self.pushed: list[Frame] = []

    @classmethod
    async def open(cls, url: str) -> WireClient:
        if url.startswith("unix:"):
            socket = await unix_connect(url.removeprefix("unix:"), compression=None)
        else:
            socket = await connect(url, compression=None)
        greeting = split_frame(await message(socket))
        return cls(socket, frames.Greeting.decode(greeting.body))

    async def ask(self, op: Op, body: bytes) -> Frame:
        self.req += 1
        await self.socket.send(join_frame(op, self.req, body))
        while True:
            frame = split_frame(await message(self.socket))
            if frame.req == self.req:
                return frame
            self.pushed.append(frame)

    async def next_push(self) -> Frame:
        return self.pushed.pop(0) if self.pushed else split_frame(await message(self.socket))

    async def create(self, pad: ForgedPad) -> Frame:
        return await self.ask(Op.CREATE, pad.genesis)

    async def subscribe(self, pad: ForgedPad) -> frames.Subscribed:
        proof = pad.proof(self.greeting.relay_nonce, self.greeting.relay_pk)
        body = frames.Sub(pad.pad_id, 0, proof, 0, pad.start.head, bytes(16)).encode()
        return frames.Subscribed.decode((await self.ask(Op.SUB, body)).body)

    async def append(self, *entries: bytes) -> frames.Appended:
        return frames.Appended.decode((await self.ask(Op.APPEND, frames.Append(entries).encode())).body)

    async def close(self) -> None:
        await self.socket.close()


async def message(socket: ClientConnection) -> bytes:
    received = await asyncio.wait_for(socket.recv(), 10)
    assert isinstance(received, bytes)
    return received


@dataclass(frozen=True, slots=True)
class KillOutcome:
    acknowledged: int
    lost: int


def kill_in_mid_stream(data: Path, after_s: float, seed: int) -> KillOutcome:
    """Five writers stream, the relay is killed with SIGKILL, starts again, and shows what it has."""
    return asyncio.run(_kill_in_mid_stream(data, after_s, seed))


async def _kill_in_mid_stream(data: Path, after_s: float, seed: int) -> KillOutcome:
    pad = Forge(seed).pad()
    acknowledged: dict[int, bytes] = {}
    with relay_process(data, warm=True) as relay:
        clients = [await WireClient.open(relay.url) for _ in range(5)]
        for client in clients:
            await client.create(pad)
            await client.subscribe(pad)
        streams = [asyncio.create_task(_stream(client, pad, acknowledged)) for client in clients]
        await asyncio.sleep(after_s)
        relay.kill()
        await asyncio.gather(*streams)
        for client in clients:
            await client.close()
    with relay_process(data, warm=True) as relay:
        log = await _whole_log(relay.url, pad)
        relay.stop()
    lost = sum(n > len(log) or log[n - 1] != raw for n, raw in acknowledged.items())
    return KillOutcome(len(acknowledged), lost)


async def _stream(client: WireClient, pad: ForgedPad, acknowledged: dict[int, bytes]) -> None:
    writer = pad.writer()
    raw = writer.hello(pad.start)
    with suppress(ConnectionClosed, ConnectionError):
        while True:
            appended = await client.append(raw)
            acknowledged[appended.positions[0].n] = raw
            raw = writer.update(pad.start)


async def _whole_log(url: str, pad: ForgedPad) -> list[bytes]:
    """Fetched as any client would, each link of the chain checked."""
    client = await WireClient.open(url)
    end = await client.subscribe(pad)
    raws: list[bytes] = []
    heads = [pad.start.head]
    while len(raws) < end.n:
        fetched = frames.Fetched.decode(
            (await client.ask(Op.FETCH, frames.Fetch(pad.pad_id, len(raws), 1_000).encode())).body
        )
        for raw in fetched.entries:
            n = len(heads)
            heads.append(next_head(heads[-1], heads[n - low_bit(n)], n, parse_entry(raw).entry_id))
            raws.append(raw)
        assert fetched.head == heads[-1]
    assert heads[-1] == end.head
    # The log must also go on from here.
    appended = await client.append(pad.writer().hello(pad.start))
    assert appended.positions[0].n == end.n + 1
    await client.close()
    return raws
