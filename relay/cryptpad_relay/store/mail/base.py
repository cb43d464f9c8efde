"""What a store keeps of mailboxes: sealed messages of one size, in order, until they are dropped or too old.

Nothing here knows a sender, a reader or a time: a day is all that is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol


class Lane(IntEnum):
    """By which way a message came in. Each has room of its own: strangers never take that of contacts."""

    DOOR = 0
    """Anybody's, with work."""
    PASS = 1
    """Who knows the pass that the mailbox's owner gave to contacts."""


class Mailbox(NamedTuple):
    """A mailbox as the store knows it."""

    pass_id: bytes
    newest: int
    """The place of the newest message there ever was; places are never used twice."""


class BindMailbox(NamedTuple):
    """Make the mailbox, or note that its owner came, and what its pass hashes to from here on."""

    mailbox_id: bytes
    pass_id: bytes
    day: int


class PutMail(NamedTuple):
    mailbox_id: bytes
    lane: Lane
    day: int
    digest: bytes
    mail: bytes


class DropMail(NamedTuple):
    mailbox_id: bytes
    places: tuple[int, ...]


class CloseMailbox(NamedTuple):
    mailbox_id: bytes


MailStep = BindMailbox | PutMail | DropMail | CloseMailbox


@dataclass(slots=True)
class Mailing:
    """What one transaction does to mailboxes, in order."""

    steps: list[MailStep] = field(default_factory=list)
    mails_before: int = 0
    boxes_before: int = 0
    """Messages that came, and mailboxes whose owner was there last, before these days are dropped."""

    def __bool__(self) -> bool:
        return bool(self.steps or self.mails_before or self.boxes_before)


class MailStore(Protocol):
    def mailbox(self, mailbox_id: bytes) -> Mailbox | None: ...

    def mail_count(self, mailbox_id: bytes, lane: Lane | None = None) -> int:
        """How many messages wait, of one lane or of both."""

    def has_mail(self, mailbox_id: bytes, digest: bytes) -> bool: ...

    def mails(self, mailbox_id: bytes, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """(place, message) of those above `after`, in ascending order."""
