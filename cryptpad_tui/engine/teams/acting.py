"""What a person does in a team: begin it, let people in, set roles, take people out, leave.

Each is one transaction with all that belongs to it, so that it is done or not begun. What ends somebody's
keys is signed at once; the keys themselves change where an owner's machine sees it (`settling`).
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import EditKeys, Role, identity_of, owner_key
from cryptpad_tui.crypto.slots import Slot, box_key_of, seal_slot
from cryptpad_tui.drive.tree import path_parts
from cryptpad_tui.engine import contacts, keeping, limited, mailbox, owner_notes, owning, removal
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.own_card import myself
from cryptpad_tui.engine.removal import cut
from cryptpad_tui.engine.teams import errors
from cryptpad_tui.engine.teams.book import TeamBook, is_team, signed
from cryptpad_tui.engine.teams.newest_keys import GRANT
from cryptpad_tui.engine.teams.rows import ROSTER, rows_of
from cryptpad_tui.pad.flows_keys import DAY_MS
from cryptpad_tui.people.contacts import Contact, Standing
from cryptpad_tui.people.messages import MAX_TITLE, Invitation, TeamLeave
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_again import Change
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank, sign_operation
from cryptpad_tui.people.roster_rules import MAX_SEATS, Seat, can_renew, has_room, may_clear, may_set

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

MIN_KEY_CHARS: Final = 8
_TOLD: Final = "team/left/"
"""How the settings begin that name the word of leaving which went by mail, and when."""


def found(engine: Engine, path: str) -> bytes:
    """The folder of a team of which this person is the first owner; raises BadFolderName or LimitedDevice."""
    me = myself(engine)
    with engine.drive_session.replica.store.transaction():
        folder = make_shared(engine, path)
        record = engine.vault.pad(folder)
        assert record is not None
        first = sign_operation(
            owner_key(record.secret),
            Kind.FOUND,
            team=folder,
            previous=folder,
            author=me.ident.public,
            subject=me.ident.public,
            box_pk=me.box.public,
            rank=Rank.OWNER,
            name=engine.name() or path_parts(path)[-1],
        )
        with engine.borrowed(folder) as session:
            TeamBook(engine, session).put([first])
    return folder


def find_seat(engine: Engine, roster: TeamRoster, reference: str) -> Seat:
    """By the name of a contact, the name in the roster, or the beginning of the key; raises NotInTheTeam."""
    by_key = [seat for key, seat in roster.seats.items() if key.hex() == reference.lower()]
    if by_key:
        return by_key[0]
    named = {key for key, name in names_of(engine, roster).items() if name == reference}
    if len(reference) >= MIN_KEY_CHARS:
        # Names are anybody's: one that is the beginning of another's key means neither of them.
        named |= {key for key in roster.seats if key.hex().startswith(reference.lower())}
    if len(named) != 1:
        raise errors.NotInTheTeam
    return roster.seats[named.pop()]


def names_of(engine: Engine, roster: TeamRoster) -> dict[bytes, str]:
    """What this person calls each: as their contact, else as whoever let them in."""
    known = {} if limited.is_limited(engine.vault) else contact_by_key(engine)
    return {key: known[key].name if key in known else seat.name for key, seat in roster.seats.items()}


def contact_by_key(engine: Engine) -> dict[bytes, Contact]:
    """The contacts by the identity of their card."""
    kept = (Standing.CONTACT, Standing.ASKED)
    return {each.card.ident_pk: each for each in engine.people.contacts() if each.standing in kept}


def may(roster: TeamRoster, me: bytes, subject: bytes, rank: Rank) -> None:
    """Raises MayNotDoThat, InTheTeamAlready or RosterIsFull."""
    mine, before = roster.rank_of(me), roster.rank_of(subject)
    seat, gone, author = roster.seats.get(subject), roster.left.get(subject), roster.seats.get(me)
    if before is rank and not (seat is not None and can_renew(mine, seat)):
        raise errors.InTheTeamAlready
    if before is not rank and not may_set(mine, before, rank):
        raise errors.MayNotDoThat
    if author is None or (gone is not None and not may_clear(mine, gone.rank)):
        raise errors.MayNotDoThat
    is_crowded = before is Rank.NONE and len(roster.seats) >= MAX_SEATS
    if is_crowded or not has_room(author, len(roster.line)):
        raise errors.RosterIsFull


# -- letting in


async def invite(
    engine: Engine, folder: bytes, reference: str, rank: Rank, *, note: str = "", wait_s: float = 10.0
) -> Contact:
    """Let a contact in, and send them the folder's keys for this role. It waits in the outbox.

    Raises MayNotDoThat, InTheTeamAlready, AdminFirst, or what making a link or writing to a contact raises.
    """
    contact = contacts.to_write_to(engine, reference)
    if rank is Rank.OWNER:
        raise errors.AdminFirst
    card, me = contact.card, myself(engine).ident.public
    with engine.borrowed(folder) as session:
        before = _roster(engine, session).rank_of(card.ident_pk)
        if before is not rank:
            may(_roster(engine, session), me, card.ident_pk, rank)
        if before is not Rank.NONE and before is not rank:
            raise errors.InTheTeamAlready
    link = await engine.make_link(folder, view=rank is Rank.VIEWER, wait_s=wait_s)
    message = Invitation(link, cut(keeping.shared_title(engine, folder), MAX_TITLE), note)
    message.encode()
    with engine.borrowed(folder) as session, engine.people.durable():
        book = TeamBook(engine, session)
        if book.roster().rank_of(card.ident_pk) is Rank.NONE:
            seat = Seat(card.ident_pk, card.box_pk, rank, contact.name, b"")
            book.sign([Change(Kind.ADD, seat)])
        book.keys.gave(card.ident_pk, rank)
        mailbox.queue(engine, contact, message, f"the invitation of {contact.name}")
    return contact


def _roster(engine: Engine, session: PadSession) -> TeamRoster:
    roster = TeamBook(engine, session).roster()
    if not roster.line:
        raise errors.NotATeam
    return roster


# -- roles


async def set_role(
    engine: Engine, folder: bytes, reference: str, rank: Rank, *, wait_s: float = 10.0
) -> Seat:
    """Sign another role for a member; raises what `invite` does, NotInTheTeam, NotOwner or NotCompared.

    An owner is asked first: they have the role when they accepted.
    """
    limited.require_account(engine)
    me = identity_of(engine.vault.account_root).public
    with engine.borrowed(folder) as session:
        roster = _roster(engine, session)
        seat = find_seat(engine, roster, reference)
        may(roster, me, seat.ident_pk, rank)
    if rank is Rank.OWNER:
        if seat.rank is not Rank.ADMIN:
            raise errors.AdminFirst
        contact = contact_by_key(engine).get(seat.ident_pk)
        await owning.offer(engine, folder, contact.id if contact else seat.ident_pk.hex(), wait_s=wait_s)
        return seat
    owner_notes.refuse_owners(engine, folder, [seat.ident_pk] if rank < seat.rank else [])
    with engine.borrowed(folder) as session, engine.drive_session.replica.store.transaction():
        if seat.rank is rank:
            TeamBook(engine, session).sign([Change(Kind.ROLE, seat)])
        raise_or_lower(engine, session, replace(seat, rank=rank))
    return seat


def raise_or_lower(engine: Engine, session: PadSession, seat: Seat, *, is_again: bool = False) -> None:
    """Sign the role that this seat has from here on, and give what belongs to it. Inside a transaction.

    `is_again`: what lost is said once more. Who is let in so was sent keys then, and is sent none by this.
    """
    book = TeamBook(engine, session)
    before = book.roster().seats.get(seat.ident_pk)
    if before is None or before.rank is not seat.rank:
        book.sign([Change(Kind.ROLE if before else Kind.ADD, seat)])
    if before is None and is_again:
        return
    if seat.rank >= Rank.EDITOR and (before is None or before.rank < Rank.EDITOR):
        grant(engine, session, seat)
    if before is None or before.rank < seat.rank:
        book.keys.gave(seat.ident_pk, seat.rank)


def grant(engine: Engine, session: PadSession, seat: Seat) -> None:
    """The right to write, sealed for a member who has the right to read: for their identity, and for no key
    that somebody wrote beside it. Inside a transaction."""
    keys, epoch = session.replica.keys, session.replica.fold.epoch
    assert isinstance(keys, EditKeys)
    slot = Slot(Role.EDIT, epoch, keys.edit_seed)
    sealed = seal_slot(box_key_of(seat.ident_pk), session.pad_id, slot, rng=engine.rng)
    value = f"{epoch}:{base64.b64encode(sealed).decode('ascii')}"
    session.view.set_map(ENTRIES_ROOT, GRANT + seat.ident_pk.hex(), value)
    session.flush()


# -- out


def remove(engine: Engine, folder: bytes, reference: str) -> Seat:
    """Sign that somebody is out; raises NotInTheTeam, MayNotDoThat or CoOwnerStays."""
    limited.require_account(engine)
    with engine.borrowed(folder) as session:
        book, roster = TeamBook(engine, session), _roster(engine, session)
        seat = find_seat(engine, roster, reference)
        may(roster, book.me, seat.ident_pk, Rank.NONE)
        owner_notes.refuse_owners(engine, folder, [seat.ident_pk])
        with engine.drive_session.replica.store.transaction():
            book.sign([Change(Kind.REMOVE, seat)])
            book.keys.forget(seat.ident_pk)
            if not book.is_owner:
                # An owner's machine tells its own contacts when the keys change.
                removal.tell(engine, folder, [seat.ident_pk])
    return seat


def what_leaving_keeps(engine: Engine, folder: bytes) -> str:
    """How long the folder opens for who left it."""
    record = engine.vault.pad(folder)
    if record is not None and record.role == "owner":
        return "goes on opening: an owner's key is for ever"
    return "opens until an owner's machine changes its keys"


def leave(engine: Engine, folder: bytes) -> Contact | None:
    """Sign that one is out; whom a reader's machine tells of it. Raises LastOwner or NobodyHears."""
    limited.require_account(engine)
    with engine.borrowed(folder) as session:
        book, roster = TeamBook(engine, session), _roster(engine, session)
        seat = roster.seats.get(book.me)
        if seat is None:
            raise errors.NotInTheTeam
        owners = sum(each.rank is Rank.OWNER for each in roster.seats.values())
        if seat.rank is Rank.OWNER and owners == 1:
            raise errors.LastOwner
        word = signed(identity_of(engine.vault.account_root), roster, Change(Kind.LEAVE, seat))
        if book.can_write:
            with engine.drive_session.replica.store.transaction():
                book.put([word])
            return None
    told = keeper(engine, roster)
    if told is None:
        raise errors.NobodyHears
    _leave_by_mail(engine, folder, word, told)
    return told


