"""The list of members where another device or owner wrote it last: brought from the newest record.

Who joined behind a snapshot has no record of before it in the log. A change of keys by an empty list would
take everybody out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.engine import member_book, owner_notes
from cryptpad_tui.engine.errors import RelayRefused
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.verifying import connection_of
from cryptpad_tui.pad import flows_keys
from cryptpad_tui.pad.owner_records import epochs_in
from cryptpad_tui.pad.roster import Roster

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


async def bring(engine: Engine, pad_id: bytes) -> None:
    """Fetch and keep it where it is not here; raises RelayUnreachable, RelayRefused or Alarm."""
    session = engine.open_pad(pad_id)
    try:
        if not _is_missing(engine, session):
            return
        async with session.flows, connection_of(engine, session) as connection:
            records = await connection.run(flows_keys.owner_records(session.replica))
        epochs = epochs_in(records)
        keep(engine, session, session.replica.ring.roster(epochs[-1]) if epochs else Roster(()))
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()


def _is_missing(engine: Engine, session: PadSession) -> bool:
    fold = session.replica.fold
    if session.kind is PadKind.DRIVE or not fold.epoch:
        return False
    if fold.mark.n and session.replica.stored_entry(fold.mark.n) is not None:
        return False
    written = member_book.read(engine, session.pad_id)
    return written is None or owner_notes.other_turned(engine, session)


def keep(engine: Engine, session: PadSession, roster: Roster) -> None:
    """This vault's list is that of the record."""
    listed = [
        BookMember(each.ident_pk, "edit" if each.role is Role.EDIT else "view", "", b"")
        for each in roster.members
    ]
    with engine.drive_session.replica.store.transaction():
        member_book.write(engine, session.pad_id, listed)
        owner_notes.note_epoch(engine, session.pad_id, session.replica.fold.epoch)
