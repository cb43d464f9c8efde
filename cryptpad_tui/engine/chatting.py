"""A pad's chat as a person reads it: who each message is from, and which are unread.

A name is what its bearer says; the key behind it may be a contact's, and only then it is theirs. What was
read is remembered on this machine alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.comments.chat import MAX_SHOWN, Message
from cryptpad_tui.engine import people
from cryptpad_tui.engine.known_members import Known, known_members

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_READ: Final = "chat-read/"


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A message with who said it. Names and text are raw."""

    message: Message
    name: str
    """What I call a contact, else what they call themselves, with a mark of their key where others do."""
    contact: str
    """The contact's name; empty where the key is none's."""
    verified: bool
    me: bool
    unread: bool


def lines(engine: Engine, session: PadSession, limit: int = MAX_SHOWN) -> list[ChatLine]:
    """The newest, the oldest of them first."""
    said, read = session.chat.messages(limit), read_up_to(engine, session.pad_id)
    if not said:
        return []
    mine = session.replica.profile.own
    known = known_members(engine, session.pad_id, {message.ident_pk for message in said})
    names = _names(said, known)
    return [
        ChatLine(
            message,
            names[message.ident_pk, message.name],
            known[message.ident_pk].name if message.ident_pk in known else "",
            message.ident_pk in known and known[message.ident_pk].verified,
            message.ident_pk in mine,
            message.number > read and message.ident_pk not in mine,
        )
        for message in said
    ]


def _names(said: Sequence[Message], known: dict[bytes, Known]) -> dict[tuple[bytes, str], str]:
    """Who is no contact and calls themselves like somebody else is told apart by their key."""
    bearers: dict[str, set[bytes]] = defaultdict(set)
    for ident, contact in known.items():
        bearers[contact.name.casefold()].add(ident)
    for message in said:
        bearers[message.name.casefold()].add(message.ident_pk)
    names = {}
    for message in said:
        ident, name = message.ident_pk, message.name or people.UNNAMED
        if ident in known:
            name = known[ident].name
        elif len(bearers[message.name.casefold()]) > 1:
            name = f"{name}·{people.mark_of(ident)}"
        names[ident, message.name] = name
    return names


def unread(engine: Engine, session: PadSession, limit: int = 100) -> int:
    """How many of the newest `limit` this machine did not show yet."""
    read, mine = read_up_to(engine, session.pad_id), session.replica.profile.own
    newest = session.chat.messages(limit)
    return sum([message.number > read and message.ident_pk not in mine for message in newest])


def read_up_to(engine: Engine, pad_id: bytes) -> int:
    """The number of the last message that was shown here."""
    return int(engine.vault.setting(_READ + pad_id.hex()) or 0)


def mark_read(engine: Engine, session: PadSession) -> None:
    """All that is there was shown."""
    newest = session.chat.newest()
    if newest > read_up_to(engine, session.pad_id):
        engine.vault.set_setting(_READ + session.pad_id.hex(), str(newest))


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    engine.vault.set_setting(_READ + pad_id.hex(), None)
