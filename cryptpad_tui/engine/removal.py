"""Telling contacts that they were taken out of a pad: a courtesy, and no part of taking them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptpad_tui.engine import mailbox
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.messages import MAX_TITLE, RemovalNotice

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def tell(engine: Engine, pad_id: bytes, idents: Sequence[bytes]) -> list[Contact]:
    """Those of these who are contacts are told that they were taken out of the pad."""
    if not idents or is_limited(engine.vault) or engine.relay_url() is None:
        return []
    known = {contact.id: contact for ident in idents if (contact := _contact_of(engine, pad_id, ident))}
    told = [each for each in known.values() if each.standing is Standing.CONTACT and each.offered is None]
    title = _title(engine, pad_id)
    with engine.people.durable():
        for contact in told:
            mailbox.queue(engine, contact, RemovalNotice(pad_id, title), f"the notice to {contact.name}")
    return told


def _contact_of(engine: Engine, pad_id: bytes, ident: bytes) -> Contact | None:
    """By their identity, or by the key under which they are known in the pad."""
    by_key = engine.people.known_in(pad_id).get(ident)
    return engine.people.contact(by_key or contact_id(ident))


def _title(engine: Engine, pad_id: bytes) -> str:
    try:
        return cut(engine.listing_of(pad_id).title, MAX_TITLE)
    except UnknownPad:
        return ""


def cut(text: str, limit: int) -> str:
    """As much as fits, in whole characters."""
    return text.encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore")
