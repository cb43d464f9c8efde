"""What every run has, whatever is played in it: virtual time, a network, relays, a story, and an end.

The same seed gives the same run in any process: see `Outcome.trace`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from sim import moves
from sim.checks import kinds_of
from sim.client import CURRENT, Machine, Window
from sim.disk import PowerCut
from sim.liar import LyingRelay
from sim.loop import Stuck, VirtualLoop
from sim.network import Network, Tape
from sim.outcome import Outcome
from sim.patches import simulated_sockets, small_limits
from sim.tokens import Tokens

LYING_SHARE: Final = 0.4


class Judge(Protocol):
    """Who says what is wrong with a run."""

    failures: list[str]

    def fail(self, sentence: str) -> None: ...

    def observe(self, *, thorough: bool) -> None: ...

    def forget_audit(self, machine: Machine) -> None: ...


class Stage:
    """Everything in one run that is about no pad, and the seed's randomness."""

    checks: Judge
    syncs_drives = False
    """Whether everybody's drive is at the relay, too."""

    def __init__(self, seed: int, *, steps: int, lying: bool | None, moving: bool = False) -> None:
        self.seed, self.steps, self.moving = seed, steps, moving
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
        self.pause_s = 0.0
        self.acted_at = 0.0
        self.alarms: Counter[str] = Counter()
        self.story: list[str] = []
        self._wounds: Counter[str] = Counter()
        self.loop.set_exception_handler(self._unexpected)
        self.loop.set_task_factory(_owned_task)

    # -- what a run is made of

    def pads(self) -> list[bytes]:
        """The pads that it is about."""
        raise NotImplementedError

    def raws(self) -> list[bytes]:
        """What is durable of them in the end."""
        raise NotImplementedError

    def counted(self) -> dict[str, int]:
        """What there was of it, for the report of many runs."""
        return {}

    async def play(self) -> None:
        raise NotImplementedError

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

    def heal(self) -> None:
        """Nothing disturbs anybody any more, and the relay is honest."""
        self.note("healed")
        for machine in self.machines:
            machine.offline, machine.disk.full, machine.disk.die_at = False, False, None
        for relay in self.relays.values():
            relay.store.fail_commits = 0
            relay.die_between = False
            relay.start()
            relay.be_honest()

    # -- the run

    async def act_for_a_while(self, act: Callable[[Any], None]) -> None:
        """One step after another; ends where something is found."""
        for step in range(self.steps):
            pause_s, self.pause_s = self.pause_s, 0.0
            await asyncio.sleep(pause_s or self.rng.expovariate(1 / self.rng.choice((0.05, 0.5, 3.0))))
            act(self)
            self.acted_at = self.loop.time()
            self.checks.observe(thorough=step % 5 == 0)
            if self.checks.failures:
                return

    def run(self) -> Outcome:
        """Play it to the end. Never raises for what it finds: that is in the outcome."""
        try:
            with small_limits(), simulated_sockets(self):
                self.loop.run_until_complete(self.play())
        except Stuck:
            self.checks.fail("everybody waits for ever")
        finally:
            self._end()
        raws = self.raws()
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


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
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
