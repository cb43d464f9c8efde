"""One view of a document that others edit: what is drawn, what stays still, what a key press costs."""

from __future__ import annotations

import pytest
from editor.dsl import KEYMAP, Session, paste, remote, steady
from editor.test_graphemes import SIGNS, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.editor.clean import cleaned
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.frame import Decoration, Frame, changed_rows
from cryptpad_tui.editor.graphemes import snap_back
from cryptpad_tui.editor.spans import STYLES


def drawn(frame: Frame) -> list[str]:
    return ["".join(span.text for span in row.spans) for row in frame.rows]


def styles_at(frame: Frame, y: int, x: int) -> tuple[str, ...]:
    at = 0
    for span in frame.rows[y].spans:
        at += span.cells
        if x < at:
            return span.styles
    return ()


def lines(count: int) -> str:
    return "\n".join(f"line {i}" for i in range(count))


def long_session(count: int = 200, top: int = 100, **options: object) -> Session:
    session = Session("|", **options).do(paste(lines(count)))  # type: ignore[arg-type]
    session.editor.run("goto.line", str(top))
    return session


# -- frames


def test_a_frame_shows_rows_and_the_caret() -> None:
    session = Session("# Ti|tle\nworld", width=20, height=4)
    frame = session.editor.frame()
    assert drawn(frame) == ["# Title", "world", "", ""]
    assert (frame.caret, frame.caret_cells) == ((4, 0), 1)
    assert [row.line for row in frame.rows] == [0, 1, -1, -1]
    assert styles_at(frame, 0, 0) == ("heading.1", "heading.mark")


def test_a_wide_character_under_the_caret_takes_two_cells() -> None:
    frame = Session("a|漢", width=20, height=1).editor.frame()
    assert (frame.caret, frame.caret_cells) == ((1, 0), 2)


def test_a_wrapped_line_numbers_its_first_row_alone() -> None:
    frame = Session("one two three four|", width=12, height=3).editor.frame()
    assert drawn(frame) == ["one two ", "three four", ""]
    assert [row.first for row in frame.rows] == [True, False, False]
    assert frame.caret == (10, 1)


def test_the_selection_shows_and_a_selected_line_end_is_a_cell() -> None:
    frame = Session("a[b\n\nc|]d", width=20, height=3).editor.frame()
    assert drawn(frame) == ["ab ", " ", "cd"]
    assert [styles_at(frame, y, 0) for y in range(3)] == [(), ("selection",), ("selection",)]
    assert styles_at(frame, 0, 2) == ("selection",)
    assert styles_at(frame, 2, 1) == ()


def test_decorations_show_carets_of_others_at_line_ends_too() -> None:
    session = Session("|ab\n漢", width=20, height=2)
    marks = [
        Decoration(Position(0, 2), Position(0, 2), "peer.1"),
        Decoration(Position(1, 0), Position(1, 0), "peer.2"),
        Decoration(Position(9, 0), Position(9, 0), "peer.3"),
    ]
    frame = session.editor.frame(marks)
    assert drawn(frame) == ["ab ", "漢"]
    assert styles_at(frame, 0, 2) == ("peer.1",)
    assert styles_at(frame, 1, 1) == ("peer.2",)


def test_matches_show_while_searching() -> None:
    session = Session("|abc abc", width=20, height=1)
    session.editor.find_start()
    session.editor.find_update("bc")
    frame = session.editor.frame()
    assert styles_at(frame, 0, 5) == ("find",)
    assert styles_at(frame, 0, 1) == ("find", "selection")
    session.editor.find_accept()
    assert styles_at(session.editor.frame(), 0, 5) == ()


def test_what_is_hidden_is_shown_and_named() -> None:
    frame = Session("|**a\u202eb**", width=20, height=1).editor.frame()
    assert drawn(frame) == ["**a<202e>b**"]
    assert styles_at(frame, 0, 5) == ("strong", "control")


def test_a_tab_that_grows_as_it_is_carried_into_the_next_row_stays_inside_of_it() -> None:
    session = Session("|", width=15, height=6)
    session.do(paste("漢aaaa각\ufe0f\t"))
    rows = session.editor.frame().rows
    assert [row.cells for row in rows][:2] == [14, 4]


