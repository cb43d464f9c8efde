"""The app locks itself when nobody is there, and reminds of the kit once a week until it is made."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, kits
from cryptpad_tui.ui import idle_lock
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.unlock import UnlockScreen
from cryptpad_tui.vault.vault import Vault

PASSPHRASE = b"pw"
DAYS_MS = 86_400_000


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A vault with a pad that is two days old."""
    return Path(shutil.copytree(made, tmp_path / "home"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("idle") / "home"
    vault, _ = Vault.create(home, PASSPHRASE, name="A", relay_url=None, kdf_memory_mib=64)
    vault.close()
    two_days_ago = time.time_ns() // 1_000_000 - 2 * DAYS_MS
    vault = Vault.open(home, passphrase=PASSPHRASE)
    engine = Engine(vault, wall_ms=lambda: two_days_ago)
    engine.create_pad("T", text="text")
    kits.reminded(engine)
    vault.close()
    return home


@asynccontextmanager
async def running(home: Path, minutes: int) -> AsyncIterator[tuple[CryptpadApp, Pilot[int]]]:
    habits = Habits()
    habits.settings = replace(habits.settings, idle_lock_minutes=minutes)
    app = CryptpadApp(home, passphrase=PASSPHRASE, environ={"TERM": "xterm"}, habits=habits)
    async with app.run_test() as pilot:
        await reaches(pilot, DriveScreen)
        while minutes and app.idle._timer is None:
            await pilot.pause(0.02)
        yield app, pilot


async def reaches(pilot: Pilot[int], screen: type) -> None:
    for _ in range(400):
        if isinstance(pilot.app.screen, screen):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"the screen is {type(pilot.app.screen).__name__}")


async def test_it_locks_when_the_minutes_are_over_with_all_that_was_typed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = 0.0
    monkeypatch.setattr(idle_lock.IdleLock, "now_s", lambda self: time.monotonic() + offset)
    async with running(home, 5) as (app, pilot):
        assert app.engine is not None
        pad_id = app.engine.listing()[0].pad_id
        await app.open_pad(pad_id)
        await reaches(pilot, PadScreen)
        session = app.engine.session_of(pad_id)
        assert session is not None
        view = session.view
        offset = 299.0
        assert app.idle.touched()
        view.replace(Position(0, 0), Position(0, 0), "more ")
        offset = 299.0 + 299.0
        app.idle._look()
        await pilot.pause(0.05)
        assert isinstance(app.screen, PadScreen)
        # Another program has the terminal: what comes back from it belongs into the pad.
        offset = 299.0 + 301.0
        with app.batch_update():
            app.idle._look()
        await pilot.pause(0.05)
        assert isinstance(app.screen, PadScreen)
        app.idle._look()
        await reaches(pilot, UnlockScreen)
        await pilot.pause(0.2)
        assert app.engine is None
    vault = Vault.open(home, passphrase=PASSPHRASE)
    engine = Engine(vault)
    with engine.borrowed(pad_id) as session:
        assert session.view.text() == "more text"
    await engine.close()


async def test_a_key_after_a_long_sleep_meets_a_locked_vault(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = 0.0
    monkeypatch.setattr(idle_lock.IdleLock, "now_s", lambda self: time.monotonic() + offset)
    async with running(home, 5) as (_, pilot):
        offset = 3_600.0
        await pilot.press("n")
        await reaches(pilot, UnlockScreen)


async def test_it_reminds_of_the_kit_once_a_week_and_takes_no_for_an_answer(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.time_ns() // 1_000_000]
    monkeypatch.setattr(
        "cryptpad_tui.ui.backend.VaultBackend.engine",
        lambda self, vault: Engine(vault, wall_ms=lambda: now[0]),
    )
    async with running(home, 0) as (app, pilot):
        await pilot.pause(0.1)
        assert isinstance(app.screen, DriveScreen), "it was reminded two days ago"
    now[0] += 6 * DAYS_MS
    async with running(home, 0) as (app, pilot):
        await reaches(pilot, ChooseDialog)
        await pilot.press("enter")
        await reaches(pilot, DriveScreen)
        assert app.engine is not None
        assert not kits.is_due(app.engine)
        now[0] += 8 * DAYS_MS
        assert kits.is_due(app.engine)
        kits.reminded(app.engine, never_again=True)
        now[0] += 8 * DAYS_MS
        assert not kits.is_due(app.engine)
        app.engine.vault.set_setting(kits.NEVER, None)
        assert kits.is_due(app.engine)
        kits.note_made(app.engine)
        assert not kits.is_due(app.engine)
