"""A pad's text in another program: what comes back, and what never does."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes, Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.outside import (
    CannotGoOutside,
    UncleanFromOutside,
    given_out,
    readable,
    take_back,
    text_from_outside,
)

START = Position(0, 0)


def text_pad(text: str, client: int = 1) -> ViewDocument:
    view = ViewDocument(client_id=client, kind=PadKind.TEXT)
    view.set_text(text)
    return view


def rich_pad(*runs: tuple[str, Attributes]) -> ViewDocument:
    view = ViewDocument(client_id=1, kind=PadKind.RICHTEXT)
    view.replace_all([TextEdit(START, START, *run) for run in runs])
    return view


def test_two_engines_merge_what_an_editor_did_and_what_a_colleague_wrote() -> None:
    anna, boris = text_pad("Dear all,\n\nsee you.\n"), text_pad("", client=2)
    for update in anna.take_updates():
        boris.apply(update)
    out = given_out(anna)
    boris.replace(Position(2, 0), Position(2, 0), "BORIS: ")
    boris.replace(Position(3, 0), Position(3, 0), "Boris\n")
    for update in boris.take_updates():
        anna.apply(update)
    assert take_back(anna, out, "Dear friends,\n\nsee you soon.\n")
    assert anna.text() == "Dear friends,\n\nBORIS: see you soon.\nBoris\n"
    for update in anna.take_updates():
        boris.apply(update)
    assert boris.text() == anna.text()


def test_an_unchanged_file_changes_nothing_even_if_others_wrote() -> None:
    view = text_pad("a")
    out = given_out(view)
    view.replace(START, START, "b")
    assert not take_back(view, out, text_from_outside(b"a\n", out))
    assert view.text() == "ba"


def test_line_ends_of_editors_are_no_edits_but_those_of_people_are() -> None:
    for before, after, expected in (
        ("a", b"a\n", "a"),
        ("a", b"a\n\n", "a\n"),
        ("a\n", b"a\n", "a\n"),
        ("a\n", b"a", "a"),
        ("a\n", b"\xef\xbb\xbfa\r\nb\rc\n", "a\nb\nc\n"),
        ("", b"\n", ""),
    ):
        assert text_from_outside(after, given_out(text_pad(before))) == expected


def test_what_a_pad_cannot_hold_is_refused_with_its_place_and_can_be_kept() -> None:
    out = given_out(text_pad("a\n"))
    for data, place in (
        (b"ok\nab\x1b[31m\n", "line 2, column 3: the control character U+001B"),
        (b"\xff", "line 1, column 1: not UTF-8"),
        ("ä\r\nö".encode() + b"\xff", "line 2, column 2"),
    ):
        with pytest.raises(UncleanFromOutside, match=re.escape(place)):
            text_from_outside(data, out)
    assert readable(b"ok\nab\x1b[31m \xff\n") == "ok\nab\ufffd[31m \ufffd\n"


RICH: tuple[tuple[str, Attributes], ...] = (
    ("Plan", {}),
    ("\n", {"header": 1}),
    ("some ", {}),
    ("bold", {"bold": True}),
    (" words", {}),
    ("\n", {}),
    ("one", {}),
    ("\n", {"list": "bullet"}),
    ("last", {}),
)


def test_rich_text_goes_out_as_markdown_and_comes_back_as_rich_text() -> None:
    view = rich_pad(*RICH)
    out = given_out(view)
    assert out.text == "# Plan\n\nsome **bold** words\n\n- one\n\nlast\n"
    before = view.runs()
    assert not take_back(view, out, text_from_outside(out.text.encode(), out))
    assert view.runs() == before
    view.replace(Position(1, 0), Position(1, 0), "THEIRS: ")
    edited = "# Plan B\n\n*some* **bold** words\n\n- one\n- two\n\nlast\n"
    assert take_back(view, out, edited)
    assert view.text() == "Plan B\nTHEIRS: some bold words\none\ntwo\nlast"
    again = given_out(view)
    assert again.text == "# Plan B\n\nTHEIRS: *some* **bold** words\n\n- one\n- two\n\nlast\n"


def test_what_markdown_does_not_say_stays_in_the_pad_while_the_rest_is_edited() -> None:
    runs: tuple[tuple[str, Attributes], ...] = (
        ("Title", {}),
        ("\n", {"header": 1, "align": "center"}),
        ("\n\n", {}),
        ("red", {"color": "#ff0000", "underline": True}),
        (" and plain \N{OBJECT REPLACEMENT CHARACTER} here", {}),
        ("\n\n", {}),
        ("one", {}),
        ("\n", {"list": "bullet"}),
        ("\n", {}),
        ("last", {"background": "yellow"}),
    )
    view = rich_pad(*runs)
    view.format(Position(3, 14), Position(3, 15), {"object": "file:00"})
    out, before = given_out(view), view.runs()
    assert out.text == "# Title\n\n<u>red</u> and plain  here\n\n- one\n\nlast\n"
    assert not take_back(view, out, text_from_outside(out.text.encode(), out))
    assert view.runs() == before
    view.replace(Position(2, 0), Position(2, 0), "THEIRS")
    edited = "## Titles\n\nA <u>red</u> and **plain**  here\n\n- one\n- two\n\nlast\n"
    assert take_back(view, out, edited)
    assert view.text() == "Titles\n\nTHEIRS\nA red and plain \ufffc here\n\none\ntwo\n\nlast"
    found = view.runs()
    assert ("red", {"color": "#ff0000", "underline": True}) in found
    assert ("plain", {"bold": True}) in found
    assert ("\ufffc", {"object": "file:00"}) in found
    assert ("\n", {"header": 2, "align": "center"}) in found
    assert found[-1] == ("last", {"background": "yellow"})


def table(*rows: str) -> list[tuple[str, Attributes]]:
    return [
        run
        for number, row in enumerate(rows, 1)
        for column, cell in enumerate(row, 1)
        for run in ((cell, {}), ("\n", {"table": f"7/{number * 100}/{column * 100}"}))
    ]


def names(view: ViewDocument) -> list[object]:
    assert view.marks is not None
    return [dict(found.block).get("table") for found in view.marks.lines(0, len(view.lines))]


def test_rows_and_columns_that_are_put_in_outside_are_named_as_the_table_is_here() -> None:
    view = rich_pad(*table("ab", "cd"))
    take_back(view, given_out(view), "| a | b |\n| --- | --- |\n| x | y |\n| c | d |\n")
    assert view.text() == "a\nb\nx\ny\nc\nd\n"
    assert names(view)[:6] == ["7/100/100", "7/100/200", "7/150/100", "7/150/200", "7/200/100", "7/200/200"]
    view = rich_pad(*table("ab", "cd"))
    take_back(view, given_out(view), "| a | x | b |\n| --- | --- | --- |\n| c | y | d |\n")
    assert view.text() == "a\nx\nb\nc\ny\nd\n"
    assert names(view)[:3] == ["7/100/100", "7/100/150", "7/100/200"]
    view = rich_pad(*table("ab"))
    again = "| a | b |\n| --- | --- |\n\nbetween\n\n| c |\n| --- |\n"
    take_back(view, given_out(view), again)
    assert names(view)[:4] == ["7/100/100", "7/100/200", None, "1/100/100"]
    assert given_out(view).text == again


def test_rich_text_whose_lines_are_others_in_markdown_stays_here() -> None:
    view = rich_pad(("text over a rule", {}), ("\n", {"rule": True}))
    with pytest.raises(CannotGoOutside, match="markdown"):
        given_out(view)


ANY_LINES = st.lists(
    st.tuples(
        st.text(alphabet="ab \ufffc*#", max_size=5),
        st.sampled_from([{}, {"bold": True}, {"color": "#ff0000"}, {"underline": True}]),
        st.sampled_from([{}, {"header": 2}, {"list": "bullet"}, {"align": "center"}, {"blockquote": True}]),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(ANY_LINES, st.booleans())
@example([("##", {}, {"header": 2}), ("a #", {}, {"header": 2})], True)
def test_only_what_was_edited_outside_changes(
    lines: list[tuple[str, Attributes, Attributes]], ends: bool
) -> None:
    runs = [run for text, marks, block in lines for run in ((text, marks), ("\n", block)) if run[0]]
    view = rich_pad(*runs[: None if ends or not runs or runs[-1][1] else -1])
    out, before = given_out(view), view.runs()
    assert not take_back(view, out, text_from_outside(out.text.encode(), out))
    take_back(view, out, text_from_outside((out.text + "\nmore\n").encode(), out))
    assert "more" in view.text()
    kept = [run for run in characters(view.runs()) if run[0] not in "more\n"]
    assert kept == [run for run in characters(before) if run[0] not in "more\n"]


def characters(runs: list[tuple[str, Attributes]]) -> list[tuple[str, Attributes]]:
    return [(char, marks) for text, marks in runs for char in text]


LINES = st.lists(
    st.tuples(
        st.text(alphabet="ab cd", min_size=1, max_size=8).map(str.strip).filter(bool), st.integers(0, 3)
    ),
    min_size=1,
    max_size=6,
)
_BLOCKS: tuple[Attributes, ...] = ({}, {"header": 2}, {"list": "bullet"}, {"blockquote": True})


def runs_of_lines(lines: list[tuple[str, int]]) -> list[tuple[str, Attributes]]:
    return [run for text, kind in lines for run in ((text, {}), ("\n", _BLOCKS[kind]))]


@settings(max_examples=40, deadline=None)
@given(LINES, LINES, st.integers(0, 40))
def test_any_rich_text_becomes_what_the_editor_left_and_keeps_what_others_typed(
    before: list[tuple[str, int]], after: list[tuple[str, int]], place: int
) -> None:
    view, wanted = rich_pad(*runs_of_lines(before)), given_out(rich_pad(*runs_of_lines(after)))
    out = given_out(view)
    take_back(view, out, wanted.text)
    assert given_out(view).text == wanted.text
    other = rich_pad(*runs_of_lines(before))
    at = other.lines.position_at(min(place, other.lines.char_count - 1))
    other.replace(at, at, "Z")
    take_back(other, out, wanted.text)
    assert other.text().count("Z") == 1
