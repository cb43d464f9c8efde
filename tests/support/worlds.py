"""Homes and relays that stand again as they stood, as often as a test ends somebody's work half-way in them.

All of it is on the disk in one folder, so that to put it back is to copy it. Who was killed is opened again;
who was cut off goes on as they are when the network is back. Then a test looks what came of it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from cryptpad_tui.engine import Engine, contacts, inbox, mailbox, owed, relay_loop, schedule, syncing
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.own_card import myself, own_card
from cryptpad_tui.engine.people_book import PeopleBook
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.vault import Vault
from support import kept_keys
from support.cutting import Cut
from support.dying import Dying, killed_at
from support.relay import RelayProcess
from support.sessions import append

T = TypeVar("T")
PASSPHRASE = b"correct horse"
SOAK = "CRYPTPAD_TUI_SOAK" in os.environ
MOST_STEPS = 600
HUNG_S = 60.0
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 512 << 20


class World:
    """Some people, each with a home, and the relays between them."""

    def __init__(self, path: Path, *, relays: int = 1) -> None:
        self.path, self._kept = path / "now", path / "kept"
        self.path.mkdir()
        self._relays = [RelayProcess(self.path / f"relay{at}") for at in range(relays)]

    @property
    def urls(self) -> list[str]:
        return [relay.url for relay in self._relays]

    def close(self) -> None:
        for relay in self._relays:
            relay.kill()

    def further(self, name: str, story: Callable[..., Awaitable[object]], *names: str) -> str:
        """How the world stands when `story` was done in it, too."""
        if not (self._kept / name).exists():
            self.again("base")
            self.run(story, *names)
            self.keep(name)
        return name

    def keep(self, name: str) -> None:
        """As it stands, it can stand again."""
        self.close()
        shutil.copytree(self.path, self._kept / name)
        self._start()

    def again(self, name: str) -> None:
        self.close()
        shutil.rmtree(self.path)
        shutil.copytree(self._kept / name, self.path)
        self._start()

    def _start(self) -> None:
        for relay in self._relays:
            relay.start()

    def make(self, *names: str) -> None:
        """Homes, whose drives are at the first relay."""
        for name in names:
            home, url = self.path / name, self.urls[0]
            vault, _ = Vault.create(home, PASSPHRASE, name=name, relay_url=url, kdf_memory_mib=64)
            vault.close()

    def open(self, name: str, **parts: Any) -> Engine:
        return Engine(Vault.open(self.path / name, passphrase=PASSPHRASE), short_lived=True, **parts)

    @asynccontextmanager
    async def opened(self, *names: str) -> AsyncIterator[list[Engine]]:
        engines = [self.open(name) for name in names]
        try:
            yield engines
        finally:
            for engine in engines:
                await engine.close()

    def run(self, story: Callable[..., Awaitable[T]], *names: str) -> T:
        """What `story` comes to, told the engines of these people."""

        async def told() -> T:
            async with self.opened(*names) as engines:
                return await story(*engines)

        return asyncio.run(told())


def both_ways(ordinary: str = "") -> pytest.MarkDecorator:
    """Killed and cut off at each step in `make soak`; an ordinary run does this one, in one place."""
    none = pytest.param("killed", marks=pytest.mark.skip("in `make soak`"))
    return pytest.mark.parametrize("how", ["killed", "cut"] if SOAK else [ordinary or none])


in_soak = pytest.mark.skipif(not SOAK, reason="in `make soak`")


def each_of(*names: str) -> pytest.MarkDecorator:
    """By each of these people in `make soak`, by the last of them in an ordinary run."""
    return pytest.mark.parametrize("by", names if SOAK else names[-1:])


@contextmanager
def world_in(path: Path, *, relays: int = 1) -> Iterator[World]:
    """In memory where there is room: the death of a process says nothing of what a disk keeps."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    roomy = roomy and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    with (
        tempfile.TemporaryDirectory(dir=_MEMORY if roomy else path) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(passwords.argon2id, "kdf", kept_keys.cheap)
        # Pauses that are kind to a relay, and nothing else.
        patch.setattr(relay_loop, "ALONE_S", 0.0)
        patch.setattr(relay_loop, "TICK_S", 0.01)
        patch.setattr(syncing, "SYNC_POLL_S", 0.004)
        world = World(Path(folder), relays=relays)
        try:
            yield world
        finally:
            world.close()


