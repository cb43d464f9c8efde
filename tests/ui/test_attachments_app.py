"""A file by way of the app: attached at the caret, captioned, saved again; taken into the drive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("cheap_passphrases")
PASSPHRASE = b"pw"


async def until(condition: Callable[[], object], app: CryptpadApp) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(text_of(app))


def text_of(app: CryptpadApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def answer_path(app: CryptpadApp, pilot: Pilot[int], path: Path) -> None:
    await until(lambda: isinstance(app.screen, AskDialog), app)
    assert isinstance(app.screen, AskDialog)
    app.screen.field.value = str(path)
    await pilot.press("enter")


async def choose(app: CryptpadApp, pilot: Pilot[int], *keys: str) -> None:
    await until(lambda: isinstance(app.screen, ChooseDialog), app)
    await pilot.press(*keys, "enter")


async def test_a_file_is_attached_said_and_saved(tmp_path: Path) -> None:
    home, source, target = tmp_path / "a", tmp_path / "plan.pdf", tmp_path / "saved.pdf"
    source.write_bytes(b"%PDF" + bytes(5_000))
    vault, _ = Vault.create(home, PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    pad = Engine(vault).create_pad("Plan", kind=PadKind.RICHTEXT, runs=[("see ", {})])
    vault.close()
    app = CryptpadApp(home, passphrase=PASSPHRASE, pad=pad.short_id, environ={}, backend=VaultBackend(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, PadScreen), app)
        app.screen.perform("pad.attach")  # type: ignore[attr-defined]
        await answer_path(app, pilot, source)
        await until(lambda: "▣" in text_of(app), app)
        await until(lambda: "plan.pdf · application/pdf · 4.9 KiB" in text_of(app), app)
        await pilot.press("left")
        await until(lambda: "Enter shows it" in text_of(app), app)
        await pilot.press("enter")
        await choose(app, pilot)
        await answer_path(app, pilot, target)
        await until(target.exists, app)
        assert target.read_bytes() == source.read_bytes()
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, DriveScreen), app)
        app.screen.perform("drive.upload")  # type: ignore[attr-defined]
        await answer_path(app, pilot, source)
        await until(lambda: "plan.pdf" in text_of(app), app)
        assert app.engine is not None
        uploaded = app.engine.find("plan.pdf")
        app.start(app.open_pad(uploaded.pad_id))
        await until(lambda: isinstance(app.screen, ChooseDialog), app)
        await until(lambda: "plan.pdf · application/pdf" in text_of(app), app)
        await pilot.press("escape")