def test_what_terminals_disagree_about_is_said() -> None:
    frame = Session("|ab🇩🇪c", width=20, height=1).editor.frame()
    assert frame.rows[0].unsure_from == 2


def test_a_key_press_repaints_its_row_alone() -> None:
    session = long_session()
    before = session.editor.frame()
    session.do("x")
    after = session.editor.frame()
    assert after.caret is not None
    assert changed_rows(before, after) == [after.caret[1]]
    session.do("down")
    assert changed_rows(after, session.editor.frame()) == [after.caret[1], after.caret[1] + 1]


def test_a_fence_repaints_what_it_turns_into_code() -> None:
    session = Session("|\na\n\nb\n```\nc", width=20, height=8)
    before = session.editor.frame()
    session.do("`", "`", "`")
    assert changed_rows(before, session.editor.frame()) == [0, 1, 3, 5]


def test_an_idle_frame_equals_the_one_before() -> None:
    session = long_session()
    assert session.editor.frame() == session.editor.frame()
    assert changed_rows(session.editor.frame(), session.editor.frame()) == []
    assert changed_rows(None, session.editor.frame()) == list(range(24))


@steady
@given(st.lists(texts, min_size=1, max_size=6), st.integers(1, 40), st.data())
def test_rows_are_safe_fit_and_know_their_cells(parts: list[str], width: int, data: st.DataObject) -> None:
    session = Session("|", width=width, height=6)
    session.do(paste("\n".join(parts)))
    places = st.builds(Position, st.integers(0, 6), st.integers(0, 40))
    clamp = session.document.lines.clamp
    drawn_places = sorted(clamp(p) for p in data.draw(st.lists(places, min_size=2, max_size=4)))
    marks = [
        Decoration(drawn_places[0], drawn_places[-1], "peer.1"),
        Decoration(*drawn_places[:1] * 2, "peer.2"),
    ]
    session.editor.reveal(drawn_places[0], select_to=drawn_places[1])
    frame = session.editor.frame(marks)
    for row in frame.rows:
        text = "".join(span.text for span in row.spans)
        assert cell_len(text) == row.cells == sum(span.cells for span in row.spans)
        assert row.cells <= session.editor.state.layout.width
        assert text.isprintable() or not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)
        assert all(set(span.styles) <= STYLES | {"peer.1", "peer.2"} for span in row.spans)
    if frame.caret is not None:
        assert 0 <= frame.caret[0] < session.editor.state.layout.width


# -- the view and others


def test_the_view_stays_still_while_others_write_above() -> None:
    session = long_session()
    session.editor.scroll(-30)
    before = drawn(session.editor.frame())
    session.do(remote((3, 0), (5, 1), "more\nand\nmore\nlines\n"))
    session.do(remote((0, 0), (0, 0), "x\n" * 50))
    assert drawn(session.editor.frame()) == before


def test_others_never_pull_the_view_to_the_caret() -> None:
    session = long_session()
    session.editor.scroll(60)
    before = drawn(session.editor.frame())
    session.do(remote((150, 0), (150, 0), "x"))
    assert session.editor.frame().caret is None
    assert [a == b for a, b in zip(before, drawn(session.editor.frame()), strict=True)].count(False) <= 1


def test_typing_comes_back_to_the_caret() -> None:
    session = long_session()
    session.editor.scroll(60)
    session.do("x")
    assert session.editor.frame().caret is not None


def test_a_page_down_and_up_comes_back() -> None:
    session = long_session()
    before = session.editor.frame()
    session.do("pagedown", "pageup")
    assert session.editor.frame() == before
    assert session.do("pagedown").editor.state.head.line == 99 + 22


def test_paging_reaches_both_ends() -> None:
    session = long_session()
    assert session.do(*["pagedown"] * 12).editor.state.head == session.document.lines.end
    assert session.do(*["pageup"] * 12).editor.state.head == (0, 0)


def test_scrolling_leaves_the_caret_and_keys_move_the_view() -> None:
    session = long_session()
    top = session.editor.state.viewport.top.line
    session.do("alt+v", "alt+v", "alt+y")
    assert session.editor.state.viewport.top.line == top + 1
    assert session.editor.state.head.line == 99
    session.editor.scroll_to(0.0)
    assert session.editor.state.viewport.top == (0, 0)
    session.do("alt+m")
    assert session.editor.frame().caret == (0, 12)