def leave_by_mail(engine: Engine, folder: bytes) -> None:
    """Where the word of leaving did not come into the folder: who wrote it lost the right to write there
    before it was sent, or a relay lost the message. Again each day."""
    with engine.borrowed(folder) as session:
        book = TeamBook(engine, session)
        if book.can_write or limited.is_limited(engine.vault):
            return
        roster, is_sent = book.roster(), not session.waiting
        seat = roster.left.get(book.me)
        words = [op for op in roster.valid.values() if op.kind is Kind.LEAVE and op.author == book.me]
        is_there = is_sent and any(ROSTER + op.id.hex() in rows_of(session).of(ROSTER) for op in words)
    word = next((op for op in words if seat is not None and op.previous == seat.since), None)
    told = keeper(engine, roster)
    if word is None or told is None or is_there:
        return
    of, _, at_ms = (engine.vault.setting(_TOLD + folder.hex()) or "").partition(":")
    if of != word.id.hex() or engine.wall_ms() - int(at_ms) >= DAY_MS:
        _leave_by_mail(engine, folder, word, told)


def _leave_by_mail(engine: Engine, folder: bytes, word: Operation, told: Contact) -> None:
    title = cut(keeping.shared_title(engine, folder), MAX_TITLE)
    with engine.people.durable():
        engine.vault.put_roster(folder, [(word.id, word.raw)])
        engine.vault.set_setting(_TOLD + folder.hex(), f"{word.id.hex()}:{engine.wall_ms()}")
        text = base64.b64encode(word.raw).decode("ascii")
        mailbox.queue(engine, told, TeamLeave(folder, title, text), f"the word to {told.name}")


