"""What the machines of a team's members do by themselves: keep the roster whole, and let keys follow it.

Nothing is planned or remembered for it: what is to be done is the difference between the roster and the note
of the newest change of keys, so that whatever runs next goes on, on any owner's machine. A person who has not
the right to do something is never made to.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.keys import EditKeys, Role
from cryptpad_tui.crypto.slots import open_slot
from cryptpad_tui.engine import keeping, keyrings, limited, link_book, membership, owner_notes
from cryptpad_tui.engine.errors import EngineError, RelayRefused, RelayUnreachable
from cryptpad_tui.engine.folders import agreeing
from cryptpad_tui.engine.own_card import myself
from cryptpad_tui.engine.teams import asks
from cryptpad_tui.engine.teams.acting import leave_by_mail, raise_or_lower
from cryptpad_tui.engine.teams.asks import TeamInbox
from cryptpad_tui.engine.teams.book import DUE, FEW, TeamBook, is_team
from cryptpad_tui.engine.teams.errors import RosterIsCutShort
from cryptpad_tui.engine.teams.newest_keys import GRANT
from cryptpad_tui.engine.teams.rows import ROSTER, raw_of, rows_of
from cryptpad_tui.engine.verifying import connection_of
from cryptpad_tui.pad import flows_keys
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.owner_records import epochs_in
from cryptpad_tui.people.messages import TeamLeave
from cryptpad_tui.people.roster_again import leavers, to_say_again
from cryptpad_tui.people.roster_duties import Ending, Sealed, Why, endings, is_cut_short
from cryptpad_tui.people.roster_ops import Kind, Rank, is_signed, parse_operation

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


_MAX_LOOKS: Final = 1_024
_ENDS_NO_LINK: Final = (Why.WAS_ADMIN, Why.LACKS)
"""Nobody's right ends that a link of the owner's may give."""
_DONE: Final = {
    Why.OUT: "out of {}, whose keys changed",
    Why.READS: "only reads {} from here on, whose keys changed",
    Why.WAS_ADMIN: "no admin of {} any more, and nobody keeps its keys by them",
    Why.LACKS: "has the keys of {}",
}


async def settle(engine: Engine) -> list[str]:
    """All that there is to do, in every team; what to say of it. Names in it are raw."""
    said: list[str] = []
    for pad in engine.vault.pads():
        if pad.kind != PadKind.FOLDER:
            continue
        try:
            said += await settle_team(engine, pad.pad_id)
        except (EngineError, RelayUnreachable, Refused, Alarm):
            if is_team(engine, pad.pad_id):
                engine.vault.set_setting(DUE + pad.pad_id.hex(), "1")
    return said


def changed(engine: Engine, folder: bytes) -> None:
    """A shared folder changed, which may be a team's: what came is kept at once, the rest has its turn."""
    with engine.borrowed(folder) as session:
        is_one = bool(TeamBook(engine, session).roster(checks=FEW).line)
    if is_one:
        asks.note(engine, folder)
        if engine.vault.setting(DUE + folder.hex()) is None:
            engine.vault.set_setting(DUE + folder.hex(), "1")


async def read_on(engine: Engine, folder: bytes) -> None:
    """What a flood left over, in pieces that hold nobody up; what does not fit at all waits for the sweep."""
    with engine.borrowed(folder) as session:
        for _ in range(_MAX_LOOKS):
            left = len(rows_of(session).of(ROSTER)) - len(rows_of(session).signed)
            roster = TeamBook(engine, session).roster(checks=FEW)
            went_on = len(rows_of(session).of(ROSTER)) - len(rows_of(session).signed) != left
            if asks.note(engine, folder) and (roster.is_whole or not went_on):
                return
            await asyncio.sleep(0)


async def settle_team(engine: Engine, folder: bytes) -> list[str]:
    """The same in one; raises what a change of keys raises."""
    if engine.vault.setting(DUE + folder.hex()) is not None:
        engine.vault.set_setting(DUE + folder.hex(), None)
    if is_team(engine, folder):
        await read_on(engine, folder)
    if keep_up(engine, folder):
        await engine.sync([folder])
    if take_right(engine, folder):
        # What is in the folder follows by its entries, which the folder's key opens.
        agreeing.agree(engine, folder)
        await engine.sync([folder, *agreeing.inside(engine, folder)])
    if is_team(engine, folder):
        leave_by_mail(engine, folder)
    await asks.tell(engine, folder)
    asks.note(engine, folder)
    record = engine.vault.pad(folder)
    if record is None or record.role != "owner" or not record.uploaded:
        return []
    sealed = await _bring_note(engine, folder)
    with engine.borrowed(folder) as session:
        book = TeamBook(engine, session)
        roster = book.roster()
    if is_cut_short(roster, sealed.note):
        # The record may not be here, so that a change of keys could not tell.
        raise RosterIsCutShort
    # Who left keeps the owner's key, and acts for the others no more.
    ends = endings(roster, sealed) if roster.rank_of(book.me) is Rank.OWNER else []
    if not roster.line or not ends:
        return []
    out = [each.ident_pk for each in ends if each.is_out]
    # Who has the owner's key keeps it whatever changes; that must hold nobody else's end.
    drop = owner_notes.but_owners(engine, folder, out)
    keeps = all(each.why in _ENDS_NO_LINK for each in ends)
    links = link_book.links(engine, folder) if keeps else []
    await membership.revoke(engine, folder, drop=drop, keep_links=links)
    return _words(keeping.shared_title(engine, folder), ends)


