"""F8: whatever goes in, nothing comes out that a terminal obeys."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptpad_relay.protocol.term_safe import MAX_NAME_BYTES, term_safe, term_safe_name

# Text with lone surrogates and every control, which hypothesis's own st.text() leaves out.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
HOSTILE = st.text(
    st.sampled_from(
        [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u200d", "\ud800", "a", "é"]
    )
)


def controls(text: str) -> list[str]:
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cs")]


@given(ANYTHING | HOSTILE)
@example("\x1b]0;owned\x07\x9b31m\x7f")
def test_text_keeps_no_control_but_line_feed_and_tab(text: str) -> None:
    assert set(controls(term_safe(text))) <= {"\n", "\t"}


@given(ANYTHING | HOSTILE)
def test_text_made_safe_stays_as_it_is(text: str) -> None:
    assert term_safe(term_safe(text)) == term_safe(text)


@given(ANYTHING | HOSTILE)
def test_a_name_is_one_short_line_without_anything_invisible(text: str) -> None:
    name = term_safe_name(text)
    assert controls(name) == []
    assert len(name.encode()) <= MAX_NAME_BYTES
    hidden = [char for char in name if unicodedata.category(char) in ("Cf", "Zl", "Zp")]
    assert [char for char in hidden if unicodedata.bidirectional(char) not in ("AN", "AL")] == []


@given(ANYTHING | HOSTILE)
def test_a_name_made_safe_stays_as_it_is(text: str) -> None:
    assert term_safe_name(term_safe_name(text)) == term_safe_name(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J", "␛[2J"),
        ("a\x00b\x9bc\x7f", "a\\u{0}b\\u{9b}c\\u{7f}"),
        ("\ud800", "\ufffd"),
        ("naïve 漢字 😀", "naïve 漢字 😀"),
    ],
)
def test_text_is_shown_as_it_is_meant(text: str, shown: str) -> None:
    assert term_safe(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Anna", "Anna"),
        ("two\nlines", "two lines"),
        ("evil\u202egnp.exe", "evil\\u{202e}gnp.exe"),
        ("An\u200bna", "An\\u{200b}na"),
        ("[@click=app.quit]x", "[@click=app.quit]x"),
        ("x" * 100, "x" * 61 + "…"),
        ("é" * 100, "é" * 30 + "…"),
    ],
)
def test_names_are_shown_as_they_are_meant(text: str, shown: str) -> None:
    assert term_safe_name(text) == shown
