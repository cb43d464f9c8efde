"""Somebody in a team who keeps to no rule: writes what they like into its folder, signs what they may not.

They have the keys that the team gave them, and no others. Whatever they do, the rest come to one roster.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.drive.shared_entries import FIELDS, view_field
from cryptpad_tui.engine import PadSession
from cryptpad_tui.engine.teams.acting import GRANT
from cryptpad_tui.engine.teams.asks import ASK, SAID
from cryptpad_tui.engine.teams.book import ROSTER, TeamBook
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.roster_ops import NOBODY, Kind, Rank, sign_operation
from sim.team_client import FAILURES, TeamMachine, TeamWindow

if TYPE_CHECKING:
    from sim.team_world import TeamWorld

FORGES: Final = 0.3
"""How often they raise themselves in the name of who founded the team."""
SIGNED: Final = (Kind.ADD, Kind.ADD, Kind.ROLE, Kind.ROLE, Kind.REMOVE, Kind.LEAVE)


def mischief(world: TeamWorld) -> None:
    """One of the deeds, where there is somebody for it who can still write in the folder."""
    windows = [window for window in world.team_windows() if window.machine.is_hostile]
    if not windows:
        return
    window = world.rng.choice(windows)
    deed = world.rng.choice((_junk, _take_rows, _sign, _sign, _hide, _false_keys, _spread))
    world.note(f"{window}: {deed.__name__.strip('_')}")

    def run() -> None:
        assert window.engine
        try:
            with window.engine.borrowed(world.team) as session:
                if session.can_edit and not session.standing:
                    deed(world, window, session)
                    session.flush()
        except FAILURES as error:
            world.note(f"{window}: in vain: {type(error).__name__}")

    window.run_as(run)


Deed = Callable[["TeamWorld", TeamWindow, PadSession], None]


def _names(session: PadSession, prefix: str) -> list[str]:
    return sorted([name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(prefix)])


def _junk(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """What is none of what it stands for, or stands in its place."""
    rng = world.rng
    for _ in range(rng.choice((1, 3, 30))):
        prefix = rng.choice((ROSTER, ROSTER, ASK, SAID, GRANT, ""))
        known = _names(session, prefix) if prefix else []
        name = rng.choice(known) if known and rng.random() < 0.3 else prefix + rng.randbytes(32).hex()
        junk = base64.b64encode(rng.randbytes(rng.choice((0, 8, 300)))).decode()
        session.view.set_map(ENTRIES_ROOT, name, rng.choice((junk, 7, {"a": [None]}, "", "%")))


def _take_rows(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """As if it had never been signed."""
    for name in _names(session, ROSTER):
        if world.rng.random() < 0.5:
            session.view.delete_map(ENTRIES_ROOT, name)


def _sign(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """Whatever is theirs to say or not, behind whatever was said before."""
    rng, book = world.rng, TeamBook(window.engine, session)  # type: ignore[arg-type]
    me, roster = Myself(window.machine.account_root), book.roster()
    if rng.random() < FORGES:
        rank = Rank.EDITOR if roster.rank_of(me.ident.public) is Rank.ADMIN else Rank.ADMIN
        op = sign_operation(
            me.ident, Kind.ROLE, team=roster.team, previous=roster.head, author=world.people[0].ident_pk,
            subject=me.ident.public, rank=rank,
        )  # fmt: skip
        session.view.set_map(ENTRIES_ROOT, ROSTER + op.id.hex(), base64.b64encode(op.raw).decode())
        return
    previous = rng.choice([roster.team, *[op.id for op in roster.line], roster.head, roster.head])
    for _ in range(rng.choice((1, 1, 4))):
        person: TeamMachine = rng.choice(world.people)
        kind, subject = rng.choice(SIGNED), Myself(person.account_root)
        if kind is Kind.LEAVE:
            subject = me
        op = sign_operation(
            identity_of(window.machine.account_root),
            kind,
            team=roster.team,
            previous=previous,
            subject=subject.ident.public,
            box_pk=subject.box.public if kind is Kind.ADD else NOBODY,
            rank=rng.choice((Rank.VIEWER, Rank.EDITOR, Rank.ADMIN, Rank.OWNER))
            if kind in RANKED
            else Rank.NONE,
            name=person.name if kind is Kind.ADD else "",
        )
        raw = base64.b64encode(op.raw).decode()
        session.view.set_map(ENTRIES_ROOT, ROSTER + op.id.hex(), raw)
        previous = op.id


RANKED: Final = (Kind.ADD, Kind.ROLE)


def _hide(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """Take a pad out of the folder without a word."""
    pad = world.rng.choice(list(world.logs.pads.values()))
    pad.was_loose = True
    for name in FIELDS:
        key = f"{pad.pad_id.hex()}/{name}"
        if session.view.map_value(ENTRIES_ROOT, key) is not None:
            session.view.delete_map(ENTRIES_ROOT, key)


def _false_keys(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """Say of a pad that it has keys which it has not."""
    pad = world.rng.choice(list(world.logs.pads.values()))
    if session.view.map_value(ENTRIES_ROOT, f"{pad.pad_id.hex()}/view") is not None:
        epoch = world.rng.choice((0, 1, 2, 40))
        false = view_field(epoch, world.rng.randbytes(32))
        session.view.set_map(ENTRIES_ROOT, f"{pad.pad_id.hex()}/view", false)


def _spread(world: TeamWorld, window: TeamWindow, session: PadSession) -> None:
    """Put what was sealed for one in the place of another's."""
    granted = _names(session, GRANT)
    if granted:
        value = session.view.map_value(ENTRIES_ROOT, world.rng.choice(granted))
        person = world.rng.choice(world.people)
        session.view.set_map(ENTRIES_ROOT, GRANT + person.ident_pk.hex(), value)