def test_a_window_that_grows_at_the_end_of_a_text_shows_more_of_it() -> None:
    session = long_session(200, 200)
    session.editor.resize(40, 6)
    session.editor.resize(40, 20)
    assert drawn(session.editor.frame())[0] == "line 180"
    session.editor.scroll(5)
    session.editor.resize(40, 22)
    assert drawn(session.editor.frame())[0] == "line 185"


def test_another_size_keeps_the_text_on_top_and_the_caret_visible() -> None:
    session = long_session()
    top = session.editor.state.viewport.top
    session.editor.resize(40, 30)
    assert session.editor.state.viewport.top == top
    session.editor.resize(40, 5)
    assert session.editor.frame().caret is not None
    session.editor.resize(0, 0)
    assert len(session.editor.frame().rows) == 1


def test_showing_a_place_leaves_the_caret_and_going_there_takes_it_along() -> None:
    session = long_session()
    session.editor.show(Position(5, 0))
    assert session.editor.state.head.line == 99
    assert session.editor.frame().rows[12].line == 12
    session.editor.reveal(Position(5, 0))
    assert session.editor.state.head == (5, 0)


def test_a_rebuilt_document_keeps_the_line_numbers_where_it_can() -> None:
    session = long_session()
    session.document.lines = LineIndex("```\n" + lines(49))
    session.document._tell(Change((), Origin.RELOAD))
    assert session.editor.state.head == session.document.lines.end
    assert session.editor.state.viewport.top.line < 50
    session.editor.reveal(Position(1, 0))
    assert styles_at(session.editor.frame(), 1, 0) == ("code.block",)


def test_a_closed_editor_follows_no_more() -> None:
    session = Session("a|")
    session.editor.close()
    session.document.replace(Position(0, 0), Position(0, 0), "x")
    assert session.editor.state.head == (0, 1)


def test_a_change_by_another_view_of_this_document_keeps_the_caret_at_its_text() -> None:
    session = Session("ab|c")
    session.document.replace(Position(0, 0), Position(0, 0), "x\n")
    assert session.marked == "x\nab|c"
    session.document.undo()
    assert session.marked == "ab|c"


def test_the_place_a_search_began_follows_the_text() -> None:
    session = Session("one tw|o")
    session.editor.find_start()
    session.editor.find_update("one")
    session.do(remote((0, 0), (0, 0), "zero "))
    session.editor.find_cancel()
    assert session.marked == "zero one tw|o"


# -- the mouse


def test_clicks_choose_places_words_and_lines() -> None:
    session = Session("|one two\nthree", width=20, height=4)
    session.editor.click(5, 0)
    assert session.marked == "one t|wo\nthree"
    session.editor.click(5, 0, count=2)
    assert session.marked == "one [two|]\nthree"
    session.editor.click(5, 0, count=3)
    assert session.marked == "[one two\n|]three"
    session.editor.click(2, 1, extend=True)
    assert session.marked == "[one two\nth|]ree"
    session.editor.click(19, 3)
    assert session.marked == "one two\nthree|"
    session.editor.click(-5, -5)
    assert session.marked == "|one two\nthree"


def test_dragging_selects_and_keeps_the_word_it_began_with() -> None:
    session = Session("|one two three", width=20, height=4)
    session.editor.click(5, 0)
    session.editor.drag(9, 0)
    assert session.marked == "one t[wo t|]hree"
    session.editor.drag(1, 0)
    assert session.marked == "o[|ne t]wo three"
    session.editor.click(5, 0, count=2)
    session.editor.drag(1, 0)
    assert session.marked == "o[|ne two] three"


def test_dragging_out_of_the_view_scrolls() -> None:
    session = long_session()
    top = session.editor.state.viewport.top.line
    session.editor.click(0, 3)
    session.editor.drag(0, 30)
    assert session.editor.state.viewport.top.line == top + 1
    session.editor.drag(0, -1)
    assert session.editor.state.viewport.top.line == top


@pytest.mark.parametrize("x", range(8))
def test_a_click_on_a_wide_character_is_before_it(x: int) -> None:
    session = Session("|漢a👨‍👩‍👧b\tc", width=20, height=1)
    session.editor.click(x, 0)
    assert session.editor.state.head.col in (0, 2 - 1, 2, 7, 8)
    assert session.editor.frame().caret is not None
    assert session.editor.frame().caret[0] <= x


