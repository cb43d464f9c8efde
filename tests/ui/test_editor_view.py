"""The editor on the screen: what a row shows, what a key does, and that nobody moves the reader."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual import events
from textual.geometry import Region
from ui.editor_probe import MIXED, EditorApp, Other, new_document

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.widgets.editor_view import EditorView
from cryptpad_tui.ui.widgets.remote_cursors import RemoteCursor, flag_text

SIZE = (40, 10)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def row_text(view: EditorView, y: int) -> str:
    """What a row shows, without the scrollbar."""
    return view.render_line(y).text.rstrip(" ▐")


def row_styles(view: EditorView, y: int, text: str) -> str:
    """The style of the segment that holds `text`."""
    return next(str(segment.style) for segment in view.render_line(y) if text in segment.text)


class Repaints:
    """Records which rows a view asks to be repainted."""

    def __init__(self, view: EditorView, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: set[int] = set()
        refresh = view.refresh

        def recorded(*regions: Region, **options: bool) -> EditorView:
            self.rows |= {y for region in regions for y in region.line_range} if regions else set(range(99))
            return refresh(*regions, **options)

        monkeypatch.setattr(view, "refresh", recorded)

    def take(self) -> set[int]:
        rows, self.rows = self.rows, set()
        return rows


async def test_rows_show_text_with_the_styles_of_markdown() -> None:
    app = EditorApp(new_document(MIXED))
    async with app.run_test(size=SIZE):
        assert row_text(app.view, 0) == "# Title"
        assert "bold" in row_styles(app.view, 2, "bold")
        assert row_text(app.view, 3) == "日本語 wide rows 日本語日本語"
        assert app.view.render_line(3).cell_length == SIZE[0]


async def test_typed_keys_appear_and_only_their_row_is_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = EditorApp(new_document("one\ntwo\nthree\n"))
    async with app.run_test(size=SIZE) as pilot:
        repaints = Repaints(app.view, monkeypatch)
        await pilot.press("down", "h", "i")
        assert row_text(app.view, 1) == "hitwo"
        assert repaints.take() <= {0, 1}
        assert app.cursor_position == (2, 1)


async def test_a_remote_edit_above_leaves_the_readers_rows_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document, other = Other.of("".join(f"line {n}\n" for n in range(500)))
    app = EditorApp(document)
    async with app.run_test(size=SIZE) as pilot:
        app.view.act(lambda: app.view.editor.scroll(300))
        await pilot.pause()
        before = [row_text(app.view, y) for y in range(9)]
        repaints = Repaints(app.view, monkeypatch)
        other.replace((2, 0), (2, 0), "two\nmore\nlines\n")
        await pilot.pause()
        assert [row_text(app.view, y) for y in range(9)] == before
        assert before[0] == "line 300"
        other.replace((499, 0), (499, 0), "far below")
        await pilot.pause()
        assert [row_text(app.view, y) for y in range(9)] == before
        # Line numbers are off, so the rows that kept their place need no paint.
        assert len(repaints.take()) <= 9


async def test_a_remote_edit_repaints_its_row_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    document, other = Other.of("a\nb\nc\nd\n")
    app = EditorApp(document)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.05)
        repaints = Repaints(app.view, monkeypatch)
        other.replace((2, 1), (2, 1), "!")
        await pilot.pause()
        assert row_text(app.view, 2) == "c!"
        assert repaints.take() == {2}


@pytest.mark.parametrize(
    ("caret", "edit", "after"),
    [
        ((0, 4), ((0, 1), (0, 5), ""), (0, 1)),
        ((1, 2), ((0, 3), (2, 1), ""), (0, 3)),
        ((1, 2), ((0, 0), (0, 0), "x\ny\n"), (3, 2)),
        ((0, 1), ((0, 1), (0, 1), "ZZ"), (0, 1)),
    ],
)
async def test_the_caret_keeps_its_place_in_the_text_under_remote_edits(
    caret: tuple[int, int], edit: tuple[tuple[int, int], tuple[int, int], str], after: tuple[int, int]
) -> None:
    document, other = Other.of("abcdef\nline2\nline3")
    app = EditorApp(document)
    async with app.run_test(size=SIZE) as pilot:
        app.view.reveal(Position(*caret))
        other.replace(*edit)
        await pilot.pause()
        assert app.view.position == after
        assert app.cursor_position == (after[1], after[0])


async def test_undo_after_a_remote_edit_takes_back_own_text_only() -> None:
    document, other = Other.of("hello world")
    app = EditorApp(document)
    async with app.run_test(size=SIZE) as pilot:
        app.view.reveal(Position(0, 11))
        await pilot.press("a", "b")
        other.replace((0, 0), (0, 0), "REMOTE ")
        app.view.command("edit.undo") if "edit.undo" in _names() else await pilot.press("ctrl+z")
        await pilot.pause()
        assert document.text() == "REMOTE hello world"


def _names() -> Sequence[str]:
    from cryptpad_tui.editor.commands import COMMANDS

    return list(COMMANDS)


async def test_exotic_line_separators_are_characters_and_not_lines() -> None:
    text = "a\u2028b\u2029c"
    app = EditorApp(new_document(text))
    async with app.run_test(size=SIZE):
        assert len(app.document.lines) == 1
        shown = row_text(app.view, 0)
        assert "\u2028" not in shown
        assert shown.startswith("a")
        assert app.document.text() == text


@pytest.mark.parametrize("cluster", ["👍🏽", "👩‍👩‍👧", "e\u0301", "🇫🇷", "❤️"])
async def test_backspace_takes_a_whole_grapheme(cluster: str) -> None:
    app = EditorApp(new_document(f"ab{cluster}"))
    async with app.run_test(size=SIZE) as pilot:
        app.view.reveal(Position(0, 2 + len(cluster)))
        await pilot.press("backspace")
        assert app.document.text() == "ab"


async def test_the_caret_walks_over_double_width_cells() -> None:
    app = EditorApp(new_document("日本x"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("right", "right")
        assert app.cursor_position == (4, 0)


async def test_double_click_takes_a_word_triple_a_line_and_a_drag_selects() -> None:
    app = EditorApp(new_document("foo bar_baz qux\nsecond\n"))
    async with app.run_test(size=SIZE) as pilot:
        for expected in ("", "bar_baz", "foo bar_baz qux\n"):
            await pilot.mouse_down(EditorView, offset=(6, 0))
            await pilot.mouse_up(EditorView, offset=(6, 0))
            assert app.view.editor.selected_text().rstrip("\n") == expected.rstrip("\n")
        await pilot.mouse_down(EditorView, offset=(1, 1))
        await pilot.hover(EditorView, offset=(4, 1))
        await pilot.mouse_up(EditorView, offset=(4, 1))
        assert app.view.editor.selected_text() == "eco"


async def test_the_wheel_moves_the_view_and_never_the_caret() -> None:
    app = EditorApp(new_document("".join(f"line {n}\n" for n in range(100))))
    async with app.run_test(size=SIZE) as pilot:
        app.view.post_message(_scroll(app.view))
        await pilot.pause()
        assert row_text(app.view, 0) == "line 3"
        assert app.view.position == (0, 0)
        assert not app.view.shows_terminal_cursor


def _scroll(view: EditorView) -> events.MouseScrollDown:
    return events.MouseScrollDown(view, 1, 1, 0, 0, 0, False, False, False)


async def test_the_thumb_of_the_scrollbar_follows_the_view() -> None:
    app = EditorApp(new_document("".join(f"line {n}\n" for n in range(100))))
    async with app.run_test(size=SIZE) as pilot:
        bar = [app.view.render_line(y).text[-1] for y in range(9)]
        assert bar[0] == "▐"
        assert bar[-1] == " "
        app.view.reveal(Position(99, 0))
        await pilot.pause()
        bar = [app.view.render_line(y).text[-1] for y in range(9)]
        assert bar[0] == " "
        assert "▐" in bar[4:]


async def test_a_paste_of_ten_megabytes_is_one_step_and_the_view_goes_on() -> None:
    app = EditorApp(new_document(""))
    async with app.run_test(size=SIZE) as pilot:
        text = "pasted line of some words\r\n" * (10_000_000 // 27)
        app.view.post_message(events.Paste(text))
        await pilot.pause()
        assert len(app.document.lines) == 10_000_000 // 27 + 1
        await pilot.press("x")
        assert app.document.lines[len(app.document.lines) - 1] == "x"


async def test_a_view_only_pad_refuses_keys_with_one_sentence_and_a_bell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = new_document("text")
    document.read_only = True
    app = EditorApp(document)
    bells: list[None] = []
    monkeypatch.setattr(app, "bell", lambda: bells.append(None))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("x", "y")
        assert document.text() == "text"
        assert len(bells) == 2
        assert len(app.said) == 1
        assert "can read this pad but not change it" in app.said[0]


async def test_others_are_shown_in_their_colour_with_a_name_for_a_moment() -> None:
    clock = Clock()
    app = EditorApp(new_document("first\nsecond line\nthird\n"), now=clock)
    async with app.run_test(size=SIZE) as pilot:
        app.view.set_remote_cursors([RemoteCursor("b", "BOB", "#98c379", Position(1, 6), Position(1, 0))])
        await pilot.pause()
        assert "#98c379" in row_styles(app.view, 1, "second")
        assert "on #98c379" in row_styles(app.view, 1, " ")
        assert "BOB" in row_text(app.view, 2)
        clock.now += 10
        app.view._lower_flags()
        await pilot.pause()
        assert row_text(app.view, 2) == "third"


async def test_a_remote_caret_moves_with_edits_until_its_owner_says_where_it_is() -> None:
    app = EditorApp(new_document("first\nsecond\n"))
    async with app.run_test(size=SIZE) as pilot:
        app.view.set_remote_cursors([RemoteCursor("b", "BOB", "red", Position(1, 3))])
        await pilot.press("enter")
        assert app.view._remote[0].caret == (2, 3)


def test_a_name_on_a_flag_is_one_safe_short_row() -> None:
    assert flag_text("EVE\x1b[31m\n\u202e") == " EVE[31m "
    assert flag_text("日" * 30) == f" {'日' * 8} "
    assert flag_text("\x1b") == " ? "


@pytest.mark.parametrize("size", [(80, 24), (30, 8), (12, 3), (3, 2), (1, 1)])
async def test_the_view_fits_any_size_with_line_numbers(size: tuple[int, int]) -> None:
    app = EditorApp(new_document(MIXED), line_numbers=True)
    async with app.run_test(size=size) as pilot:
        await pilot.press("x")
        for y in range(app.view.size.height):
            assert app.view.render_line(y).cell_length == size[0]
        if size[0] == 80:
            assert row_text(app.view, 0).startswith("  1 ")


async def test_line_numbers_widen_with_the_document() -> None:
    app = EditorApp(new_document("x\n" * 998), line_numbers=True)
    async with app.run_test(size=(60, 10)) as pilot:
        narrow = row_text(app.view, 0)
        app.view.act(lambda: app.view.editor.paste("\n\n\n"))
        await pilot.pause()
        app.view.reveal(Position(0, 0))
        assert row_text(app.view, 3).startswith("   4 ")
        assert narrow.startswith("  1 ")


async def test_copy_offers_to_the_terminal_and_typing_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    app = EditorApp(new_document("word here"))
    offered: list[str] = []
    monkeypatch.setattr(app, "copy_to_clipboard", offered.append)
    async with app.run_test(size=SIZE) as pilot:
        app.view.reveal(Position(0, 0), select_to=Position(0, 4))
        assert offered == []
        await pilot.press("ctrl+c")
        assert offered == ["word"]


async def test_escape_is_left_to_the_app_unless_something_is_selected() -> None:
    app = EditorApp(new_document("word"))
    async with app.run_test(size=SIZE):
        assert app.view._command_for("escape") is None
        app.view.reveal(Position(0, 0), select_to=Position(0, 4))
        assert app.view._command_for("escape") == "select.clear"


@pytest.mark.parametrize("key", ["ctrl+i", "ctrl+m", "ctrl+left_square_bracket", "shift+enter", "ctrl+enter"])
async def test_no_command_needs_a_key_that_terminals_cannot_send(key: str) -> None:
    app = EditorApp(new_document("word"))
    async with app.run_test(size=SIZE):
        assert app.view._command_for(key) is None
