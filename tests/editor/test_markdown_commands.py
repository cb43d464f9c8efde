"""Aligning tables and numbering lists anew: what changes, what stays, and what both cost."""

from __future__ import annotations

import pytest
from editor.dsl import Session, steady
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.layout import text_cells


def aligned(text: str) -> str:
    session = Session(text)
    session.editor.run("table.align")
    return session.text


def renumbered(text: str) -> str:
    session = Session(text)
    session.editor.run("list.renumber")
    return session.text


def test_columns_become_as_wide_as_their_widest_cell_and_wide_characters_count_two() -> None:
    text = "‸| a | b|c |\n|-|:-:|--:|\n|日本語|long one| 3|\n|x|y|z|\n"
    assert aligned(text) == (
        "| a      |    b     |   c |\n"
        "| ------ | :------: | --: |\n"
        "| 日本語 | long one |   3 |\n"
        "| x      |    y     |   z |\n"
    )


def test_rows_without_bars_at_their_ends_keep_none() -> None:
    assert aligned("‸a|bb\n:-|-\n1|2") == "a   | bb\n:-- | ---\n1   | 2"


def test_escaped_bars_are_words_and_quotes_stay() -> None:
    assert aligned("> | a\\|b | c |\n> |-|-|\n> | x‸ | y |") == (
        "> | a\\|b | c   |\n> | ---- | --- |\n> | x    | y   |"
    )


def test_a_caret_stays_at_its_word_and_one_undo_takes_it_back() -> None:
    session = Session("| aa | b |\n|-|-|\n| x | yy‸y |\n")
    session.editor.run("table.align")
    head = session.editor.state.head
    assert session.document.lines[2][head.col - 2 : head.col + 1] == "yyy"
    session.do("ctrl+z")
    assert session.text == "| aa | b |\n|-|-|\n| x | yyy |\n"


def test_what_somebody_writes_in_a_cell_meanwhile_stays() -> None:
    session = Session("‸| a | b |\n|-|-|\n| x | y |\n")
    session.editor.run("table.align")
    session.other.replace(Position(2, 3), Position(2, 3), "!!")
    session.sync()
    for update in session.other.take_updates():
        session.document.apply(update)
    assert session.document.lines[2] == "| x!!   | y   |"


@pytest.mark.parametrize("text", ["plain‸", "a | b‸", "‸", "a | b\n\n‸c | d\n|-|-|-", "|-|-|‸"])
def test_without_a_table_nothing_changes_and_it_says_so(text: str) -> None:
    session = Session(text)
    before = session.text
    effects = session.editor.run("table.align")
    assert session.text == before or "|-|-|-" in text
    assert "|-|-|-" in text or isinstance(effects[0], Notice)


_CELL = st.text(st.sampled_from("ab 日\\|-:*"), max_size=6)


@steady
@given(st.lists(st.lists(_CELL, min_size=1, max_size=4), min_size=1, max_size=5))
def test_aligning_twice_changes_nothing_more_and_words_stay(rows: list[list[str]]) -> None:
    table = [rows[0], ["-"] * len(rows[0]), *rows[1:]]
    text = "\n".join("|" + "|".join(cells) + "|" for cells in table)
    once = aligned("‸" + text)
    assert aligned("‸" + once) == once
    assert [line.replace(" ", "") for line in once.split("\n") if "---" not in line] == [
        line.replace(" ", "") for at, line in enumerate(text.split("\n")) if at != 1
    ] or "---" in text.replace(" ", "")


@steady
@given(st.lists(st.sampled_from(["a", "日本", "bb b", ""]), min_size=4, max_size=4))
def test_full_rows_end_at_the_same_cell(cells: list[str]) -> None:
    a, b, c, d = cells
    made = aligned(f"‸|{a}|{b}|\n|-|-|\n|{c}|{d}|").split("\n")
    assert len({text_cells(line, 4) for line in made}) == 1


def test_items_are_numbered_from_the_first_ones_number() -> None:
    assert renumbered("3. a\n3. b‸\n7. c\n\n1. d") == "3. a\n4. b\n5. c\n\n6. d"


def test_lists_inside_keep_their_numbers_and_what_is_inside_moves_with_its_item() -> None:
    text = "8. a\n8. b\n8. c‸\n   - in\n\n   5. five\n8. d\n"
    assert renumbered(text) == "8. a\n9. b\n10. c\n    - in\n\n    5. five\n11. d\n"
    assert renumbered("9. a\n   1. x‸\n   1. y\n9. b") == "9. a\n   1. x\n   2. y\n9. b"
    assert renumbered("1. a\n10. b‸\n    more\n") == "1. a\n2. b\n   more\n"


def test_another_sign_or_a_paragraph_ends_the_list() -> None:
    assert renumbered("1. a‸\n1. b\n1) c\n") == "1. a\n2. b\n1) c\n"
    assert renumbered("1. a‸\n1. b\n\ntext\n\n1. c") == "1. a\n2. b\n\ntext\n\n1. c"
    assert renumbered("> 1. a\n> 1. b‸\n1. c") == "> 1. a\n> 2. b\n1. c"


@pytest.mark.parametrize("text", ["‸", "text‸", "- a‸", "1. a\n\ntext‸"])
def test_without_a_numbered_list_nothing_changes_and_it_says_so(text: str) -> None:
    session = Session(text)
    before = session.text
    (said,) = session.editor.run("list.renumber")
    assert isinstance(said, Notice)
    assert session.text == before


@steady
@given(st.text(st.sampled_from("1.9) -\n>a\t"), max_size=60))
def test_no_text_makes_numbering_raise_and_twice_is_once(text: str) -> None:
    session = Session("‸" + text)
    session.editor.run("list.renumber")
    once = session.text
    session.editor.run("list.renumber")
    assert session.text == once


# -- signs around a selection


def test_a_sign_that_is_typed_goes_around_what_is_selected() -> None:
    session = Session("a word| b").do("alt+w", *"**")
    assert session.text == "a **word** b"
    assert session.editor.selected_text() == "word"
    session.do(*"[").do("ctrl+z")
    assert session.text == "a **word** b"


def test_other_keys_and_other_kinds_replace_what_is_selected() -> None:
    assert Session("a word| b").do("alt+w", *"x").text == "a x b"
    assert Session("a word| b", language="python").do("alt+w", *"*").text == "a * b"
    assert Session("a\nb|").do("ctrl+a", *"*").text == "*"
