"""What one connection or address may ask for, and what it is told beyond that."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_relay import connection
from cryptpad_relay.limits import AddressBuckets, Bucket, Limits, Rate, limited_as
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import CloseCode, Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.store.memory import MemoryStore
from support.forge import Desk, DeskClient, Forge, ForgedPad


def limited(**limits: object) -> Desk:
    return Desk(MemoryStore(), Forge(), limits=Limits()._replace(**limits))  # type: ignore[arg-type]


def joined(desk: Desk) -> tuple[DeskClient, ForgedPad]:
    client, pad = desk.connect(), desk.forge.pad()
    client.create(pad)
    client.subscribe(pad)
    return client, pad


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 12)), max_size=60))
def test_a_bucket_never_gives_more_than_its_burst_and_its_rate(steps: list[tuple[float, int]]) -> None:
    bucket, now, taken = Bucket(Rate(10, 2), 0.0), 0.0, 0
    for pause, tokens in steps:
        now += pause
        retry_ms = bucket.take(tokens, now)
        if retry_ms:
            now += retry_ms / 1000 + 1e-6
            assert bucket.take(tokens, now) == 0
        taken += tokens
    # One take above the burst may leave a debt, never more than one.
    assert taken <= 10 + 2 * now + 12


def test_the_time_that_a_bucket_names_is_enough() -> None:
    bucket = Bucket(Rate(10, 2), 0.0)
    assert bucket.take(10, 0.0) == 0
    retry_ms = bucket.take(3, 0.0)
    assert retry_ms == 1_500
    assert bucket.take(3, retry_ms / 1000) == 0


def test_addresses_are_forgotten_when_they_rest() -> None:
    buckets = AddressBuckets(Rate(2, 1))
    assert [buckets.take("a", 1, 0.0) == 0 for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 1, 0.0) == 0
    buckets.forget_idle(1.5)
    assert list(buckets._buckets) == ["a"]
    buckets.forget_idle(9.0)
    assert not buckets._buckets


def test_creates_are_bounded_per_connection_and_per_address() -> None:
    desk = limited(creates_per_connection=Rate(2, 1), creates_per_address=Rate(3, 1))
    one, two, elsewhere = desk.connect("here"), desk.connect("here"), desk.connect("there")
    assert [one.create(desk.forge.pad()).op for _ in range(2)] == [Op.CREATE | 0x80] * 2
    refusal = one.refusal(Op.CREATE, desk.forge.pad().genesis)
    assert (refusal.code, refusal.retry_ms) == (Code.CREATE_LIMIT, 1_000)
    assert two.create(desk.forge.pad()).op == Op.CREATE | 0x80
    assert two.refusal(Op.CREATE, desk.forge.pad().genesis).code is Code.CREATE_LIMIT
    assert elsewhere.create(desk.forge.pad()).op == Op.CREATE | 0x80


def test_an_address_is_soon_forgotten_by_the_relay() -> None:
    desk = limited(creates_per_address=Rate(2, 1))
    desk.connect("198.51.100.7").create(desk.forge.pad())
    assert "198.51.100.7" in desk.hub.creates_by_address._buckets
    desk.now += 120
    desk.hub.tick(desk.now)
    assert not desk.hub.creates_by_address._buckets


def test_a_pad_that_exists_costs_no_create() -> None:
    desk = limited(creates_per_connection=Rate(1, 0.001))
    client, pad = desk.connect(), desk.forge.pad()
    assert [client.create(pad).op for _ in range(5)] == [Op.CREATE | 0x80] * 5


def test_too_many_entries_are_told_to_come_again() -> None:
    desk = limited(entries_per_connection=Rate(3, 10))
    client, pad = joined(desk)
    writer = pad.writer()
    entries = [writer.hello(pad.start), writer.update(pad.start), writer.update(pad.start)]
    assert client.append(*entries).code is Code.OK
    more = writer.update(pad.start)
    refused = client.append(more)
    assert (refused.positions, refused.code) == ((), Code.RETRY)
    desk.now += refused.retry_ms / 1000
    assert client.append(more).code is Code.OK


def test_too_many_proofs_are_told_to_come_again() -> None:
    desk = limited(proofs_per_connection=Rate(2, 1))
    client, pad = joined(desk)
    client.subscribe(pad)
    refusal = client.refusal(Op.SUB, client.sub_body(pad))
    assert refusal.code is Code.RETRY
    desk.now += refusal.retry_ms / 1000
    assert client.subscribe(pad).n == 0


def test_too_much_presence_is_dropped_without_a_word() -> None:
    desk = limited(presence_per_connection=Rate(2, 1))
    client, pad = joined(desk)
    reader = desk.connect()
    reader.subscribe(pad)
    seed = desk.forge.bytes(32)
    for counter in range(5):
        client.say(Op.PRES, pad.presence(seed, counter), req=0)
    assert len(reader.pushes(Op.PRESENCE)) == 2
    assert client.peer.take() == []


def test_repeated_faults_end_the_connection() -> None:
    desk = limited(faults_per_connection=Rate(3, 0.1))
    client, _ = joined(desk)
    for _ in range(3):
        assert client.refusal(Op.FETCH, b"short").code is Code.MALFORMED
    client.say(Op.FETCH, b"short")
    assert client.peer.close_code is CloseCode.BANNED


@pytest.mark.parametrize("op", [Op.FETCH, Op.CHUNK_GET])
def test_honest_errors_never_end_the_connection(op: Op) -> None:
    desk = limited(faults_per_connection=Rate(3, 0.1))
    client = desk.connect()
    client.create(desk.forge.pad())
    body = frames.Fetch(bytes(32), 0, 1).encode() if op == Op.FETCH else bytes(64)
    for _ in range(20):
        assert client.refusal(op, body).code is Code.NOT_SUBSCRIBED
    assert client.peer.close_code is None


def test_an_oversized_request_is_told_to_be_split() -> None:
    client, pad = joined(limited())
    body = frames.ChunkPut(pad.pad_id, bytes(frames.MAX_CHUNK_BYTES + 1)).encode()
    assert client.refusal(Op.CHUNK_PUT, body).code is Code.TOO_LARGE


def test_a_burst_of_small_requests_is_worked_off_in_turns() -> None:
    client, pad = joined(limited())
    body = frames.SthRequest(pad.pad_id, bytes(16)).encode()
    client.peer.ready = False
    for req in range(100, 150):
        client.session.receive(frames.join_frame(Op.STH, req, body), client.desk.now)
    assert (client.session.backlog, client.peer.frames) == (50, [])
    client.peer.ready = True
    client.session.advance(client.desk.now)
    assert len(client.peer.frames) == 16
    client.work()
    assert [frame.req for frame in client.peer.take()] == list(range(100, 150))


def address_of(host: str) -> str:
    """What a connection from there is known as."""
    server = Mock(now=lambda: 0.0)
    made = connection.Connection(server)
    made.connection_made(Mock(get_extra_info=lambda name: (host, 1)))
    return made.address


@pytest.mark.parametrize("defended", [True, False])
def test_who_has_a_network_of_addresses_has_one_in_limits(
    monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    """T43: with IPv6 one customer has 2^64 addresses, and had as many times what one may ask for."""
    if not defended:
        monkeypatch.setattr(connection, "limited_as", str)
    buckets = AddressBuckets(Rate(10, 0.1))
    hosts = [f"2001:db8:1:2:{n:x}::{n:x}" for n in range(1, 100)]
    served = [host for host in hosts if not buckets.take(address_of(host), 1, 0.0)]
    assert (len(served) == 10) == defended
    assert address_of("2001:db8:1:3::1") != address_of("2001:db8:1:2::1")


def test_addresses_of_other_forms_are_taken_as_they_are() -> None:
    known = {host: limited_as(host) for host in ("192.0.2.7", "::ffff:192.0.2.7", "fe80::1%eth0", "a name")}
    assert list(known.values()) == ["192.0.2.7", "192.0.2.7", "fe80::", "a name"]


def heard_through(lines: str, proxies: int) -> str:
    """As what a client is known that comes through a proxy on this machine."""
    desk = limited(proxies=proxies)
    made = connection.Connection(Mock(now=lambda: 0.0, hub=desk.hub, limits=desk.hub.limits))
    transport = Mock(get_extra_info=lambda name: ("127.0.0.1", 1), get_write_buffer_size=lambda: 0)
    made.connection_made(transport)
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    made._shake_hands(f"GET / HTTP/1.1\r\nHost: x\r\n{upgrade}{key}{lines}\r\n".encode())
    assert made.session is not None
    return made.session.address


def test_behind_a_proxy_each_has_the_limits_of_their_own_address() -> None:
    """T43: with one address for all, one person takes the codes, logins and pads of everybody."""
    said = "X-Forwarded-For: 10.9.9.9, 192.0.2.7\r\n"
    assert heard_through(said, 1) == "192.0.2.7"
    assert heard_through(said, 0) == "127.0.0.1", "who is not asked for it says nothing"
    assert heard_through(said + "x-forwarded-for: 2001:db8::7\r\n", 1) == "2001:db8::"
    assert heard_through(said + "x-forwarded-for: 198.51.100.1\r\n", 2) == "192.0.2.7"
    for wrong in ("", "X-Forwarded-For: me\r\n", "X-Forwarded-For: ,\r\n"):
        assert heard_through(wrong, 1) == "127.0.0.1"
    assert heard_through(said, 3) == "127.0.0.1", "fewer than there are: none of them is a proxy's word"
