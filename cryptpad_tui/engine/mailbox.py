"""One's own mailbox: bound with its key, fetched, taken into the drive, and only then dropped at the relay.

A message is dropped when every device can have it: after the drive's edit that holds it was acknowledged. A
death on the way shows it again, and its id says that it was taken.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import MAILBOX_BIND
from cryptpad_relay.protocol.mail_frames import (
    MAX_MAILS,
    MailBind,
    MailBound,
    MailDrop,
    MailFetch,
    MailFetched,
    bind_parts,
)
from cryptpad_tui.engine import outbox, owner_notes
from cryptpad_tui.engine.outbox import Waiting
from cryptpad_tui.engine.own_card import RELAY_SETTING, myself, own_card
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.people.contacts import CHANGED, Contact, Outcome, Standing, contact_id, receive
from cryptpad_tui.people.errors import MailRefused
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.inbox import InboxItem, item_of
from cryptpad_tui.people.mail import MAX_AGE_MS, Dated, Mail, dated, read_mail, write_mail
from cryptpad_tui.people.messages import (
    Answer,
    EditRequest,
    InvitationAnswer,
    Message,
    OwnershipAnswer,
    OwnershipOffer,
)
from cryptpad_tui.people.proofs import proves_key

if TYPE_CHECKING:
    from cryptpad_relay.protocol.frames import Greeting
    from cryptpad_tui.engine.engine import Engine

MAX_GENERATION: Final = 2**32 - 1
MAX_PAGES: Final = 32
"""Of one look: three times what a mailbox holds. A relay that has more to say has it the next time."""
MAX_OPEN: Final = 500
MAX_OF_ONE: Final = 100
"""Of one contact: who sends more keeps nobody else's out."""
MAX_REQUESTS: Final = 32
"""Requests of strangers that stand in the inbox; others stay at the relay, or go there with their time."""
_DEVICE: Final = "mail/device"
_SENT: Final = "mail/sent/"
_GENERATION: Final = "pass"


def is_used(engine: Engine) -> bool:
    """Whether this account gave its card away or has contacts."""
    return engine.vault.setting(RELAY_SETTING) is not None or bool(engine.people.contacts())


@dataclass(slots=True)
class Fetched:
    """What one look into the mailbox brought."""

    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Messages that were not what they said; gone."""
    left: Counter[str] = field(default_factory=Counter)
    """Messages that were not taken: dated far off or too many, which stay at the relay, or of one contact."""
    drop: list[int] = field(default_factory=list)
    """Places of what need not be there any more, once the drive is in step."""

    def words(self) -> list[str]:
        """What a person is told of it."""
        found = []
        if forged := sum(self.refused.values()):
            found.append(f"{forged} in the mailbox were not what they said, and are shown to nobody")
        if self.left["date"]:
            found.append(f"{self.left['date']} in the mailbox carry a date far off; is this clock right?")
        if self.left["share"]:
            found.append(f"{self.left['share']} were dropped, of a contact of whom {MAX_OF_ONE} wait already")
        if self.left["full"]:
            found.append(f"{self.left['full']} more wait at the relay until you deal with some")
        return found


def generation(engine: Engine) -> int:
    """Which pass contacts have."""
    return min(engine.people.number(_GENERATION), MAX_GENERATION)


def change_pass(engine: Engine) -> None:
    """Whoever had the pass leaves messages at the door from here on."""
    engine.people.set_number(_GENERATION, (generation(engine) + 1) % (MAX_GENERATION + 1))


# -- conversations with the relay


def bind(engine: Engine, greeting: Greeting) -> Flow[MailBound]:
    me, pass_id = myself(engine), myself(engine).pass_id(generation(engine))
    parts = bind_parts(pass_id, greeting.relay_nonce, greeting.relay_pk)
    signature = me.auth.sign(MAILBOX_BIND, *parts)
    body = MailBind(me.auth.public, pass_id, signature).encode()
    return MailBound.decode((yield Request(Op.MBOX_BIND, body)))


def fetch(engine: Engine) -> Flow[Fetched]:
    """Everything that waits, each message durable here before the next is asked for."""
    me, found, after = myself(engine), Fetched(), 0
    for _ in range(MAX_PAGES):
        body = MailFetch(me.mailbox_id, after).encode()
        page = MailFetched.decode((yield Request(Op.MBOX_FETCH, body))).mails
        for place, sealed in page:
            if place <= after:
                return found
            after = place
            if _take(engine, me, sealed, found):
                found.drop.append(place)
        if len(page) < MAX_MAILS:
            return found
    return found


def drop(engine: Engine, places: list[int]) -> Flow[None]:
    me = myself(engine)
    for at in range(0, len(places), MAX_MAILS):
        yield Request(Op.MBOX_DROP, MailDrop(me.mailbox_id, tuple(places[at : at + MAX_MAILS])).encode())


# -- what a message does


def _take(engine: Engine, me: Myself, sealed: bytes, found: Fetched) -> bool:
    """Whether the message need not stay at the relay."""
    try:
        mail = read_mail(me, sealed)
    except MailRefused as refused:
        found.refused[refused.why] += 1
        return True
    if engine.people.has_mail(mail.mail_id):
        return True
    if dated(mail.sent_ms, engine.wall_ms()) is not Dated.FINE:
        found.left["date"] += 1
        return False
    return _take_in(engine, me, mail, found)


def _take_in(engine: Engine, me: Myself, mail: Mail, found: Fetched) -> bool:
    book, sender = engine.people, contact_id(mail.ident_pk)
    known = book.contact(sender)
    outcome = receive(mail, known, mine=(me.ident.public, me.box.public))
    if outcome == Outcome() and (known is None or known.standing is not Standing.CONTACT):
        # Of nobody whom we know, and nothing came of it: it would do nothing a second time, either.
        return True
    if outcome.shown and outcome.says != CHANGED and _open_of(engine, sender) >= MAX_OF_ONE:
        # Left at the relay they would fill the room there, which all contacts share.
        found.left["share"] += 1
        return True
    if outcome.shown and not _has_room(engine, outcome.contact or known, outcome.says):
        found.left["full"] += 1
        return False
    with book.durable():
        missing = _missing(engine, mail, sender)
        if outcome.contact is not None:
            book.put_contact(outcome.contact)
        _note_key(engine, me, mail, known)
        if known is not None and outcome.shown and isinstance(mail.message, OwnershipAnswer):
            owner_notes.hear(engine, mail.ident_pk, mail.message)
        item = item_of(mail, sender, missing=missing, says=outcome.says) if outcome.shown else None
        if item is not None and isinstance(mail.message, EditRequest):
            _put_away_earlier(engine, item, mail.message)
        book.put_mail(mail.mail_id, mail.sent_ms, item)
        if outcome.answer:
            queue_answer(engine, outcome.contact or known, accepted=True)
        book.forget_mail_before(engine.wall_ms() - 2 * MAX_AGE_MS)
    found.taken += bool(item)
    return True


def _open_of(engine: Engine, sender: str) -> int:
    return sum([each.contact_id == sender for each in engine.people.items()])


def _has_room(engine: Engine, sender: Contact | None, says: str) -> bool:
    if says == CHANGED:
        return True
    items = engine.people.items()
    if sender is None or sender.standing is not Standing.ASKS:
        return len(items) < MAX_OPEN
    return sum([each.kind == "request" and not each.says for each in items]) < MAX_REQUESTS


def _missing(engine: Engine, mail: Mail, sender: str) -> int:
    """How many of the sender's messages before this one have not come: lost, kept back, or on their way."""
    heard = engine.people.heard(sender, mail.chain)
    engine.people.set_heard(sender, mail.chain, mail.n)
    return min(max(0, mail.n - heard - 1), MAX_OPEN)


