"""One run of a team: people who found it, let each other in and put each other out, and write in its pads."""

from __future__ import annotations

import asyncio
from typing import Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import contacts, mailbox
from cryptpad_tui.engine.own_card import myself, own_card
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.roster_ops import Rank
from sim import team_acts, team_rest
from sim.stage import Stage
from sim.team_checks import TeamChecks
from sim.team_client import TeamMachine, TeamWindow
from sim.team_logs import Known, Logs

STEPS: Final = 60
HOSTILE: Final = 0.5
"""How often somebody in the team keeps to no rule."""
NAME: Final = "Crew"
LOOKING_S: Final = 4.0
TYPED: Final = 5
FIRST_RANKS: Final = (Rank.ADMIN, Rank.EDITOR, Rank.EDITOR, Rank.VIEWER)


class TeamWorld(Stage):
    """A team, its pads, and all who are or were in it."""

    checks: TeamChecks
    syncs_drives = True

    def __init__(self, seed: int, *, steps: int = STEPS, lying: bool | None = None) -> None:
        super().__init__(seed, steps=steps, lying=lying)
        self.team = b""
        self.logs = Logs(self)
        self.made = 0
        self.checks = TeamChecks(self)

    def pads(self) -> list[bytes]:
        return list(self.logs.pads)

    def raws(self) -> list[bytes]:
        return [stored.raw for pad_id in self.pads() for stored in self.logs.log(pad_id)]

    def counted(self) -> dict[str, int]:
        signed = len(self.logs.roster().line) if self.team else 0
        return {"teams": 1, "changes of a team": signed, "pads of teams": self.made}

    def in_the_logs(self) -> set[str]:
        """What was typed, and is durable at an honest relay."""
        return set(self.logs.text()) if self.honest else set()

    @property
    def people(self) -> list[TeamMachine]:
        return [machine for machine in self.machines if isinstance(machine, TeamMachine)]

    def team_windows(self) -> list[TeamWindow]:
        """Those that have the team."""
        found = [window for window in self.windows() if isinstance(window, TeamWindow)]
        return [window for window in found if window.has_team]

    # -- the run

    async def play(self) -> None:
        await self._begin()
        await self.act_for_a_while(team_acts.act)
        if self.checks.failures:
            return
        self.heal()
        await self._look_together()
        if not self.checks.failures and await team_rest.come_to_rest(self):
            self.checks.finish()

    async def _look_together(self) -> None:
        """Everybody at some pad while others type: what comes to a screen is all that comes."""
        for window in self.team_windows():
            window.run_as(window.look)
        await asyncio.sleep(LOOKING_S)
        for _ in range(TYPED):
            team_acts.ACTS["type"][0](self)
        await asyncio.sleep(LOOKING_S)
        self.checks.observe(thorough=True)

    async def _begin(self) -> None:
        self.network.tape.secrets[self.canary.encode()] = "text, title or name"
        for at in range(self.rng.choice((4, 4, 5))):
            machine = TeamMachine(self, f"p{at}")
            self.machines.append(machine)
            self.network.tape.secrets[machine.account_root] = f"account of {machine.name}"
            machine.open_window()
        await asyncio.sleep(0.1)
        windows = [window for window in self.windows() if isinstance(window, TeamWindow)]
        for window in windows:
            for other in windows:
                if window is not other:
                    window.run_as(lambda one=window, two=other: _befriend(one, two))  # type: ignore[misc]
        founder = windows[0]
        founder.run_as(lambda: self._found(founder))
        if self.rng.random() < HOSTILE:
            self.rng.choice(self.people[1:]).is_hostile = True
        # Mailboxes are bound.
        await asyncio.sleep(2.0)
        assert founder.engine
        for machine, rank in zip(self.people[1:], FIRST_RANKS, strict=False):
            await founder.attempted(
                f"{machine.name} is {rank.word}",
                acting.invite(founder.engine, self.team, machine.contact_id, rank),
            )
        await team_rest.turn(self)

    def _found(self, window: TeamWindow) -> None:
        assert window.engine
        self.team = acting.found(window.engine, NAME)
        self.know(window, self.team)
        for _ in range(self.rng.choice((1, 2))):
            self.make_pad(window, NAME)

    def make_pad(self, window: TeamWindow, folder: str) -> bytes:
        assert window.engine
        kind = self.rng.choice((PadKind.TEXT, PadKind.RICHTEXT))
        self.made += 1
        title = f"{self.canary} {self.made}"
        pad_id = window.engine.create_pad(title, kind=kind, folder=folder).pad_id
        self.know(window, pad_id)
        return pad_id

    def know(self, window: TeamWindow, pad_id: bytes) -> None:
        """A pad that was made here."""
        assert window.engine
        record = window.engine.vault.pad(pad_id)
        assert record
        self.logs.pads[pad_id] = Known(
            pad_id, PadKind(record.kind), record.genesis, record.secret, window.machine
        )
        self.network.tape.secrets[record.secret] = "an owner's root"


def _befriend(one: TeamWindow, other: TeamWindow) -> None:
    """As two who know each other well, and compared their numbers."""
    assert one.engine
    assert other.engine
    card, pass_ = own_card(other.engine), myself(other.engine).pass_(mailbox.generation(other.engine))
    with one.engine.people.durable():
        known = Contact(contact_id(card.ident_pk), card, Standing.CONTACT, pass_=pass_)
        one.engine.people.put_contact(known)
    contacts.mark_verified(one.engine, known.id)
