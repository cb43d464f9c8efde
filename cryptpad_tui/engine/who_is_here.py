"""Which of a pad's people have it open at this moment, matched with the list of its members.

A member may be on the list by their card and write under another key: who proved to be whom is told together.
It reads what is open here and asks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptpad_tui.engine.known_members import contact_of

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.member_lines import MemberLine
    from cryptpad_tui.engine.values import Person


@dataclass(frozen=True, slots=True)
class Present:
    """Who is here. Names are raw."""

    members: Mapping[bytes, Person] = field(default_factory=dict)
    """By the key of their line."""
    guests: tuple[Person, ...] = ()
    """Who may write, wrote nothing yet and is on no list: they came by a link."""
    readers: int = 0
    """Windows of who may only read; they have no key that says who they are."""


def who_is_here(engine: Engine, pad_id: bytes, lines: Sequence[MemberLine]) -> Present:
    """Nobody where the pad is not open in this process."""
    session = engine.session_of(pad_id)
    if session is None:
        return Present()
    own, everybody = session.replica.profile.own, session.people()
    by_key = {line.ident_pk: line.ident_pk for line in lines}
    by_contact = {
        contact.id: line.ident_pk for line in lines if (contact := contact_of(engine, pad_id, line.ident_pk))
    }
    members: dict[bytes, Person] = {}
    guests: list[Person] = []
    for person in everybody:
        if person.viewer or person.key in own:
            continue
        contact = contact_of(engine, pad_id, person.key)
        line = by_key.get(person.key) or (by_contact.get(contact.id) if contact else None)
        if line is not None:
            members.setdefault(line, person)
        else:
            guests.append(person)
    return Present(members, tuple(guests), sum([person.viewer for person in everybody]))