def _put_away_earlier(engine: Engine, item: InboxItem, request: EditRequest) -> None:
    """Who asks twice is answered once."""
    for other in engine.people.items():
        said = other.message
        same_pad = isinstance(said, EditRequest) and said.pad_id == request.pad_id
        if same_pad and other.contact_id == item.contact_id:
            engine.people.finish(other.mail_id, "asked again")


def _note_key(engine: Engine, me: Myself, mail: Mail, known: Contact | None) -> None:
    """Some messages say by which key the contact is known in a pad, and that key agrees."""
    message = mail.message
    if known is None or not isinstance(message, InvitationAnswer | OwnershipOffer | OwnershipAnswer):
        return
    if not isinstance(message, OwnershipOffer) and not message.accepted:
        return
    if proves_key(message, sender=mail.ident_pk, recipient=me.ident.public):
        engine.people.set_known(message.pad_id, message.key, known.id)


# -- writing


def queue(engine: Engine, to: Contact, message: Message, what: str) -> None:
    """Seal a message and put it where it waits; inside the transaction of what it is about."""
    me, counter = myself(engine), _SENT + to.id
    n = int(engine.vault.setting(counter) or 0) + 1
    mail_id, sealed = write_mail(
        me,
        own_card(engine),
        to.card,
        message,
        sent_ms=engine.wall_ms(),
        n=n,
        device=_device(engine),
        rng=engine.rng,
    )
    engine.vault.set_setting(counter, str(n))
    outbox.put(engine, Waiting(mail_id.hex(), to.id, what, engine.wall_ms(), sealed))


def queue_answer(engine: Engine, to: Contact | None, *, accepted: bool) -> None:
    if to is None:
        return
    pass_ = myself(engine).pass_(generation(engine)) if accepted else bytes(16)
    what = f"the answer to {to.name}"
    queue(engine, to, Answer(accepted, own_card(engine), pass_), what)


def _device(engine: Engine) -> bytes:
    """A name for the runs of messages from this vault, that says nothing of it."""
    stored = engine.vault.setting(_DEVICE)
    if stored is None:
        stored = engine.rng(16).hex()
        engine.vault.set_setting(_DEVICE, stored)
    return bytes.fromhex(stored)
