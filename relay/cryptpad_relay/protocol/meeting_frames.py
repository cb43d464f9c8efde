"""The frames of a meeting (docs/wire.md): two clients who share a code find each other and exchange messages.

The relay sees that two connections met, and messages that a guess of the code is needed to read.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptpad_relay.protocol.errors import Malformed, Oversized
from cryptpad_relay.protocol.labels import u8, u32
from cryptpad_relay.protocol.reader import Reader

MAX_MEETING_MESSAGE: Final = 2_048
MAX_NUMBER: Final = 9_999
MEETING_BYTES: Final = 32
_OVER, _SAID = 0, 1


class MeetOpened(NamedTuple):
    """The answer to MEET_OPEN: the number to tell the other, and the meeting's id."""

    number: int
    meeting: bytes

    def encode(self) -> bytes:
        return u32(self.number) + self.meeting

    @classmethod
    def decode(cls, body: bytes) -> MeetOpened:
        reader = Reader(body)
        value = cls(reader.u32(), reader.take(MEETING_BYTES))
        reader.end()
        if not 0 < value.number <= MAX_NUMBER:
            raise Malformed("number of a meeting")
        return value


class MeetSend(NamedTuple):
    """The body of MEET_SEND."""

    meeting: bytes
    message: bytes

    def encode(self) -> bytes:
        return self.meeting + self.message

    @classmethod
    def decode(cls, body: bytes) -> MeetSend:
        if len(body) > MEETING_BYTES + MAX_MEETING_MESSAGE:
            raise Oversized("message of a meeting")
        if len(body) <= MEETING_BYTES:
            raise Malformed("message of a meeting")
        return cls(body[:MEETING_BYTES], body[MEETING_BYTES:])


class Met(NamedTuple):
    """The push of what the other said; without a message: the meeting is over."""

    meeting: bytes
    message: bytes | None

    def encode(self) -> bytes:
        said = u8(_OVER) if self.message is None else u8(_SAID) + self.message
        return self.meeting + said

    @classmethod
    def decode(cls, body: bytes) -> Met:
        reader = Reader(body)
        meeting, what = reader.take(MEETING_BYTES), reader.u8()
        message = reader.take(reader.remaining)
        if what not in (_OVER, _SAID) or bool(message) != (what == _SAID):
            raise Malformed("word of a meeting")
        if len(message) > MAX_MEETING_MESSAGE:
            raise Oversized("message of a meeting")
        return cls(meeting, message or None)
