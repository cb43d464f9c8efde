"""One run: people, a network and a relay in virtual time, all from one seed.

The same seed gives the same run in any process: see `Outcome.trace`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, Role, edit_seed_of
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from sim import acts, leaving, moves
from sim.checks import Checks, kinds_of
from sim.client import CURRENT, Machine, Window
from sim.disk import PowerCut
from sim.liar import LyingRelay
from sim.loop import Stuck, VirtualLoop
from sim.network import Network, Tape
from sim.outcome import Outcome
from sim.patches import simulated_sockets, small_limits
from sim.tokens import Tokens

REST_S: Final = 400.0
"""Virtual time in which everybody must come to rest once nothing disturbs them."""
LYING_SHARE: Final = 0.4
STEPS: Final = 120


class World:
    """Everything in one run, and the seed's randomness."""

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
        self.seed, self.steps = seed, steps
        self.revoking, self.moving, self.sharing = revoking, moving, sharing
        self.rng = random.Random(seed)
        self.lying = self.rng.random() < LYING_SHARE if lying is None else lying
        self.honest = not self.lying
        self.loop = VirtualLoop()
        self.tokens = Tokens()
        self.canary = f"canary{self.rng.getrandbits(48):012x}"
        self.network = Network(self.loop, random.Random(self.rng.getrandbits(64)), Tape())
        self.relay = LyingRelay(self, random.Random(self.rng.getrandbits(64)))
        self.relays = {moves.HERE: self.relay}
        if moving:
            self.relays[moves.THERE] = LyingRelay(self, random.Random(self.rng.getrandbits(64)))
        self.network.accept = lambda link: self.relays[link.url].accept(link)
        self.network.unreachable = _is_offline
        self.machines: list[Machine] = []
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
        self.pause_s = 0.0
        self.acted_at = 0.0
        self.alarms: Counter[str] = Counter()
        self.story: list[str] = []
        self._wounds: Counter[str] = Counter()
        self.checks = Checks(self)
        self.loop.set_exception_handler(self._unexpected)
        self.loop.set_task_factory(_owned_task)

    # -- what the rest of the simulation asks

    def windows(self) -> Iterator[Window]:
        for machine in self.machines:
            yield from list(machine.windows.values())

    def note(self, what: str) -> None:
        """A line of the run's story, for whoever replays a seed."""
        self.story.append(f"{self.loop.time():9.3f} {what}")

    def alarmed(self, window: Window, code: str, detail: str) -> None:
        if not self.alarms[f"{window}: {code}"]:
            self.note(f"{window} ALARM {code} {detail}")
        self.alarms[f"{window}: {code}"] += 1
        if self.honest:
            self.checks.fail(f"{window}: an honest relay is accused: {code} {detail}".rstrip())

    def wound(self, machine: Machine) -> None:
        """Its disk was or is in trouble: nothing is promised about that time."""
        self._wounds[machine.name] += 1

    def disk_troubles(self, machine: Machine) -> int:
        return self._wounds[machine.name]

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, PowerCut):
            self.checks.fail(f"unexpected: {context['message']}: {error!r}")

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

    def run(self) -> Outcome:
        """Play it to the end. Never raises for what it finds: that is in the outcome."""
        try:
            with small_limits(), simulated_sockets(self):
                self.loop.run_until_complete(self._play())
        except Stuck:
            self.checks.fail("everybody waits for ever")
        finally:
            self._end()
        raws = [stored.raw for stored in moves.log(self)]
        return Outcome(
            seed=self.seed,
            steps=self.steps,
            entries=len(raws),
            messages=self.network.tape.messages,
            virtual_s=self.loop.time(),
            lying=self.lying,
            failures=tuple(self.checks.failures),
            alarms=tuple(self.alarms),
            trace=self.network.tape.digest(),
            kinds=kinds_of(raws),
        )

    async def _play(self) -> None:
        await self._begin()
        for step in range(self.steps):
            pause_s, self.pause_s = self.pause_s, 0.0
            await asyncio.sleep(pause_s or self.rng.expovariate(1 / self.rng.choice((0.05, 0.5, 3.0))))
            acts.act(self)
            self.acted_at = self.loop.time()
            self.checks.observe(thorough=step % 5 == 0)
            if self.checks.failures:
                return
        self._heal()
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

    def _heal(self) -> None:
        """Nothing disturbs anybody any more, and the relay is honest."""
        self.note("healed")
        for machine in self.machines:
            machine.offline, machine.disk.full, machine.disk.die_at = False, False, None
        for relay in self.relays.values():
            relay.store.fail_commits = 0
            relay.die_between = False
            relay.start()
            relay.be_honest()

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

    def _end(self) -> None:
        for machine in self.machines:
            machine.close()
        for relay in self.relays.values():
            relay.crash()
        # Tasks that were cancelled end, and what they hold is closed.
        left = [task for task in asyncio.all_tasks(self.loop) if not task.done()]
        for task in left:
            task.cancel()
        with contextlib.suppress(Stuck, PowerCut):
            self.loop.run_until_complete(_ended(left))
        self.loop.close()


async def _ended(tasks: list[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _is_offline(owner: object) -> bool:
    return isinstance(owner, Window) and (owner.machine.offline or owner.dead)


def _owned_task(loop: Any, work: Any, **options: Any) -> asyncio.Task[Any]:
    """Tasks of a process are known to it, so that it can be killed."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **options)
    window = CURRENT.get(None)
    if window is not None:
        window.tasks[task] = None
        task.add_done_callback(lambda done: _buried(window, done))
        if window.dead:
            task.cancel()
    return task


def _buried(window: Window, task: asyncio.Task[Any]) -> None:
    window.tasks.pop(task, None)
    if not task.cancelled() and window.dead:
        task.exception()
