"""Removing, restoring, forgetting and destroying a pad, killed at each step: done, or not begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cryptpad_tui.engine import Engine, keeping, membership
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.vault.vault import Vault
from support.dying import STRIDE, each_step, killed_at
from support.relay import RelayProcess

from .conftest import PASSPHRASE

Work = Callable[[Engine, bytes], Awaitable[object]]
TEXT = "what must not be lost\n"
MOST_STEPS = 60
MOST_DESTROYED = 40
FEWER = min(STRIDE, 3)


def work_in(home: Path, pad_id: bytes, work: Work) -> None:
    """In a process of its own."""

    async def run() -> None:
        engine = Engine(Vault.open(home, passphrase=PASSPHRASE), short_lived=True)
        await work(engine, pad_id)
        await engine.close()

    asyncio.run(run())


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
        died = killed_at(step, lambda pad_id=pad_id: work_in(home, pad_id, work))  # type: ignore[misc]

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
    home = make_home(tmp_path, relay.url)

    async def make(engine: Engine) -> list[bytes]:
        numbers = range(MOST_DESTROYED // FEWER)
        made = [engine.create_pad(f"Plan {number}", text=TEXT).pad_id for number in numbers]
        await engine.sync()
        return made

    pads = in_home(home, make)
    assert isinstance(pads, list)
    steps = each_step(lambda step: work_in(home, pads[step // FEWER], destroy), stride=FEWER)
    killed = [pads[step // FEWER] for step, died in steps if died]
    assert len(killed) > 10 // FEWER

    async def look(engine: Engine) -> None:
        await engine.sync()
        found = {pad_id: engine.listing_of(pad_id).sync for pad_id in pads}
        assert set(found.values()) == {SyncWord.SYNCED, SyncWord.DELETED}
        assert found[killed[0]] is SyncWord.SYNCED
        assert found[pads[len(killed)]] is SyncWord.DELETED, "the one that was not killed"
        assert all(text_of(engine, pad_id) == TEXT for pad_id in killed)
        for pad_id in [each for each in killed if found[each] is SyncWord.SYNCED]:
            with engine.borrowed(pad_id) as session:
                assert session.can_edit
        again = next(each for each in reversed(killed) if found[each] is SyncWord.SYNCED)
        await membership.destroy(engine, again)
        with pytest.raises(EngineError):
            await membership.destroy(engine, killed[-1])
        assert engine.listing_of(again).sync is engine.listing_of(killed[-1]).sync is SyncWord.DELETED

    in_home(home, look)