def _words(title: str, ends: list[Ending]) -> list[str]:
    return [
        f"{sentence.format(title)}: {', '.join([each.name for each in who])}"
        for why, sentence in _DONE.items()
        if (who := [each for each in ends if each.why is why])
    ]


def waits_for_an_owner(engine: Engine, folder: bytes) -> list[Ending]:
    """Whose keys are to end still, as far as this vault knows."""
    with engine.borrowed(folder) as session:
        book = TeamBook(engine, session)
        roster = book.roster()
        sealed = book.keys.sealed(roster)
        return endings(roster, sealed) if sealed is not None else []


def keep_up(engine: Engine, folder: bytes) -> bool:
    """The roster's part, here and now; whether something is to be sent."""
    with engine.borrowed(folder) as session:
        book = TeamBook(engine, session)
        roster = book.roster()
        if not roster.line or limited.is_limited(engine.vault):
            return False
        if not book.can_write:
            return False
        # Whoever is out has no say, though their keys may still open the folder.
        if roster.rank_of(book.me) is Rank.NONE and not book.is_owner:
            return False
        before = session.waiting
        with engine.drive_session.replica.store.transaction():
            inbox = TeamInbox(engine, session)
            # Of questions that nobody signed it learns by looking.
            inbox.open_rows()
            book.put_back(roster)
            book.sweep(roster)
            _hear_leavers(engine, book, session)
            _say(engine, book, session)
            inbox.pass_on()
        return session.waiting != before


def _say(engine: Engine, book: TeamBook, session: PadSession) -> None:
    """What this person's word is needed for, as long as something is."""
    roster = book.roster()
    for change in (*leavers(roster, book.me), *to_say_again(roster, book.me)):
        if change.kind is Kind.REMOVE:
            book.sign([change])
        else:
            raise_or_lower(engine, session, change.seat, is_again=True)
    if not book.is_owner or roster.rank_of(book.me) is not Rank.OWNER:
        return
    for ident_pk, state in owner_notes.co_owners(engine, session.pad_id).items():
        seat = book.roster().seats.get(ident_pk)
        if state == owner_notes.ACCEPTED and seat is not None and seat.rank is Rank.ADMIN:
            raise_or_lower(engine, session, replace(seat, rank=Rank.OWNER))


def _hear_leavers(engine: Engine, book: TeamBook, session: PadSession) -> None:
    """Words of readers who left, that came by mail."""
    roster = book.roster()
    for item in engine.people.items():
        message = item.message
        if not isinstance(message, TeamLeave) or message.pad_id != session.pad_id:
            continue
        try:
            op = parse_operation(raw_of(message.statement))
        except Malformed:
            continue
        seat = roster.seats.get(op.author)
        is_theirs = op.kind is Kind.LEAVE and seat is not None and op.previous == seat.since
        if is_theirs and op.team == roster.team and is_signed(op, session.replica.genesis.owner_pk):
            book.put([op])


def take_right(engine: Engine, folder: bytes) -> bool:
    """The right to write, where the roster gives it to this person and somebody sealed it for them; whether
    it is theirs from here on."""
    if limited.is_limited(engine.vault):
        return False
    with engine.borrowed(folder) as session:
        record, epoch = session.record, session.replica.fold.epoch
        keys = _granted(engine, session) if record.role == "view" and not session.standing else None
    if keys is None:
        return False
    role, secret = keyrings.secret_of(keys)
    record = replace(record, role=role, secret=secret, epoch=epoch)
    engine.shared_folders.kept.release(folder)
    shown = engine.session_of(folder)
    if shown is not None and shown.opened:
        engine.drive.put(record)
        engine.drive_session.flush()
        engine.drive_sync.soon()
        return False
    if (session_here := engine.open_pads.take_out(folder, keep_writer=False)) is not None:
        engine.relays.let_go(session_here)
    engine.keep_record(record)
    return True


def _granted(engine: Engine, session: PadSession) -> EditKeys | None:
    """Keys that somebody sealed for this person, where the roster says that they are theirs."""
    me = myself(engine)
    roster = TeamBook(engine, session).roster()
    if roster.rank_of(me.ident.public) < Rank.EDITOR:
        return None
    value = session.view.map_value(ENTRIES_ROOT, GRANT + me.ident.public.hex())
    text, _, sealed = value.partition(":") if isinstance(value, str) else ("", "", "")
    epoch, keys = session.replica.fold.epoch, session.replica.keys
    slot = open_slot(raw_of(sealed), session.pad_id, epoch, me.ident) if text == str(epoch) else None
    if slot is None or slot.role is not Role.EDIT:
        return None
    found = EditKeys.from_seed(slot.seed)
    # The view seed follows from the edit seed, one way: who made this knew the folder's.
    return found if found.view_seed == keys.view_seed else None


async def _bring_note(engine: Engine, folder: bytes) -> Sealed:
    """What the newest change of keys says; raises RelayUnreachable, RelayRefused or Alarm."""
    session = engine.open_pad(folder)
    try:
        book = TeamBook(engine, session)
        sealed = book.keys.sealed(book.roster())
        if sealed is not None:
            return sealed
        async with session.flows, connection_of(engine, session) as connection:
            records = await connection.run(flows_keys.owner_records(session.replica))
        epochs = epochs_in(records)
        brought = session.replica.ring.roster(epochs[-1]) if epochs else None
        if brought is not None and brought.note:
            book.keys.keep_note(epochs[-1].epoch, brought.note, brought.members)
        return book.keys.sealed(book.roster()) or Sealed(brought.note if brought is not None else "")
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()
