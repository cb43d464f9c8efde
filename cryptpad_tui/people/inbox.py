"""Messages as they are kept until a person dealt with them, and the sentence that each is. Pure.

An item is small and has no signature: it is written by this account alone, after the mail that it came in was
verified.
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import Final

from cryptpad_tui.people.contacts import CHANGED, REFUSED, WELCOME
from cryptpad_tui.people.errors import MailRefused
from cryptpad_tui.people.mail import Mail
from cryptpad_tui.people.messages import (
    Answer,
    CardChange,
    EditAnswer,
    EditRequest,
    Invitation,
    InvitationAnswer,
    Mention,
    Message,
    OwnershipAnswer,
    OwnershipOffer,
    PadMoved,
    RemovalNotice,
    Request,
    TeamLeave,
    decode_message,
)
from cryptpad_tui.people.team_asks import TeamAsk

_HEAD: Final = struct.Struct(">B16sQHHB")
_VERSION: Final = 1
_SAYS: Final = ("", CHANGED, WELCOME, REFUSED)
_NEEDS_ANSWER: Final = (Request, Invitation, EditRequest, OwnershipOffer, PadMoved, TeamAsk)


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A message that stands in the inbox."""

    mail_id: bytes
    contact_id: str
    sent_ms: int
    message: Message
    missing: int = 0
    """Messages of the same sender before this one that have not come."""
    says: str = ""

    @property
    def kind(self) -> str:
        return _WORDS.get(type(self.message), "unknown")

    @property
    def needs_answer(self) -> bool:
        return self.says == CHANGED or (isinstance(self.message, _NEEDS_ANSWER) and not self.says)

    def encode(self) -> str:
        kind = getattr(self.message, "kind", self.message.KIND)
        head = _HEAD.pack(
            _VERSION,
            bytes.fromhex(self.contact_id),
            self.sent_ms,
            min(self.missing, 0xFFFF),
            kind,
            _SAYS.index(self.says),
        )
        return base64.b64encode(head + self.message.encode()).decode("ascii")

    @classmethod
    def decode(cls, mail_id: bytes, text: object) -> InboxItem | None:
        """None for what no version of this program wrote."""
        try:
            raw = base64.b64decode(str(text), validate=True)
            version, contact, sent_ms, missing, kind, says = _HEAD.unpack_from(raw)
            if version != _VERSION:
                return None
            message = decode_message(kind, raw[_HEAD.size :])
            return cls(mail_id, contact.hex(), sent_ms, message, missing, _SAYS[says])
        except (ValueError, struct.error, MailRefused, IndexError):
            return None


def item_of(mail: Mail, contact_id: str, *, missing: int, says: str) -> InboxItem:
    return InboxItem(mail.mail_id, contact_id, mail.sent_ms, mail.message, missing, says)


def sentence_of(item: InboxItem) -> str:
    """What the message says, after the sender's name; raw titles and notes are in it."""
    message = item.message
    if item.says == CHANGED:
        return "has other keys than you know. Nothing is sent to them until you accept these"
    if item.says == REFUSED:
        return "declined to be your contact"
    if item.says == WELCOME:
        return "is your contact now"
    if isinstance(message, Mention):
        did = "answered you" if message.is_reply else "named you"
        return f"{did} in “{message.title}”{_noted(message.note)}"
    if isinstance(message, InvitationAnswer | OwnershipAnswer | EditAnswer):
        return _answer(message)
    if isinstance(message, TeamAsk):
        return f"asks the team “{message.title}” for the role of {message.rank.word}{_noted(message.note)}"
    words = {
        Request: "asks to be your contact",
        Invitation: "invites you to “{}”",
        EditRequest: "asks to write in “{}”",
        RemovalNotice: "took you out of “{}”",
        OwnershipOffer: "offers to make you an owner of “{}”, which nobody can take back",
        TeamLeave: "left the team “{}”",
        PadMoved: "says that “{}” is at another relay; accept to follow it there",
        Answer: "answered",
        CardChange: "has a new card",
    }.get(type(message))
    if words is None:
        return "sent something that this version cannot show; update cryptpad-tui"
    return words.format(getattr(message, "title", "")) + _noted(getattr(message, "note", ""))


def _answer(message: InvitationAnswer | OwnershipAnswer | EditAnswer) -> str:
    did = "accepted" if message.accepted else "declined"
    if isinstance(message, InvitationAnswer):
        return f"{did} your invitation"
    if isinstance(message, OwnershipAnswer):
        return f"{did} to be an owner"
    return ("lets you write in a pad" if message.accepted else "does not let you write") + _noted(
        message.note
    )


def _noted(note: str) -> str:
    return f": {note}" if note else ""


_WORDS: Final[dict[type[Message], str]] = {
    Request: "request",
    Answer: "answer",
    CardChange: "card",
    Invitation: "invitation",
    InvitationAnswer: "invitation-answer",
    EditRequest: "edit-request",
    EditAnswer: "edit-answer",
    Mention: "mention",
    RemovalNotice: "removal",
    OwnershipOffer: "ownership-offer",
    OwnershipAnswer: "ownership-answer",
    PadMoved: "moved",
    TeamLeave: "team-leave",
    TeamAsk: "team-request",
}
