"""What the editor asks in one line, with what a person sees there before the first key."""

from __future__ import annotations

import pytest
from ui.fake_engine import FakeSession, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.screens.fields import Field
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.prompt import PromptLine
from cryptpad_tui.ui.widgets.text_line import KeyBar

LINE = listing("Minutes", number=1, kind=PadKind.RICHTEXT)
START = Position(0, 0)


async def opened(there: World, address: str = "") -> FakeSession:
    session = there.engine.session(LINE, "here\n")
    if address:
        session.view.format(START, Position(0, 4), {"link": address})
    await there.app.open_pad(LINE.pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen) and there.app.screen.view.has_focus)
    return session


def answer(there: World) -> str:
    return there.app.screen.query_one(PromptLine).query_one(Field).value


async def test_enter_alone_makes_the_table_that_the_question_names() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        there.app.screen.perform("format.table")  # type: ignore[attr-defined]
        await there.sees("Rows x columns (else 3x2)")
        await there.press("enter", *"one")
        assert session.view.text().count("\n") == 8
        assert "one" in session.view.text()


async def test_a_link_is_changed_where_it_stands() -> None:
    async with world(LINE) as there:
        session = await opened(there, "https://example.org/a")
        await there.press("right", "alt+shift+l")
        assert answer(there) == "https://example.org/a"
        await there.press("backspace", "b", "enter")
        assert session.view.runs()[0] == ("here", {"link": "https://example.org/b"})


@pytest.mark.parametrize("address", ["https://example.org/\u202egro.live", "https://e.org/\u200bx"])
async def test_an_address_that_shows_as_another_is_not_offered(address: str) -> None:
    async with world(LINE) as there:
        await opened(there, address)
        await there.press("right", "alt+shift+l")
        assert answer(there) == ""


async def test_the_foot_says_what_the_keys_do_where_the_keyboard_is() -> None:
    async with world(LINE) as there:
        await opened(there)
        keys = there.app.screen.query_one(KeyBar)
        assert ("Alt+S", "Format") in keys.keys
        await there.press("ctrl+g")
        assert keys.keys == PromptLine.KEYS
        await there.press("escape", "ctrl+f")
        assert ("Esc", "Back") in keys.keys
        assert ("Esc", "List") not in keys.keys
        await there.press("escape")
        assert ("Esc", "List") in keys.keys


async def test_a_click_on_a_key_of_the_foot_is_that_key() -> None:
    async with world(LINE) as there:
        await opened(there)
        bar = there.app.screen.query_one(KeyBar)
        label = [key for key, _ in bar.keys].index("Alt+S")
        start = sum(len(f" {key} {word} ") for key, word in bar.keys[:label])
        await there.pilot.click(KeyBar, offset=(start + 2, 0))
        await there.sees("Superscript")
        await there.pilot.click(KeyBar, offset=(70, 0))
        await there.pilot.click(KeyBar, offset=(18, 0))
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        await there.pilot.click(KeyBar, offset=(2, 0))
        await there.until(lambda: not isinstance(there.app.screen, PadScreen))
