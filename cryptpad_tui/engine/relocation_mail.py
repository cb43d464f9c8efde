"""Telling contacts in a pad that it was moved: a courtesy for who comes when the relay before is gone.

What it says is believed by nobody: the other relay must have the owner's record.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import contacts, mailbox, member_book
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.engine.own_card import mailbox_connection
from cryptpad_tui.engine.removal import cut
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.people.contacts import Standing
from cryptpad_tui.people.messages import MAX_TITLE, PadMoved
from cryptpad_tui.sync.connection import RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


def tell(engine: Engine, session: PadSession, record: MoveRecord) -> int:
    """Contacts who wrote in the pad, or are on its list; how many are told."""
    if session.kind is PadKind.DRIVE or is_limited(engine.vault) or engine.relay_url() is None:
        return 0
    known = engine.people.known_in(session.pad_id)
    idents = {writer.ident_pk for writer in session.replica.fold.everybody.values()} | _listed(
        engine, session
    )
    ids = {known[ident] for ident in idents if ident in known}
    told = [
        each
        for each in engine.people.contacts()
        if each.standing is Standing.CONTACT
        and each.offered is None
        and (each.id in ids or each.card.ident_pk in idents)
    ]
    if not told:
        return 0
    message = PadMoved(session.pad_id, cut(session.title(), MAX_TITLE), record.url)
    with engine.people.durable():
        for contact in told:
            mailbox.queue(engine, contact, message, f"the notice to {contact.name}")
    return len(told)


def put_away_followed(engine: Engine) -> None:
    """Messages that say where a pad is, where it goes on there already: nobody need answer those."""
    for item in engine.people.items():
        if isinstance(item.message, PadMoved):
            record = engine.vault.pad(item.message.pad_id)
            if record is not None and record.relay_url == item.message.address:
                with engine.people.durable():
                    engine.people.finish(item.mail_id, "seen")


async def is_reached(engine: Engine) -> bool:
    """One's own mailbox goes where the drive is: whether it is there, before contacts are told."""
    if is_limited(engine.vault) or not engine.people.contacts():
        return True
    with contextlib.suppress(EngineError, RelayUnreachable, Refused, Alarm):
        async with mailbox_connection(engine) as connection:
            await connection.run(mailbox.bind(engine, connection.greeting))
        return True
    return False


def tell_card(engine: Engine) -> None:
    """Contacts are given the address of one's mailbox. Inside the transaction that notes it."""
    if not is_limited(engine.vault):
        contacts.tell_card(engine)


def _listed(engine: Engine, session: PadSession) -> set[bytes]:
    return {each.ident_pk for each in member_book.read(engine, session.pad_id) or ()}
