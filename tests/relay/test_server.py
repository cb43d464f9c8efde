"""The listening end on real sockets: slow, large, broken and silent clients, and what others notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import Commit, Op, join_frame
from cryptpad_relay.server import RelayServer
from cryptpad_relay.store.memory import MemoryStore
from support.forge import Forge, ForgedPad
from support.relay_process import WireClient

Start = Callable[..., Awaitable[str]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[RelayServer] = []

    async def start_server(limits: Limits | None = None) -> str:
        server = RelayServer(
            MemoryStore(), Forge(9).relay_keys(), limits=limits or Limits(), commit_interval_s=0.001
        )
        servers.append(server)
        return await server.listen_tcp("127.0.0.1", 0)

    yield start_server
    for server in servers:
        await server.stop()


@pytest.fixture
def pad() -> ForgedPad:
    return Forge().pad()


async def joined(url: str, pad: ForgedPad) -> WireClient:
    client = await WireClient.open(url)
    await client.create(pad)
    await client.subscribe(pad)
    return client


async def raw_upgraded(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    return reader, writer


async def ended(reader: asyncio.StreamReader, timeout_s: float = 8) -> bytes:
    """What comes until the far end closes."""
    received = b""
    async with asyncio.timeout(timeout_s):
        while True:
            try:
                part = await reader.read(65_536)
            except ConnectionError:
                return received
            if not part:
                return received
            received += part


async def test_commits_reach_all_and_the_author_gets_ids(start: Start, pad: ForgedPad) -> None:
    url = await start()
    author, reader = await joined(url, pad), await joined(url, pad)
    hello = pad.writer().hello(pad.start)
    await author.append(hello)
    commit = Commit.decode((await reader.next_push()).body)
    assert commit.entries == (hello,)
    own = await author.next_push()
    assert (own.op, [len(entry) for entry in Commit.decode(own.body).entries]) == (Op.COMMIT, [32])
    await author.close()
    await reader.close()


async def test_a_slow_reader_is_dropped_and_the_others_do_not_wait(start: Start, pad: ForgedPad) -> None:
    url = await start()
    author, reader = await joined(url, pad), await joined(url, pad)
    slow = await WireClient.open(url)
    await slow.subscribe(pad)
    slow.socket.transport.pause_reading()
    writer = pad.writer()
    await author.append(writer.hello(pad.start))
    slowest = 0.0
    loop = asyncio.get_running_loop()
    for _ in range(30):
        raw = writer.update(pad.start, sealed=pad.forge.bytes(400_000))
        sent_at = loop.time()
        await author.append(raw)
        while Commit.decode((await next_of(reader, Op.COMMIT)).body).entries[-1] != raw:
            pass
        slowest = max(slowest, loop.time() - sent_at)
    assert slowest < 2
    slow.socket.transport.resume_reading()
    await read_to_the_end(slow)
    assert slow.socket.close_code in (4001, 1006)
    await author.close()
    await reader.close()


async def read_to_the_end(client: WireClient) -> None:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(client.socket.recv(), 10)


async def next_of(client: WireClient, op: Op) -> frames.Frame:
    while True:
        frame = await client.next_push()
        if frame.op == op:
            return frame


async def test_a_slow_reader_learns_why(start: Start, pad: ForgedPad) -> None:
    """One that reads again within the grace time finds 4001 behind what it missed."""
    url = await start()
    author, slow = await joined(url, pad), await joined(url, pad)
    slow.socket.transport.pause_reading()
    writer = pad.writer()
    await author.append(writer.hello(pad.start))
    for _ in range(40):
        await author.append(writer.update(pad.start, sealed=pad.forge.bytes(400_000)))
    slow.socket.transport.resume_reading()
    await read_to_the_end(slow)
    assert slow.socket.close_code == 4001
    await author.close()


async def test_answers_wait_for_a_client_that_does_not_read_them(start: Start, pad: ForgedPad) -> None:
    """Sixty megabytes are asked for by one who reads nothing: the relay holds one answer, not sixty."""
    url = await start()
    client = await joined(url, pad)
    writer = pad.writer()
    await client.append(writer.hello(pad.start))
    for _ in range(3):
        await client.append(writer.update(pad.start, sealed=pad.forge.bytes(300_000)))
    client.socket.transport.pause_reading()
    fetch = frames.Fetch(pad.pad_id, 0, 100).encode()
    for req in range(100, 160):
        await client.socket.send(join_frame(Op.FETCH, req, fetch))
    await asyncio.sleep(0.3)
    client.socket.transport.resume_reading()
    answered = []
    while len(answered) < 60:
        message = await asyncio.wait_for(client.socket.recv(), 10)
        assert isinstance(message, bytes)
        if message[0] == Op.FETCH | 0x80:
            answered.append(int.from_bytes(message[1:5], "big"))
    assert answered == list(range(100, 160))
    await client.close()


async def test_nothing_is_read_from_a_client_that_does_not_read(pad: ForgedPad) -> None:
    server = RelayServer(MemoryStore(), Forge(9).relay_keys(), limits=Limits(), commit_interval_s=0.001)
    client = await joined(await server.listen_tcp("127.0.0.1", 0), pad)
    [connection] = server._all()
    connection.pause_writing()
    await client.socket.send(join_frame(Op.STH, 7, frames.SthRequest(pad.pad_id, bytes(16)).encode()))
    await asyncio.sleep(0.05)
    assert not connection.transport.is_reading()
    connection.resume_writing()
    await asyncio.sleep(0.05)
    assert connection.transport.is_reading()
    assert (await client.next_push()).req == 7
    await client.close()
    await server.stop()


async def test_a_message_over_a_mebibyte_ends_the_connection(start: Start, pad: ForgedPad) -> None:
    url = await start()
    client = await joined(url, pad)
    with suppress(ConnectionClosed):
        await client.socket.send(bytes(frames.MAX_MESSAGE + 1))
    await read_to_the_end(client)
    assert client.socket.close_code == 1009


async def test_a_fragmented_message_is_one_message(start: Start, pad: ForgedPad) -> None:
    url = await start()
    client = await joined(url, pad)
    body = frames.Append((pad.writer().hello(pad.start),)).encode()
    whole = join_frame(Op.APPEND, 77, body)
    await client.socket.send([whole[:3], whole[3:200], b"", whole[200:]])
    message = await asyncio.wait_for(client.socket.recv(), 5)
    assert isinstance(message, bytes)
    assert frames.Appended.decode(message[5:]).positions[0].n == 1
    await client.close()


async def test_text_is_no_message_of_this_protocol(start: Start, pad: ForgedPad) -> None:
    client = await joined(await start(), pad)
    await client.socket.send("hello")
    await client.socket.wait_closed()
    assert client.socket.close_code == 4002


async def test_compression_is_never_agreed_to(start: Start) -> None:
    async with connect(await start(), compression="deflate") as websocket:
        assert "Sec-WebSocket-Extensions" not in websocket.response.headers  # type: ignore[union-attr]
        assert "Server" not in websocket.response.headers  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "origin", "status"), [("/pads", None, 404), ("/", "https://example.org", 403)]
)
async def test_only_programs_at_the_root_are_let_in(
    start: Start, path: str, origin: str | None, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect((await start()) + path, origin=origin)  # type: ignore[arg-type]
    assert refused.value.response.status_code == status


@pytest.mark.parametrize(
    "request_bytes", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(9_000)]
)
async def test_what_is_no_websocket_is_closed(start: Start, request_bytes: bytes) -> None:
    host, port = (await start()).removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request_bytes)
    assert b"101" not in await ended(reader)
    writer.close()


async def test_a_client_that_says_nothing_is_closed(start: Start) -> None:
    """T34: a slow loris, before and after the handshake."""
    url = await start(Limits(unproven_s=0.5))
    host, port = url.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n")
    client = await WireClient.open(url)
    assert await ended(reader) == b""
    await client.socket.wait_closed()
    assert client.socket.close_code == 4003
    writer.close()


async def test_unproven_connections_are_few_and_the_oldest_goes_first(start: Start, pad: ForgedPad) -> None:
    url = await start(Limits(unproven_connections=3))
    proven = await joined(url, pad)
    clients = [await WireClient.open(url) for _ in range(4)]
    await clients[0].socket.wait_closed()
    assert clients[0].socket.close_code == 4003
    for client in clients[1:]:
        assert (await client.subscribe(pad)).n == 0
        await client.close()
    assert (await proven.subscribe(pad)).n == 0
    await proven.close()


@pytest.mark.parametrize("frame", [b"\x89\x80abcd", b"\x00\x80abcd", b"\x82\x80abcd"])
async def test_a_flood_before_any_proof_is_cut_off(start: Start, frame: bytes) -> None:
    """T34: pings, empty fragments, empty messages."""
    reader, writer = await raw_upgraded(await start())
    writer.write(b"\x02\x80abcd" if frame[0] == 0 else b"")
    with_close = b""
    for _ in range(40):
        writer.write(frame * 200)
        try:
            await writer.drain()
        except ConnectionError:
            break
    with_close = await ended(reader)
    assert b"\x88" in with_close
    writer.close()


async def test_a_ping_flood_by_one_who_reads_nothing_is_bounded(pad: ForgedPad) -> None:
    server = RelayServer(MemoryStore(), Forge(9).relay_keys(), limits=Limits(), commit_interval_s=0.001)
    client = await joined(await server.listen_tcp("127.0.0.1", 0), pad)
    transport = client.socket.transport
    transport.pause_reading()
    [connection] = server._all()
    async with asyncio.timeout(15):
        while connection.open:
            transport.write((b"\x89\xfd" + b"abcd" + bytes(125)) * 2_000)
            await asyncio.sleep(0.002)
    assert connection.transport.get_write_buffer_size() < 2**20
    transport.abort()
    await server.stop()


async def test_more_connections_than_allowed_are_refused(start: Start, pad: ForgedPad) -> None:
    url = await start(Limits(connections=2))
    clients = [await joined(url, pad), await joined(url, pad)]
    with pytest.raises((ConnectionError, EOFError, ConnectionClosed, Exception)) as refused:
        await asyncio.wait_for(WireClient.open(url), 5)
    assert not isinstance(refused.value, TimeoutError)
    for client in clients:
        await client.close()


async def test_the_relay_pings_the_silent_and_drops_the_dead(pad: ForgedPad) -> None:
    server = RelayServer(MemoryStore(), Forge(9).relay_keys(), limits=Limits(), commit_interval_s=0.001)
    url = await server.listen_tcp("127.0.0.1", 0)
    client = await joined(url, pad)
    [connection] = server._all()
    heard = connection.heard_at
    connection.keep_alive(heard + 15, 20)
    await asyncio.sleep(0.1)
    assert connection.heard_at > heard
    connection.keep_alive(connection.heard_at + 61, 20)
    await client.socket.wait_closed()
    assert server._all() == []
    await server.stop()


async def test_a_fault_of_ours_costs_one_connection(
    start: Start, pad: ForgedPad, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from cryptpad_relay import session as session_module

    def faulty(*_: object) -> None:
        raise KeyError(pad.pad_id)

    url = await start()
    unlucky, lucky = await joined(url, pad), await joined(url, pad)
    monkeypatch.setitem(session_module.HANDLERS, Op.LOOKUP, faulty)
    await unlucky.socket.send(join_frame(Op.LOOKUP, 5, bytes(64)))
    await unlucky.socket.wait_closed()
    assert (await lucky.append(pad.writer().hello(pad.start))).positions[0].n == 1
    assert "KeyError at test_server.py" in caplog.text
    assert repr(pad.pad_id) not in caplog.text
    await lucky.close()


async def test_a_unix_path_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    from cryptpad_relay.server import AddressInUse

    path = tmp_path / "precious"
    path.write_text("text")
    server = RelayServer(MemoryStore(), Forge(9).relay_keys(), limits=Limits(), commit_interval_s=0.001)
    with pytest.raises(AddressInUse):
        await server.listen_unix(path)
    assert path.read_text() == "text"
    await server.stop()
