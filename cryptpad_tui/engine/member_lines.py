"""Who is on the list of a pad that its keys go to, as values: it reads, and changes no list and no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.engine import devices, member_book, member_notes, owner_notes
from cryptpad_tui.engine.folders.owed_keys import Progress
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.teams import book
from cryptpad_tui.pad.flows_epoch import Kept
from cryptpad_tui.pad.roster import Member, Roster

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody in a pad, as far as this vault knows. Names are raw."""

    ident_pk: bytes
    name: str
    role: str
    """owner, edit or view."""
    how: str
    """me, member (keeps the pad when keys change), link (came by one, and goes with it) or offered (was given
    the owner's key, and did not answer yet)."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Who is in a pad, and since when its keys count."""

    epoch: int
    lines: tuple[MemberLine, ...]
    expires_ms: int
    unfinished: bool
    """Whether a change of keys was begun here and is not done: ask for it again."""
    words: tuple[str, ...] = ()
    """The owner's safety words, which a link to this pad tells before it is joined."""
    idle_days: int = 0
    """After how many days without use the relay deletes it; 0 for never."""
    changing: Progress | None = None
    """Of a shared folder whose keys changed: how far that came in what is in it."""
    every_days: int = 0
    """How often the keys change by themselves; 0 for never."""
    every_history: bool = True
    """Whether newcomers get what was written before such a change."""
    by_card: bool = False
    """Whether this person appears as the identity of their card, and not under a key of this pad's own."""


def listed(engine: Engine, session: PadSession) -> list[BookMember]:
    """The owner's own list, and whom another machine of theirs put on it since the keys changed; for others,
    and where another machine or owner changed the keys last, what the newest record says."""
    if session.kind is PadKind.DRIVE:
        return devices.slot_members(engine)
    if session.kind is PadKind.FOLDER and (team := book.keepers(engine, session)) is not None:
        return team
    written, epoch = member_book.read(engine, session.pad_id), session.replica.fold.epoch
    noted = member_notes.read(engine, session.pad_id) if session.record.role == "owner" else []
    here = {each.ident_pk: each for each in [*(written or ()), *[each for _, each in noted]]}
    if written is None or owner_notes.other_turned(engine, session):
        written = [_as_known(each, here.get(each.ident_pk)) for each in _roster(session).members]
    kept = {each.ident_pk: each for each in written}
    kept |= {each.ident_pk: each for at, each in noted if at == epoch}
    dropping = member_book.dropping_of(engine, session.pad_id)
    return [each for ident, each in kept.items() if ident not in dropping]


def _as_known(member: Member, known: BookMember | None) -> BookMember:
    """Whom a record names, as this account knows them."""
    name, box_pk = (known.name, known.box_pk) if known else ("", b"")
    return BookMember(member.ident_pk, "edit" if member.role is Role.EDIT else "view", name, box_pk)


def _roster(session: PadSession) -> Roster:
    replica = session.replica
    raw = replica.stored_entry(replica.fold.mark.n) if replica.fold.mark.n else None
    record = parse_record(raw) if raw is not None else None
    return replica.ring.roster(record) if isinstance(record, EpochRecord) else Roster(())


def name_of(session: PadSession, member: BookMember) -> str:
    return member.name or session.company.name_of(member.ident_pk)


def kept(member: BookMember) -> Kept:
    return Kept(member.ident_pk, Role.EDIT if member.role == "edit" else Role.VIEW, member.box_pk)
