"""A team's roster at work: read from its folder and from what this vault saw, and written to both.

What was seen once is kept in the vault, so that nobody makes a team forget by taking rows out of the folder.
It decides nothing: `people.roster` says what holds.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.keys import SigningSeed, identity_of
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.teams.errors import NotATeam, RosterIsCutShort, TeamIsHeldStill, UseTeamRemove
from cryptpad_tui.engine.teams.newest_keys import NewestKeys
from cryptpad_tui.engine.teams.rows import ROSTER as ROSTER
from cryptpad_tui.engine.teams.rows import raw_of as raw_of
from cryptpad_tui.engine.teams.rows import rows_of
from cryptpad_tui.people.roster import TeamRoster, looked_at_first, roster_of
from cryptpad_tui.people.roster_again import Change
from cryptpad_tui.people.roster_duties import is_cut_short, note_of
from cryptpad_tui.people.roster_ops import (
    NOBODY,
    Kind,
    Operation,
    Rank,
    is_signed,
    read_operation,
    sign_operation,
)
from cryptpad_tui.people.roster_rules import Seat, may_clear

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

DUE: Final = "team/due/"
"""How the settings begin that name the teams which changed since their last turn."""
MAX_ROWS: Final = 8_192
"""Operations in the folder: from half of it on those are taken out that decide nothing."""
MAX_KEPT: Final = 4_096
"""Operations in the vault from which on those go that decide nothing: a whole line."""
FEW: Final = 256
"""Signatures that are looked at at once where somebody waits: 30 ms."""
_MAX_SWEPT: Final = 500


class TeamBook:
    """One open folder, with the roster that it may have."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        assert session.kind is PadKind.FOLDER
        self._engine, self._session = engine, session
        self.pad_id = session.pad_id
        self.me = identity_of(engine.vault.account_root).public
        self.keys = NewestKeys(engine, session)

    @property
    def can_write(self) -> bool:
        session = self._session
        return session.can_edit and not session.view.read_only and not session.standing

    @property
    def is_owner(self) -> bool:
        return self._session.record.role == "owner"

    # -- reading

    def roster(self, *, checks: int | None = None) -> TeamRoster:
        """As it is by all that is here and was here; what is new is kept. `checks`: as `roster_of` has it."""
        rows, known = rows_of(self._session), set(self._engine.vault.roster(self.pad_id))
        if rows.roster is not None and rows.roster.is_whole and rows.known == known:
            return rows.roster
        owner_pk = self._session.replica.genesis.owner_pk
        raws = list(rows.of(ROSTER).values())
        roster = roster_of(
            self.pad_id, owner_pk, raws, known=known, signed=rows.signed.intersection(raws), checks=checks
        )
        # Each costs one look: what is not signed is nothing from here on.
        rows.signed = {op.raw for op in roster.valid.values()}
        rows.drop([name for name, raw in rows.of(ROSTER).items() if raw in roster.forged])
        new = [(op_id, op.raw) for op_id, op in roster.kept.items() if op.raw not in known]
        old = self._worn_out(roster) if len(known) > MAX_KEPT else []
        if new or old:
            with self._session.replica.store.transaction():
                self._engine.vault.put_roster(self.pad_id, new)
                self._engine.vault.drop_roster(self.pad_id, old)
            known = set(self._engine.vault.roster(self.pad_id))
        rows.known, rows.roster = known, roster
        return roster

    def _worn_out(self, roster: TeamRoster) -> list[bytes]:
        """What was the line once, and decides nothing: an admin who makes longer branches again and again
        must not fill the room of what owners say."""
        return [op.id for op in roster.lost if op.id not in roster.kept and op.author != self.me]

    # -- writing; inside a transaction, and durable with it

    def put(self, ops: Iterable[Operation]) -> None:
        """Into the folder and the vault alike. Raises TeamIsHeldStill."""
        ops = list(ops)
        fields = {ROSTER + op.id.hex(): base64.b64encode(op.raw).decode("ascii") for op in ops}
        changed = {
            name: value
            for name, value in fields.items()
            if self._session.view.map_value(ENTRIES_ROOT, name) != value
        }
        if changed and self._session.halted:
            raise TeamIsHeldStill
        if changed:
            self._session.view.set_maps(ENTRIES_ROOT, changed)
        self._engine.vault.put_roster(self.pad_id, [(op.id, op.raw) for op in ops])
        self._session.flush()

    def put_back(self, roster: TeamRoster) -> int:
        """What somebody took out, or wrote over; how many."""
        rows = rows_of(self._session).of(ROSTER)
        missing = [op for op in roster.kept.values() if not self._stands(op, rows.get(ROSTER + op.id.hex()))]
        if missing:
            self.put(missing)
        return len(missing)

    def _stands(self, op: Operation, raw: bytes | None) -> bool:
        """Whether it is there; also where its author signed it twice, so that nobody sets two machines on to
        write over each other."""
        if raw is None or raw == op.raw:
            return raw is not None
        return is_signed(read_operation(raw), self._session.replica.genesis.owner_pk)

    def sweep(self, roster: TeamRoster) -> int:
        """Take out what is nothing, whoever looks at it, and where there are many operations, those that
        decide nothing; how many. What honest clients wrote is put back by whoever kept it."""
        rows = rows_of(self._session)
        names = sorted(rows.junk)
        if len(rows.of(ROSTER)) > MAX_ROWS // 2:
            right = {op.raw for op in roster.kept.values()}
            known = self._engine.vault.roster(self.pad_id)
            looked_at = {*looked_at_first(rows.of(ROSTER).values(), known)} - right
            names += sorted([name for name, raw in rows.of(ROSTER).items() if raw in looked_at])
        for name in names[:_MAX_SWEPT]:
            self._session.view.delete_map(ENTRIES_ROOT, name)
        if names:
            self._session.flush()
        return len(names[:_MAX_SWEPT])

    def sign(self, changes: Sequence[Change]) -> TeamRoster:
        """One behind the other, at the line's end, by this person."""
        roster, signer = self.roster(), identity_of(self._engine.vault.account_root)
        for change in changes:
            gone = roster.left.get(change.seat.ident_pk) if change.kind is Kind.ADD else None
            if gone is not None and may_clear(roster.rank_of(self.me), gone.rank):
                # Who left is in again by another seat: the one that they left goes first.
                roster = self.sign([Change(Kind.REMOVE, gone)])
            self.put([signed(signer, roster, change)])
            roster = self.roster()
        return roster


