"""Every screen over an engine of values: what a person sees, and what their keys ask of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from ui.fake_engine import HOSTILE, SECRET, FakeBackend, FakeEngine, listing, person

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import NO_RELAY, Link, encode_link
from cryptpad_tui.engine import SessionEvent, SyncWord, linking
from cryptpad_tui.engine.linking import LinkFacts
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.first_run import FirstRunScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.unlock import UnlockScreen

Press = Pilot[int]


class World:
    """An app under a pilot."""

    def __init__(self, app: CryptpadApp, pilot: Press, engine: FakeEngine, backend: FakeBackend) -> None:
        self.app, self.pilot, self.engine, self.backend = app, pilot, engine, backend

    async def press(self, *keys: str) -> None:
        """Press keys; letters in a row go to one field, so they need no pause between them."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            if len(key) > 1:
                await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(200):
            if condition():
                return
            await asyncio.sleep(0.01)
            await self.pilot.pause()
        raise AssertionError(f"did not come; the screen:\n{self.text()}")

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in self.text())

    def text(self) -> str:
        """The screen as a person sees it."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


@asynccontextmanager
async def world(
    *lines: Any,
    size: tuple[int, int] = (80, 24),
    exists: bool = True,
    unlocked: bool = True,
    environ: dict[str, str] | None = None,
    pad: str | None = None,
    habits: Habits | None = None,
    held: bool = False,
) -> AsyncIterator[World]:
    engine = FakeEngine(*lines)
    backend = FakeBackend(engine, exists=exists)
    backend.is_held = held
    passphrase = SECRET if unlocked else None
    app = CryptpadApp(
        Path("/nowhere"),
        pad=pad,
        passphrase=passphrase,
        backend=backend,
        environ=environ or {"TERM": "xterm"},
        habits=habits,
    )
    async with app.run_test(size=size) as pilot:
        there = World(app, pilot, engine, backend)
        if unlocked and exists:
            await there.until(lambda: isinstance(app.screen, PadScreen if pad else DriveScreen))
        await pilot.pause()
        yield there
    assert engine.closed or app.engine is not engine


async def test_first_start_makes_a_vault_and_shows_the_recovery_key_once() -> None:
    async with world(exists=False) as there:
        assert isinstance(there.app.screen, FirstRunScreen)
        await there.press(*"ANNA", "enter", *"pw", "enter", *"px", "enter", "enter")
        await there.sees("The two passphrases differ")
        await there.press(*"pw", "enter", "down", "enter")
        await there.sees("AAAA-BBBB-CCCC-DDDD")
        assert there.backend.created == (b"pw", "ANNA", "local")
        assert "whoever loses it loses everything" in " ".join(there.text().split())
        await there.press("enter")
        await there.sees("There is no pad here yet")
        assert "^N" in there.text()


async def test_first_start_refuses_an_address_that_is_none() -> None:
    async with world(exists=False) as there:
        await there.press(
            *"A", "enter", *"pw", "enter", *"pw", "enter", "down", "down", "enter", *"x", "enter"
        )
        await there.sees("starts with wss://")
        assert there.backend.created == ()


async def test_wrong_passphrase_is_a_clear_line_and_another_try_opens() -> None:
    async with world(unlocked=False) as there:
        assert isinstance(there.app.screen, UnlockScreen)
        await there.press(*"wrong", "enter")
        await there.sees("The passphrase is wrong")
        assert "wrong" not in there.text().replace("The passphrase is wrong", "")
        await there.press(*SECRET.decode(), "enter")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))


async def test_what_unlock_left_opens_at_the_start_and_not_after_a_lock() -> None:
    async with world(unlocked=False, held=True) as there:
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        await there.press("f9")
        await there.until(lambda: isinstance(there.app.screen, UnlockScreen))
        await there.pilot.pause(0.1)
        assert isinstance(there.app.screen, UnlockScreen)


async def test_a_passphrase_that_is_being_typed_never_lands_in_the_list() -> None:
    """The held key comes a moment after the first letters."""
    async with world(unlocked=False) as there:
        screen = there.app.screen
        assert isinstance(screen, UnlockScreen)
        await there.press(*"sec")
        closed: list[bool] = []
        there.backend.open_held = lambda: SimpleNamespace(close=lambda: closed.append(True))  # type: ignore[method-assign]
        await screen._open_held()
        assert there.app.screen is screen
        assert closed == [True]


async def test_who_types_on_while_the_vault_is_entered_opens_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(unlocked=False) as there:
        goes_on, opened = asyncio.Event(), there.backend.open
        entered = there.app.enter
        passphrases: list[bytes] = []

        async def slowly(vault: Any, *, by_recovery: bool = False) -> None:
            await goes_on.wait()
            await entered(vault, by_recovery=by_recovery)

        def noted(passphrase: bytes) -> Any:
            passphrases.append(passphrase)
            return opened(passphrase)

        monkeypatch.setattr(there.app, "enter", slowly)
        monkeypatch.setattr(there.backend, "open", noted)
        await there.press(*SECRET.decode(), "enter")
        await there.until(lambda: passphrases)
        await there.press(*"note", "enter")
        goes_on.set()
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert passphrases == [SECRET]


async def test_the_recovery_key_opens_and_asks_for_a_new_passphrase() -> None:
    async with world(unlocked=False) as there:
        await there.press("f2", *"ABC", "enter")
        await there.sees("Choose a new passphrase")
        await there.press("n", "enter", "n", "enter")
        await there.until(lambda: ("reset", b"n") in there.engine.calls)


async def test_typing_filters_and_enter_opens_what_is_left() -> None:
    async with world(listing("Minutes", number=1), listing("Budget", number=2)) as there:
        await there.press(*"min")
        await there.until(lambda: "Budget" not in there.text())
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        assert there.app.screen.session.pad_id == listing("", number=1).pad_id  # type: ignore[attr-defined]
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert there.engine.sessions[listing("", number=1).pad_id].calls[-2:] == ["flush", "close"]


async def test_new_rename_and_remove_with_confirmation() -> None:
    async with world() as there:
        await there.press("ctrl+n", *"Plan", "enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        await there.press("escape")
        await there.sees("Plan")
        await there.press("f2", "X", "enter")
        await there.sees("PlanX")
        await there.press("delete", "enter")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert len(there.engine.lines) == 1
        await there.press("delete", "down", "enter")
        await there.sees("There is no pad here yet")


async def test_a_link_pasted_in_pieces_is_joined_whole_once_it_said_what_it_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = Link(Role.VIEW, bytes(32), 0, bytes(32), 0, bytes(16), NO_RELAY, "wss://relay.example")
    facts = LinkFacts(bytes(32), "view", PadKind.TEXT, ("tulip",) * 8, link.address, False, False)

    async def look(*_: object, **__: object) -> LinkFacts:
        return facts

    monkeypatch.setattr(linking, "look", look)
    text = encode_link(link)
    async with world() as there:
        await there.press("ctrl+o")
        await there.pilot.pause()
        there.app.post_message(events.Paste(f" {text[:40]}  │\n    │  {text[40:]}\n"))
        await there.press("enter")
        await there.sees("gives you the right to read it")
        await there.sees("tulip tulip")
        assert ("join", link) not in there.engine.calls
        await there.press("enter")
        await there.until(lambda: ("join", link) in there.engine.calls)


async def test_what_is_no_link_joins_nothing_and_says_why() -> None:
    async with world() as there:
        await there.press("ctrl+o")
        await there.pilot.pause()
        there.app.post_message(events.Paste("pad1:ABCD"))
        await there.press("enter")
        await there.sees("Nothing was joined")
        await there.press("ctrl+o")
        await there.press(*"42-tulip", "enter")
        await there.sees("A code is a number and two words")


@pytest.mark.parametrize("url", [None, "local", "wss://relay.example.org"])
async def test_the_relay_stays_what_it_is_where_nothing_is_chosen(url: str | None) -> None:
    async with world() as there:
        there.engine.url = url
        await there.press("ctrl+r")
        await there.sees("At present")
        await there.press("enter", "enter")
        await there.sees("Pads stay on this machine" if url is None else "The relay is chosen")
        assert there.engine.url == url


async def test_share_says_what_a_link_gives_and_copies_only_on_request() -> None:
    async with world(listing("Plan", number=1)) as there:
        copied: list[str] = []
        there.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await there.press("ctrl+t")
        await there.sees("A link needs a relay")
        there.engine.url = "local"
        await there.press("ctrl+t")
        await there.sees("A link to read")
        await there.press("down", "enter")
        await there.sees("can read and change the pad")
        assert ("make_link", False) in there.engine.calls
        assert "pad1:AAA" in there.text()
        assert copied == []
        await there.press("ctrl+c")
        assert copied == [there.engine.link]


async def test_share_without_a_reachable_relay_says_so_and_shows_no_link() -> None:
    async with world(listing("Plan", number=1)) as there:
        there.engine.url, there.engine.unreachable = "local", True
        await there.press("ctrl+t", "enter")
        await there.sees("The relay cannot be reached")
        assert "pad1:" not in there.text()


async def test_a_view_only_pad_offers_no_link_to_edit_and_says_why_keys_do_nothing() -> None:
    line = listing("Theirs", number=1, role="view")
    async with world(line) as there:
        there.engine.url = "local"
        session = there.engine.session(line, "their text", can_edit=False)
        await there.press("enter", "x")
        await there.sees("You can read this pad but not change it")
        assert "view only" in there.text()
        assert session.view.text() == "their text"
        await there.press("ctrl+t")
        await there.sees("A link to read")
        assert "A link to edit" not in there.text()


async def test_people_are_shown_and_two_of_one_name_are_told_apart() -> None:
    line = listing("Plan", number=1)
    async with world(line) as there:
        session = there.engine.session(line, "one\ntwo")
        session.here = [
            person("ANNA", key=b"\x01\x02"),
            person("ANNA", key=b"\x03\x04", caret=Position(1, 1)),
        ]
        await there.press("enter")
        await there.sees("ANNA·0102")
        assert "ANNA·0304" in there.text()
        await there.press("f5")
        await there.sees("is at line 2")
        await there.press("end")
        assert session.cursor == (Position(0, 3), Position(0, 3))


async def test_hostile_titles_and_names_reach_the_screen_as_plain_characters() -> None:
    line = listing(HOSTILE, number=1, alarms=(HOSTILE,))
    async with world(line) as there:
        await there.sees("[bold red]x[/]")
        session = there.engine.session(line, "text")
        session.here = [person(HOSTILE)]
        session.text = HOSTILE
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        session.problem = HOSTILE
        session.tell(SessionEvent.NOTICE)
        await there.pilot.pause(0.2)
        for text in (there.text(),):
            assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e"}
        await there.press("escape", "delete")
        await there.sees("Remove “")
        assert not set(there.text()) & {"\x1b", "\x07", "\x9b", "\u202e"}


async def test_quitting_with_unsent_changes_says_so_and_a_second_quit_does_not_ask() -> None:
    line = listing("Plan", number=1, sync=SyncWord.WAITING, waiting=3)
    async with world(line) as there:
        await there.press("ctrl+q")
        await there.sees("What you wrote in 1 pad is not sent yet")
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        await there.press("ctrl+q")
        await there.sees("Everything is saved here")
        await there.press("ctrl+q")
        await there.until(lambda: not there.app._running)


async def test_nothing_leaves_a_pad_that_cannot_be_saved_without_being_asked_to() -> None:
    line = listing("Plan", number=1)
    async with world(line, pad="Plan") as there:
        session = there.engine.sessions[line.pad_id]
        session.disk_full = True
        for key in ("ctrl+s", "escape", "f9"):
            await there.press(key)
            await there.sees("There is no room left on the disk")
            assert isinstance(there.app.screen, PadScreen)
        await there.press("ctrl+q")
        await there.sees("Quit, and lose the last changes")
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        session.disk_full = False
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert session.calls[-1] == "close"


async def test_a_pad_that_was_removed_elsewhere_can_be_left() -> None:
    line = listing("Plan", number=1)
    async with world(line, pad="Plan") as there:
        there.engine.sessions[line.pad_id].removed = True
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))


async def test_locking_drops_the_engine_and_asks_for_the_passphrase() -> None:
    line = listing("Plan", number=1)
    async with world(line, pad="Plan") as there:
        await there.press("f9")
        await there.until(lambda: isinstance(there.app.screen, UnlockScreen) and there.engine.closed)
        assert there.app.engine is None
        assert "flush" in there.engine.sessions[line.pad_id].calls
        await there.press("ctrl+r", "f9", "f1")
        await there.sees("The keys that work here")


async def test_the_palette_runs_commands_and_says_which_work_elsewhere() -> None:
    line = listing("Plan", number=1)
    async with world(line, pad="Plan") as there:
        session = there.engine.sessions[line.pad_id]
        await there.press("a", "ctrl+p")
        await there.sees("a part of a command")
        await there.press(*"select all", "enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        await there.press("backspace")
        await there.until(lambda: session.view.text() == "")
        await there.press("escape", "ctrl+p")
        await there.sees("a part of a command")
        await there.press(*"tick", "enter")
        await there.sees("That one works elsewhere")
        await there.press("escape", "ctrl+p", *"no such thing")
        await there.sees("No command is called that")


async def test_a_question_mark_asks_for_help_only_where_no_title_is_typed() -> None:
    async with world(listing("Why?", number=1)) as there:
        await there.press("question_mark")
        await there.sees("The keys that work here")
        await there.press("escape")
        await there.press("w")
        there.app.post_message(events.Key("question_mark", "?"))
        await there.sees("w?")
        assert isinstance(there.app.screen, DriveScreen)


async def test_ten_thousand_pads_are_filtered_as_one_types() -> None:
    lines = [listing(f"Pad number {number}", number=number) for number in range(10_000)]
    async with world(*lines) as there:
        await there.press(*"r 777")
        await there.sees("11 pads")


async def test_finding_moves_with_every_letter_and_escape_goes_back() -> None:
    line = listing("Plan", number=1)
    async with world(line) as there:
        session = there.engine.session(line, "one\ntwo\nthree")
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        view = there.app.screen.view  # type: ignore[attr-defined]
        await there.press("ctrl+f", *"th")
        assert view.position.line == 2
        await there.press("escape")
        assert view.position.line == 0
        await there.press("ctrl+g", "2", "enter", "x")
        assert session.view.text() == "one\nxtwo\nthree"


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5)])
async def test_every_size_shows_the_screen_or_a_sentence_and_keeps_the_text(size: tuple[int, int]) -> None:
    line = listing("Plan", number=1)
    async with world(line, size=size, pad="Plan") as there:
        session = there.engine.sessions[line.pad_id]
        hidden = size == (20, 5)
        await there.press("h", "i")
        assert session.view.text() == ("" if hidden else "hi"), "nobody types blindly"
        assert ("too small" in " ".join(there.text().split())) == hidden
        for columns, rows in ((1, 1), (200, 3), (3, 60), (80, 24)):
            await there.pilot.resize_terminal(columns, rows)
            await there.pilot.pause()
        await there.press("h", "i")
        await there.sees("hi" if hidden else "hihi")


async def test_dialogs_and_the_first_start_fit_into_forty_by_ten() -> None:
    async with world(listing("Plan", number=1), size=(40, 10)) as there:
        await there.press("delete")
        await there.sees("Keep it")
        await there.press("escape", "f1")
        await there.sees("Open the pad")
    async with world(exists=False, size=(40, 10)) as there:
        await there.press(*"A", "enter", *"p", "enter", *"p", "enter", "enter")
        await there.until(lambda: there.backend.created)


async def test_without_colours_the_chosen_row_is_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with world(listing("Plan", number=1), listing("Other", number=2)) as there:
        strips = there.app.screen._compositor.render_strips()
        rows = [strip for strip in strips if "Other" in strip.text]
        assert rows
        assert any(segment.style is not None and segment.style.reverse for segment in rows[0])


async def test_an_idle_list_and_an_idle_pad_paint_nothing() -> None:
    line = listing("Plan", number=1)
    async with world(line) as there:
        await there.pilot.pause(0.3)
        painted: list[object] = []
        original = there.app._display
        there.app._display = lambda *given: painted.append(given) or original(*given)  # type: ignore[method-assign, func-returns-value]
        await asyncio.sleep(1.2)
        assert painted == []
