"""What a person does with contacts: give a card, ask, answer, compare, mute, remove.

Each is one transaction, with the message to the other side in it: done or not begun, whenever the machine
stops. Sending is `outbox`'s, and may come later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine import mailbox, outbox
from cryptpad_tui.engine.keyrings import former_roots
from cryptpad_tui.engine.mail_errors import (
    ContactNameTaken,
    KeysAreOthers,
    NotAContact,
    UnknownContact,
    YourOwnCard,
)
from cryptpad_tui.engine.own_card import mailbox_connection, myself, own_card
from cryptpad_tui.people import contacts as rules
from cryptpad_tui.people.card import Card, read_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.messages import CardChange, Request
from cryptpad_tui.people.safety import Keys, safety_number

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

MIN_KEY_CHARS: Final = 8
_INTRODUCED: Final = "introduced"


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact as a list shows them. Names are raw."""

    id: str
    name: str
    standing: Standing
    verified: bool
    changed: bool
    """Whether other keys are offered, so that nothing is sent."""
    muted: bool
    warning: str


def lines(engine: Engine) -> list[ContactLine]:
    """Everybody but who was removed or declined."""
    everybody, mine = engine.people.contacts(), keys_of(engine)
    return [
        ContactLine(
            each.id,
            each.name,
            each.standing,
            each.is_verified(mine),
            each.offered is not None,
            each.muted,
            rules.warnings_about(each, everybody) if each.standing is Standing.ASKS else "",
        )
        for each in everybody
        if each.standing not in (Standing.REMOVED, Standing.DECLINED)
    ]


def keys_of(engine: Engine) -> Keys:
    me = myself(engine)
    return me.ident.public, me.box.public


def find(engine: Engine, reference: str) -> Contact:
    """By name, or the beginning of the id; raises UnknownContact where that is none or several."""
    shown = [each for each in engine.people.contacts() if each.standing is not Standing.REMOVED]
    if meant := [each for each in shown if each.id == reference]:
        return meant[0]
    named = [each for each in shown if each.name == reference]
    named = named or [each for each in shown if each.name.casefold() == reference.casefold()]
    # Who only asks may call themselves anything, and stands in nobody's way.
    named = [each for each in named if each.standing in (Standing.CONTACT, Standing.ASKED)] or named
    if len(reference) >= MIN_KEY_CHARS:
        # A name that is the beginning of somebody else's id means neither of them.
        named += [each for each in shown if each.id.startswith(reference.lower()) and each not in named]
    if len(named) != 1:
        raise UnknownContact
    return named[0]


async def card(engine: Engine, *, wait_s: float = 10.0) -> Card:
    """One's own, once the mailbox is there; raises NoMailbox, RelayUnreachable or Alarm."""
    async with mailbox_connection(engine, wait_s=wait_s) as connection:
        await connection.run(mailbox.bind(engine, connection.greeting))
    return own_card(engine)


def add(engine: Engine, text: str, *, label: str = "", note: str = "", replaces: str = "") -> Contact:
    """Take a card and ask its owner; raises BadCard, YourOwnCard, ContactNameTaken or UnknownContact.

    `replaces`: the contact whose keys these are from here on; nothing is sent until that is accepted.
    """
    theirs = read_card(text)
    if theirs.ident_pk == keys_of(engine)[0]:
        raise YourOwnCard
    if replaces:
        return _offer(engine, find(engine, replaces), theirs)
    known = engine.people.contact(contact_id(theirs.ident_pk))
    if known is not None and known.standing in (Standing.CONTACT, Standing.ASKED):
        return _again(engine, replace(known, label=label or known.label), theirs, note)
    _check_name(engine, label or theirs.name, contact_id(theirs.ident_pk))
    asked = Contact(contact_id(theirs.ident_pk), theirs, Standing.ASKED, label)
    if known is not None and known.standing is Standing.ASKS:
        # Both want it: their request is answered, with what they already told.
        return _welcome(engine, replace(known, card=theirs, label=label))
    with engine.people.durable():
        engine.people.put_contact(asked)
        _ask(engine, asked, note)
    return asked


def _offer(engine: Engine, known: Contact, theirs: Card) -> Contact:
    after = rules.offer(known, theirs)
    with engine.people.durable():
        engine.people.put_contact(after)
    return after


def _again(engine: Engine, known: Contact, theirs: Card, note: str) -> Contact:
    """A card of somebody who is known: where the keys are the same, they are asked once more."""
    after = rules.offer(known, theirs)
    with engine.people.durable():
        engine.people.put_contact(after)
        if after.offered is None:
            _ask(engine, after, note)
    return after


def introduce_again(engine: Engine) -> None:
    """The account has another root, so to contacts one is somebody new: ask each of them once."""
    if not former_roots(engine):
        return
    current = int.from_bytes(keys_of(engine)[0][:6])
    if engine.people.number(_INTRODUCED) == current:
        return
    with engine.people.durable():
        for each in engine.people.contacts():
            if each.is_open:
                _ask(engine, each, "My account has new keys: please compare the safety number.")
        engine.people.set_number(_INTRODUCED, current)


