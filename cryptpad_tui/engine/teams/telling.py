"""A team as lists show it: who is in it with which role, and what is not done yet. It changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.engine import contacts, limited
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.teams.acting import contact_by_key, names_of
from cryptpad_tui.engine.teams.book import TeamBook, roster_in, teams
from cryptpad_tui.engine.teams.settling import waits_for_an_owner
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_duties import Ending, Why, is_cut_short
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import MAX_OWN, Seat

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

WHAT_OUT_MEANS = (
    "Whoever is out reads and writes what they can still open until then, and keeps what they have read."
)
WAITS: Final = {
    Why.OUT: "Out, but for the keys, which wait for an owner's machine: {}. " + WHAT_OUT_MEANS,
    Why.READS: "May only read as soon as an owner's machine changes the keys: {}.",
    Why.WAS_ADMIN: "No admin any more: {}. Whom they let in at the same moment may have the keys until an"
    " owner's machine changes them.",
    Why.LACKS: "In, and gets the keys as soon as an owner's machine changes them: {}.",
}
LEFT_BEHIND = "The team's keys changed without you. This is how it was before, as far as you were told."
CUT_SHORT = (
    "An owner signed changes of this team that are not here: somebody who writes in the folder took them out."
    " They are put back by the first machine that has them; until then roles may be others than shown."
)


@dataclass(frozen=True, slots=True)
class TeamMember:
    """One line. The name is raw."""

    ident_pk: bytes
    name: str
    role: str
    me: bool
    contact: str | None
    """Whom of one's contacts the key belongs to; raw."""
    verified: bool
    is_short: bool = False
    """Whether an admin has few changes of the roster left, until an owner says again that they are one."""

    @property
    def contact_word(self) -> str:
        return "-" if self.contact is None else f"{self.contact} ✓" if self.verified else self.contact


@dataclass(frozen=True, slots=True)
class TeamView:
    """One team."""

    pad_id: bytes
    short_id: str
    title: str
    mine: str
    """One's own role; empty for who is not in it."""
    members: tuple[TeamMember, ...]
    sentences: tuple[str, ...]
    waiting: tuple[bytes, ...]
    """Whose keys are to end or to change still."""


def view(engine: Engine, folder: bytes) -> TeamView:
    """Raises NotATeam."""
    roster = roster_in(engine, folder)
    line, me = engine.listing_of(folder), identity_of(engine.vault.account_root).public
    mine = roster.rank_of(me)
    return TeamView(
        folder,
        line.short_id,
        line.title,
        mine.word if mine else "",
        tuple(members(engine, roster)),
        (*waits(engine, folder), *_short(engine, roster), *_doubts(engine, folder, roster)),
        tuple([each.ident_pk for each in waits_for_an_owner(engine, folder)]),
    )


def _short(engine: Engine, roster: TeamRoster) -> list[str]:
    """Admins who will need an owner's word soon."""
    names = names_of(engine, roster)
    return [
        f"{names[key]} has {MAX_OWN - seat.spent} changes of the roster left, until an owner says again that"
        " they are an admin."
        for key, seat in roster.seats.items()
        if _is_short(seat)
    ]


def _is_short(seat: Seat) -> bool:
    return seat.rank is Rank.ADMIN and seat.spent >= MAX_OWN * 3 // 4


def views(engine: Engine) -> list[TeamView]:
    found = []
    for folder in teams(engine):
        try:
            found.append(view(engine, folder))
        except UnknownPad:
            continue
    return sorted(found, key=lambda each: (each.title.casefold(), each.pad_id))


def members(engine: Engine, roster: TeamRoster) -> list[TeamMember]:
    """Owners first."""
    me, names = identity_of(engine.vault.account_root).public, names_of(engine, roster)
    is_limited = limited.is_limited(engine.vault)
    known = {} if is_limited else contact_by_key(engine)
    mine = None if is_limited else contacts.keys_of(engine)
    found = [
        TeamMember(
            key,
            names[key],
            seat.rank.word,
            key == me,
            known[key].name if key in known else None,
            mine is not None and key in known and known[key].is_verified(mine),
            _is_short(seat),
        )
        for key, seat in roster.seats.items()
    ]
    return sorted(found, key=lambda each: (-roster.rank_of(each.ident_pk), not each.me, each.name.casefold()))


def waits(engine: Engine, folder: bytes) -> list[str]:
    """What an owner's machine is to do still, as sentences; names are raw."""
    ends = waits_for_an_owner(engine, folder)
    return [
        sentence.format(_named(who))
        for why, sentence in WAITS.items()
        if (who := [each for each in ends if each.why is why])
    ]


def _named(ends: list[Ending]) -> str:
    return ", ".join([each.name or each.ident_pk.hex()[:8] for each in ends])


def _doubts(engine: Engine, folder: bytes, roster: TeamRoster) -> list[str]:
    with engine.borrowed(folder) as session:
        note = TeamBook(engine, session).keys.note
    return [
        *([LEFT_BEHIND] if standing_of(engine, folder) is SyncWord.REMOVED else []),
        *([CUT_SHORT] if note and is_cut_short(roster, note) else []),
    ]
