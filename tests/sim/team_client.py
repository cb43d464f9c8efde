"""People of a team: a machine with a vault, and windows that look at one pad of it after the other."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.drive.errors import DriveError
from cryptpad_tui.engine import PadSession, inbox
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.teams import asks
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.people.contacts import contact_id
from cryptpad_tui.people.errors import PeopleError
from cryptpad_tui.people.messages import Invitation
from cryptpad_tui.vault.errors import UnknownPad
from sim.client import Machine, Window

if TYPE_CHECKING:
    from cryptpad_tui.people.inbox import InboxItem
    from sim.team_world import TeamWorld

FAILURES: Final = (
    EngineError, DriveError, PeopleError, CryptoError, RelayUnreachable, Alarm, Refused, Malformed,
)  # fmt: skip
"""What a person is told, and goes on after."""
FOLLOWS: Final = 0.4
"""How often a window keeps the folder itself in step, beside the pad on its screen."""


class TeamWindow(Window):
    """One process of somebody in the team, or who was or will be."""

    machine: TeamMachine
    world: TeamWorld

    def __init__(self, machine: TeamMachine, number: int) -> None:
        super().__init__(machine, number)
        self._around: PadSession | None = None
        self.busy = False
        """Whether its person waits for a command to end."""

    def show(self) -> None:
        """Something of the team, where there is something."""
        if self.session is None:
            self.look()

    def look(self) -> None:
        """Leave what is on the screen, and look at a pad of the vault."""
        self.leave()
        engine = self.engine
        if engine is None or self.dead:
            return
        pads = [pad.pad_id for pad in engine.vault.pads() if pad.kind in (PadKind.TEXT, PadKind.RICHTEXT)]
        if pads:
            self.session = engine.open_pad(self.rng.choice(sorted(pads)))
        if engine.vault.pad(self.world.team) is not None and self.rng.random() < FOLLOWS:
            self._around = engine.open_pad(self.world.team)

    def leave(self) -> None:
        """Nothing is on the screen."""
        shown, self.session, self._around = (self.session, self._around), None, None
        for session in shown:
            if session is not None:
                session.close()

    @property
    def has_team(self) -> bool:
        return (
            not self.dead and self.engine is not None and self.engine.vault.pad(self.world.team) is not None
        )

    @property
    def may_lack_mail(self) -> bool:
        """Whether a lie may have lost what lets them in anew, or says that they left."""
        if not self.world.lying or self.engine is None or self.dead:
            return False
        is_out = standing_of(self.engine, self.world.team) is not None
        return is_out or self.machine.ident_pk in roster_in(self.engine, self.world.team).left

    def attempt(self, what: str, work: Coroutine[Any, Any, object]) -> None:
        """What a person asks for, as far as it goes."""
        self.spawn(self.attempted(what, work))

    async def attempted(self, what: str, work: Coroutine[Any, Any, object]) -> bool:
        self.busy = True
        try:
            await work
        except (*FAILURES, UnknownPad) as error:
            self.world.note(f"{self}: {what}: {type(error).__name__}")
            return False
        finally:
            self.busy = False
        self.world.note(f"{self}: {what}: done")
        return True

    # -- what a person does with all that there is

    async def in_step(self) -> None:
        """As `sync` does."""
        assert self.engine
        report = await self.engine.sync()
        words = [*report.notices, *(["the relay is away"] if report.unreachable else [])]
        words += await changing.finish(self.engine)
        if words:
            self.world.note(f"{self}: {'; '.join([word[:80] for word in words])}")

    def letters(self) -> list[InboxItem]:
        """What waits for an answer."""
        assert self.engine
        found = [*self.engine.people.items(), *asks.items(self.engine)]
        return [item for item in found if item.needs_answer or inbox._brings_link(item)]

    async def answer(self, item: InboxItem, *, yes: bool) -> None:
        assert self.engine
        if yes:
            await inbox.accept(self.engine, item)
        else:
            self.machine.has_declined |= isinstance(item.message, Invitation) and not self.has_team
            inbox.decline(self.engine, item)


class TeamMachine(Machine):
    """One person's computer."""

    world: TeamWorld

    def __init__(self, world: TeamWorld, name: str) -> None:
        super().__init__(world, name, "")  # type: ignore[arg-type]
        self.is_hostile = False
        self.has_declined = False
        """Whether this person ever said no to the team, which leaves them on its roster."""

    @property
    def ident_pk(self) -> bytes:
        return identity_of(self.account_root).public

    @property
    def contact_id(self) -> str:
        """How the others name them."""
        return contact_id(self.ident_pk)

    def open_window(self) -> TeamWindow:
        self.opened += 1
        window = TeamWindow(self, self.opened)
        self.windows[window.number] = window
        window.spawn(window.start())
        return window

    def note_folded(self) -> None:
        self.folded |= self.typed & self.world.in_the_logs()
