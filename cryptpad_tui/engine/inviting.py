"""What is sent to contacts about pads: invitations, requests for rights, notices.

Everything that must be true before a message leaves is durable with it, in one transaction: an invitation is
done or not begun, and once it is done the contact keeps the pad when its keys change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.crypto.keys import Role, pseudonym_of
from cryptpad_tui.engine import contacts, keeping, mailbox, membership
from cryptpad_tui.engine.own_card import myself
from cryptpad_tui.engine.removal import cut
from cryptpad_tui.people.contacts import Contact
from cryptpad_tui.people.messages import (
    MAX_NOTE,
    MAX_TITLE,
    EditRequest,
    Invitation,
    Mention,
)
from cryptpad_tui.people.proofs import prove_key

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


async def invite(
    engine: Engine, pad_id: bytes, reference: str, *, view: bool, note: str = "", wait_s: float = 10.0
) -> Contact:
    """Send a contact a link to the pad; of one's own pad they become a member. It waits in the outbox."""
    contact = contacts.to_write_to(engine, reference)
    link = await engine.make_link(pad_id, view=view, wait_s=wait_s)
    title = keeping.shared_title(engine, pad_id)
    message = Invitation(link, cut(title, MAX_TITLE), note)
    message.encode()
    with engine.people.durable():
        mailbox.queue(engine, contact, message, f"the invitation of {contact.name}")
        keep_as_member(engine, pad_id, contact, view=view)
    return contact


def ask_for_edit(engine: Engine, pad_id: bytes, reference: str, *, note: str = "") -> Contact:
    """From a view link: ask a contact, who has the pad, for the right to write."""
    contact = contacts.to_write_to(engine, reference)
    key, me = pseudonym_of(engine.vault.account_root, pad_id), myself(engine)
    proof = prove_key(key, pad_id=pad_id, sender=me.ident.public, recipient=contact.card.ident_pk)
    title = cut(keeping.shared_title(engine, pad_id), MAX_TITLE)
    with engine.people.durable():
        message = EditRequest(pad_id, title, key.public, proof, note)
        mailbox.queue(engine, contact, message, f"the request to {contact.name}")
    return contact


def mention(
    engine: Engine, pad_id: bytes, reference: str, *, thread: str, text: str, is_reply: bool
) -> Contact:
    """Tell a contact that they were named in a comment, or answered."""
    contact = contacts.to_write_to(engine, reference)
    title = cut(keeping.shared_title(engine, pad_id), MAX_TITLE)
    message = Mention(pad_id, title, thread, is_reply, cut(text, MAX_NOTE))
    with engine.people.durable():
        mailbox.queue(engine, contact, message, f"the notice to {contact.name}")
    return contact


def keep_as_member(engine: Engine, pad_id: bytes, contact: Contact, *, view: bool) -> None:
    """In a pad of one's own they keep it when its keys change; in a team they are on the roster, where this
    person may put them there. Inside the transaction of what gives it."""
    from cryptpad_tui.engine.teams import acting

    if acting.admit(engine, pad_id, contact, view=view):
        return
    if _owns(engine, pad_id):
        role, card = Role.VIEW if view else Role.EDIT, contact.card
        membership.keep(engine, pad_id, card.ident_pk, role=role, name=contact.name, box_pk=card.box_pk)


def _owns(engine: Engine, pad_id: bytes) -> bool:
    record = engine.vault.pad(pad_id)
    return record is not None and record.role == "owner"
