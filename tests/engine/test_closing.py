"""An engine that ends where the disk is full: nothing is lost unsaid, and it can be tried again."""

from __future__ import annotations

from typing import Any

import pytest

from cryptpad_tui.engine import Engine, PadSession, flush_timer
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


class Disk:
    """A disk that is full from the n-th write of edits on, until it is given room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str = "append_journal") -> None:
        self.full = False
        write = getattr(VaultPadStore, name)

        def guarded(*values: Any, **named: Any) -> Any:
            if self.full:
                raise DiskFull
            return write(*values, **named)

        monkeypatch.setattr(VaultPadStore, name, guarded)


async def _at_work(make_engine: MakeEngine, relay: RelayProcess) -> tuple[Engine, PadSession]:
    engine = make_engine("Anna", relay_url=relay.url)
    session = engine.open_pad(engine.create_pad("Pad", text="start\n").pad_id)
    await engine.start()
    await until(lambda: session.attached_here and not session.waiting)
    return engine, session


async def test_an_engine_that_cannot_save_at_the_last_moment_goes_on_and_closes_later(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush_timer, "RETRY_S", 0.02)
    engine, session = await _at_work(make_engine, relay)
    disk = Disk(monkeypatch)
    disconnect = engine.disconnect

    async def typed_while_leaving() -> None:
        await disconnect()
        append(session, "late\n")
        disk.full = True

    monkeypatch.setattr(engine, "disconnect", typed_while_leaving)
    with pytest.raises(DiskFull):
        await engine.close()
    monkeypatch.setattr(engine, "disconnect", disconnect)
    assert session.not_saved
    disk.full = False
    # Nobody asks again: it is saved and sent by itself, as before the attempt to close.
    await until(lambda: not session.not_saved and session.attached_here and not session.waiting)
    await engine.close()
    assert make_engine("Anna").open_pad(session.pad_id).view.text() == "start\nlate\n"


async def test_a_disk_too_full_for_a_checkpoint_ends_nothing_and_loses_nothing(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, session = await _at_work(make_engine, relay)
    disk = Disk(monkeypatch, "set_checkpoint")
    monkeypatch.setattr("cryptpad_tui.pad.stored_fold.LEFT_TAIL_ENTRIES", 1)
    append(session, "more\n")
    session.flush()
    await until(lambda: not session.waiting)
    disk.full = True
    await engine.close()
    assert make_engine("Anna").open_pad(session.pad_id).view.text() == "start\nmore\n"


async def test_an_engine_can_be_left_without_what_cannot_be_saved(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine("Anna")
    session = engine.open_pad(engine.create_pad("Pad", text="start\n").pad_id)
    await engine.start()
    disk = Disk(monkeypatch)
    disk.full = True
    append(session, "lost\n")
    with pytest.raises(DiskFull):
        await engine.close()
    assert engine.loop is not None, "it runs on"
    with pytest.raises(DiskFull):
        await engine.abandon()
    disk.full = False
    assert make_engine("Anna").open_pad(session.pad_id).view.text() == "start\n"
