"""Text in: line ends become LF, a byte-order mark goes, and what no pad can hold is refused by place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.cli.errors import FileUnreadable, InputTooLong
from cryptpad_tui.cli.text_input import clean_text, read_bytes, require_title
from cryptpad_tui.convert import plain_in
from cryptpad_tui.convert.errors import BadTitle, UncleanText
from cryptpad_tui.crdt.clean import find_unclean


@pytest.mark.parametrize(
    ("raw", "text", "notes"),
    [
        (b"", "", 0),
        (b"a\n\tb\n", "a\n\tb\n", 0),
        (b"a\r\nb\rc\n", "a\nb\nc\n", 1),
        (b"a\r\r\n\n", "a\n\n\n", 1),
        (b"\xef\xbb\xbfa", "a", 1),
        (b"\xef\xbb\xbfa\r\n", "a\n", 2),
        (b"a\xef\xbb\xbf", "a\ufeff", 0),
        ("\u2028\x85".replace("\x85", "é").encode(), "\u2028é", 0),
    ],
)
def test_text_is_made_clean_with_a_note_on_each_change(raw: bytes, text: str, notes: int) -> None:
    cleaned = clean_text(raw)
    assert (cleaned.text, len(cleaned.notes)) == (text, notes)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"ab\x1b[31m", "line 1, column 3: the control character U+001B"),
        (b"one\r\ntwo\rth\x00ree", "line 3, column 3: the control character U+0000"),
        (b"\x7f", "line 1, column 1: the control character U+007F"),
        ("é\n😀\x85".encode(), "line 2, column 2: the control character U+0085"),
        (b"\n\x0b", "line 2, column 1: the control character U+000B"),
        (b"ok\n\xc3\xa9\xff", "line 2, column 2: not UTF-8"),
        (b"\xed\xa0\x80", "line 1, column 1: not UTF-8"),
        (b"\xef\xbb\xbfa\xff", "line 1, column 2: not UTF-8"),
    ],
)
def test_text_that_no_pad_can_hold_is_refused_with_line_and_column(raw: bytes, place: str) -> None:
    with pytest.raises(UncleanText) as refused:
        clean_text(raw)
    assert str(refused.value) == place


@given(st.binary())
def test_whatever_is_accepted_is_clean(raw: bytes) -> None:
    try:
        text = clean_text(raw).text
    except UncleanText:
        return
    assert find_unclean(text) is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_clean_text_comes_through_unchanged(text: str) -> None:
    expected = text.removeprefix("\ufeff")
    assert clean_text(text.encode()).text == expected


def test_input_has_a_bound(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 11)
    assert read_bytes(tmp_path / "f", 11, "it") == b"x" * 11
    with pytest.raises(InputTooLong):
        read_bytes(tmp_path / "f", 10, "it")


def test_a_folder_or_a_missing_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileUnreadable, match=str(path)):
            read_bytes(path, 10, "it")


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "a\tb", "a\x1bb", "a\udcff", "x" * 1_001])
def test_what_cannot_be_a_title_is_refused(title: str) -> None:
    with pytest.raises(BadTitle):
        require_title(title)


def test_a_title_is_kept_as_it_is() -> None:
    assert require_title(" Ünïcode 😀 ") == " Ünïcode 😀 "
    assert plain_in.MAX_TITLE_CHARS == 1_000
