"""Meetings: two connections that name the same number exchange a few small messages. In memory alone.

A number is good for one guest. Whoever takes it ends it, right or wrong, so that nobody guesses a code twice.
It never keeps a message: each is handed on at once, or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from cryptpad_relay.limits import AddressBuckets, Limits
from cryptpad_relay.protocol import meeting_frames
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op, join_frame
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.meeting_frames import MEETING_BYTES, MeetOpened, MeetSend, Met

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

Work = Iterator[None] | None
_TRIES: Final = 16


class Meeting:
    """One number, whoever opened it, and the guest that took it."""

    def __init__(self, number: int, id_: bytes, host: Session, until: float) -> None:
        self.number, self.id, self.until = number, id_, until
        self.host: Session | None = host
        self.guest: Session | None = None
        self.left = 0
        """Messages that may still be sent, once there is a guest."""

    def other(self, session: Session) -> Session | None:
        return self.guest if session is self.host else self.host


class Rendezvous:
    """All meetings of a relay."""

    def __init__(self, limits: Limits, random_bytes: Callable[[int], bytes]) -> None:
        self._limits, self._random_bytes = limits, random_bytes
        self._by_number: dict[int, Meeting] = {}
        self._by_id: dict[bytes, Meeting] = {}
        self._opens = AddressBuckets(limits.meetings_per_address)
        self._joins = AddressBuckets(limits.guests_per_address)

    def open(self, session: Session, now: float) -> MeetOpened:
        """Raises Refused where there are too many, or too many from here."""
        self._expire(now)
        mine = [each for each in self._by_id.values() if each.host is session]
        if len(self._by_id) >= self._limits.meetings or len(mine) >= self._limits.meetings_per_connection:
            raise Refused(Code.RETRY, int(self._limits.meeting_s * 1000))
        self._take(self._opens, session, now)
        meeting = Meeting(
            self._free_number(), self._random_bytes(MEETING_BYTES), session, now + self._limits.meeting_s
        )
        self._by_number[meeting.number] = self._by_id[meeting.id] = meeting
        return MeetOpened(meeting.number, meeting.id)

    def join(self, session: Session, number: int, now: float) -> Meeting:
        """The meeting of this number, which nobody else can join from here on."""
        self._expire(now)
        self._take(self._joins, session, now)
        meeting = self._by_number.pop(number, None)
        if meeting is None:
            raise Refused(Code.NOT_FOUND)
        meeting.guest, meeting.left = session, self._limits.meeting_messages
        return meeting

    def send(self, session: Session, meeting_id: bytes, message: bytes, now: float) -> None:
        self._expire(now)
        meeting = self._of(session, meeting_id)
        other = meeting.other(session)
        if other is None or meeting.left == 0:
            raise Refused(Code.NOT_FOUND)
        meeting.left -= 1
        other.peer.send(join_frame(Op.MET, 0, Met(meeting.id, message).encode()))

    def end(self, session: Session, meeting_id: bytes) -> None:
        self._end(self._of(session, meeting_id), session)

    def left(self, session: Session) -> None:
        """A connection is gone, and with it all its meetings."""
        for meeting in list(self._by_id.values()):
            if session in (meeting.host, meeting.guest):
                self._end(meeting, session)

    def tick(self, now: float) -> None:
        """Now and then: forget who came long ago."""
        self._expire(now)
        self._opens.forget_idle(now)
        self._joins.forget_idle(now)

    def _expire(self, now: float) -> None:
        for meeting in [each for each in self._by_id.values() if now >= each.until]:
            self._end(meeting, None)

    def _of(self, session: Session, meeting_id: bytes) -> Meeting:
        meeting = self._by_id.get(meeting_id)
        if meeting is None or session not in (meeting.host, meeting.guest):
            raise Refused(Code.NOT_FOUND)
        return meeting

    def _end(self, meeting: Meeting, by: Session | None) -> None:
        del self._by_id[meeting.id]
        self._by_number.pop(meeting.number, None)
        for session in (meeting.host, meeting.guest):
            if session is not None and session is not by:
                session.peer.send(join_frame(Op.MET, 0, Met(meeting.id, None).encode()))

    def _free_number(self) -> int:
        """Any that is free, chosen so that nobody can tell the next."""
        for digits in (99, 999, meeting_frames.MAX_NUMBER):
            for _ in range(_TRIES):
                number = 1 + int.from_bytes(self._random_bytes(4)) % digits
                if number not in self._by_number:
                    return number
        raise Refused(Code.RETRY, 1_000)

    @staticmethod
    def _take(buckets: AddressBuckets, session: Session, now: float) -> None:
        retry_ms = buckets.take(session.address, 1, now)
        if retry_ms:
            raise Refused(Code.RETRY, retry_ms)


def meet_open(session: Session, req: int, body: bytes, now: float) -> Work:
    if body:
        raise Malformed("body")
    opened = session.hub.rendezvous.open(session, now)
    session.proven = True
    session.answer(Op.MEET_OPEN, req, opened.encode())
    return None


def meet_join(session: Session, req: int, body: bytes, now: float) -> Work:
    if len(body) != len(u32(0)):
        raise Malformed("number of a meeting")
    meeting = session.hub.rendezvous.join(session, int.from_bytes(body), now)
    session.proven = True
    session.answer(Op.MEET_JOIN, req, meeting.id)
    return None


def meet_send(session: Session, req: int, body: bytes, now: float) -> Work:
    said = MeetSend.decode(body)
    session.hub.rendezvous.send(session, said.meeting, said.message, now)
    session.answer(Op.MEET_SEND, req)
    return None


def meet_end(session: Session, req: int, body: bytes, now: float) -> Work:
    if len(body) != MEETING_BYTES:
        raise Malformed("meeting")
    session.hub.rendezvous.end(session, body)
    session.answer(Op.MEET_END, req)
    return None


MEETINGS: Final[dict[int, Callable[[Session, int, bytes, float], Work]]] = {
    Op.MEET_OPEN: meet_open,
    Op.MEET_JOIN: meet_join,
    Op.MEET_SEND: meet_send,
    Op.MEET_END: meet_end,
}