def admit(engine: Engine, folder: bytes, contact: Contact, *, view: bool) -> bool:
    """On the roster by what gives them a right to the folder; whether it is a team's, whose roster alone says
    who keeps it. Who may not let anybody in gives a link, and nothing more. Inside a transaction."""
    if not is_team(engine, folder):
        return False
    rank, card = (Rank.VIEWER if view else Rank.EDITOR), contact.card
    with engine.borrowed(folder) as session:
        book = TeamBook(engine, session)
        roster = book.roster()
        before = roster.rank_of(card.ident_pk)
        if before < rank and may_set(roster.rank_of(book.me), before, rank):
            seat = roster.seats.get(card.ident_pk) or Seat(
                card.ident_pk, card.box_pk, rank, contact.name, b""
            )
            raise_or_lower(engine, session, replace(seat, rank=rank))
    return True


def keeper_of(engine: Engine, pad_id: bytes) -> Contact | None:
    """Whom to ask about a team; None where this is none."""
    if limited.is_limited(engine.vault) or not is_team(engine, pad_id):
        return None
    with engine.borrowed(pad_id) as session:
        return keeper(engine, TeamBook(engine, session).roster())


def keeper(engine: Engine, roster: TeamRoster) -> Contact | None:
    """An owner or admin of a team whom this person can write to."""
    known = contact_by_key(engine)
    ranked = sorted(roster.seats.values(), key=lambda seat: -seat.rank)
    found = [known[seat.ident_pk] for seat in ranked if seat.rank >= Rank.ADMIN and seat.ident_pk in known]
    return next((each for each in found if each.standing is Standing.CONTACT and each.is_open), None)
