"""Files on their way in the app: in threads, with a bar, stopped by a key, and nothing is left of what was
stopped."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ui.test_attachments_app import answer_path, text_of, until

from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.files import apart, making, reading
from cryptpad_tui.engine.files.book import Room
from cryptpad_tui.engine.files.choosing import choose
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.saving import save
from cryptpad_tui.engine.files.sending import SendReport
from cryptpad_tui.host.target_file import TargetFile
from cryptpad_tui.pad import objects
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.transfers import Transfer, TransferDialog, room_left
from cryptpad_tui.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("cheap_passphrases")
PASSPHRASE = b"pw"
SIZE = 700_000


class Gate:
    """Holds a thread until the loop opens it; on the loop itself it would never open."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(5), "the loop does not run meanwhile"

    def open_soon(self) -> None:
        asyncio.get_running_loop().call_later(0.02, self.opened.set)


def gated(gate: Gate, work: Callable[..., object]) -> Callable[..., object]:
    def waits(*arguments: object, **named: object) -> object:
        gate.wait()
        return work(*arguments, **named)

    return waits


@pytest.fixture
def home(tmp_path: Path) -> Path:
    vault, _ = Vault.create(tmp_path / "a", PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    vault.close()
    return tmp_path / "a"


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    vault = Vault.open(home, passphrase=PASSPHRASE)
    yield Engine(vault)
    vault.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "film.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


async def test_the_loop_runs_while_a_file_is_sealed_read_and_written(
    engine: Engine, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = [Gate() for _ in range(4)]
    monkeypatch.setattr(reading, "open_piece", gated(gates[1], objects.open_piece))
    monkeypatch.setattr(TargetFile, "write", gated(gates[2], TargetFile.write))
    monkeypatch.setattr(TargetFile, "keep", gated(gates[3], TargetFile.keep))
    for gate in gates:
        gate.open_soon()
    with making.source_file(source) as opened:
        monkeypatch.setattr(opened, "read", gated(gates[0], opened.read))
        pad = await making.make_file_pad_apart(engine, opened)
    ref, target = choose(engine, pad.pad_id), tmp_path / "again.bin"
    await save(engine, pad.pad_id, ref, target, force=False, told=making.no_progress)
    assert target.read_bytes() == source.read_bytes()
    assert all(gate.reached.is_set() for gate in gates)


async def test_who_stops_the_sealing_leaves_nothing_and_waits_for_the_thread(
    engine: Engine, source: Path
) -> None:
    told, gate, seen = list[int](), Gate(), list[bool]()

    def tell(done: int) -> None:
        told.append(done)
        gate.wait()

    with making.source_file(source) as opened:
        task = asyncio.create_task(making.make_file_pad_apart(engine, opened, told=tell))
        await until_set(gate.reached)
        task.cancel()
        await asyncio.sleep(0.01)
        seen.append(task.done())
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (len(told), seen) == (1, [False])
    assert engine.listing() == []
    assert list(KeptFiles(engine.vault.directory).directory.iterdir()) == []


async def test_who_stops_at_the_last_step_leaves_what_is_collected(engine: Engine, source: Path) -> None:
    with making.source_file(source) as opened:
        work = apart.entered_in_thread
        entered = asyncio.Event()

        @asynccontextmanager
        async def then_stopped(*arguments: Any) -> AsyncIterator[Any]:
            async with work(*arguments) as value:
                entered.set()
                await asyncio.sleep(60)
                yield value

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(making, "entered_in_thread", then_stopped)
            task = asyncio.create_task(making.make_file_pad_apart(engine, opened))
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    making.collect(engine)
    assert engine.listing() == []
    assert list(KeptFiles(engine.vault.directory).directory.iterdir()) == []


async def until_set(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(0.002)


def test_a_bar_says_how_far_it_is() -> None:
    transfer = Transfer("Sealing", "film\x1b.bin", 2**20)
    assert transfer.title == "Sealing “film␛.bin”"
    transfer(2**18)
    bar, said = transfer.bar().split("\n")
    assert (bar.count("━"), len(bar)) == (10, 40)
    assert said == " 25 %  256.0 KiB of 1.0 MiB"
    assert "100 %" in Transfer("Sealing", "empty", 0).bar()


def test_the_room_at_the_relay_is_told_before_it_is_used_up() -> None:
    def said(used: int) -> str:
        return room_left(SendReport(room=Room(used, 10 * 2**20, 0)))

    assert said(7 * 2**20) == room_left(SendReport()) == ""
    assert "room for 1.0 MiB more" in said(9 * 2**20)
    assert "room for 0 B more" in said(11 * 2**20)


async def test_a_long_file_shows_a_bar_that_is_sent_away_or_stops_it(
    home: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(making.SourceFile, "read", gated(gate, making.SourceFile.read))
    app = CryptpadApp(home, passphrase=PASSPHRASE, environ={}, backend=VaultBackend(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, DriveScreen) and app.takes_keys(app.screen), app)
        app.screen.perform("drive.upload")  # type: ignore[attr-defined]
        await answer_path(app, pilot, source)
        await until(lambda: isinstance(app.screen, TransferDialog), app)
        await until(lambda: "0 %  0 B of 683.6 KiB" in text_of(app), app)
        await pilot.press("down", "enter")
        gate.opened.set()
        await until(lambda: "Stopped; the drive is as it was." in text_of(app), app)
        assert app.engine is not None
        assert app.engine.listing() == []
        gate.opened.clear()
        app.screen.perform("drive.upload")  # type: ignore[attr-defined]
        await answer_path(app, pilot, source)
        await until(lambda: isinstance(app.screen, TransferDialog), app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DriveScreen) and app.takes_keys(app.screen), app)
        app.screen.perform("drive.transfers")  # type: ignore[attr-defined]
        await until(lambda: isinstance(app.screen, TransferDialog), app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DriveScreen) and app.takes_keys(app.screen), app)
        gate.opened.set()
        await until(lambda: "It is sent when there is a relay." in text_of(app), app)
        app.screen.perform("drive.transfers")  # type: ignore[attr-defined]
        await until(lambda: "No file is on its way." in text_of(app), app)
        assert [pad.title for pad in app.engine.listing()] == ["film.bin"]
