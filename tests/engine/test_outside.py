"""A pad's text in another program: what comes back, and what never does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
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


def test_rich_text_that_markdown_does_not_hold_stays_here() -> None:
    for runs in (
        [("red", {"color": "#ff0000"}), ("\n", {})],
        [("a\n\n\nb\n", {})],
        [("mid", {}), ("\n", {"align": "center"})],
    ):
        with pytest.raises(CannotGoOutside, match="markdown"):
            given_out(rich_pad(*runs))


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