# -- any keys, any edits by others

keys = st.sampled_from([key for c in COMMANDS.values() for key in c.keys[:1]]) | st.sampled_from(SIGNS)


@settings(steady, max_examples=80)
@given(st.data())
def test_the_caret_is_always_in_the_text_at_a_cluster_edge(data: st.DataObject) -> None:
    session = Session("|", width=data.draw(st.integers(12, 30)), height=data.draw(st.integers(1, 8)))
    session.do(paste("\n".join(data.draw(st.lists(texts, max_size=5)))))
    for _ in range(data.draw(st.integers(1, 12))):
        index = session.document.lines
        match data.draw(st.sampled_from(["key", "key", "remote", "mouse"])):
            case "key":
                session.do(data.draw(keys))
            case "remote":
                places = st.builds(Position, st.integers(0, len(index)), st.integers(0, 30)).map(index.clamp)
                start, end = sorted([data.draw(places), data.draw(places)])
                session.do(remote(start, end, cleaned(data.draw(texts | st.just("\n")))[0]))
            case _:
                session.editor.click(data.draw(st.integers(0, 40)), data.draw(st.integers(0, 9)))
        chosen = session.editor.state.selection.primary
        for place in chosen:
            assert index.clamp(place) == place
            assert snap_back(index[place.line], place.col) == place.col
        top = session.editor.state.viewport.top
        assert index.clamp(top) == top
        session.editor.frame()
    assert session.text == "\n".join(index.lines(0, len(index)))


@settings(steady, max_examples=40)
@given(st.data())
def test_frames_do_not_depend_on_how_the_text_came_about(data: st.DataObject) -> None:
    session = Session("|", width=20, height=10)
    for _ in range(data.draw(st.integers(1, 10))):
        session.do(data.draw(keys))
        session.editor.frame()
    fresh = Session("|", width=20, height=10).do(paste(session.text))
    fresh.editor.state = session.editor.state.__class__(
        fresh.document.lines,
        fresh.editor.state.layout,
        session.editor.state.viewport,
        session.editor.state.selection,
    )
    while session.editor.refine() or fresh.editor.refine():
        pass
    assert session.editor.frame().rows == fresh.editor.frame().rows


def test_every_key_does_something_or_nothing_in_an_empty_document() -> None:
    session = Session("|")
    for binding in KEYMAP.bindings():
        session.do(binding.key)
        session.editor.frame()


# -- what a key press costs


class CountingLines(LineIndex):
    """The lines of a document, counting how many are read."""

    def __init__(self, text: str) -> None:
        self.read = 0
        super().__init__(text)

    def __getitem__(self, line: int) -> str:
        self.read += 1
        return super().__getitem__(line)

    def lines(self, start: int, stop: int) -> list[str]:
        found = super().lines(start, stop)
        self.read += len(found)
        return found


def counting_session(count: int) -> tuple[Session, CountingLines]:
    session = Session("|")
    session.document.replace(Position(0, 0), Position(0, 0), lines(count))
    session.editor.close()
    counted = session.document.lines = CountingLines(lines(count))
    session.editor = Editor(session.document)
    return session, counted


COSTLY = {"find.next", "find.previous", "find.open", "select.all"}


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_no_command_and_no_frame_reads_more_than_a_few_screens_of_lines(place: float) -> None:
    session, counted = counting_session(20_000)
    session.editor.reveal(Position(int(19_999 * place), 0))
    session.editor.frame()
    for name in COMMANDS:
        if name in COSTLY:
            continue
        counted.read = 0
        session.editor.run(name)
        session.editor.frame()
        assert counted.read < 1500, name
    for act in (lambda: session.editor.scroll_to(0.3), lambda: session.editor.show(Position(9_999, 0))):
        counted.read = 0
        act()
        session.editor.frame()
        assert counted.read < 1500


def test_typing_reads_as_much_in_a_long_document_as_in_a_short_one() -> None:
    reads = []
    for count in (600, 20_000):
        session, counted = counting_session(count)
        while session.editor.refine():
            pass
        session.editor.reveal(Position(count // 2, 0))
        session.do("x")
        session.editor.frame()
        counted.read = 0
        session.do("x")
        session.editor.frame()
        reads.append(counted.read)
    assert reads[1] <= reads[0] + 64
