"""The preview: what markdown reads as, the grid of tables, and that a window is a part of the whole."""

from __future__ import annotations

import re
from html import unescape

import pytest
import regex
from convert.test_commonmark import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.convert.preview import preview_of
from cryptpad_tui.convert.preview_rows import rows_of, with_matches
from cryptpad_tui.convert.preview_table import column_widths
from cryptpad_tui.convert.preview_window import Place, PreviewWindow
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.editor.frame import PaintedRow
from cryptpad_tui.editor.highlight import Highlighter, lexer_of
from cryptpad_tui.editor.widths import char_cells

steady = settings(deadline=None, derandomize=True)


def shown(text: str, width: int = 40) -> list[str]:
    """The rows of a text as a person sees them."""
    return [written(row.row) for row in rows_of(preview_of(text), width)]


def written(row: PaintedRow) -> str:
    return "".join([span.text for span in row.spans]).rstrip()


def window_of(text: str, width: int = 40) -> PreviewWindow:
    lines = LineIndex(text)
    highlighter = Highlighter(lines, lexer_of("markdown"))
    while highlighter.refine(5_000):
        pass
    return PreviewWindow(lines, highlighter.states, width)


def styles(text: str, word: str) -> tuple[str, ...]:
    for row in rows_of(preview_of(text), 60):
        for span in row.row.spans:
            if word in span.text:
                return span.styles
    raise AssertionError(f"{word} is not shown")


def test_headings_are_underlined_by_their_level() -> None:
    assert shown("# One\n## Two\n### Three") == ["One", "═══", "", "Two", "───", "", "Three"]
    assert styles("### Three", "Three") == ("heading.3",)


def test_lines_of_a_paragraph_are_joined_and_hard_breaks_kept() -> None:
    assert shown("a\nb  \nc\\\nd<br>e") == ["a b", "c", "d", "e"]


def test_lists_nest_and_number_from_where_they_begin() -> None:
    text = "- a\n  - b\n\n    more\n- c\n\n7. x\n8. y\n   1. z"
    assert shown(text) == ["• a", "  ◦ b", "", "    more", "• c", "", "7. x", "8. y", "   1. z"]


def test_tasks_show_boxes_and_done_ones_their_style() -> None:
    assert shown("- [ ] a\n- [x] b\n- [x]c") == ["☐ a", "☑ b", "• [x]c"]
    assert styles("- [x] b", "b") == ("task.text",)


def test_an_empty_item_keeps_its_sign() -> None:
    assert shown("- b\n-\n- a") == ["• b", "•", "• a"]


def test_quotes_hold_lists_and_code() -> None:
    assert shown("> a\n> - b\n>\n> ```\n> c\n> ```\n\nd") == ["│ a", "│", "│ • b", "│", "│ ┊ c", "", "d"]


def test_code_is_shown_as_it_is_written() -> None:
    assert shown("```py\na  *b*\n\n c\n```\n\n    d") == ["┊ a  *b*", "┊", "┊  c", "", "┊ d"]


def test_front_matter_is_shown_as_properties_and_a_rule_is_a_rule() -> None:
    assert shown("---\ntitle: a\n---\ntext")[:3] == ["title: a", "", "text"]
    assert shown("a\n\n---\n\nb", 30)[2] == "─" * 29


def test_inline_marks_nest() -> None:
    assert styles("**a *b***", "b") == ("strong", "emphasis")
    assert styles("~~a~~ `b`", "b") == ("code",)
    assert styles("[a](https://example.org)", "a") == ("link.text",)


def test_a_link_shows_its_words_and_a_picture_its_name() -> None:
    assert shown("[a](https://example.org) ![b](https://example.org/b.png)") == ["a [b]"]


def test_html_is_shown_as_it_is_written() -> None:
    assert shown("<script>\nalert(1)\n</script>\n\na <b onclick=x>c</b>") == [
        "<script>", "alert(1)", "</script>", "", "a <b onclick=x>c</b>"
    ]  # fmt: skip


def test_control_characters_are_drawn_and_not_sent() -> None:
    for text in ("a\x1b[31mb", "&#27;[31m", "`\x9b`", "\u202eabc", "| a\x1b |\n|-|", "&#10;&#13;"):
        assert not set("".join(shown(text))) & {"\x1b", "\x9b", "\u202e", "\n", "\r"}


def test_a_table_is_a_grid_with_aligned_columns_and_wide_characters_count_two() -> None:
    assert shown("| a | b | c |\n|:-|:-:|-:|\n| 1 | long | 日本 |\n| x |\n") == [
        "┌───┬──────┬──────┐",
        "│ a │  b   │    c │",
        "├───┼──────┼──────┤",
        "│ 1 │ long │ 日本 │",
        "│ x │      │      │",
        "└───┴──────┴──────┘",
    ]


def test_a_cell_too_long_for_its_column_takes_several_rows() -> None:
    rows = shown("| a | b |\n|-|-|\n| x | one two three four five six seven |", 30)
    assert len(rows) == 6
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows[0]) < 30


def test_columns_that_do_not_fit_are_left_out_and_a_sign_says_so() -> None:
    rows = shown("|" + "abcdefghijklmn|" * 9 + "\n|" + "-|" * 9, 40)
    assert all(len(row) < 40 for row in rows)
    assert rows[1].endswith("│ …")


