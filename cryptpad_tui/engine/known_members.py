"""Which people in a pad are contacts: by a member's identity, or by the key that they proved to be theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_tui.engine.contacts import keys_of
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.people.contacts import Contact, Standing, contact_id

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Known:
    """A contact behind a key of a pad. The name is raw."""

    name: str
    verified: bool


def known_members(engine: Engine, pad_id: bytes, idents: Iterable[bytes]) -> dict[bytes, Known]:
    """Those of these keys that belong to contacts; a limited device knows of none."""
    if is_limited(engine.vault):
        return {}
    mine, by_key = keys_of(engine), engine.people.known_in(pad_id)
    found = {}
    for ident in idents:
        contact = engine.people.contact(by_key.get(ident) or contact_id(ident))
        if contact is not None and contact.standing in (Standing.CONTACT, Standing.ASKED):
            found[ident] = Known(contact.name, contact.is_verified(mine) and contact.offered is None)
    return found


def contact_of(engine: Engine, pad_id: bytes, ident: bytes) -> Contact | None:
    """The contact behind one key of a pad."""
    if is_limited(engine.vault):
        return None
    return engine.people.contact(engine.people.known_in(pad_id).get(ident) or contact_id(ident))


def all_keys(engine: Engine, pad_id: bytes, idents: Sequence[bytes]) -> tuple[bytes, ...]:
    """These, and every other key of the same contacts: that of their card, and those they proved in this pad.

    Whoever is taken out by one of them must not stay by another.
    """
    if not idents or is_limited(engine.vault):
        return tuple(idents)
    known = engine.people.known_in(pad_id)
    ids = {known.get(ident) or contact_id(ident) for ident in idents}
    cards = [contact.card.ident_pk for each in sorted(ids) if (contact := engine.people.contact(each))]
    proved = [key for key, contact in known.items() if contact in ids]
    return tuple(dict.fromkeys([*idents, *cards, *proved]))


def aliases_of(engine: Engine, pad_id: bytes, members: Iterable[bytes]) -> set[bytes]:
    """Keys under which members write in the pad, who are on the list by the identity of their card."""
    if is_limited(engine.vault):
        return set()
    ids = {contact_id(ident) for ident in members}
    return {key for key, contact in engine.people.known_in(pad_id).items() if contact in ids}
