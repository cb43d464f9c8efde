"""The same in memory: what tests and simulations ask of a store's mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptpad_relay.store.mail.base import BindMailbox, DropMail, Lane, Mailbox, Mailing, MailStep, PutMail


@dataclass(slots=True)
class MemoryMailbox:
    pass_id: bytes
    day: int
    newest: int = 0
    mails: dict[int, PutMail] = field(default_factory=dict)


class _HasMailboxes(Protocol):
    mailboxes: dict[bytes, MemoryMailbox]


class MemoryMail:
    """A part of MemoryStore: MailStore."""

    def mailbox(self: _HasMailboxes, mailbox_id: bytes) -> Mailbox | None:
        box = self.mailboxes.get(mailbox_id)
        return Mailbox(box.pass_id, box.newest) if box else None

    def mail_count(self: _HasMailboxes, mailbox_id: bytes, lane: Lane | None = None) -> int:
        box = self.mailboxes.get(mailbox_id)
        return sum([lane in (None, mail.lane) for mail in box.mails.values()]) if box else 0

    def has_mail(self: _HasMailboxes, mailbox_id: bytes, digest: bytes) -> bool:
        box = self.mailboxes.get(mailbox_id)
        return box is not None and any(mail.digest == digest for mail in box.mails.values())

    def mails(self: _HasMailboxes, mailbox_id: bytes, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        box = self.mailboxes.get(mailbox_id)
        found = sorted(box.mails.items()) if box else []
        return [(place, mail.mail) for place, mail in found if place > after][:limit]


def apply_mailing(boxes: dict[bytes, MemoryMailbox], mailing: Mailing) -> None:
    """What `write_mailing` does to tables."""
    for step in mailing.steps:
        _apply(boxes, step)
    for mailbox_id, box in list(boxes.items()):
        box.mails = {place: mail for place, mail in box.mails.items() if mail.day >= mailing.mails_before}
        if box.day < mailing.boxes_before:
            del boxes[mailbox_id]


def _apply(boxes: dict[bytes, MemoryMailbox], step: MailStep) -> None:
    if isinstance(step, BindMailbox):
        box = boxes.setdefault(step.mailbox_id, MemoryMailbox(step.pass_id, step.day))
        box.pass_id, box.day = step.pass_id, step.day
        return
    found = boxes.get(step.mailbox_id)
    if found is None:
        return
    if isinstance(step, PutMail):
        if all(mail.digest != step.digest for mail in found.mails.values()):
            found.newest += 1
            found.mails[found.newest] = step
    elif isinstance(step, DropMail):
        for place in step.places:
            found.mails.pop(place, None)
    else:
        del boxes[step.mailbox_id]
