"""Literal search finds what a plain search through the whole text would find."""

from __future__ import annotations

from collections.abc import Iterator

import regex
from editor.dsl import _offset, steady
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.editor.find import MAX_NEEDLE, compiled, find_next, find_previous, matches

texts = st.lists(st.text("abB\n", max_size=6), max_size=12).map("\n".join)
needles = st.text("ab", min_size=1, max_size=3)


@steady
@given(texts, needles, st.integers(0, 60))
def test_next_is_the_first_match_from_there_on_and_round(text: str, needle: str, at: int) -> None:
    index = LineIndex(text)
    start = index.position_at(min(at, len(text)))
    offset = min(at, len(text))
    found = find_next(index, needle, start)
    wanted = text.lower().find(needle, offset)
    if wanted < 0:
        wanted = text.lower().find(needle)
    assert (found and _offset(text, found.start)) == (wanted if wanted >= 0 else None)
    if found:
        assert index.text(found.start, found.end).lower() == needle


@steady
@given(texts, needles, st.integers(0, 60))
def test_previous_ends_there_or_before_and_goes_round(text: str, needle: str, at: int) -> None:
    index = LineIndex(text)
    end = index.position_at(min(at, len(text)))
    found = find_previous(index, needle, end)
    assert (found is None) == (needle not in text.lower())
    if found:
        assert index.text(found.start, found.end).lower() == needle
        before = [m for line in range(end.line) for m in compiled(needle).finditer(index[line])]
        if before:
            assert found.end <= end


def test_a_long_document_is_searched_round_its_end() -> None:
    index = LineIndex("x\n" * 5_000 + "needle\n" + "x\n" * 5_000)
    for line in (0, 4_999, 5_001, 10_000):
        found = find_next(index, "needle", index.clamp(index.end._replace(line=line, col=1)))
        assert found is not None
        assert found.start == (5_000, 0)
        found = find_previous(index, "needle", index.clamp(index.end._replace(line=line, col=1)))
        assert found is not None
        assert found.end == (5_000, 6)


class Spy:
    """A pattern that notes how much of the text it was given."""

    def __init__(self, pattern: regex.Pattern[str]) -> None:
        self._pattern = pattern
        self.looked_at = 0

    def finditer(self, text: str, start: int, end: int) -> Iterator[regex.Match[str]]:
        self.looked_at += end - start
        return iter(self._pattern.finditer(text, start, end))


def test_matches_in_a_row_are_found_from_nearby() -> None:
    text = "ab" * 50_000
    pattern = Spy(compiled("ab"))
    assert matches(pattern, text, 50_000, 50_004) == [(50_000, 50_002), (50_002, 50_004)]  # type: ignore[arg-type]
    assert pattern.looked_at <= 4 + 2 * MAX_NEEDLE
    assert len(compiled("x" * 5_000).pattern) <= MAX_NEEDLE


def test_a_needle_is_one_line() -> None:
    assert find_next(LineIndex("a\nb"), "a\nb", LineIndex("").end) is not None
