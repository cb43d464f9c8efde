"""People with keys and cards, and mail between them, without a vault or a relay."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cryptpad_tui.people.card import Card, make_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.mail import write_mail
from cryptpad_tui.people.messages import Message, Request

NOW_MS = 1_700_000_000_000


@dataclass
class Person:
    """Somebody whose keys follow from a number."""

    seed: int
    name: str
    me: Myself = field(init=False)
    card: Card = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.me = Myself(self.random.randbytes(32))
        self.card = make_card(
            self.me, address="ws://127.0.0.1:9000", relay_fingerprint=bytes(16), name=self.name
        )

    @property
    def keys(self) -> tuple[bytes, bytes]:
        return self.card.keys

    def write(self, to: Card, message: Message, *, sent_ms: int = NOW_MS) -> bytes:
        """The sealed mail."""
        self.sent += 1
        return write_mail(
            self.me,
            self.card,
            to,
            message,
            sent_ms=sent_ms,
            n=self.sent,
            device=b"d",
            rng=self.random.randbytes,
        )[1]

    def asks(self, note: str = "") -> Request:
        return Request(self.card, self.me.pass_(0), note)

    def as_contact(self, standing: Standing = Standing.CONTACT) -> Contact:
        return Contact(contact_id(self.me.ident.public), self.card, standing)
