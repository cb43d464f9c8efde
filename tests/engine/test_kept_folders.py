"""Shared folders are kept in step by the app itself, as long as it runs."""

from __future__ import annotations

import asyncio

import pytest
from engine.test_shared_folders import house, paths

from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.folders import kept_open
from cryptpad_tui.engine.folders.making import make_shared
from support.relay import RelayProcess
from support.sessions import MakeEngine


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_open, "LOOK_S", 0.05)
    monkeypatch.setattr(kept_open, "_BETWEEN_S", 0.01)


async def shows(engine: Engine, path: str) -> bool:
    for _ in range(500):
        if path in paths(engine):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_what_somebody_puts_into_a_shared_folder_is_shown_without_being_asked_for(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, _, folder, _ = await house(relay, make_engine, "Plan")
    await boris.start()
    assert boris.drive_session
    for _ in range(500):
        if (session := boris.session_of(folder)) and session.attached_here:
            break
        await asyncio.sleep(0.02)
    anna.create_pad("Menu", text="Tea.\n", folder="Team")
    await anna.sync()
    assert await shows(boris, "Team/Menu")
    await boris.close()


async def test_of_very_many_folders_some_are_open_and_the_others_have_their_turn(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_open, "MAX_OPEN", 2)
    anna, brought = make_engine("Anna", relay_url="ws://127.0.0.1:1"), list[bytes]()
    folders = [make_shared(anna, f"Team {at}") for at in range(4)]
    monkeypatch.setattr(anna.drive_sync.bringing, "add", brought.extend)
    kept = kept_open.KeptFolders(anna)
    kept.start()
    for _ in range(200):
        if brought:
            break
        await asyncio.sleep(0.02)
    held = {folder for folder in folders if (session := anna.session_of(folder)) and session.opened}
    assert len(held) == 2
    assert {*brought} == {*folders} - held
    anna.remove(min(held))
    for _ in range(200):
        if anna.session_of(min(held)) is None and len([*anna.open_pads]) > 2:
            break
        await asyncio.sleep(0.02)
    assert anna.session_of(min(held)) is None, "what is removed is let go"
    await kept.stop()
    assert not [session for session in anna.open_pads if session.pad_id in folders]


async def test_who_must_have_a_folder_closed_has_it_for_a_moment(make_engine: MakeEngine) -> None:
    """As where a member gets another right to it: the session of before has the old keys."""
    anna = make_engine("Anna", relay_url="ws://127.0.0.1:1")
    folder, kept = make_shared(anna, "Team"), anna.shared_folders.kept
    kept.start()

    async def opened() -> bool:
        for _ in range(200):
            if (session := anna.session_of(folder)) and session.opened:
                return True
            await asyncio.sleep(0.02)
        return False

    assert await opened()
    kept.release(folder)
    assert anna.session_of(folder) is None
    assert await opened(), "and it is opened again"
    assert anna.open_pads.take_out(folder, keep_writer=False)
    anna.vault.set_setting("something", "else")
    assert await opened(), "also where somebody took it out without asking"
    await kept.stop()
