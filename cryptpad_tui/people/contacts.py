"""What a message does to who somebody is to us: asked, asking, a contact, refused. Pure decisions.

Keys come from cards alone, and once known they never change unsaid: another key is *offered*, and until a
person accepts it nothing is sent to that contact. Whoever is no contact can do one thing: ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.people.card import Card
from cryptpad_tui.people.lookalikes import look_alike
from cryptpad_tui.people.mail import Mail
from cryptpad_tui.people.messages import Answer, CardChange, Request
from cryptpad_tui.people.safety import Keys, fingerprint

NO_PASS: Final = bytes(16)


class Standing(Enum):
    """What somebody is to us."""

    ASKED = "asked"
    """We have their card and asked; they did not answer yet."""
    ASKS = "asks"
    CONTACT = "contact"
    DECLINED = "declined"
    """We said no; further requests are not shown."""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody, as this account knows them. Names are raw."""

    id: str
    card: Card
    standing: Standing
    label: str = ""
    """One's own name for them; empty for the one that they gave."""
    pass_: bytes = NO_PASS
    verified: bytes = b""
    """The fingerprint of both sides' keys when the safety number was compared."""
    offered: Card | None = None
    """Another card with other keys, which nobody accepted yet."""
    muted: bool = False

    @property
    def name(self) -> str:
        return self.label or self.card.name or f"key {self.id[:8]}"

    @property
    def is_open(self) -> bool:
        """Whether something may be sent to them."""
        return self.standing in (Standing.CONTACT, Standing.ASKED) and self.offered is None

    @property
    def is_mutual(self) -> bool:
        """Whether both have said yes, to the keys that are known."""
        return self.standing is Standing.CONTACT and self.offered is None

    def is_verified(self, mine: Keys) -> bool:
        return bool(self.verified) and compare_digest(self.verified, fingerprint(mine, self.card.keys))

    def __repr__(self) -> str:
        return f"Contact({self.id[:8]}, {self.standing.value})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message led to. All of it is written before the message is dropped at the relay."""

    contact: Contact | None = None
    """As they are from here on; None where nothing about them changed."""
    shown: bool = False
    """Whether the message stands in the inbox."""
    says: str = ""
    """What a person is told where the message itself would not say it: changed, welcome, declined."""
    answer: bool = False
    """Whether one's card is sent by itself, to somebody who is a contact already and asks again."""


CHANGED: Final = "changed"
WELCOME: Final = "welcome"
REFUSED: Final = "refused"


def contact_id(ident_pk: bytes) -> str:
    return hash_parts("pad1/contact", ident_pk, size=16).hex()


def receive(mail: Mail, known: Contact | None, *, mine: Keys) -> Outcome:
    """What this message does, by whoever signed it; `known` is the contact of that identity."""
    if compare_digest(mail.ident_pk, mine[0]):
        return Outcome()
    if known is None or known.standing is Standing.REMOVED:
        return _from_stranger(mail)
    if known.standing in (Standing.DECLINED, Standing.ASKS):
        return Outcome()
    message = mail.message
    if isinstance(message, Answer) and not message.accepted:
        refused = known.standing is Standing.ASKED
        return (
            Outcome(replace(known, standing=Standing.REMOVED), shown=refused, says=REFUSED)
            if refused
            else Outcome()
        )
    if isinstance(message, Request | Answer | CardChange):
        return _with_card(mail, known, message.card, message.pass_)
    # Who writes as a contact has accepted, whatever became of their answer.
    grown = replace(known, standing=Standing.CONTACT) if known.standing is Standing.ASKED else None
    return Outcome(grown, shown=not known.muted)


def _from_stranger(mail: Mail) -> Outcome:
    message = mail.message
    if not isinstance(message, Request) or message.card.ident_pk != mail.ident_pk:
        return Outcome()
    asking = Contact(contact_id(mail.ident_pk), message.card, Standing.ASKS, pass_=message.pass_)
    return Outcome(asking, shown=True)


def _with_card(mail: Mail, known: Contact, card: Card, pass_: bytes) -> Outcome:
    """A contact tells their card: the same keys are taken, others are offered to the person."""
    message, was = mail.message, known.standing
    # Only a CardChange may name another identity, which the one that we know signs for.
    if card.ident_pk != mail.ident_pk and not isinstance(message, CardChange):
        return Outcome()
    now = replace(known, standing=Standing.CONTACT, pass_=pass_)
    if card.keys != known.card.keys:
        return Outcome(replace(now, offered=card), shown=True, says=CHANGED)
    now = replace(now, label=_called_as_before(known, card))
    asks_again = isinstance(message, Request) and was is Standing.CONTACT
    return Outcome(
        replace(now, card=card, offered=None),
        shown=was is Standing.ASKED and not isinstance(message, CardChange),
        says=WELCOME,
        answer=asks_again,
    )


def _called_as_before(known: Contact, card: Card) -> str:
    """Nobody takes another contact's name by changing their own: they are called as when they came."""
    return known.label if card.name == known.card.name else known.label or known.card.name


def offer(known: Contact, card: Card) -> Contact:
    """Somebody brought another card for this contact: nothing is sent until a person accepts it."""
    if card.keys == known.card.keys:
        return replace(known, card=card, label=_called_as_before(known, card))
    return replace(known, offered=card)


def accept_offered(known: Contact) -> Contact:
    """The new keys are theirs, says a person. They were not compared, so the contact is not verified."""
    if known.offered is None:
        return known
    card, label = known.offered, _called_as_before(known, known.offered)
    return replace(known, id=contact_id(card.ident_pk), card=card, label=label, offered=None, verified=b"")


def decline_offered(known: Contact) -> Contact:
    return replace(known, offered=None)


def mark_verified(known: Contact, mine: Keys) -> Contact:
    return replace(known, verified=fingerprint(mine, known.card.keys))


def warnings_about(asking: Contact, others: list[Contact]) -> str:
    """What is suspicious about who asks: a known name or mailbox under an unknown key."""
    for other in others:
        if other.id == asking.id or other.standing not in (Standing.CONTACT, Standing.ASKED):
            continue
        if asking.card.box_pk == other.card.box_pk or asking.card.mailbox_id == other.card.mailbox_id:
            return f"uses the mailbox of {other.name}, and signs with another key"
        if any(look_alike(asking.card.name, name) for name in (other.name, other.card.name)):
            return f"is called like your contact {other.name}, and has another key"
    return ""
