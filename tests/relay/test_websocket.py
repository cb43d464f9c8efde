"""Our frame reader against the websockets package's writer, and against bytes that nobody should send."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets import frames as reference
from websockets.protocol import CLIENT, OPEN, Protocol

from cryptpad_relay.protocol.frames import MAX_MESSAGE
from cryptpad_relay.websocket import (
    PROTOCOL_ERROR,
    TOO_BIG,
    BrokenWebSocket,
    Message,
    MessageReader,
    Opcode,
    binary_frame,
    close_frame,
    control_frame,
    unmask,
)

PIECES = st.lists(st.binary(max_size=300), min_size=1, max_size=5)


def client_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    return reference.Frame(reference.Opcode(opcode), payload, fin).serialize(mask=True)


def fragmented(pieces: list[bytes], opcode: int = Opcode.BINARY) -> list[bytes]:
    last = len(pieces) - 1
    return [
        client_frame(opcode if i == 0 else Opcode.CONTINUATION, piece, fin=i == last)
        for i, piece in enumerate(pieces)
    ]


@given(
    messages=st.lists(PIECES, max_size=4),
    cuts=st.lists(st.integers(1, 40), min_size=1),
    ping=st.binary(max_size=125),
)
def test_whatever_way_the_bytes_are_cut_the_messages_are_the_same(
    messages: list[list[bytes]], cuts: list[int], ping: bytes
) -> None:
    stream = b""
    expected: list[Message] = []
    for pieces in messages:
        parts = fragmented(pieces)
        # A control frame may come between the fragments of a message.
        stream += parts[0] + client_frame(Opcode.PING, ping) + b"".join(parts[1:])
        whole = Message(Opcode.BINARY, b"".join(pieces))
        answer = Message(Opcode.PING, ping)
        expected += [whole, answer] if len(parts) == 1 else [answer, whole]
    reader = MessageReader(MAX_MESSAGE)
    received: list[Message] = []
    at = 0
    for cut in itertools.cycle(cuts):
        if at >= len(stream):
            break
        received += reader.feed(stream[at : at + cut])
        at += cut
    assert received == expected


@given(payload=st.binary(max_size=70_000), code=st.sampled_from([1001, 1009, 4001]))
def test_a_client_of_the_websockets_package_reads_what_we_write(payload: bytes, code: int) -> None:
    client = Protocol(CLIENT, state=OPEN, max_size=MAX_MESSAGE)
    client.receive_data(binary_frame(payload) + control_frame(Opcode.PING, b"x") + close_frame(code))
    events = client.events_received()
    assert [bytes(event.data) for event in events[:2]] == [payload, b"x"]  # type: ignore[union-attr]
    assert client.close_rcvd is not None
    assert client.close_rcvd.code == code


@given(payload=st.binary(max_size=5_000), mask=st.binary(min_size=4, max_size=4))
def test_unmasking_is_its_own_inverse(payload: bytes, mask: bytes) -> None:
    masked = unmask(payload, mask)
    assert masked == bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    assert unmask(masked, mask) == payload


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x82\x01x", id="not masked"),
        pytest.param(b"\xc2\x80\0\0\0\0", id="compressed, though nobody agreed to it"),
        pytest.param(b"\x83\x80\0\0\0\0", id="reserved data opcode"),
        pytest.param(b"\x8b\x80\0\0\0\0", id="reserved control opcode"),
        pytest.param(b"\x80\x80\0\0\0\0", id="continuation of nothing"),
        pytest.param(b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0", id="a message within a message"),
        pytest.param(b"\x09\x80\0\0\0\0", id="fragmented ping"),
        pytest.param(b"\x89\xfe\x00\x7e\0\0\0\0", id="ping of 126 bytes"),
    ],
)
def test_what_no_client_may_send_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(BrokenWebSocket) as broken:
        MessageReader(MAX_MESSAGE).feed(data)
    assert broken.value.code == PROTOCOL_ERROR


def test_a_gigabyte_is_refused_by_its_header_alone() -> None:
    """T34."""
    with pytest.raises(BrokenWebSocket) as broken:
        MessageReader(MAX_MESSAGE).feed(b"\x82\xff" + (2**30).to_bytes(8, "big"))
    assert broken.value.code == TOO_BIG


def test_fragments_are_limited_by_their_sum() -> None:
    reader = MessageReader(1_000)
    for part in fragmented([bytes(400), bytes(400), b""])[:2]:
        assert reader.feed(part) == []
    with pytest.raises(BrokenWebSocket) as broken:
        reader.feed(client_frame(Opcode.CONTINUATION, bytes(201), fin=False))
    assert broken.value.code == TOO_BIG


def test_a_message_that_comes_byte_by_byte_costs_what_its_bytes_cost() -> None:
    reader = MessageReader(MAX_MESSAGE)
    frame = client_frame(Opcode.BINARY, bytes(200_000))
    started = time.process_time()
    messages = [message for i in range(len(frame)) for message in reader.feed(frame[i : i + 1])]
    # Copying what is there for each byte would take seconds.
    assert time.process_time() - started < 1.5
    assert [len(message.payload) for message in messages] == [200_000]


def test_t34_a_message_in_very_many_small_fragments_is_a_protocol_error() -> None:
    reader = MessageReader(MAX_MESSAGE)
    first, *others = fragmented([b"x"] * 200)
    with pytest.raises(BrokenWebSocket) as broken:
        reader.feed(first + b"".join(others))
    assert broken.value.code == PROTOCOL_ERROR


def test_a_large_message_may_come_in_many_fragments() -> None:
    reader = MessageReader(MAX_MESSAGE)
    messages = [message for part in fragmented([bytes(1_024)] * 1_000) for message in reader.feed(part)]
    assert [len(message.payload) for message in messages] == [1_024_000]


def test_t34_a_burst_of_control_frames_is_a_protocol_error() -> None:
    with pytest.raises(BrokenWebSocket) as broken:
        MessageReader(MAX_MESSAGE).feed(client_frame(Opcode.PING, b"") * 100)
    assert broken.value.code == PROTOCOL_ERROR
