"""Asking for the right to write, from a view link: whom to ask, and how they are reached.

A reader cannot write into the pad, so the question goes by mail: to whoever sent the pad, or to its owner,
where the owner lets readers see their card. That card counts only with the signature of the pad's own key:
no editor can put another in its place.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_tui.crdt.kinds import META_ROOT
from cryptpad_tui.crypto.keys import SigningSeed, owner_key
from cryptpad_tui.engine import contacts, inviting, owned_pads
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.own_card import own_card
from cryptpad_tui.people.card import Card, read_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.errors import BadCard

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_KEY: Final = "owner-card"
_LABEL: Final = "pad1/ownercard"
_FROM: Final = "from"
_WAITING: Final = "ask/"


class MayWriteAlready(EngineError):
    """You may write in this pad already, so nobody was asked."""


class NobodyToAsk(EngineError):
    """Nobody who could say yes is known here: this pad was sent by no contact of yours, and its owner shows
    no card to readers. Name a contact who has it, or ask whoever gave you the link. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked, or is asked to be a contact first."""

    contact: Contact
    waits: bool
    """Whether the question goes once they are a contact."""


# -- the owner's side


def show_card(engine: Engine, pad_id: bytes, *, on: bool) -> None:
    """Let all who read the pad see one's card, or no more; raises NotOwner. It stays in the history."""
    record = owned_pads.owned(engine, pad_id)
    with engine.borrowed(pad_id) as session:
        if on:
            session.view.set_meta(_KEY, signed_card(own_card(engine), pad_id, owner_key(record.secret)))
        else:
            session.view.delete_map(META_ROOT, _KEY)
        session.flush()


def signed_card(card: Card, pad_id: bytes, owner: SigningSeed) -> dict[str, object]:
    signature = owner.sign(_LABEL, pad_id, card.raw)
    return {"card": card.text, "sig": base64.b64encode(signature).decode("ascii")}


# -- the reader's


def owners_card(session: PadSession) -> Card | None:
    """The card that the pad's owner shows; None for what its key did not sign."""
    return card_of(session.view.meta(_KEY), session.pad_id, session.replica.genesis.owner_pk)


def card_of(value: object, pad_id: bytes, owner_pk: bytes) -> Card | None:
    if not isinstance(value, dict) or value.keys() != {"card", "sig"}:
        return None
    try:
        card, signature = read_card(str(value["card"])), base64.b64decode(str(value["sig"]), validate=True)
    except (BadCard, ValueError, binascii.Error):
        return None
    return card if verify_parts(owner_pk, signature, _LABEL, pad_id, card.raw) else None


def note_sender(engine: Engine, pad_id: bytes, sender: Contact) -> None:
    """The pad came by this contact's invitation; inside its transaction."""
    engine.drive.set_note(pad_id, _FROM, sender.id)


def whom_to_ask(engine: Engine, pad_id: bytes) -> Contact | Card | None:
    """The owner where they show their card, else the contact who sent the pad."""
    from cryptpad_tui.engine.teams import acting

    if (keeper := acting.keeper_of(engine, pad_id)) is not None:
        return keeper
    with engine.borrowed(pad_id) as session:
        card = owners_card(session)
    sender = engine.people.contact(engine.drive.note(pad_id, _FROM) or "")
    if card is None:
        return sender if sender is not None and sender.standing is Standing.CONTACT else None
    known = engine.people.contact(contact_id(card.ident_pk))
    return known if known is not None and known.standing is Standing.CONTACT else card


def ask(engine: Engine, pad_id: bytes, reference: str = "", *, note: str = "") -> Asked:
    """Queue the question, to a contact or to whom the pad leads.

    Raises MayWriteAlready, NobodyToAsk, or what writing to a contact or adding one raises.
    """
    record = engine.vault.pad(pad_id)
    if record is not None and record.role != "view":
        raise MayWriteAlready
    whom = None if reference else whom_to_ask(engine, pad_id)
    if whom is None and not reference:
        raise NobodyToAsk
    if not isinstance(whom, Card):
        named = whom.id if whom is not None else reference
        return Asked(inviting.ask_for_edit(engine, pad_id, named, note=note), waits=False)
    with engine.people.durable():
        added = contacts.add(engine, whom.text, note=note)
        engine.vault.set_setting(_WAITING + pad_id.hex(), added.id)
    return Asked(added, waits=True)


def go_on(engine: Engine) -> int:
    """Ask those who are contacts by now; how many."""
    asked = 0
    for name, wanted in engine.vault.settings_under(_WAITING).items():
        pad_id = bytes.fromhex(name.removeprefix(_WAITING))
        contact, record = engine.people.contact(wanted), engine.vault.pad(pad_id)
        if contact is not None and contact.standing is Standing.ASKED and record is not None:
            continue
        with engine.people.durable():
            engine.vault.set_setting(name, None)
            if record is not None and record.role == "view" and contact is not None and contact.is_mutual:
                inviting.ask_for_edit(engine, pad_id, contact.id)
                asked += 1
    return asked
