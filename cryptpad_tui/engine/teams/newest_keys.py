"""Whom a team's newest keys were given: by an owner's record, and by whoever let them in since.

The record's word is the owner's. What the folder says beside it can be a lie of whoever may write there, and
costs a change of keys at most. It decides nothing, and holds no key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.pad.roster import Member
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_duties import Sealed
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

GRANT: Final = "grant/"
"""How the fields begin that give a member the right to write, sealed to them; their identities follow."""
GIVEN: Final = "given/"
"""How the fields begin that say of which epoch somebody was sent keys, and for which right; the same."""
_NOTE: Final = "team/note/"
"""How the settings begin that have the note of a team's newest keys, with their epoch, and to whom these were
sealed."""
_MAY: Final = {"view": 1, "edit": 2}


class NewestKeys:
    """Of one open folder."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        self._engine, self._session = engine, session

    @property
    def note(self) -> str | None:
        """What the newest change of keys says; None where its record is not here, empty before the first."""
        newest = self._newest()
        return None if newest is None else newest[0]

    def _newest(self) -> tuple[str, dict[bytes, bool] | None] | None:
        """The same, and whom it was sealed to, where that is known; what they may write."""
        replica = self._session.replica
        if not replica.fold.epoch:
            return "", None
        raw = replica.stored_entry(replica.fold.mark.n) if replica.fold.mark.n else None
        record = parse_record(raw) if raw is not None else None
        if isinstance(record, EpochRecord):
            sealed = replica.ring.roster(record)
            return sealed.note, _who_writes(sealed.members) if sealed.note else None
        epoch, _, brought = (self._engine.vault.setting(_NOTE + self._session.pad_id.hex()) or "").partition(
            ":"
        )
        note, _, kept = brought.partition("\n")
        if epoch != str(replica.fold.epoch):
            return None
        return note, {bytes.fromhex(each[1:]): each[0] == "w" for each in kept.split()} if kept else None

    def keep_note(self, epoch: int, note: str, members: Iterable[Member] = ()) -> None:
        """Of a record that was brought, and is not here: whatever changes the keys next goes by it."""
        kept = " ".join([f"{'rw'[writes]}{key.hex()}" for key, writes in _who_writes(members).items()])
        self._engine.vault.set_setting(_NOTE + self._session.pad_id.hex(), f"{epoch}:{note}\n{kept}")

    def sealed(self, roster: TeamRoster) -> Sealed | None:
        """Who has which of the newest keys by an owner's record, or by whoever let them in since."""
        newest = self._newest()
        if newest is None:
            return None
        note, members = newest
        asked = {} if members is None else roster.seats
        return Sealed(note, members, {key for key, seat in asked.items() if self._was_given(seat)})

    def _was_given(self, seat: Seat) -> bool:
        """Whether the folder says that they were sent keys of now, for what they may. It can be a lie of
        whoever may write, who could as well take the folder apart: the member asks, and gets them anew."""
        view, epoch = self._session.view, str(self._session.replica.fold.epoch)
        given, granted = [view.map_value(ENTRIES_ROOT, each + seat.ident_pk.hex()) for each in (GIVEN, GRANT)]
        at, _, right = given.partition(":") if isinstance(given, str) else ("", "", "")
        if at == epoch and _MAY.get(right, 0) >= min(seat.rank, Rank.EDITOR):
            return True
        return isinstance(granted, str) and granted.partition(":")[0] == epoch

    def gave(self, ident_pk: bytes, rank: Rank) -> None:
        """They are sent the keys of now by what else this transaction does."""
        right = "edit" if rank >= Rank.EDITOR else "view"
        value = f"{self._session.replica.fold.epoch}:{right}"
        self._session.view.set_map(ENTRIES_ROOT, GIVEN + ident_pk.hex(), value)
        self._session.flush()

    def forget(self, ident_pk: bytes) -> None:
        """Nothing was given that counts; inside the transaction that takes them out."""
        for each in (GIVEN, GRANT):
            self._session.view.delete_map(ENTRIES_ROOT, each + ident_pk.hex())
        self._session.flush()


def _who_writes(members: Iterable[Member]) -> dict[bytes, bool]:
    return {each.ident_pk: each.role is Role.EDIT for each in members}
