"""Rows are whole lines cut where a reader would cut them; the view follows the text."""

from __future__ import annotations

import pytest
from editor.dsl import steady
from editor.test_graphemes import FAMILY, FLAG, texts
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.values import Change, Origin, Position, TextEdit
from cryptpad_tui.editor.frame import paint
from cryptpad_tui.editor.graphemes import clusters
from cryptpad_tui.editor.layout import MIN_WIDTH, PAGE_CHARS, Layout, Row, text_cells
from cryptpad_tui.editor.screen_rows import above, below, moved
from cryptpad_tui.editor.viewport import (
    Viewport,
    at_fraction,
    centred,
    extent,
    mapped,
    revealing,
    scrolled,
    visible_rows,
)
from cryptpad_tui.editor.wrap import wrap


def rows_of(text: str, width: int = 12, line: int = 0) -> list[str]:
    layout = Layout(LineIndex(text), width)
    row: Row | None = layout.row_at(Position(line, 0))
    found = []
    while row is not None and row.line == line:
        found.append(layout.lines[line][row.start : row.end])
        row = below(layout, row)
    return found


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("eleven char", ["eleven char"]),
        ("one two three four", ["one two ", "three four"]),
        ("exactly elev en", ["exactly ", "elev en"]),
        ("hello world again", ["hello world ", "again"]),  # the space stands in the cell kept for the caret
        ("hello world ", ["hello world ", ""]),  # and a caret behind it has a row of its own
        ("https://example.org/x", ["https://exa", "mple.org/x"]),
        ("  https://example.org", ["  https://e", "xample.org"]),
        ("漢字漢字漢字漢字", ["漢字漢字漢", "字漢字"]),
        ("漢字漢字漢。字", ["漢字漢字", "漢。字"]),
        ("abc漢字漢字漢字", ["abc漢字漢字", "漢字"]),
        (f"0123456789{FLAG}x", ["0123456789", f"{FLAG}x"]),
        ("naïve café olé", ["naïve café ", "olé"]),
        ("a\tb\tc\td", ["a\tb\t", "c\td"]),
        ("xxxxxxxxx\u202ey", ["xxxxxxxxx", "\u202ey"]),
    ],
)
def test_lines_break_where_a_reader_would(text: str, rows: list[str]) -> None:
    assert rows_of(text) == rows


@steady
@given(texts, st.integers(MIN_WIDTH, 30))
def test_rows_put_together_are_the_line(text: str, width: int) -> None:
    rows = rows_of(text, width)
    assert "".join(rows) == text
    for row in rows[:-1]:
        assert row
        assert clusters(row)[-1:] == clusters(text)[-1:] or text_cells(row, 4) <= width


@steady
@given(texts, st.integers(MIN_WIDTH, 30))
def test_rows_fit_and_are_drawn_as_wide_as_they_are_laid_out(text: str, width: int) -> None:
    *others, last = rows_of(text, width)
    for row in others:
        assert text_cells(row, 4) <= width
    assert text_cells(last, 4) < width  # a caret behind it has a cell
    for row in (*others, last):
        shown = paint(row, (), (), 4)
        assert cell_len("".join(span.text for span in shown.spans)) == shown.cells == text_cells(row, 4)


@steady
@given(st.text("ab c漢", max_size=60), st.integers(MIN_WIDTH, 20))
def test_plain_text_and_other_text_break_alike(text: str, width: int) -> None:
    plain = text.replace("漢", "d")
    with_zero_width = [row.replace("ä", "d") for row in rows_of(text.replace("漢", "ä"), width)]
    assert rows_of(plain, width) == with_zero_width


@steady
@given(texts, st.integers(MIN_WIDTH, 30), st.data())
def test_a_cell_leads_to_the_column_it_came_from(text: str, width: int, data: st.DataObject) -> None:
    layout = Layout(LineIndex(text), width)
    edges = [0]
    for cluster in clusters(text):
        edges.append(edges[-1] + len(cluster))
    col = data.draw(st.sampled_from(edges))
    row = layout.row_at(Position(0, col))
    assert row.start <= col <= row.end
    assert layout.col_at(row, layout.cell_of(row, col)) == col


def test_walking_up_meets_the_rows_of_walking_down() -> None:
    text = "\n".join(["word " * 9, "", "漢字" * 20, "x" * 40, f"{FAMILY} " * 9])
    layout = Layout(LineIndex(text), 16)
    down = [layout.row_at(Position(0, 0))]
    while (row := below(layout, down[-1])) is not None:
        down.append(row)
    up = [layout.row_at(layout.lines.end)]
    while (row := above(layout, up[-1])) is not None:
        up.append(row)
    assert up[::-1] == down


