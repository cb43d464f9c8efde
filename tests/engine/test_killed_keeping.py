"""Removing, restoring, forgetting and destroying a pad, killed at each step: done, or not begun."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cryptpad_tui.engine import Engine, keeping, membership
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.sync.connection import RelayConnection
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess

from .conftest import PASSPHRASE

Work = Callable[[Engine, bytes], Awaitable[object]]
TEXT = "what must not be lost\n"
MOST_STEPS = 60


class Dying:
    """Ends this process by signal 9 before or after the nth step that anybody outside could notice."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def install(self) -> None:
        execute, request = Database._connect, RelayConnection.request

        def connect(path: Path, key: bytes) -> Database:
            database = execute(path, key)
            database._connection = _Watched(database._connection, self)  # type: ignore[assignment]
            return database

        async def asked(connection: RelayConnection, *values: object, **named: object) -> bytes:
            self.step()
            answer = await request(connection, *values, **named)  # type: ignore[arg-type]
            self.step()
            return answer

        Database._connect = staticmethod(connect)  # type: ignore[method-assign, assignment]
        RelayConnection.request = asked  # type: ignore[method-assign, assignment]


class _Watched:
    """A database's connection on which each commit is a step."""

    def __init__(self, connection: object, dying: Dying) -> None:
        self._inner, self._dying = connection, dying

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def execute(self, query: str, *values: object) -> object:
        is_step = query == "COMMIT"
        if is_step:
            self._dying.step()
        result = self._inner.execute(query, *values)  # type: ignore[attr-defined]
        if is_step:
            self._dying.step()
        return result


def killed_at(step: int, home: Path, pad_id: bytes, work: Work) -> bool:
    """Do the work in a process that dies at this step; whether it died."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Dying(step).install()
            engine = Engine(Vault.open(home, passphrase=PASSPHRASE), short_lived=True)
            asyncio.run(_done(engine, pad_id, work))
            code = 0
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


async def _done(engine: Engine, pad_id: bytes, work: Work) -> None:
    await work(engine, pad_id)
    await engine.close()


def in_home(home: Path, work: Callable[[Engine], Awaitable[object]]) -> object:
    async def run() -> object:
        engine = Engine(Vault.open(home, passphrase=PASSPHRASE), short_lived=True)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


async def trash(engine: Engine, pad_id: bytes) -> None:
    keeping.trash(engine, pad_id)


async def restore(engine: Engine, pad_id: bytes) -> None:
    keeping.restore(engine, pad_id)


async def empty(engine: Engine, pad_id: bytes) -> None:
    keeping.empty_trash(engine)


async def destroy(engine: Engine, pad_id: bytes) -> None:
    await membership.destroy(engine, pad_id)


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


def place(engine: Engine, pad_id: bytes) -> str:
    """Where the pad is: kept, in the trash, or gone; whole, wherever that is."""
    kept = {pad.pad_id for pad in engine.listing()}
    trashed = {pad.pad_id for pad in keeping.trashed(engine)}
    if pad_id not in kept | trashed:
        # Until the drive's word is done here, its keys may still be in the table of pads.
        return "gone"
    assert text_of(engine, pad_id) == TEXT
    assert (pad_id in kept) != (pad_id in trashed)
    return "kept" if pad_id in kept else "trash"


def new_pad(home: Path, *, trashed: bool = False) -> bytes:
    async def make(engine: Engine) -> bytes:
        pad_id = engine.create_pad("Plan", text=TEXT).pad_id
        if trashed:
            keeping.trash(engine, pad_id)
        if engine.relay_url():
            await engine.sync()
        return pad_id

    made = in_home(home, make)
    assert isinstance(made, bytes)
    return made


def make_home(tmp_path: Path, relay_url: str | None = None) -> Path:
    home = tmp_path / "Anna"
    vault, _ = Vault.create(home, PASSPHRASE, name="Anna", relay_url=relay_url, kdf_memory_mib=64)
    vault.close()
    return home


@pytest.mark.parametrize(
    ("work", "begins", "ends"),
    [(trash, "kept", "trash"), (restore, "trash", "kept"), (empty, "trash", "gone")],
)
def test_the_trash_is_done_or_not_begun_wherever_it_is_killed(
    work: Work, begins: str, ends: str, tmp_path: Path
) -> None:
    home, seen = make_home(tmp_path), list[str]()
    other = new_pad(home)
    for step in range(MOST_STEPS):
        pad_id = new_pad(home, trashed=begins == "trash")
        died = killed_at(step, home, pad_id, work)

        async def look(engine: Engine, pad_id: bytes = pad_id) -> str:
            found = place(engine, pad_id)
            await work(engine, pad_id) if found != ends else None
            assert place(engine, pad_id) == ends
            if ends == "gone":
                assert engine.vault.pad(pad_id) is None
                assert not engine.drive.tree().trashed_ms(pad_id.hex())
            assert place(engine, other) == "kept"
            return found

        seen.append(str(in_home(home, look)))
        if not died:
            break
    assert not died
    assert set(seen) == {begins, ends}
    # Once it is done it stays so, however much later it dies.
    assert seen == sorted(seen, key=[begins, ends].index)


def test_destroying_is_done_or_not_begun_wherever_it_is_killed(relay: RelayProcess, tmp_path: Path) -> None:
    home, seen = make_home(tmp_path, relay.url), list[SyncWord]()
    for step in range(0, MOST_STEPS * 2, 3):
        pad_id = new_pad(home)
        died = killed_at(step, home, pad_id, destroy)

        async def look(engine: Engine, pad_id: bytes = pad_id) -> SyncWord:
            await engine.sync([pad_id])
            found = engine.listing_of(pad_id).sync
            assert text_of(engine, pad_id) == TEXT
            if found is not SyncWord.DELETED:
                with engine.borrowed(pad_id) as session:
                    assert session.can_edit
                await membership.destroy(engine, pad_id)
            else:
                with pytest.raises(EngineError):
                    await membership.destroy(engine, pad_id)
            assert engine.listing_of(pad_id).sync is SyncWord.DELETED
            assert text_of(engine, pad_id) == TEXT
            keeping.trash(engine, pad_id)
            return found

        found = in_home(home, look)
        assert isinstance(found, SyncWord)
        seen.append(found)
        if not died:
            break
    assert not died
    assert set(seen) == {SyncWord.SYNCED, SyncWord.DELETED}