@steady
@given(st.lists(st.integers(1, 200), max_size=12), st.integers(20, 120))
def test_columns_never_take_more_than_the_width(natural: list[int], width: int) -> None:
    widths = column_widths(natural, width)
    sign = 2 if len(widths) < len(natural) else 0
    assert sum(widths) + 3 * len(widths) + 1 + sign < width or not widths


@steady
@given(
    st.text(st.sampled_from("ab#->`*_~[]()|:!<&; \n\t1.\\日\x1b\u202e="), max_size=200), st.integers(1, 60)
)
def test_no_text_makes_the_preview_raise_or_a_row_too_wide(text: str, width: int) -> None:
    for row in rows_of(preview_of(text), width):
        cells = sum([span.cells for span in row.row.spans])
        assert row.row.cells == cells <= max(width, 24)
        if written(row.row).isascii():
            assert sum(map(len, [span.text for span in row.row.spans])) == cells


@steady
@given(st.text(max_size=60))
def test_no_character_makes_the_preview_raise(text: str) -> None:
    window = window_of(text)
    for row in window.rows(Place(), 50):
        assert not any(char_cells(char) and ord(char) < 32 for char in written(row.row))


_BLOCKS = st.sampled_from(
    [
        "# Heading\n",
        "one\ntwo *three*\n",
        "- a\n- b\n  - c\n",
        "- a\n\n  b\n- c\n",
        "3. a\n4. b\n",
        "```\ncode\n\n# none\n```\n",
        "~~~~\n```\n\n- x\n~~~~\n",
        "> quote\n> more\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "***\n",
        "    indented\n\n    code\n",
        "<div>\nx\n</div>\n",
        "<!-- a\n\nb -->\n",
        "日本語 " * 20 + "\n",
        "Title\n=====\n",
        "- [ ] task\n",
    ]
)
_DOCUMENTS = st.lists(_BLOCKS, min_size=1, max_size=40).map("\n".join)


@steady
@given(_DOCUMENTS)
def test_pieces_read_alone_are_the_document_read_whole(text: str) -> None:
    pieces = window_of(text, 50).rows(Place(), 10_000)
    whole = rows_of(preview_of(text), 50)
    assert [row.row for row in pieces][: len(whole)] == [row.row for row in whole]
    assert [row.line for row in pieces] == sorted([row.line for row in pieces])


@steady
@given(_DOCUMENTS, st.data())
def test_a_window_is_a_part_of_the_whole(text: str, data: st.DataObject) -> None:
    window = window_of(text)
    rows = window.rows(Place(), 10_000)
    lines = [row.line for row in rows]
    line = data.draw(st.integers(0, text.count("\n")))
    place = window.place_of(line)
    at = len(rows) - len(window.rows(place, 10_000))
    assert rows[at:] == window.rows(place, 10_000)
    assert rows[at].line >= line or all(one <= line for one in lines[: at + 1])
    moved, done = window.moved(place, data.draw(st.integers(-60, 60)))
    assert window.rows(moved, 10_000) == rows[at + done :]


def test_what_goes_on_for_long_is_cut_and_still_reads_as_what_it_is() -> None:
    code = window_of("```\n" + "x = 1\n\n" * 1_000 + "```\n")
    rows = code.rows(code.place_of(1_000), 30)
    assert {written(row.row) for row in rows} == {"┊ x = 1", "┊"}
    table = window_of("| a | b |\n|---|--:|\n" + "| 1 | 2 |\n" * 1_000)
    rows = table.rows(table.place_of(700), 30)
    assert "│ 1 │ 2 │" in [written(row.row) for row in rows]


@pytest.mark.parametrize(
    "text",
    ["x" * 300_000, "[" * 60_000, "*a " * 30_000, "> " * 5_000, "`" * 50_000, "<a " * 20_000, "\n" * 50_000,
     "- " * 10_000, "|" * 50_000 + "\n" + "|-" * 25_000, "![" * 30_000, "a**" * 20_000, "&#" * 30_000,
     "[a](" * 20_000, "<!--" * 10_000, "_a*" * 10_000],
    ids=lambda text: text[:4].encode().hex(),
)  # fmt: skip
def test_hostile_texts_cost_a_bounded_time(text: str) -> None:
    window = window_of(text)
    assert len(window.rows(window.place_of(text.count("\n") // 2), 50)) <= 50


def test_every_commonmark_example_is_previewed_with_the_words_of_its_page() -> None:
    for source, page in examples():
        window_of(source, 200).rows(Place(), 1_000)
        drawn = " ".join(shown(source, 200))
        bare = unescape(re.sub(r"<[^>]*>", "", page))
        if "<" not in source and "&" not in source and "![" not in source:
            assert set(re.findall(r"\w+", bare)) <= set(re.findall(r"\w+", drawn.replace("│", " "))), source


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("one two three four five six", "threefour"),
        ("- one two three four five", "threefour"),
        ("> - one two threefour five", "threefour"),
        ("one two 漢字漢字漢字漢字漢字漢字 three", ""),
    ],
)
def test_what_is_searched_for_is_marked_over_the_end_of_a_row(source: str, wanted: str) -> None:
    """And the margin that a row repeats is never part of it."""
    rows = rows_of(preview_of(source), 14)
    assert len(rows) > 1
    marked = with_matches(rows, regex.compile("three ?four"))
    found = "".join([span.text for row in marked for span in row.row.spans if "find" in span.styles])
    assert found.replace(" ", "") == wanted
    texts = [["".join([s.text for s in row.row.spans]) for row in some] for some in (rows, marked)]
    assert texts[0] == texts[1]