def test_a_very_long_line_is_laid_out_page_by_page() -> None:
    text = "word " * 400_000
    layout = Layout(LineIndex(text), 40)
    row = layout.row_at(Position(0, len(text) // 2))
    for _ in range(500):
        following = below(layout, row)
        assert following is not None
        assert following.start == row.end
        assert above(layout, following) == row
        row = following
    assert layout.row_at(Position(0, len(text))).end == len(text)


def test_a_page_of_a_long_line_never_cuts_a_cluster() -> None:
    text = "x" * (PAGE_CHARS - 2) + FAMILY + "y" * PAGE_CHARS
    layout = Layout(LineIndex(text), 40)
    row = layout.row_at(Position(0, PAGE_CHARS - 3))
    assert row.end == PAGE_CHARS - 2
    following = below(layout, row)
    assert following is not None
    assert following.start == PAGE_CHARS - 2
    assert layout.row_at(Position(0, PAGE_CHARS + 1)) == following


def test_no_more_than_a_page_of_a_long_line_is_wrapped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def measured(text: str, width: int, tab_width: int) -> tuple[int, ...]:
        sizes.append(len(text))
        return wrap(text, width, tab_width)

    monkeypatch.setattr("cryptpad_tui.editor.layout.wrap", measured)
    layout = Layout(LineIndex("wörd " * 100_000), 40)
    row = layout.row_at(Position(0, 250_000))
    moved(layout, row, -100)
    assert 1 <= len(sizes) <= 2
    assert max(sizes) <= PAGE_CHARS


# -- the view

HUNDRED = "\n".join(f"line {i}" for i in range(100))


def view_of(text: str, top: int, height: int = 10) -> tuple[Viewport, Layout]:
    return Viewport(Position(top, 0), height), Layout(LineIndex(text), 40)


def test_scrolling_stops_at_both_ends() -> None:
    view, layout = view_of(HUNDRED, 5)
    assert scrolled(view, layout, -50).top == (0, 0)
    assert scrolled(view, layout, 3).top == (8, 0)
    assert scrolled(view, layout, 500).top == (94, 0)
    assert scrolled(Viewport(Position(98, 0), 10), layout, 3).top == (98, 0)


def test_revealing_moves_as_little_as_it_must() -> None:
    view, layout = view_of(HUNDRED, 20)
    assert revealing(view, layout, Position(25, 0), 2) == view
    assert revealing(view, layout, Position(21, 0), 2).top.line == 19
    assert revealing(view, layout, Position(30, 0), 2).top.line == 23
    assert revealing(view, layout, Position(15, 0), 2).top.line == 13
    assert revealing(view, layout, Position(36, 0), 2).top.line == 29
    assert revealing(view, layout, Position(80, 0), 2).top.line == 75
    assert revealing(view, layout, Position(99, 6), 2).top.line == 90
    assert revealing(view, layout, Position(0, 0), 2).top.line == 0


def test_the_last_line_needs_no_margin_below_it() -> None:
    view, layout = view_of(HUNDRED, 89)
    assert revealing(view, layout, Position(99, 0), 2).top.line == 90


def test_a_view_of_one_row_shows_the_caret() -> None:
    view, layout = view_of(HUNDRED, 20, height=1)
    for line in (19, 21, 50):
        assert revealing(view, layout, Position(line, 0), 2).top.line == line


@steady
@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 12), st.integers(0, 4))
def test_what_is_revealed_shows(top: int, line: int, height: int, margin: int) -> None:
    view, layout = view_of(HUNDRED, top, height)
    after = revealing(view, layout, Position(line, 3), margin)
    assert line in [row.line for row in visible_rows(after, layout)]
    assert revealing(after, layout, Position(line, 3), margin) == after
    assert line in [row.line for row in visible_rows(centred(view, layout, Position(line, 3)), layout)]


def after_edit(view: Viewport, layout: Layout, origin: Origin, *edits: TextEdit) -> Viewport:
    for edit in edits:
        layout.lines.replace(edit.start, edit.end, edit.text)  # type: ignore[attr-defined]
    return mapped(view, layout, Change(edits, origin))


def test_the_reader_keeps_the_row_when_others_write_above() -> None:
    view, layout = view_of(HUNDRED, 20)
    edit = TextEdit(Position(3, 0), Position(5, 2), "a\nb\nc\nd\ne")
    assert after_edit(view, layout, Origin.REMOTE, edit).top.line == 22


def test_what_others_insert_just_above_the_top_row_stays_above() -> None:
    view, layout = view_of(HUNDRED, 20)
    edit = TextEdit(Position(20, 0), Position(20, 0), "above\n")
    assert after_edit(view, layout, Origin.REMOTE, edit).top == (21, 0)


def test_the_start_of_the_document_shows_what_comes_there() -> None:
    view, layout = view_of("", 0)
    edit = TextEdit(Position(0, 0), Position(0, 0), HUNDRED)
    assert after_edit(view, layout, Origin.REMOTE, edit).top == (0, 0)


def test_the_top_row_within_a_wrapped_line_stays_at_its_text() -> None:
    text = "first\n" + "word " * 40 + "\nlast"
    layout = Layout(LineIndex(text), 40)
    top = moved(layout, layout.row_at(Position(1, 0)), 3)[0]
    view = Viewport(Position(1, top.start), 3)
    edit = TextEdit(Position(1, 0), Position(1, 0), "some more words at the start of it ")
    after = after_edit(view, layout, Origin.REMOTE, edit)
    row = layout.row_at(after.top)
    assert row.start <= top.start + len(edit.text) < row.end


def test_the_scrollbar_goes_from_start_to_end() -> None:
    view, layout = view_of(HUNDRED, 0)
    rows = visible_rows(view, layout)
    assert extent(view, layout, rows[-1]) == (0.0, 0.1)
    end = at_fraction(view, layout, 1.0)
    start, shown = extent(end, layout, visible_rows(end, layout)[-1])
    assert start + shown == 1.0
    assert at_fraction(view, layout, 0.5).top.line == 50


def test_a_document_that_fits_is_shown_whole() -> None:
    for text in ("", "a\n", "one\ntwo\nthree\nfour"):
        view, layout = view_of(text, 0)
        assert extent(view, layout, visible_rows(view, layout)[-1]) == (0.0, 1.0)
