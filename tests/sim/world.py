"""One run of one pad: people, a network and a relay in virtual time, all from one seed."""

from __future__ import annotations

import asyncio
from typing import Final

from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, Role, edit_seed_of
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from sim import acts, leaving, moves
from sim.checks import Checks
from sim.client import Machine, Window
from sim.stage import Stage

REST_S: Final = 400.0
"""Virtual time in which everybody must come to rest once nothing disturbs them."""
STEPS: Final = 120


class World(Stage):
    """A pad, and all who have it."""

    checks: Checks

    def __init__(
        self,
        seed: int,
        *,
        steps: int = STEPS,
        lying: bool | None = None,
        revoking: bool = False,
        moving: bool = False,
        sharing: bool = False,
    ) -> None:
        """`revoking`: the owner changes the pad's keys now and then, and leaves somebody out.

        `moving`: there is another relay, and the owner moves the pad to and fro.
        `sharing`: the owner gives named links and ends them, and changes who may write.
        """
        super().__init__(seed, steps=steps, lying=lying, moving=moving)
        self.revoking, self.sharing = revoking, sharing
        self.identities: dict[bytes, Machine] = {}
        self.kind = self.rng.choice((PadKind.TEXT, PadKind.RICHTEXT))
        self.pad_id = b""
        self.genesis: Genesis
        self.keys: EditKeys
        self.owner_root = b""
        self.moved = self.named = self.shared = 0
        self.grants: dict[tuple[int, bytes], Role | None] = {}
        """What a record gave to a machine, once it was looked at."""
        self.rotating = 0
        """How many of the owner's windows change the keys: two commands at once have two outcomes."""
        self.changing = False
        """Whether the owner is in the middle of ending a link or changing a right."""
        self.checks = Checks(self)

    def pads(self) -> list[bytes]:
        return [self.pad_id]

    def raws(self) -> list[bytes]:
        return [stored.raw for stored in moves.log(self)]

    def counted(self) -> dict[str, int]:
        return {"moves": self.moved, "links and rights": self.shared}

    # -- people who come

    def add_machine(self, role: str, link: str = "") -> Machine:
        machine = Machine(self, f"p{len(self.machines)}", role)
        machine.link = link
        self.machines.append(machine)
        self.network.tape.secrets[machine.account_root] = f"account of {machine.name}"
        return machine

    async def invite(self, window: Window, *, view: bool, label: str = "") -> None:
        """Part of the inviting process: a link, and somebody new who follows it."""
        assert window.engine
        try:
            link = await window.engine.make_link(self.pad_id, view=view, label=label)
        except (EngineError, RelayUnreachable, Alarm) as error:
            self.note(f"{window}: no link: {type(error).__name__}")
            return
        machine = self.add_machine("view" if view else "edit", link)
        machine.label = label
        machine.open_window()

    # -- the run

    async def play(self) -> None:
        await self._begin()
        await self.act_for_a_while(acts.act)
        if self.checks.failures:
            return
        self.heal()
        if await self._come_to_rest():
            self.checks.finish()
        elif not self.alarms:
            self.checks.fail("they do not come to rest: " + "; ".join(self._restless()))

    async def _begin(self) -> None:
        owner = self.add_machine("owner")
        window = owner.open_window()
        await asyncio.sleep(0.1)
        assert window.engine
        engine = window.engine
        window.run_as(lambda: self._create_pad(window))
        record = engine.vault.pad(self.pad_id)
        assert record
        self.genesis = parse_genesis(record.genesis, self.pad_id)
        self.keys = EditKeys.from_seed(edit_seed_of(record.secret, 0))
        self.owner_root = record.secret
        secrets = self.network.tape.secrets
        secrets[self.canary.encode()] = "text, title or name"
        for name in ("edit_seed", "view_seed", "read_key", "presence_key"):
            secrets[getattr(self.keys, name)] = name
        secrets[record.secret] = "owner's root"
        for _ in range(self.rng.choice((1, 1, 2))):
            window.spawn(self.invite(window, view=False))
        await asyncio.sleep(2.0)

    def _create_pad(self, window: Window) -> None:
        assert window.engine
        self.pad_id = window.engine.create_pad(f"{self.canary} title", kind=self.kind).pad_id
        window.show()

    async def _come_to_rest(self) -> bool:
        until = self.loop.time() + REST_S
        while self.loop.time() < until:
            for machine in self.machines:
                if not machine.windows:
                    machine.open_window()
            moves.tell_where(self)
            await asyncio.sleep(2.0)
            self.checks.observe(thorough=False)
            if self.checks.failures or self.alarms:
                return False
            if not self._restless():
                await asyncio.sleep(3.0)
                if not self._restless():
                    return True
        return False

    def _restless(self) -> list[str]:
        """Whose window has not everything, or has something to send."""
        end = len(moves.log(self))
        inside = [machine for machine in self.machines if not leaving.is_out(self, machine)]
        found = [f"nobody is at {machine.name}" for machine in inside if not machine.windows]
        for window in self.windows():
            if window.machine not in inside:
                continue
            session = window.session
            if session is None or window.engine is None:
                found.append(f"{window} has no pad")
            elif window.engine.vault.waiting(self.pad_id) and session.can_edit:
                found.append(
                    f"{window} waits to send ({session.problem or session.not_saved or 'no reason'})"
                )
            elif session.replica.fold.n != end or not (session.attached_here or session.followed):
                found.append(f"{window} is at {session.replica.fold.n} of {end} ({session.problem})")
        return found
