"""Literal search finds what a plain search through the whole text would find."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import regex
from editor.dsl import Session, _offset, steady
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.editor.find import (
    MAX_NEEDLE,
    BadPattern,
    Query,
    compiled,
    find_next,
    find_previous,
    matches,
    replacements,
)

texts = st.lists(st.text("abB\n", max_size=6), max_size=12).map("\n".join)
needles = st.text("ab", min_size=1, max_size=3)


@steady
@given(texts, needles, st.integers(0, 60))
def test_next_is_the_first_match_from_there_on_and_round(text: str, needle: str, at: int) -> None:
    index = LineIndex(text)
    start = index.position_at(min(at, len(text)))
    offset = min(at, len(text))
    found = find_next(index, Query(needle), start)
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
    found = find_previous(index, Query(needle), end)
    assert (found is None) == (needle not in text.lower())
    if found:
        assert index.text(found.start, found.end).lower() == needle
        before = [m for line in range(end.line) for m in compiled(Query(needle)).finditer(index[line])]
        if before:
            assert found.end <= end


def test_a_long_document_is_searched_round_its_end() -> None:
    index = LineIndex("x\n" * 5_000 + "needle\n" + "x\n" * 5_000)
    for line in (0, 4_999, 5_001, 10_000):
        found = find_next(index, Query("needle"), index.clamp(index.end._replace(line=line, col=1)))
        assert found is not None
        assert found.start == (5_000, 0)
        found = find_previous(index, Query("needle"), index.clamp(index.end._replace(line=line, col=1)))
        assert found is not None
        assert found.end == (5_000, 6)


class Spy:
    """A pattern that notes how much of the text it was given."""

    def __init__(self, pattern: regex.Pattern[str]) -> None:
        self._pattern = pattern
        self.looked_at = 0

    def finditer(self, text: str, start: int, end: int, timeout: float) -> Iterator[regex.Match[str]]:
        self.looked_at += end - start
        return iter(self._pattern.finditer(text, start, end))


def test_matches_in_a_row_are_found_from_nearby() -> None:
    text = "ab" * 50_000
    pattern = Spy(compiled(Query("ab")))
    assert matches(pattern, text, 50_000, 50_004) == [(50_000, 50_002), (50_002, 50_004)]  # type: ignore[arg-type]
    assert pattern.looked_at <= 4 + 2 * MAX_NEEDLE
    assert len(compiled(Query("x" * 5_000)).pattern) <= MAX_NEEDLE


def test_a_needle_is_one_line() -> None:
    assert find_next(LineIndex("a\nb"), Query("a\nb"), LineIndex("").end) is not None


# -- queries


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (Query("ab"), ["ab", "AB", "ab"]),
        (Query("AB"), ["AB"]),
        (Query("ab", case=True), ["ab", "ab"]),
        (Query("AB", case=False), ["ab", "AB", "ab"]),
        (Query("ab", word=True), ["ab", "AB"]),
        (Query("a.", is_regex=True), ["ab", "AB", "ab"]),
        (Query(r"\bab\b|x*", is_regex=True), ["ab", "AB", "x"]),
    ],
)
def test_a_query_finds_what_it_says(query: Query, found: list[str]) -> None:
    text = "ab AB abx"
    assert [text[a:b] for a, b in matches(compiled(query), text, 0, len(text))] == found


@pytest.mark.parametrize("source", ["(", "[a", "*a", "(?P<x>", "a{2,1}"])
def test_a_pattern_that_is_none_yet_is_said_to_be_so(source: str) -> None:
    with pytest.raises(BadPattern, match="no pattern yet"):
        find_next(LineIndex("a"), Query(source, is_regex=True), LineIndex("").end)


def test_a_pattern_that_runs_for_ever_is_given_up() -> None:
    evil = Query("(a|aa)+b", is_regex=True)
    with pytest.raises(BadPattern, match="too long"):
        find_next(LineIndex("a" * 5_000 + "!"), evil, LineIndex("").end)
    assert matches(compiled(evil), "a" * 5_000 + "!", 0, 80) == []


# -- replacing


def test_replacements_are_known_before_they_are_made() -> None:
    made = replacements(LineIndex("one two\ntwo"), Query("two"), "2")
    assert [(one.line_before, one.line_after) for one in made] == [("one two", "one 2"), ("two", "2")]


def test_groups_stand_in_the_replacement() -> None:
    query = Query(r"(\w+)@(?P<host>\w+)", is_regex=True)
    made = replacements(LineIndex("anna@home"), query, r"\g<host>: \1")
    assert made[0].line_after == "home: anna"
    with pytest.raises(BadPattern, match="does not fit"):
        replacements(LineIndex("anna@home"), query, r"\7")


def test_replace_all_is_one_undo_step_and_says_how_many() -> None:
    session = Session("|a b a\na").do()
    session.editor.find_start()
    session.editor.find_update("a")
    effects = session.editor.replace_all("xy")
    assert session.text == "xy b xy\nxy"
    assert [getattr(effect, "text", "") for effect in effects] == ["Replaced 3 in 2 lines."]
    session.do("ctrl+z")
    assert session.text == "a b a\na"


def test_replace_one_goes_on_to_the_next() -> None:
    session = Session("|a b a")
    session.editor.find_start()
    session.editor.find_update("a")
    session.editor.replace_one("x")
    assert session.marked == "x b [a|]"
    session.editor.replace_one("x")
    assert session.text == "x b x"


def test_what_others_write_meanwhile_is_kept_by_a_replacement() -> None:
    session = Session("|tea and tea")
    session.editor.find_start()
    session.editor.find_update("tea")
    session.sync()
    session.other.replace(session.other.lines.position_at(4), session.other.lines.position_at(4), "now ")
    session.editor.replace_all("milk")
    for update in session.other.take_updates():
        session.document.apply(update)
    assert session.text == "milk now and milk"


@steady
@given(texts, needles, st.text("abé", max_size=3))
def test_replacing_is_what_a_plain_replacement_would_be(text: str, needle: str, new: str) -> None:
    session = Session("|")
    session.editor.paste(text)
    session.editor.find_start()
    session.editor.find_update(Query(needle, case=True))
    session.editor.replace_all(new)
    assert session.text == text.replace(needle, new)
