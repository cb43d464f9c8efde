"""LineIndex against the plain string it stands for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt import line_index
from cryptpad_tui.crdt.line_index import LineIndex, NotABoundary
from cryptpad_tui.crdt.values import ByteOffset, Position

TEXT = st.text(alphabet="ab\n\té漢😀\u2028\x85", max_size=60)


def whole(index: LineIndex) -> str:
    return index.text(Position(0, 0), index.end)


def assert_agrees(index: LineIndex, text: str) -> None:
    lines = text.split("\n")
    assert whole(index) == text
    assert len(index) == len(lines)
    assert index.lines(0, len(lines) + 5) == lines
    assert index.char_count == len(text)
    assert index.byte_count == len(text.encode())
    for offset in range(len(text) + 1):
        before = text[:offset]
        p = Position(before.count("\n"), offset - before.rfind("\n") - 1)
        assert index.position_at(offset) == p
        assert index.offset_of(p) == offset
        b = len(before.encode())
        assert index.byte_of(p) == b
        assert index.position_of(ByteOffset(b)) == p


@settings(max_examples=60, deadline=None)
@given(TEXT, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80), TEXT), max_size=8))
def test_every_conversion_agrees_with_the_string_after_every_edit(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # Small chunks, so that edits cross, split and join them.
        patch.setattr(line_index, "_MIN_CHUNK_LINES", 3)
        index = LineIndex(text)
        assert_agrees(index, text)
        for a, b, made in edits:
            start, end = sorted((min(a, len(text)), min(b, len(text))))
            index.replace(index.position_at(start), index.position_at(end), made)
            text = text[:start] + made + text[end:]
            assert_agrees(index, text)


def test_only_lf_ends_a_line() -> None:
    text = "a\u2028b\x85c\x0bd\x0ce\r\nf"
    assert LineIndex(text).lines(0, 9) == ["a\u2028b\x85c\x0bd\x0ce\r", "f"]


def test_an_offset_inside_a_character_is_refused() -> None:
    index = LineIndex("aé😀b")
    for inside in (2, 4, 5, 6):
        with pytest.raises(NotABoundary):
            index.position_of(ByteOffset(inside))


def test_places_outside_the_text_are_refused() -> None:
    index = LineIndex("ab\nc")
    for p in (Position(0, 3), Position(2, 0), Position(-1, 0), Position(0, -1)):
        with pytest.raises(IndexError):
            index.byte_of(p)
        with pytest.raises(IndexError):
            index.replace(p, p, "x")
    for offset in (-1, 5):
        with pytest.raises(IndexError):
            index.position_of(ByteOffset(offset))
        with pytest.raises(IndexError):
            index.position_at(offset)
    with pytest.raises(IndexError):
        index.replace(Position(1, 0), Position(0, 0), "")
    with pytest.raises(IndexError):
        index.replace(Position(0, 1), Position(0, 9), "x")
    assert whole(index) == "ab\nc"


def test_clamp_gives_the_nearest_place() -> None:
    index = LineIndex("ab\nc")
    assert index.clamp(Position(-1, 5)) == (0, 0)
    assert index.clamp(Position(0, 9)) == (0, 2)
    assert index.clamp(Position(9, 0)) == index.end == (1, 1)


def test_joining_lines_again_and_again_leaves_no_crumbs() -> None:
    index = LineIndex("x\n" * 5_000)
    while len(index) > 1:
        end = min(len(index) - 1, 3)
        index.replace(Position(0, 0), Position(end, 0), "")
        assert len(index._chunks) <= 1 + len(index) // 64
    assert whole(index) == ""


def test_an_edit_walks_a_few_chunks_of_a_large_text_not_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    index = LineIndex("a line of an ordinary length, say é\n" * 100_000)
    walked = 0
    real = line_index._line_sizes

    def counting(chunk: list[str]) -> list[int]:
        nonlocal walked
        walked += len(chunk)
        return real(chunk)

    monkeypatch.setattr(line_index, "_line_sizes", counting)
    for line in range(0, 100_000, 10_000):
        index.replace(Position(line, 3), Position(line, 3), "b")
        index.position_of(index.byte_of(Position(line + 1, 1)))
        index.replace(Position(line, 3), Position(line + 1, 3), "c\nd\ne")
    assert walked < 20_000
