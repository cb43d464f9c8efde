"""A disk that is full when somebody leaves: it is said before, and said after, and never called saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from cryptpad_tui.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("cheap_passphrases")
PASSPHRASE = b"pw"


async def _until(condition: Callable[[], object]) -> None:
    for _ in range(750):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+l"])
async def test_who_leaves_a_full_disk_is_asked_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    vault, _ = Vault.create(tmp_path / "home", PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    vault.close()
    app = CryptpadApp(tmp_path / "home", passphrase=PASSPHRASE, environ={})
    async with app.run_test(size=(80, 24)) as pilot:
        await _until(lambda: isinstance(app.screen, DriveScreen))
        assert app.engine is not None
        await app.open_pad(app.engine.create_pad("Plan", text="start").pad_id)
        await pilot.pause()

        def no_room(*values: Any) -> None:
            raise DiskFull

        monkeypatch.setattr(VaultPadStore, "append_journal", no_room)
        await pilot.press("h", "i")
        if key == "ctrl+q":
            await pilot.press(key)
            await _until(lambda: isinstance(app.screen, ChooseDialog))
            await pilot.press("down", "enter")
        else:
            app.start(app.lock())
            await pilot.pause()
            assert isinstance(app.screen, PadScreen), "what is not saved stays open"
            assert app.engine is not None
            await app.leave_vault()
            app.screen.look()  # what was to be shown later comes when nothing is open any more
    assert app.lost.startswith("There is no room left on the disk.")
    Vault.open(tmp_path / "home", passphrase=PASSPHRASE).close()