def _check_name(engine: Engine, name: str, own_id: str) -> None:
    for each in engine.people.contacts():
        taken = each.standing in (Standing.CONTACT, Standing.ASKED) and each.id != own_id
        if taken and each.name.casefold() == name.casefold():
            raise ContactNameTaken


def _ask(engine: Engine, asked: Contact, note: str) -> None:
    pass_ = myself(engine).pass_(mailbox.generation(engine))
    request = Request(own_card(engine), pass_, note)
    mailbox.queue(engine, asked, request, f"the request to {asked.name}")


def _welcome(engine: Engine, known: Contact) -> Contact:
    after = replace(known, standing=Standing.CONTACT)
    with engine.people.durable():
        engine.people.put_contact(after)
        mailbox.queue_answer(engine, after, accepted=True)
        _finish_items(engine, known.id, "accepted", requests_only=True)
    return after


def accept(engine: Engine, reference: str, *, label: str = "") -> Contact:
    """Say yes to who asks, or to the new keys of a contact; raises UnknownContact or NotAContact."""
    known = find(engine, reference)
    if known.offered is not None:
        after = rules.accept_offered(known)
        taken = engine.people.contact(after.id) if after.id != known.id else None
        if taken is not None and taken.standing in (Standing.CONTACT, Standing.ASKED):
            raise ContactNameTaken
        with engine.people.durable():
            engine.people.put_contact(after, instead_of=known.id)
            _finish_items(engine, known.id, "accepted", changes_only=True)
        return after
    if known.standing is not Standing.ASKS:
        raise NotAContact
    _check_name(engine, label or known.name, known.id)
    return _welcome(engine, replace(known, label=label))


def decline(engine: Engine, reference: str) -> Contact:
    """Say no to who asks, who is told, or refuse the new keys of a contact."""
    known = find(engine, reference)
    if known.offered is not None:
        after = rules.decline_offered(known)
        with engine.people.durable():
            engine.people.put_contact(after)
            _finish_items(engine, known.id, "declined", changes_only=True)
        return after
    if known.standing is not Standing.ASKS:
        raise NotAContact
    after = replace(known, standing=Standing.DECLINED)
    with engine.people.durable():
        engine.people.put_contact(after)
        mailbox.queue_answer(engine, after, accepted=False)
        _finish_items(engine, known.id, "declined")
    return after


def remove(engine: Engine, reference: str) -> Contact:
    """They may write no more, and the others get another pass. They are not told."""
    known = find(engine, reference)
    with engine.people.durable():
        after = replace(known, standing=Standing.REMOVED, verified=b"", offered=None)
        engine.people.put_contact(after)
        outbox.drop_to(engine, known.id)
        _finish_items(engine, known.id, "removed")
        mailbox.change_pass(engine)
        tell_card(engine)
    return after


def mute(engine: Engine, reference: str, *, on: bool = True) -> Contact:
    """What they send is taken and not shown. They are not told."""
    after = replace(find(engine, reference), muted=on)
    with engine.people.durable():
        engine.people.put_contact(after)
    return after


def number_with(engine: Engine, contact: Contact) -> str:
    """The safety number, by the keys that are in use: an offered card has `number_offered`."""
    return safety_number(keys_of(engine), contact.card.keys)


def number_offered(engine: Engine, contact: Contact) -> str:
    """By the keys that wait to be accepted."""
    theirs = contact.offered or contact.card
    return safety_number(keys_of(engine), theirs.keys)


def mark_verified(engine: Engine, reference: str) -> Contact:
    """The person compared the number; raises KeysAreOthers where other keys wait to be accepted."""
    known = find(engine, reference)
    if known.offered is not None:
        raise KeysAreOthers
    after = rules.mark_verified(known, keys_of(engine))
    with engine.people.durable():
        engine.people.put_contact(after)
    return after


def to_write_to(engine: Engine, reference: str) -> Contact:
    """A contact to whom something may be sent; raises UnknownContact, KeysAreOthers or NotAContact."""
    known = find(engine, reference)
    if known.offered is not None:
        raise KeysAreOthers
    if known.standing is not Standing.CONTACT:
        raise NotAContact
    return known


def tell_card(engine: Engine) -> None:
    """Queue one's card and pass for every contact; inside a transaction."""
    change = CardChange(own_card(engine), myself(engine).pass_(mailbox.generation(engine)))
    for each in engine.people.contacts():
        if each.is_mutual:
            mailbox.queue(engine, each, change, f"your card to {each.name}")


def _finish_items(
    engine: Engine, sender: str, how: str, *, requests_only: bool = False, changes_only: bool = False
) -> None:
    for item in engine.people.items():
        fits = not requests_only or (item.kind == "request" and not item.says)
        fits = fits and (not changes_only or item.says == rules.CHANGED)
        if item.contact_id == sender and fits:
            engine.people.finish(item.mail_id, how)
