"""The chat beside the text: shown, said, counted as new, and harmless whatever others say."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from textual import events
from ui.fake_engine import HOSTILE, FakeSession, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.comments.chat import Chat, Message
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.engine import SessionEvent, mentions
from cryptpad_tui.engine.chatting import ChatLine
from cryptpad_tui.ui.pads import mention_words
from cryptpad_tui.ui.pads.chat_pane import ChatPane, painted
from cryptpad_tui.ui.screens.pad import PadScreen

LINE = listing("Minutes", number=1)


async def opened(there: World, *, can_edit: bool = True) -> FakeSession:
    there.engine.settings["limited/box"] = "so that nobody is a contact"
    session = there.engine.session(LINE, "the text\n", can_edit=can_edit)
    await there.app.open_pad(LINE.pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen) and there.app.screen.view.size.width)
    return session


def other(session: FakeSession, name: str = "BEN", client: int = 9) -> tuple[ViewDocument, Chat]:
    """A colleague's replica."""
    view = ViewDocument(client_id=client, kind=PadKind.TEXT, state=session.view.encode())
    key = SigningSeed(bytes([client]) * 32)
    chat = Chat(
        view,
        session.pad_id,
        identity=lambda: key,
        name=lambda: name,
        wall_ms=lambda: 1_000_000,
        rng=random.Random(client).randbytes,
    )
    return view, chat


def hears(session: FakeSession, text: str, name: str = "BEN", client: int = 9) -> None:
    view, chat = other(session, name, client)
    view.take_updates()
    chat.say(text)
    session.view.read_only, was = False, session.view.read_only
    for update in view.take_updates():
        session.view.apply(update)
    session.view.read_only = was
    session.tell(SessionEvent.STATUS)


async def test_what_is_new_is_counted_shown_beside_the_text_and_answered() -> None:
    async with world(LINE, size=(80, 24)) as there:
        session = await opened(there)
        hears(session, "shall we meet at nine, or is that far too early for you?")
        await there.sees("1 new in the chat")
        await there.press("f11")
        await there.sees("● BEN")
        assert "the text" in there.text()
        await there.until(lambda: "new in the chat" not in there.text())
        await there.sees("Esc Back to the text")
        assert "Esc List" not in there.text()
        await there.press(*"nine", "enter")
        await there.sees("● You")
        assert [message.text for message in session.chat.messages()][1:] == ["nine"]
        assert session.view.text() == "the text\n"
        await there.press("escape", "x")
        assert session.view.text() == "xthe text\n"
        await there.press("ctrl+e", "f11")
        assert not there.app.screen.query_one(ChatPane).display
        await there.press("y")
        assert session.view.text() == "xythe text\n"


async def test_the_newest_stay_in_sight_but_for_who_reads_older_ones() -> None:
    async with world(LINE, size=(80, 24)) as there:
        session = await opened(there)
        for n in range(40):
            hears(session, f"message {n}")
        await there.press("f11")
        await there.sees("message 39")
        assert "message 0" not in there.text()
        await there.press("pageup", "pageup", "pageup")
        await there.sees("message 0")
        hears(session, "message 40")
        await there.pilot.pause(0.2)
        assert "message 0" in there.text()
        await there.press("k", "enter")
        await there.sees("● You")


async def test_a_viewer_reads_and_says_nothing() -> None:
    async with world(LINE) as there:
        session = await opened(there, can_edit=False)
        hears(session, "hello")
        await there.press("f11")
        await there.sees("hello")
        await there.sees("Saying something needs the right to write.")
        await there.press(*"no", "enter", "escape")
        assert len(session.chat.messages()) == 1
        await there.until(lambda: there.app.screen.query_one("#editor").has_focus)


async def test_too_long_a_message_stays_where_it_was_typed_and_a_paste_is_one_line() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        await there.press("f11")
        pane = there.app.screen.query_one(ChatPane)
        there.app.post_message(events.Paste("one\ntwo\x1b[31m" + "é" * 1_000))
        await there.until(lambda: pane.field.value)
        await there.press("enter")
        await there.sees("can have 2,000 bytes")
        assert pane.field.value.startswith("one two␛[31m")
        assert session.chat.messages() == []


async def test_a_tiny_window_shows_the_chat_in_the_place_of_the_text() -> None:
    async with world(LINE, size=(40, 12)) as there:
        session = await opened(there)
        hears(session, "hello")
        await there.press("f11")
        await there.sees("hello")
        assert not there.app.screen.query_one("#editor").display
        await there.press("escape")
        await there.until(lambda: there.app.screen.query_one("#editor").has_focus)


async def test_hostile_names_and_words_do_nothing() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        view, _ = other(session)
        view.take_updates()
        message = Message("chat/0000000999999-00000000", 999_999, bytes(32), HOSTILE, 1, HOSTILE)
        line = ChatLine(message, HOSTILE, "", verified=False, me=False, unread=True)
        rows = list(painted([line, replace(line, name="B")], 20, 0.0))
        text = "".join(part for row in rows for part, _ in row)
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in text)
        hears(session, "[bold red]x[/]\u202e", name="[@click=app.quit]B")
        await there.press("f11")
        await there.sees("[bold red]x[/]")


def test_a_name_that_cannot_be_shown_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in the pad chose it; Tab would write into the remark what nobody sees."""
    found = ["Anna", "Ben Smith", HOSTILE, "Be\u202en", "B\u200ben", "B" * 80]
    monkeypatch.setattr(mentions, "names", lambda engine, session: found)
    screen: Any = SimpleNamespace(door=SimpleNamespace(engine=object()), session=None)
    assert mention_words.names(screen) == ["Anna", "Ben Smith"]


async def test_tab_completes_a_name_and_a_message_leads_to_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mention_words, "names", lambda _: ["Anna", "Ben Smith"])
    async with world(LINE) as there:
        session = await opened(there)
        name = session.comments.comment(Position(0, 4), Position(0, 8), "which?")
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        screen.go_to(name)
        assert screen.view.position == (0, 4)
        screen.go_to("ff" * 8)
        await there.sees("It is not there any more")
        screen.go_to("chat/0000000000001-00000000")
        await there.until(lambda: screen.query_one(ChatPane).field.has_focus)
        await there.press(*"hi @b", "tab", *"now", "enter")
        await there.sees("hi @ben Smith now")
