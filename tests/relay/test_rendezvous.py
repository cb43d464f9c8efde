"""Meetings at the relay: one guest a number, short-lived, bounded, and nothing kept."""

from __future__ import annotations

import pytest

from cryptpad_relay.limits import Limits, Rate
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.meeting_frames import MAX_MEETING_MESSAGE, MeetOpened, Met
from support.forge import Desk, DeskClient


def opened(client: DeskClient) -> MeetOpened:
    return MeetOpened.decode(client.ask(Op.MEET_OPEN, b"").body)


def heard(client: DeskClient) -> list[bytes | None]:
    return [Met.decode(frame.body).message for frame in client.peer.take() if frame.op == Op.MET]


def met(desk: Desk) -> tuple[DeskClient, DeskClient, bytes]:
    host, guest = desk.connect(), desk.connect("elsewhere")
    meeting = opened(host)
    assert guest.ask(Op.MEET_JOIN, u32(meeting.number)).body == meeting.meeting
    return host, guest, meeting.meeting


def test_two_who_name_one_number_hear_each_other(desk: Desk) -> None:
    host, guest, meeting = met(desk)
    guest.ask(Op.MEET_SEND, meeting + b"hello")
    assert heard(host) == [b"hello"]
    host.ask(Op.MEET_SEND, meeting + b"and you")
    assert heard(guest) == [b"and you"]
    guest.ask(Op.MEET_END, meeting)
    assert heard(host) == [None]
    assert host.refusal(Op.MEET_SEND, meeting + b"still there?").code is Code.NOT_FOUND


def test_a_number_is_good_for_one_guest(desk: Desk) -> None:
    host = desk.connect()
    meeting = opened(host)
    assert desk.connect("one").ask(Op.MEET_JOIN, u32(meeting.number)).body == meeting.meeting
    late = desk.connect("two")
    assert late.refusal(Op.MEET_JOIN, u32(meeting.number)).code is Code.NOT_FOUND
    assert late.refusal(Op.MEET_SEND, meeting.meeting + b"let me in").code is Code.NOT_FOUND
    assert heard(host) == []


def test_a_connection_that_ends_ends_its_meetings(desk: Desk) -> None:
    host, guest, _ = met(desk)
    guest.session.closed()
    assert heard(host) == [None]


def test_a_meeting_has_its_time_and_its_messages(desk: Desk) -> None:
    host, guest, meeting = met(desk)
    for _ in range(Limits().meeting_messages):
        guest.ask(Op.MEET_SEND, meeting + b"x")
    assert guest.refusal(Op.MEET_SEND, meeting + b"x").code is Code.NOT_FOUND
    desk.hub.rendezvous.tick(desk.now + Limits().meeting_s)
    assert heard(host)[-1] is None
    assert guest.refusal(Op.MEET_END, meeting).code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("op", "body", "code"),
    [
        (Op.MEET_OPEN, b"x", Code.MALFORMED),
        (Op.MEET_JOIN, b"", Code.MALFORMED),
        (Op.MEET_JOIN, u32(0), Code.NOT_FOUND),
        (Op.MEET_SEND, bytes(32), Code.MALFORMED),
        (Op.MEET_SEND, bytes(33 + MAX_MEETING_MESSAGE), Code.TOO_LARGE),
        (Op.MEET_SEND, bytes(33), Code.NOT_FOUND),
        (Op.MEET_END, bytes(31), Code.MALFORMED),
        (Op.MEET_END, bytes(32), Code.NOT_FOUND),
    ],
)
def test_what_is_no_meeting_is_refused(desk: Desk, op: Op, body: bytes, code: Code) -> None:
    assert desk.connect().refusal(op, body).code is code


def test_meetings_are_bounded_for_a_connection_and_numbers_for_an_address(desk: Desk) -> None:
    host = desk.connect("here")
    for _ in range(Limits().meetings_per_connection):
        opened(host)
    assert host.refusal(Op.MEET_OPEN, b"").code is Code.RETRY
    assert Limits().guests_per_address == Rate(10, 0.1)
    guesser = desk.connect("there")
    for _ in range(10):
        assert guesser.refusal(Op.MEET_JOIN, u32(9_998)).code is Code.NOT_FOUND
    refused = desk.connect("there").refusal(Op.MEET_JOIN, u32(9_998))
    assert (refused.code, refused.retry_ms > 5_000) == (Code.RETRY, True)
    for number in range(10):
        opened(desk.connect(f"host {number}"))
    assert desk.connect("somebody else").refusal(Op.MEET_JOIN, u32(9_997)).code is Code.NOT_FOUND


def test_a_guest_needs_no_pad_to_be_served(desk: Desk) -> None:
    """A new machine has none: the number that it names is what it proves."""
    _, guest, _ = met(desk)
    guest.session.tick(desk.now + 60)
    assert guest.peer.close_code is None
