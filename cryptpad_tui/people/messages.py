"""What people tell each other by mail: one dataclass a kind, of a fixed form, read as hostile bytes.

A kind that this version does not know becomes `Unknown` and is kept, so that a newer version of the program
can add kinds. 13 (a shared folder) is reserved.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u16
from cryptpad_relay.protocol.mail_frames import PASS_BYTES
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.people.card import MAX_CARD_BYTES, Card, parse_card
from cryptpad_tui.people.errors import BadCard, MailRefused, TooLongToSend

MAX_BODY: Final = 1_879
MAX_NOTE: Final = 400
MAX_TITLE: Final = 256
MAX_LINK: Final = 700
MAX_THREAD: Final = 64
MAX_ADDRESS: Final = 255
MAX_STATEMENT: Final = 440

_FIXED: Final = {"pad_id": 32, "pass_": PASS_BYTES, "key": 32, "proof": 64, "owner_root": 32}
_TEXTS: Final = {
    "note": MAX_NOTE,
    "title": MAX_TITLE,
    "link": MAX_LINK,
    "thread": MAX_THREAD,
    "address": MAX_ADDRESS,
    "statement": MAX_STATEMENT,
    "card": MAX_CARD_BYTES,
}
"""Bounds in bytes of every field that has its length before it: a name that is missing here is a fault."""
_FLAGS: Final = frozenset({"accepted", "is_reply"})


@dataclass(frozen=True, slots=True)
class Message:
    """The fields of a message stand in its body in the order of the class, and nothing else does."""

    KIND: ClassVar[int] = 0

    def encode(self) -> bytes:
        """Raises TooLongToSend."""
        body = b"".join([_encoded(each.name, getattr(self, each.name)) for each in fields(self)])
        if len(body) > MAX_BODY:
            raise TooLongToSend
        return body


@dataclass(frozen=True, slots=True)
class Request(Message):
    """Let us be contacts: with one's card, and the pass to one's mailbox."""

    KIND: ClassVar[int] = 1
    card: Card
    pass_: bytes = field(repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Message):
    """To a request. A refusal carries no pass (zeros)."""

    KIND: ClassVar[int] = 2
    accepted: bool
    card: Card
    pass_: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardChange(Message):
    """One's card or pass is another from here on."""

    KIND: ClassVar[int] = 3
    card: Card
    pass_: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Invitation(Message):
    """A pad, by a link."""

    KIND: ClassVar[int] = 4
    link: str = field(repr=False)
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class InvitationAnswer(Message):
    """Whether one came, and under which key one is known in that pad, proven by that key."""

    KIND: ClassVar[int] = 5
    pad_id: bytes
    accepted: bool
    key: bytes = bytes(32)
    proof: bytes = bytes(64)


@dataclass(frozen=True, slots=True)
class EditRequest(Message):
    """From somebody who reads a pad and would like to write in it; the key is theirs in that pad."""

    KIND: ClassVar[int] = 6
    pad_id: bytes
    title: str
    key: bytes
    proof: bytes
    note: str = ""


@dataclass(frozen=True, slots=True)
class EditAnswer(Message):
    """An edit link, or a refusal without one."""

    KIND: ClassVar[int] = 7
    pad_id: bytes
    accepted: bool
    link: str = field(default="", repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mention(Message):
    """Somebody was named in a comment, or answered."""

    KIND: ClassVar[int] = 8
    pad_id: bytes
    title: str
    thread: str
    is_reply: bool
    note: str
    """The beginning of what was written."""


@dataclass(frozen=True, slots=True)
class RemovalNotice(Message):
    """You were taken out of a pad."""

    KIND: ClassVar[int] = 9
    pad_id: bytes
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class OwnershipOffer(Message):
    """The owner's root of a pad: whoever accepts is an owner for ever. The key is the sender's in the pad."""

    KIND: ClassVar[int] = 10
    pad_id: bytes
    title: str
    link: str = field(repr=False)
    owner_root: bytes = field(repr=False)
    note: str = ""
    key: bytes = bytes(32)
    proof: bytes = bytes(64)


@dataclass(frozen=True, slots=True)
class OwnershipAnswer(Message):
    """Key and proof are those of an invitation's answer."""

    KIND: ClassVar[int] = 11
    pad_id: bytes
    accepted: bool
    key: bytes = bytes(32)
    proof: bytes = bytes(64)


@dataclass(frozen=True, slots=True)
class PadMoved(Message):
    """A pad is at another relay; what it says counts only where that relay has the owner's record."""

    KIND: ClassVar[int] = 12
    pad_id: bytes
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class TeamLeave(Message):
    """From somebody who only reads a team, that they are out: their signed word for its roster, in base64."""

    KIND: ClassVar[int] = 14
    pad_id: bytes
    title: str
    statement: str


@dataclass(frozen=True, slots=True)
class Unknown(Message):
    """A kind of a newer version: kept as it came."""

    kind: int = 0
    body: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        return self.body


KINDS: Final[dict[int, type[Message]]] = {
    each.KIND: each
    for each in (
        *(Request, Answer, CardChange, Invitation, InvitationAnswer, EditRequest, EditAnswer),
        *(Mention, RemovalNotice, OwnershipOffer, OwnershipAnswer, PadMoved),
        TeamLeave,
    )
}


def decode_message(kind: int, body: bytes) -> Message:
    """Raises MailRefused for a body that is not exactly one of its kind."""
    form = KINDS.get(kind)
    if form is None:
        return Unknown(kind, body)
    reader = Reader(body)
    try:
        values = {each.name: _decoded(each.name, reader) for each in fields(form)}
        reader.end()
    except (Malformed, UnicodeDecodeError, BadCard):
        raise MailRefused("form") from None
    return form(**values)


def _encoded(name: str, value: Any) -> bytes:
    if name in _FLAGS:
        return u8(value)
    if name in _FIXED:
        if len(value) != _FIXED[name]:
            raise ValueError(name)
        return bytes(value)
    raw = value.raw if name == "card" else value.encode()
    if len(raw) > _TEXTS[name]:
        raise TooLongToSend
    return u16(len(raw)) + bytes(raw)


def _decoded(name: str, reader: Reader) -> Any:
    if name in _FLAGS:
        value = reader.u8()
        if value > 1:
            raise Malformed("flag")
        return bool(value)
    if name in _FIXED:
        return reader.take(_FIXED[name])
    size = reader.u16()
    if size > _TEXTS[name]:
        raise Malformed("too long")
    raw = reader.take(size)
    return parse_card(raw) if name == "card" else raw.decode("utf-8")
