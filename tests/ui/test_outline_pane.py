"""The outline on the screen: what it lists, where it goes, and which heading it marks."""

from __future__ import annotations

from ui.test_preview_pane import pad

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.pads.outline import OutlinePane

TEXT = "".join(f"# Part {n}\n\nsome words\n\n## Inside {n}\n\n" for n in range(100))


async def test_headings_are_listed_and_enter_goes_there() -> None:
    async with pad(TEXT, size=(80, 24)) as there:
        await there.press("alt+shift+y")
        await there.sees("  Inside 1")
        pane = there.app.screen.query_one(OutlinePane)
        assert pane.has_focus
        await there.press("down", "down", "enter")
        assert there.view.has_focus
        assert there.view.position == (6, 0)
        assert pane.display


async def test_the_heading_around_the_caret_is_marked_while_one_writes() -> None:
    async with pad(TEXT, size=(120, 40)) as there:
        await there.press("alt+shift+y", "escape")
        pane = there.app.screen.query_one(OutlinePane)
        await there.until(lambda: pane.rows)
        there.view.reveal(Position(6 * 50 + 5, 0))
        await there.until(lambda: pane.chosen is not None and pane.chosen.title == "Inside 50")
        await there.press("alt+u", "#", " ", "N", "enter")
        await there.until(lambda: pane.rows[0].title == "N")
        await there.press("alt+shift+y", "alt+shift+y")
        assert not pane.display
        await there.until(lambda: there.view.has_focus)


async def test_a_tiny_window_shows_the_outline_in_the_place_of_the_text() -> None:
    async with pad(TEXT, size=(40, 12)) as there:
        await there.press("alt+shift+y")
        await there.sees("Part 1")
        assert not there.view.display
        await there.press("down", "enter")
        await there.until(lambda: there.view.has_focus)
        assert there.view.position == (4, 0)


async def test_rich_text_has_an_outline_as_well_and_a_pad_without_headings_says_so() -> None:
    async with pad("title\ntext\n", kind=PadKind.RICHTEXT) as there:
        await there.press("alt+shift+y")
        await there.sees("No headings yet.")
        await there.press("escape", "alt+h")
        pane = there.app.screen.query_one(OutlinePane)
        await there.until(lambda: pane.rows and pane.rows[0].title == "title")
