"""Several owners of one pad: offering it to a contact, and accepting an offer.

An offer holds the owner's key, sealed for one contact whose safety number was compared. It is theirs only
where the key in it is the one that the pad was born with. Each step is one transaction with its message.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import Role, pseudonym_of
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.engine import (
    contacts,
    keeping,
    keyrings,
    mailbox,
    membership,
    owned_pads,
    owner_list,
    owner_notes,
)
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.folders import owed_keys
from cryptpad_tui.engine.own_card import myself
from cryptpad_tui.engine.owner_notes import ACCEPTED, OFFERED
from cryptpad_tui.engine.records import fits
from cryptpad_tui.engine.removal import cut
from cryptpad_tui.people.contacts import Contact
from cryptpad_tui.people.inbox import InboxItem
from cryptpad_tui.people.messages import MAX_TITLE, OwnershipAnswer, OwnershipOffer
from cryptpad_tui.people.proofs import prove_key
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.values import PadListing

WHAT_OWNING_MEANS: Final = (
    "A co-owner can do all that you can: change the keys, take people out, end the pad. Nobody can take that"
    " back, nor take them out: they can only be left behind with a new pad."
)


class NotCompared(EngineError):
    """Nobody can take ownership back, so it is offered only to a contact whose safety number you compared
    (`cryptpad-tui contact verify`). Nothing was sent."""


class FalseOffer(EngineError):
    """This offer is not what it says: the key in it does not own the pad that it names. Nothing was changed;
    ask whoever sent it in another way."""


async def offer(
    engine: Engine, pad_id: bytes, reference: str, *, note: str = "", wait_s: float = 10.0
) -> Contact:
    """Give a verified contact the owner's key, and ask whether they take it. It waits in the outbox.

    Raises NotOwner, NotCompared, or what making a link raises.
    """
    record = owned_pads.owned(engine, pad_id)
    contact = contacts.to_write_to(engine, reference)
    if not contact.is_verified(contacts.keys_of(engine)):
        raise NotCompared
    link = await engine.make_link(pad_id, view=False, wait_s=wait_s)
    title = cut(keeping.shared_title(engine, pad_id), MAX_TITLE)
    message = OwnershipOffer(pad_id, title, link, record.secret, note, *_known_as(engine, pad_id, contact))
    message.encode()
    card = contact.card
    with engine.people.durable():
        if owner_notes.state_of(engine, pad_id, card.ident_pk) != ACCEPTED:
            owner_notes.set_state(engine, pad_id, card.ident_pk, OFFERED)
        membership.keep(engine, pad_id, card.ident_pk, role=Role.EDIT, name=contact.name, box_pk=card.box_pk)
        mailbox.queue(engine, contact, message, f"the offer to {contact.name}")
    return contact


async def accept(
    engine: Engine, item: InboxItem, message: OwnershipOffer, *, wait_s: float = 10.0
) -> PadListing:
    """Become an owner of the pad; raises FalseOffer, BadLink, NotAContact or what joining raises."""
    sender = contacts.to_write_to(engine, item.contact_id)
    pad_id = message.pad_id
    if decode_link(message.link).pad_id != pad_id:
        raise FalseOffer
    known = engine.vault.pad(pad_id)
    if known is not None and not _owned_by(known, message.owner_root):
        raise FalseOffer
    await engine.join(message.link, wait_s=wait_s)
    record = engine.vault.pad(pad_id)
    if record is None or not _owned_by(record, message.owner_root):
        if known is None:
            engine.remove(pad_id, by_person=False)
        raise FalseOffer
    await owner_list.bring(engine, pad_id)
    with engine.borrowed(pad_id) as session:
        epoch = session.replica.fold.epoch
    with engine.people.durable():
        if record.role != "owner":
            owed_keys.own(engine, pad_id)
            _own(engine, record, message.owner_root)
        owner_notes.set_state(engine, pad_id, sender.card.ident_pk, ACCEPTED)
        owner_notes.note_epoch(engine, pad_id, epoch)
        answer = OwnershipAnswer(pad_id, True, *_known_as(engine, pad_id, sender))
        mailbox.queue(engine, sender, answer, f"the answer to {sender.name}")
        engine.people.finish(item.mail_id, "accepted")
    return engine.listing_of(pad_id)


def _known_as(engine: Engine, pad_id: bytes, to: Contact) -> tuple[bytes, bytes]:
    """The key that one has in the pad, and its proof for this contact alone."""
    key, me = pseudonym_of(engine.vault.account_root, pad_id), myself(engine).ident.public
    return key.public, prove_key(key, pad_id=pad_id, sender=me, recipient=to.card.ident_pk)


def _owned_by(record: PadRecord, owner_root: bytes) -> bool:
    """Whether the pad was born with this key: its id follows from that."""
    return fits(replace(record, role="owner", secret=owner_root, epoch=0))


def _own(engine: Engine, record: PadRecord, owner_root: bytes) -> None:
    """The keys of later epochs stay, and those to come are computed from here on."""
    session = engine.open_pads.get(record.pad_id)
    if session is not None:
        session.flush()
        engine.relays.let_go(session)
        engine.open_pads.take_out(record.pad_id, keep_writer=True)
    keyrings.keep(engine, record)
    engine.add(replace(record, role="owner", secret=owner_root, epoch=0))
