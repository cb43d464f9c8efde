"""Finding and replacing in the line below the text: toggles, the count, one, all after a look, one undo."""

from __future__ import annotations

import pytest
from ui.test_preview_pane import pad

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.find import Query, replacements
from cryptpad_tui.editor.find_count import SLICE_LINES, MatchCount, replaced_lines
from cryptpad_tui.editor.selection import Selection
from cryptpad_tui.ui.screens.replace import ReplaceDialog

TEXT = "one two\nTwo three two\n" * 8


async def test_the_match_and_how_many_there_are_are_shown() -> None:
    async with pad(TEXT, size=(80, 24)) as there:
        await there.press("ctrl+f", *"two")
        await there.sees("1 of 24")
        await there.press("down")
        await there.sees("2 of 24")
        await there.press("alt+p")
        await there.sees("1 of 24")
        await there.press("enter")
        assert there.view.editor.selected_text() == "two"
        assert there.view.has_focus


async def test_tab_does_not_lead_from_a_question_into_the_text() -> None:
    async with pad(TEXT, size=(80, 24)) as there:
        for question in ("ctrl+f", "ctrl+g"):
            await there.press(question, "1", "tab", "2", "shift+tab", "3", "escape")
            assert there.view.has_focus
        assert there.view.editor.state.lines[0] == TEXT.split("\n")[0]


async def test_toggles_change_what_is_found_and_are_shown() -> None:
    async with pad("two Two twos\n", size=(120, 24)) as there:
        await there.press("ctrl+f", *"two")
        await there.sees("1 of 3")
        await there.press("alt+c")
        await there.sees("1 of 2")
        await there.press("alt+w")
        await there.sees("1 of 1")
        await there.sees("Alt+W ✓word")
        await there.press("alt+c", "alt+w", "alt+r", "s", "?", "$")
        await there.sees("1 of 1")


async def test_a_pattern_that_is_none_yet_is_a_sentence_and_enter_keeps_asking() -> None:
    async with pad("a(b\n", size=(80, 24)) as there:
        await there.press("ctrl+f", "alt+r", "a", "(")
        await there.sees("This is no pattern yet")
        await there.press("enter")
        await there.sees("This is no pattern yet")
        await there.press("escape")
        assert there.view.has_focus
        await there.press("ctrl+f", "alt+r", *"zzz")
        await there.sees("Not found")


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
async def test_one_after_the_other_is_replaced_and_skipped(kind: PadKind) -> None:
    async with pad("aa bb aa\naa\n", size=(80, 24), kind=kind) as there:
        await there.press("alt+shift+f", *"aa", "enter", "x", "enter", "down", "enter", "escape")
        assert there.session.view.text() == "x bb aa\nx\n"
        assert there.view.has_focus


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
async def test_all_are_replaced_after_a_look_as_one_undo_step(kind: PadKind) -> None:
    async with pad(TEXT, size=(80, 24), kind=kind) as there:
        await there.press("alt+shift+f", *"two", "enter", *"2", "alt+a")
        await there.until(lambda: isinstance(there.app.screen, ReplaceDialog))
        await there.sees("Enter replaces 24 in 16 lines")
        assert "- one two" in there.text()
        assert "+ one 2" in there.text()
        await there.press("enter")
        await there.until(lambda: there.session.view.text() == TEXT.replace("two", "2").replace("Two", "2"))
        await there.until(lambda: there.view.has_focus)
        await there.press("ctrl+z")
        assert there.session.view.text() == TEXT


async def test_a_look_that_is_left_changes_nothing() -> None:
    async with pad(TEXT, size=(80, 24)) as there:
        await there.press("alt+shift+f", *"two", "enter", "alt+a")
        await there.until(lambda: isinstance(there.app.screen, ReplaceDialog))
        await there.press("escape")
        assert there.session.view.text() == TEXT
        await there.press("escape")
        await there.until(lambda: there.view.has_focus)


async def test_escape_goes_back_to_where_the_search_began() -> None:
    async with pad(TEXT, size=(80, 24)) as there:
        await there.press("ctrl+f", *"three", "escape")
        assert there.view.position == (0, 0)


def test_a_count_in_slices_is_the_count_and_knows_the_place_of_each() -> None:
    lines = LineIndex("ab ab\n" * (SLICE_LINES + 10))
    count = MatchCount(Query("ab"))
    place = Position(SLICE_LINES + 2, 3)
    match = Selection(place, Position(place.line, 5))
    assert count.count_on(lines)
    assert count.ordinal(lines, match) == 0
    assert not count.count_on(lines)
    assert count.total == 2 * (SLICE_LINES + 10)
    assert count.ordinal(lines, match) == 2 * (SLICE_LINES + 2) + 2
    assert count.ordinal(lines, Selection(place, place)) == 0


def test_a_look_shows_a_line_with_all_its_changes_and_cuts_what_is_long() -> None:
    lines = LineIndex("a b a\n" + "x" * 10_000 + "a" + "y" * 10_000)
    first, second = replaced_lines(replacements(lines, Query("a"), "Z"), 10)
    assert first == (0, "a b a", "Z b Z")
    assert second.after.startswith("…" + "x" * 20 + "Z" + "y")
    assert len(second.after) < 300
