"""The screens over the real engine, vault and relay: what is typed in one app is read in the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.host.paths import HEADER_NAME
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.share import ShareScreen
from cryptpad_tui.vault.vault import Vault
from support.warm_terminal import WarmTerminal

PASSPHRASE = b"pw"
_RUN = """
import pathlib, sys
from cryptpad_tui.ui.running import run_app
sys.exit(run_app(pathlib.Path(sys.argv[1])))
"""


def make_vault(home: Path, name: str, relay: str | None = None) -> Path:
    vault, _ = Vault.create(home, PASSPHRASE, name=name, relay_url=relay, kdf_memory_mib=64)
    vault.close()
    return home


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """ANNA, whose machine has the relay, and BOB."""
    yield make_vault(tmp_path / "a", "ANNA", "local"), make_vault(tmp_path / "b", "BOB")
    EmbeddedRelay(tmp_path / "a" / "relay").stop()


@asynccontextmanager
async def running(home: Path, *, pad: str | None = None) -> AsyncIterator[tuple[CryptpadApp, Pilot[int]]]:
    app = CryptpadApp(home, passphrase=PASSPHRASE, pad=pad, environ={}, backend=VaultBackend(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, PadScreen if pad else DriveScreen), app)
        yield app, pilot


async def until(condition: Callable[[], object], app: CryptpadApp, timeout_s: float = 15.0) -> None:
    for _ in range(int(timeout_s / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"did not come; the screen:\n{text_of(app)}")


def text_of(app: CryptpadApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def pad_of(app: CryptpadApp) -> PadScreen:
    screen = app.screen
    assert isinstance(screen, PadScreen)
    return screen


def sees(app: CryptpadApp, text: str) -> Callable[[], bool]:
    return lambda: text in text_of(app)


async def test_two_apps_edit_one_pad_through_a_relay(homes: tuple[Path, Path]) -> None:
    async with running(homes[0]) as (anna, keys_a), running(homes[1]) as (bob, keys_b):
        await keys_a.press("ctrl+n")
        await keys_a.press("P", "enter")
        await until(lambda: isinstance(anna.screen, PadScreen), anna)
        pad_of(anna).view.editor.paste("written by ANNA\n")
        await keys_a.press("ctrl+t")
        await until(lambda: isinstance(anna.screen, ShareScreen), anna)
        await keys_a.press("down", "enter")
        await until(sees(anna, "pad1:"), anna)
        link = anna.screen._link  # type: ignore[attr-defined]
        await keys_a.press("escape")
        await keys_b.press("ctrl+o")
        bob.post_message(events.Paste(link))
        await keys_b.pause()
        await keys_b.press("enter")
        await until(sees(bob, "gives you the right to read and change it"), bob)
        await keys_b.press("enter")
        await until(sees(bob, "written by ANNA"), bob)
        await until(sees(bob, "● ANNA"), bob)
        await until(sees(anna, "● "), anna)
        await keys_b.press("B", "o", "b")
        await until(sees(anna, "Bobwritten by ANNA"), anna)
        await until(sees(anna, "● BOB"), anna)
        await until(sees(anna, "confirmed by BOB"), anna)
        assert pad_of(anna).view.position == (1, 0), "another's typing moved the caret with its text only"


async def test_a_vault_made_on_the_screen_keeps_what_was_typed(tmp_path: Path) -> None:
    home = tmp_path / "new"
    app = CryptpadApp(home, environ={}, backend=VaultBackend(home, kdf_memory_mib=64))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("A", "enter", "p", "w", "enter", "p", "w", "enter", "enter")
        await until(sees(app, "Your recovery key"), app)
        await pilot.press("enter")
        await until(sees(app, "There is no pad here yet"), app)
        await pilot.press("ctrl+n")
        await pilot.press("T", "enter")
        await until(lambda: isinstance(app.screen, PadScreen), app)
        await pilot.press("h", "i")
    async with running(home, pad="T") as (again, _):
        assert pad_of(again).session.view.text() == "hi"


async def test_a_database_without_its_header_is_never_set_aside_in_silence(tmp_path: Path) -> None:
    home = make_vault(tmp_path / "v", "A")
    (home / HEADER_NAME).unlink()
    before = sorted(path.name for path in home.iterdir())
    app = CryptpadApp(home, environ={}, backend=VaultBackend(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p", "w", "enter")
        await until(sees(app, "without its vault.hdr"), app)
    assert sorted(path.name for path in home.iterdir()) == before


@pytest.mark.e2e
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_typing_loses_nothing(tmp_path: Path, end: signal.Signals) -> None:
    home = make_vault(tmp_path / "v", "A")
    with WarmTerminal(["-c", _RUN, str(home)]) as terminal:
        terminal.wait_for("This vault is locked")
        terminal.send("pw\r")
        terminal.wait_for("There is no pad here yet")
        terminal.send("\x0e")
        terminal.wait_for("The title of the pad")
        terminal.send("T\r")
        terminal.wait_for("saved here")
        terminal.send("last words")
        terminal.wait_for("last words")
        os.kill(terminal.pid, end)
        assert terminal.wait_exit() == 128 + end
        assert "Traceback" not in terminal.text()
    asyncio.run(_expect(home, "last words"))


async def _expect(home: Path, text: str) -> None:
    from cryptpad_tui.engine import Engine

    engine = Engine(Vault.open(home, passphrase=PASSPHRASE))
    session = engine.open_pad(engine.find("T").pad_id)
    assert session.view.text() == text
    session.close()
    await engine.close()


@pytest.mark.e2e
def test_the_demo_shows_a_colleague_and_leaves_nothing(tmp_path: Path) -> None:
    with WarmTerminal(["-m", "cryptpad_tui.ui.demo"], env={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("● KATE", 30.0)
        terminal.wait_for("KATE brings")
        terminal.press("ctrl+q")
        assert terminal.wait_exit(20.0) == 0
    assert list(tmp_path.iterdir()) == []
