"""People: a machine with a vault on its disk, and windows on it, each a process with the real engine.

What a window is made of (engine, sessions, links, replicas, folds, documents) is the product's code. Killing
one cancels its tasks without a word, as a kernel does.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import pseudonym_of
from cryptpad_tui.engine import Engine, PadSession
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.freshness import FreshnessState
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.vault import Vault
from sim.disk import Disk, PowerCut, SimDatabase, SimProcess, open_vault
from sim.relay import WALL_AT_START_S

if TYPE_CHECKING:
    from sim.world import World

CURRENT: ContextVar[Window] = ContextVar("window")
"""Whose code runs: tasks and timers inherit it, so that a process can be ended with all that it started."""


class Window:
    """One process that has a machine's vault open, with the pad on its screen."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine, self.number = machine, number
        self.world = machine.world
        self.rng = random.Random(self.world.rng.getrandbits(64))
        self.dead = False
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self.database = SimDatabase(machine.disk, self.die)
        self.process = SimProcess(self.rng.randbytes(16).hex(), machine.alive)
        self.engine: Engine | None = None
        self.session: PadSession | None = None
        self.confirmed: FreshnessState | None = None

    def __repr__(self) -> str:
        return f"{self.machine.name}/{self.number}"

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run as a part of this process."""
        token = CURRENT.set(self)
        try:
            return self.world.loop.create_task(self._guarded(work))
        finally:
            CURRENT.reset(token)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PowerCut:
            pass
        except VaultError as error:
            # The app says so and ends.
            self.world.note(f"{self}: {type(error).__name__}")
            self.die()

    def run_as(self, work: Callable[[], None]) -> None:
        """Do something at once as this process. It may die of it, or its disk may refuse."""

        def run() -> None:
            CURRENT.set(self)
            try:
                work()
            except PowerCut:
                pass
            except VaultError as error:
                self.world.note(f"{self}: {type(error).__name__}")

        copy_context().run(run)

    def wall_ms(self) -> int:
        return int((WALL_AT_START_S + self.world.loop.time()) * 1000)

    def _open_vault(self) -> Vault:
        return open_vault(self.database, self.process, self.rng.randbytes, self.wall_ms)

    async def start(self) -> None:
        """Open the vault, keep its pads in step, and show the pad where there is one."""
        self.engine = Engine(
            self._open_vault(), rng=self.rng.randbytes, now=self.world.loop.time, wall_ms=self.wall_ms
        )
        await self.engine.start()
        if self.engine.relay_url() is None:
            self.engine.set_relay("ws://relay")
        self.show()

    def show(self) -> None:
        """Open the pad if this vault has it."""
        if self.engine is None or self.session is not None or self.dead or not self.world.pad_id:
            return
        if self.engine.vault.pad(self.world.pad_id) is not None:
            self.session = self.engine.open_pad(self.world.pad_id)
            self.world.identities[self.session.replica.profile.identity.public] = self.machine

    async def join(self, link: str) -> None:
        """Follow a link, until it worked once."""
        assert self.engine
        # While a join lasts its person is in the pad already, and may confirm what they see of it.
        me = pseudonym_of(self.engine.vault.account_root, self.world.pad_id)
        self.world.identities[me.public] = self.machine
        while self.session is None:
            try:
                await self.engine.join(link)
            except Alarm as alarm:
                self.world.alarmed(self, alarm.code.value, alarm.detail)
                return
            except BadLink:
                self.machine.out = True
                return
            except (EngineError, RelayUnreachable, Refused) as error:
                self.world.note(f"{self}: join: {type(error).__name__}")
                await asyncio.sleep(1.0)
            self.show()

    async def quit(self) -> None:
        """As a person leaves the app; again and again where a full disk forbids it."""
        while self.engine and not self.dead:
            try:
                await self.engine.close()
                self.die()
            except VaultError:
                await asyncio.sleep(1.0)

    def die(self) -> None:
        """kill -9. From here on nothing of this process has an effect."""
        self.database.dead = True
        if not self.dead:
            self.dead = True
            self.process.release()
            self.world.network.cut(lambda link: link.owner is self)
            self.machine.windows.pop(self.number, None)
            self.world.loop.later(0.0, self._bury)

    def _bury(self) -> None:
        self.database.kill()
        for task in list(self.tasks):
            task.cancel()


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a disk, and what is known about the typing on it."""

    copy: apsw.Connection
    surely: set[str]
    """Typed here, and durable by then."""
    waiting: set[str]
    """Perhaps not sent by then."""


class Machine:
    """One person's computer: the disk, its backups, and who has the vault open."""

    def __init__(self, world: World, name: str, role: str) -> None:
        self.world, self.name, self.role = world, name, role
        self.number = len(world.machines)
        self.out = False
        """Whether the link that this person was given opens nothing any more."""
        self.was_demoted = False
        """Whether this person was to read from some change of keys on."""
        self.label = ""
        """What the owner calls the link that this person was given, where it has a name."""
        self.account_root = world.rng.randbytes(32)
        self.disk = Disk(self.account_root, f"{name}-{world.canary}")
        self.alive: set[str] = set()
        self.windows: dict[int, Window] = {}
        self.offline = False
        self.link = ""
        self.backups: list[Backup] = []
        self.typed: set[str] = set()
        """What was typed on this machine."""
        self.folded: set[str] = set()
        """What of that the log was seen to hold."""
        self.opened = 0

    @property
    def links(self) -> list[str]:
        """What this person was given."""
        return [self.link] if self.link else []

    def open_window(self) -> Window:
        self.opened += 1
        window = Window(self, self.opened)
        self.windows[window.number] = window
        window.spawn(self._run(window))
        return window

    async def _run(self, window: Window) -> None:
        await window.start()
        if self.link and window.session is None:
            await window.join(self.link)

    def sessions(self) -> list[PadSession]:
        return [window.session for window in self.windows.values() if window.session]

    def note_folded(self) -> None:
        """Remember what of this machine's typing the log was seen to hold."""
        for session in self.sessions():
            self.folded |= self.typed & set(session.replica.fold.document.text())

    def back_up(self) -> None:
        self.note_folded()
        surely = self.typed & self.world.tokens.durable
        self.backups.append(Backup(self.disk.copy(), surely, self.typed - self.folded))

    def restore(self, index: int) -> Backup:
        """All windows die, and the disk becomes what it was."""
        self.note_folded()
        for window in list(self.windows.values()):
            window.die()
            window._bury()
        backup = self.backups[index]
        self.disk.restore(backup.copy)
        return backup

    def close(self) -> None:
        for window in list(self.windows.values()):
            window.die()
            window._bury()
        for backup in self.backups:
            backup.copy.close()
        with suppress(apsw.Error):
            self.disk.close()