def signed(signer: SigningSeed, roster: TeamRoster, change: Change) -> Operation:
    """A change as an operation behind the roster's head; leaving names one's own seat."""
    seat, lets_in = change.seat, change.kind is Kind.ADD
    return sign_operation(
        signer,
        change.kind,
        team=roster.team,
        previous=seat.since if change.kind is Kind.LEAVE else roster.head,
        subject=seat.ident_pk,
        box_pk=seat.box_pk if lets_in else NOBODY,
        rank=seat.rank if change.kind in (Kind.ADD, Kind.ROLE) else Rank.NONE,
        name=seat.name if lets_in else "",
    )


def is_team(engine: Engine, folder: bytes) -> bool:
    """Whether a roster of this folder was seen; opens nothing."""
    return bool(engine.vault.roster(folder))


def teams(engine: Engine) -> list[bytes]:
    """The teams of this vault."""
    folders = [pad.pad_id for pad in engine.vault.pads() if pad.kind == PadKind.FOLDER]
    return [folder for folder in folders if is_team(engine, folder)]


def roster_in(engine: Engine, folder: bytes) -> TeamRoster:
    """Raises NotATeam."""
    record = engine.vault.pad(folder)
    if record is None or record.kind != PadKind.FOLDER:
        raise NotATeam
    with engine.borrowed(folder) as session:
        roster = TeamBook(engine, session).roster()
    if not roster.line:
        raise NotATeam
    return roster


def keepers(engine: Engine, session: PadSession) -> list[BookMember] | None:
    """Who gets the keys of a team's folder when they change: whom the roster names; None for no team."""
    book = TeamBook(engine, session)
    roster = book.roster()
    if not roster.line:
        return None
    return [_member(seat) for seat in roster.seats.values() if seat.ident_pk != book.me]


def _member(seat: Seat) -> BookMember:
    """By the identity alone: the key beside it is the word of whoever let them in, who would stay by it."""
    return BookMember(seat.ident_pk, "edit" if seat.rank >= Rank.EDITOR else "view", seat.name, b"")


def note_for(engine: Engine, session: PadSession) -> str:
    """What a change of this pad's keys is to say: which roster it follows; nothing where it has none. Raises
    RosterIsCutShort: who was taken out must not come back in by a row that somebody took out."""
    if session.kind is not PadKind.FOLDER:
        return ""
    book = TeamBook(engine, session)
    roster, note = book.roster(), book.keys.note
    if note and is_cut_short(roster, note):
        raise RosterIsCutShort
    return note_of(roster, note or "")


def not_seated(engine: Engine, folder: bytes, idents: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of these whom no roster of this folder lets in, whatever they were taken out of."""
    seats = roster_in(engine, folder).seats if is_team(engine, folder) else {}
    return tuple([ident for ident in idents if ident not in seats])


def who_left(engine: Engine, folder: bytes, idents: Iterable[bytes]) -> list[bytes]:
    """Those of these who are out of a team by their own word."""
    if not is_team(engine, folder):
        return []
    roster = roster_in(engine, folder)
    last = {op.subject: op.id for op in roster.line}
    return [each for each in idents if each in roster.left or last.get(each) in roster.cleared]


def refuse_seated(engine: Engine, folder: bytes, idents: Iterable[bytes]) -> None:
    """Raise UseTeamRemove where one of these is in the roster, which would let them in again."""
    idents = list(idents)
    if idents and is_team(engine, folder):
        seats = roster_in(engine, folder).seats
        if any(ident in seats for ident in idents):
            raise UseTeamRemove
