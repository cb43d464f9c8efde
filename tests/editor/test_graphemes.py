"""Clusters are what a person sees as one character, and everything drawn is safe for a terminal."""

from __future__ import annotations

import pytest
import regex
from editor.dsl import steady
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from cryptpad_tui.editor.graphemes import (
    MAX_CELLS,
    clusters,
    glyph,
    next_edge,
    previous_edge,
    snap_back,
    snap_on,
)
from cryptpad_tui.editor.widths import char_cells

FLAG, FAMILY, SKIN = "🇩🇪", "👨‍👩‍👧", "👍🏽"
ACCENT, JAMO, KEYCAP, HEART = "e\u0301", "\u1112\u1161\u11ab", "1\ufe0f\u20e3", "❤\ufe0f"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
SIGNS = [
    "a",
    " ",
    "\t",
    "ß",
    "漢",
    "각",
    FLAG,
    FAMILY,
    SKIN,
    ACCENT,
    JAMO,
    KEYCAP,
    HEART,
    SCOTLAND,
    "क्षि",
    "นี่",
]
ODD = [
    "\u200b",
    "\u200d",
    "\u200c",
    "\u202e",
    "\u0301",
    "\ufe0f",
    "\x9b",
    "\u2028",
    "\u115f",
    "\U000e0041",
    "\x85",
]

texts = st.lists(st.sampled_from(SIGNS + ODD) | st.characters(exclude_categories=["Cs"]), max_size=30).map(
    lambda parts: "".join(parts).replace("\n", "").replace("\r", "")
)


@pytest.mark.parametrize("sign", [FLAG, FAMILY, SKIN, ACCENT, JAMO, KEYCAP, HEART, SCOTLAND, "각", "漢"])
def test_what_looks_like_one_character_is_one_cluster(sign: str) -> None:
    text = f"x{sign}y"
    assert clusters(text) == ["x", sign, "y"]
    assert next_edge(text, 1) == 1 + len(sign)
    assert previous_edge(text, 1 + len(sign)) == 1


@pytest.mark.parametrize(
    ("sign", "cells", "unsure"),
    [
        ("a", 1, False),
        ("ß", 1, False),
        ("漢", 2, False),
        ("각", 2, False),
        (ACCENT, 1, False),
        (FLAG, 2, True),
        (SKIN, 2, True),
        (FAMILY, 2, True),
        (HEART, 2, True),
        (KEYCAP, 2, True),
        (JAMO, 2, True),
        (SCOTLAND, 2, True),
        ("א", 1, True),
        ("\ue000", 1, True),
    ],
)
def test_cells_and_whether_terminals_agree(sign: str, cells: int, unsure: bool) -> None:
    drawn = glyph(sign)
    assert (drawn.text, drawn.cells, drawn.control, drawn.unsure) == (sign, cells, False, unsure)


@pytest.mark.parametrize(
    ("cluster", "drawn"),
    [
        ("\x1b", "^["),
        ("\r", "^M"),
        ("\x00", "^@"),
        ("\x7f", "^?"),
        ("\x9b", "<9b>"),
        ("\xad", "<ad>"),
        ("\u200b", "<200b>"),
        ("\u202e", "<202e>"),
        ("\u2066", "<2066>"),
        ("\ufeff", "<feff>"),
        ("\u2028", "<2028>"),
        ("\u3164", "<3164>"),
        ("\u0301", "<301>"),
        ("\U0001f3fd", "<1f3fd>"),
        ("a\u200d", "a<200d>"),
        ("a\ufe0f", "a<fe0f>"),
        ("9\ufe0f", "9<fe0f>"),
        ("a\U000e0041", "a<e0041>"),
        ("\ud800", "<d800>"),
    ],
)
def test_what_would_not_be_seen_is_drawn_as_a_mark(cluster: str, drawn: str) -> None:
    assert glyph(cluster).text == drawn
    assert glyph(cluster).control


def test_a_tower_of_combining_marks_is_cut() -> None:
    drawn = glyph("e" + "\u0301" * 5000)
    assert drawn.cells <= MAX_CELLS
    assert len(drawn.text) <= MAX_CELLS
    assert drawn.text.startswith("e<301>")


def test_persian_non_joiners_and_indic_joiners_reach_the_terminal() -> None:
    assert glyph("ی\u200c").text == "ی\u200c"
    assert not glyph("क्\u200dष").control


def test_the_width_table_is_the_one_that_textual_measures_with() -> None:
    wrong = [
        hex(point)
        for point in [*range(0xA0, 0x20000), *range(0x20000, 0x110000, 61), *range(0xE0000, 0xE1000)]
        if not 0xD800 <= point < 0xE000 and char_cells(chr(point)) != get_character_cell_size(chr(point))
    ]
    assert wrong == []


@steady
@given(texts)
def test_drawn_text_is_safe_and_as_wide_as_textual_thinks(text: str) -> None:
    for cluster in clusters(text):
        if cluster == "\t":
            continue
        drawn = glyph(cluster)
        assert not regex.search(r"[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b\ufeff]", drawn.text)
        assert not drawn.text.endswith("\u200d")
        assert 1 <= drawn.cells <= MAX_CELLS
        assert cell_len(drawn.text) == drawn.cells


@steady
@given(st.lists(texts, max_size=4))
def test_drawn_clusters_side_by_side_keep_their_widths(parts: list[str]) -> None:
    drawn = [glyph(cluster) for cluster in clusters("".join(parts)) if cluster != "\t"]
    assert cell_len("".join(one.text for one in drawn)) == sum(one.cells for one in drawn)


@steady
@given(texts, st.integers(0, 60))
def test_edges_are_those_of_the_whole_line(text: str, col: int) -> None:
    edges = [0]
    for cluster in clusters(text):
        edges.append(edges[-1] + len(cluster))
    col = min(col, len(text))
    assert snap_back(text, col) == max(edge for edge in edges if edge <= col)
    assert snap_on(text, col) == min(edge for edge in edges if edge >= col)
    if col in edges:
        assert previous_edge(text, col) == max((e for e in edges if e < col), default=0)
        assert next_edge(text, col) == min((e for e in edges if e > col), default=len(text))


def test_an_edge_in_a_long_line_is_found_from_nearby() -> None:
    text = "x" * 1_000_000 + FAMILY + "y" * 1_000_000
    assert snap_back(text, 1_000_003) == 1_000_000
    assert snap_on(text, 1_000_003) == 1_000_000 + len(FAMILY)
