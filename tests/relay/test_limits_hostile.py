"""T34, T45: what hostile clients can do to a real relay process, and what an honest one notices.

`make soak` makes the same attacks with ten thousand connections.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import Op, join_frame
from support import flood
from support.forge import Forge, ForgedPad
from support.relay_process import RelayProcess, WireClient, clean_environment, relay_process

SOAK = "CRYPTPAD_TUI_SOAK" in os.environ
CONNECTIONS = 10_000 if SOAK else 1_300
MAX_GROWTH_MIB = 64
MAX_JOIN_S = 1.0
JOINS = 5


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


def patience_s() -> float:
    """A second of a machine that has nothing else to do; where others share it, their share longer."""
    return MAX_JOIN_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


@contextmanager
def hostile(relay: RelayProcess, count: int, mode: str) -> Iterator[subprocess.Popen[str]]:
    """Another process opens `count` connections and holds them."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and count + 200 > hard:
        pytest.skip(f"only {hard} open files are allowed here")
    port = relay.url.rpartition(":")[2]
    process = subprocess.Popen(
        [sys.executable, "-S", str(Path(flood.__file__)), port, str(count), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def until_done(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while (line := await asyncio.to_thread(process.stdout.readline)) != "done\n":
        assert line, "the flood ended early"


def at_the_door(port: int) -> int:
    """Connections that the relay has not let in yet: they are no process's."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    begun, there = "03", "01"
    here = [row for row in rows if int(row[1].rpartition(":")[2], 16) == port]
    return sum(row[3] == begun or (row[3] == there and row[9] == "0") for row in here)


async def honest_join_s(url: str, pad: ForgedPad) -> float:
    """How long a person waits from the first byte to the log's end."""
    started = time.monotonic()
    client = await WireClient.open(url)
    await client.create(pad)
    await client.subscribe(pad)
    took = time.monotonic() - started
    await client.close()
    return took


@pytest.mark.parametrize("mode", ["silent", "all"])
async def test_t34_a_flood_before_any_proof_costs_little_memory_and_nobodys_time(
    data: Path, mode: str
) -> None:
    pad = Forge().pad()
    with relay_process(data) as relay:
        await honest_join_s(relay.url, pad)
        before = memory_mib(relay.process.pid)
        with hostile(relay, CONNECTIONS, mode) as attack:
            done = asyncio.create_task(until_done(attack))
            joins, largest = [], before
            while not done.done() or len(joins) < JOINS:
                joins.append(await honest_join_s(relay.url, pad))
                largest = max(largest, memory_mib(relay.process.pid))
                await asyncio.sleep(0.05)
            await done
        assert max(joins) < patience_s(), f"the slowest of {len(joins)} joins took {max(joins):.2f} s"
        assert largest - before < MAX_GROWTH_MIB
        assert relay.stop() == 0
        assert "Traceback" not in relay.log()


async def test_t34_of_the_unproven_only_so_many_are_held(data: Path) -> None:
    """The newest 1,024; without the cap the relay would hold them all."""
    (data / "relay.toml").write_text("[limits]\nunproven_s = 60\n")
    with relay_process(data) as relay, hostile(relay, CONNECTIONS, "silent") as attack:
        await until_done(attack)
        descriptors = Path(f"/proc/{relay.process.pid}/fd")
        if not descriptors.is_dir():
            pytest.skip("open files of another process are seen through /proc")
        most = Limits().unproven_connections + 64
        port = int(relay.url.rpartition(":")[2])
        async with asyncio.timeout(20):
            while at_the_door(port) or (held := len(list(descriptors.iterdir()))) >= most:
                await asyncio.sleep(0.05)
        assert held >= Limits().unproven_connections
        assert relay.stop() == 0


@pytest.mark.parametrize("bounded", [True, False])
async def test_t34_without_the_cap_strangers_are_all_held(data: Path, bounded: bool) -> None:
    cap = 16 if bounded else 1_024
    (data / "relay.toml").write_text(f"[limits]\nunproven_connections = {cap}\n")
    with relay_process(data) as relay:
        descriptors = Path(f"/proc/{relay.process.pid}/fd")
        if not descriptors.is_dir():
            pytest.skip("open files of another process are seen through /proc")
        before = len(list(descriptors.iterdir()))
        with hostile(relay, 100, "silent") as attack:
            await until_done(attack)
            async with asyncio.timeout(5):
                while not 90 <= (held := len(list(descriptors.iterdir())) - before) <= 110 and not bounded:
                    await asyncio.sleep(0.02)
                while bounded and (held := len(list(descriptors.iterdir())) - before) > 32:
                    await asyncio.sleep(0.02)
            assert held >= min(cap, 90)
        assert relay.stop() == 0


async def test_t34_strangers_never_take_the_last_open_files(data: Path) -> None:
    """Where a system allows few files, fewer strangers are let in, and a person still joins."""
    pad = Forge().pad()
    limit = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, 256))"
    command = f"{limit}; import sys, cryptpad_relay.cli as cli; sys.exit(cli.main())"
    with relay_process(data, program=("-c", command)) as relay, hostile(relay, 600, "silent") as attack:
        await until_done(attack)
        assert await honest_join_s(relay.url, pad) < patience_s()
        assert relay.stop() == 0
        assert "out of system resource" not in relay.log()


def test_t34_limits_fit_into_the_open_files() -> None:
    few = Limits().within(256)
    assert (few.unproven_connections, few.connections) == (64, 192)
    assert Limits().within(1 << 20) == Limits()


async def proven(url: str, pad: ForgedPad) -> WireClient:
    client = await WireClient.open(url)
    await client.create(pad)
    await client.subscribe(pad)
    return client


async def closed(client: WireClient) -> bool:
    with suppress(ConnectionClosed, TimeoutError):
        while True:
            await asyncio.wait_for(client.socket.recv(), 0.02)
    return client.socket.close_code is not None


async def test_t34_unfinished_messages_of_many_members_are_bounded_together(data: Path) -> None:
    """Each sends a megabyte but for its last byte: whoever began first is cut off, and the rest work on."""
    (data / "relay.toml").write_text(f"[limits]\nunfinished_bytes = {8 * 2**20}\n")
    pad = Forge().pad()
    with relay_process(data) as relay:
        clients = [await proven(relay.url, pad) for _ in range(40)]
        before = memory_mib(relay.process.pid)
        head = b"\x82\xff" + (2**20).to_bytes(8, "big") + b"abcd"
        for client in clients:
            client.socket.transport.write(head + bytes(2**20 - 1))
        await asyncio.sleep(1)
        last = await honest_join_s(relay.url, pad)
        ended = [await closed(client) for client in clients]
        assert 30 <= sum(ended) < 40
        assert ended[0] or ended[1]
        assert memory_mib(relay.process.pid) - before < MAX_GROWTH_MIB
        assert last < patience_s()
        for client in clients:
            client.socket.transport.abort()


async def test_t34_unread_answers_of_many_members_are_bounded_together(data: Path) -> None:
    """Each asks for megabytes and reads none: whoever stopped first is cut off."""
    (data / "relay.toml").write_text(f"[limits]\nunread_bytes = {8 * 2**20}\n")
    pad = Forge().pad()
    with relay_process(data) as relay:
        author = await proven(relay.url, pad)
        writer = pad.writer()
        await author.append(writer.hello(pad.start))
        await author.append(*[writer.update(pad.start, sealed=pad.forge.bytes(450_000)) for _ in range(2)])
        clients = [await proven(relay.url, pad) for _ in range(40)]
        before = memory_mib(relay.process.pid)
        fetch = frames.Fetch(pad.pad_id, 0, 10).encode()
        for client in clients:
            client.socket.transport.pause_reading()
            for req in range(100, 120):
                await client.socket.send(join_frame(Op.FETCH, req, fetch))
        await asyncio.sleep(1.5)
        assert memory_mib(relay.process.pid) - before < MAX_GROWTH_MIB
        assert (await author.subscribe(pad)).n == 3
        for client in clients:
            client.socket.transport.resume_reading()
        ended = [await closed(client) for client in clients]
        assert 20 <= sum(ended) < 40
        for client in clients:
            client.socket.transport.abort()
        await author.close()


async def test_t34_a_flood_of_frames_by_a_member_delays_nobody(data: Path) -> None:
    """Requests as fast as the socket takes them, and nonsense until the relay has had enough."""
    pad = Forge().pad()
    with relay_process(data) as relay:
        bad = await proven(relay.url, pad)
        body = frames.SthRequest(pad.pad_id, bytes(16)).encode()
        for req in range(100, 5_100):
            bad.socket.transport.write(_masked(join_frame(Op.STH, req, body)))
        slowest = max([await honest_join_s(relay.url, pad) for _ in range(JOINS)])
        assert slowest < patience_s()
        for req in range(6_000, 6_200):
            bad.socket.transport.write(_masked(join_frame(Op.FETCH, req, b"short")))
        with suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(bad.socket.recv(), 10)
        assert bad.socket.close_code == 4004


def _masked(message: bytes) -> bytes:
    size = len(message)
    head = bytes([0x82, 0x80 | size]) if size < 126 else b"\x82\xfe" + size.to_bytes(2, "big")
    return head + bytes(4) + message


async def test_t45_deletion_by_anybody_is_refused_with_its_code(data: Path) -> None:
    """Only the owner's signature makes a relay drop a pad."""
    pad = Forge().pad()
    with relay_process(data) as relay:
        client = await proven(relay.url, pad)
        record = b"PAD1\x03\x01\x00\x00" + pad.pad_id + bytes(4) + pad.pad_id + bytes(8)
        record += pad.start.head + bytes(8 + 64)
        appended = await client.append(record)
        assert (appended.positions, appended.code.name) == ((), "BAD_SIGNATURE")
        assert (await client.append(pad.writer().hello(pad.start))).positions[0].n == 1
        await client.close()