@dataclass(frozen=True, slots=True)
class Story(Generic[T]):
    """Somebody's work, and what there is to see when it was ended somewhere."""

    who: str
    work: Callable[[Engine], Awaitable[object]]
    look: Callable[..., Awaitable[T]]
    """Told the engines of who worked, and of the others."""
    others: tuple[str, ...] = ()
    kept: str = "base"
    """How the world stands before it."""
    sample: int = 20
    """Where it is ended in the ordinary run."""

    def ends(self, world: World, how: str) -> list[T]:
        """What was seen, ended at each step (in the ordinary run at one), and at last not at all."""
        seen = list[T]()
        for step in range(MOST_STEPS) if SOAK else (self.sample,):
            # Each has a time of its own to be done in (tests/conftest.py).
            signal.setitimer(signal.ITIMER_REAL, HUNG_S, 1.0)
            world.again(self.kept)
            try:
                ended, state = (self._killed if how == "killed" else self._cut)(world, step)
            except BaseException as error:
                error.add_note(f"{how} at step {step}")
                raise
            seen.append(state)
            if not ended:
                break
        else:
            assert not SOAK, "there is no end to its steps"
        print(f"{how} {len(seen) - 1} times: {[seen.count(each) for each in dict.fromkeys(seen)]}")
        return seen

    def _killed(self, world: World, step: int) -> tuple[bool, T]:
        async def work(engine: Engine) -> None:
            Dying.begin()
            await self.work(engine)

        died = killed_at(step, lambda: world.run(work, self.who), files=True, later=True)
        return died, world.run(self.look, self.who, *self.others)

    def _cut(self, world: World, frame: int) -> tuple[bool, T]:
        cut = Cut(frame)

        async def told() -> T:
            engine = world.open(self.who, now=cut.now)
            try:
                with cut.installed():
                    try:
                        await self.work(engine)
                    except (EngineError, RelayUnreachable):
                        assert cut.was_cut
                async with world.opened(*self.others) as others:
                    return await self.look(engine, *others)
            finally:
                await engine.close()

        state = asyncio.run(told())
        return cut.was_cut, state


def goes_one_way(seen: Sequence[Any], how: str) -> bool:
    """Whether it was not done where it ended early, and done from some step on: for work that reads mail and
    pads side by side. Who is cut off there lives on, and which conversation a frame belongs to is another in
    each run: of cuts the first step and the last are held to it, and what `look` sees at each."""
    if how == "cut":
        return bool(seen[0] == min(seen) and seen[-1] == max(seen))
    return list(seen) == sorted(seen)


def must_fail(story: Callable[..., None], *told: object) -> None:
    """With something taken out that it stands on: a check that cannot fail is none."""
    with pytest.raises(AssertionError):
        story(*told)


def torn(patch: pytest.MonkeyPatch) -> None:
    """What is to be durable together is so one by one."""

    @contextmanager
    def one_by_one(book: PeopleBook) -> Iterator[None]:
        yield
        book._engine.drive_session.flush()

    patch.setattr(PeopleBook, "durable", one_by_one)


async def run_on(*engines: Engine) -> None:
    """What `sync` and `inbox` do, and the app by itself."""
    for engine in engines:
        report = await engine.sync()
        assert not report.alarms
        assert not report.unreachable
        await owed.see_to(engine)
        await changing.finish(engine)
        await schedule.rotate_due(engine)
        if engine.people.contacts():
            await inbox.look(engine)


async def befriend(*engines: Engine) -> None:
    """All of them with each other, as who accepted cards and compared numbers."""
    for engine in engines:
        await contacts.card(engine)
    for me, other in permutations(engines, 2):
        card, pass_ = own_card(other), myself(other).pass_(mailbox.generation(other))
        with me.people.durable():
            me.people.put_contact(Contact(contact_id(card.ident_pk), card, Standing.CONTACT, pass_=pass_))
        contacts.mark_verified(me, other.name())


async def accept(engine: Engine, kind: str) -> bool:
    """Whether there was something of this kind to say yes to; its answer is on its way."""
    await inbox.look(engine)
    waiting = [line for line in inbox.lines(engine) if line.kind == kind]
    assert len(waiting) <= 1
    for line in waiting:
        await inbox.accept(engine, inbox.item_of(engine, line.mail_id))
    await inbox.settle(engine)
    return bool(waiting)


async def put_away(engine: Engine) -> None:
    """What the beginning of a story left in somebody's mailbox."""
    await inbox.look(engine)
    for line in inbox.lines(engine):
        inbox.decline(engine, inbox.item_of(engine, line.mail_id))
    await engine.sync()


def kinds(engine: Engine) -> list[str]:
    return [line.kind for line in inbox.lines(engine)]


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


def write(engine: Engine, pad_id: bytes, line: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, f"{line}\n")


async def all_write(pad_id: bytes, *engines: Engine) -> None:
    """Each writes, and each reads what all wrote, once and nothing else twice."""
    before = text_of(engines[0], pad_id).splitlines()
    for engine in engines:
        write(engine, pad_id, f"{engine.name()} was here.")
        await engine.sync([pad_id])
    for engine in engines:
        await engine.sync([pad_id])
    [text] = {text_of(engine, pad_id) for engine in engines}
    assert sorted(text.splitlines()) == sorted([*before, *[f"{each.name()} was here." for each in engines]])
