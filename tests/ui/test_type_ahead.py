"""Keys that come faster than the screen answers them: each reaches what it was typed for."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets._input import Input
from ui.fake_engine import listing
from ui.test_screens_fake import World, world

from cryptpad_tui.ui import type_ahead
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a command waits two seconds for its answer: a busy machine may take longer."""
    monkeypatch.setattr(type_ahead, "_FRESH_S", 60.0)


def burst(there: World, *keys: str) -> None:
    """What a slow link or a slow start delivers: everything in one piece."""
    for key in keys:
        there.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("enter", ["enter", "ctrl+j"])
async def test_a_passphrase_typed_ahead_is_never_in_the_field_before(enter: str) -> None:
    async with world(exists=False) as there:
        burst(there, *"ANNA", enter, *"pw", enter, *"pw", enter, "down", enter)
        await there.sees("AAAA-BBBB-CCCC-DDDD")
        assert there.backend.created == (b"pw", "ANNA", "local")


async def test_keys_follow_the_screens_that_their_commands_open() -> None:
    async with world() as there:
        burst(there, "ctrl+n", *"Plan", "enter", *"one", "enter", *"two", "escape", "f2", *"s", "enter")
        await there.until(lambda: there.engine.lines and there.engine.lines[0].title == "Plans")
        session = next(iter(there.engine.sessions.values()))
        assert session.view.text() == "one\ntwo"
        assert isinstance(there.app.screen, DriveScreen)
        assert there.app.screen.query_one(Input).value == ""


async def test_a_paste_keeps_its_place_among_the_keys() -> None:
    async with world(listing("Plan", number=1)) as there:
        burst(there, "enter", "a")
        there.app.post_message(events.Paste("b"))
        burst(there, "c", "home", "x")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        session = next(iter(there.engine.sessions.values()))
        await there.until(lambda: session.view.text() == "xabc")
