"""The preview beside the source, or in its place: what it shows, that it follows, and what it costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.geometry import Region
from ui.fake_engine import FakeSession, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.ui.pads.preview_pane import PreviewPane
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.widgets.editor_view import EditorView

KEY = "alt+shift+v"
MANY = "".join(f"# Part {n}\n\nText of part {n}.\n\n- one\n- two\n\n" for n in range(300))


class Pad(World):
    """An app with one pad open."""

    session: FakeSession

    @property
    def pane(self) -> PreviewPane:
        return self.app.screen.query_one(PreviewPane)

    @property
    def view(self) -> EditorView:
        return self.app.screen.query_one(EditorView)

    def rows(self) -> list[str]:
        return [self.pane.render_line(y).text.rstrip(" ▐") for y in range(self.pane.size.height)]

    def somebody_writes(self, text: str) -> None:
        """At the top."""
        state = b"".join(self.session.view.take_updates())
        other = ViewDocument(client_id=9, kind=PadKind.TEXT, state=state)
        other.replace(Position(0, 0), Position(0, 0), text)
        for update in other.take_updates():
            self.session.view.apply(update)

    async def shows(self, text: str) -> None:
        await self.until(lambda: any(text in row for row in self.rows()))


@asynccontextmanager
async def pad(
    text: str, *, size: tuple[int, int] = (120, 40), kind: PadKind = PadKind.TEXT
) -> AsyncIterator[Pad]:
    line = listing("Plan", number=1, kind=kind)
    async with world(line, size=size) as there:
        there.__class__ = Pad
        assert isinstance(there, Pad)
        there.session = there.engine.session(line, text)
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        yield there


async def test_beside_the_source_where_there_is_room() -> None:
    async with pad("# Plan\n\n- [x] **done**\n") as there:
        await there.press(KEY)
        await there.shows("☑ done")
        assert there.view.display
        assert there.view.size.width + there.pane.size.width >= 116
        assert there.rows()[:2] == ["Plan", "════"]
        await there.press("x")
        assert there.session.view.text().startswith("x# Plan")
        await there.press(KEY)
        assert not there.pane.display


async def test_in_place_of_the_source_where_there_is_none() -> None:
    async with pad(MANY, size=(80, 24)) as there:
        await there.press(KEY)
        await there.shows("Part 0")
        assert not there.view.display
        before = there.session.view.text()
        await there.press("x")
        await there.sees("This is the preview")
        assert there.session.view.text() == before
        await there.press("pagedown")
        assert there.rows()[0] != "Part 0"
        await there.press("escape")
        await there.until(lambda: there.view.has_focus)
        assert not there.pane.display
        await there.press("y")
        assert there.session.view.text().startswith("y#")


async def test_a_window_made_wide_or_narrow_shows_both_or_one() -> None:
    async with pad(MANY, size=(120, 24)) as there:
        await there.press(KEY)
        await there.pilot.resize_terminal(80, 24)
        await there.until(lambda: not there.view.display)
        await there.until(lambda: there.pane.has_focus)
        await there.pilot.resize_terminal(130, 24)
        await there.until(lambda: there.view.has_focus)
        await there.shows("Part 0")


async def test_typing_shows_after_a_moment_and_repaints_its_rows_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pad("# Plan\n\none\n\ntwo\n\nthree\n") as there:
        await there.press(KEY)
        await there.shows("three")
        refreshed: set[int] = set()
        refresh = there.pane.refresh

        def recorded(*regions: Region, **options: bool) -> PreviewPane:
            refreshed.update(y for region in regions for y in region.line_range)
            return refresh(*regions, **options)

        monkeypatch.setattr(there.pane, "refresh", recorded)
        there.view.reveal(Position(4, 3))
        updates = there.pane.updates
        await there.press(*"!!!")
        assert there.pane.updates <= updates + 1
        await there.shows("two!!!")
        assert refreshed == {5}


async def test_the_preview_follows_the_source_and_a_wheel_moves_it_alone() -> None:
    async with pad(MANY) as there:
        await there.press(KEY)
        there.view.reveal(Position(7 * 200, 0))
        await there.shows("Text of part 200.")
        assert there.pane.rows[0].line <= 7 * 200
        top = there.view.editor.state.viewport.top
        there.pane.post_message(_wheel(there.pane))
        await there.pilot.pause()
        before = there.rows()
        assert there.view.editor.state.viewport.top == top
        there.somebody_writes("far above\n\n")
        await there.pilot.pause(0.4)
        assert there.rows() == before
        await there.press("up")
        await there.until(lambda: there.rows() != before)


def _wheel(pane: PreviewPane) -> events.MouseScrollDown:
    return events.MouseScrollDown(pane, 1, 1, 0, 0, 0, False, False, False)


async def test_the_end_of_the_source_is_the_end_of_the_preview() -> None:
    async with pad(MANY) as there:
        await there.press(KEY, "alt+d")
        await there.shows("Text of part 299.")
        assert there.rows()[there.pane.size.height // 2 - 1]


async def test_hostile_text_reaches_the_preview_as_plain_characters() -> None:
    async with pad(
        "[bold red]x[/] \u202e [a](javascript:alert(1)) &#27;]0;x&#7;\n\n<img src=x onerror=y>\n"
    ) as there:
        await there.press(KEY)
        await there.shows("<img src=x onerror=y>")
        assert not set("".join(there.rows())) & {"\x1b", "\x07", "\x9b", "\u202e"}


async def test_rich_text_says_that_it_is_shown_as_it_reads() -> None:
    async with pad("text", kind=PadKind.RICHTEXT) as there:
        await there.press(KEY)
        await there.sees("Rich text is shown as it reads already")


async def test_a_hidden_preview_does_nothing() -> None:
    async with pad("text") as there:
        await there.press(KEY, KEY)
        updates = there.pane.updates
        await there.press(*"abc")
        await there.pilot.pause(0.3)
        assert there.pane.updates == updates


async def test_code_is_coloured_and_what_is_searched_for_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def colours(
        self: object, language: str, lines: tuple[str, ...]
    ) -> list[list[tuple[int, int, str]]]:
        assert (language, lines) == ("python", ("x = 1", "漢 = 2"))
        return [[(4, 5, "code.number")], []]

    monkeypatch.setattr("cryptpad_tui.host.colours.Colourist.colours", colours)
    async with pad("tea 漢tea\n\n> ```py\n> x = 1\n> 漢 = 2\n> ```\n") as there:
        await there.pilot.press(KEY)

        def styles(text: str) -> list[tuple[str, ...]]:
            return [s.styles for row in there.pane.rows for s in row.row.spans if s.text == text]

        await there.until(lambda: styles("1") == [("code.lang", "code.number")])
        there.app.screen.perform("find.open")  # type: ignore[attr-defined]
        await there.pilot.press("t", "e", "a")
        await there.until(lambda: styles("tea") == [("find",), ("find",)])
        await there.pilot.press("escape")
        await there.until(lambda: styles("tea") == [])
