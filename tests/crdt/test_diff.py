"""Differences are small also within one long line, where two people may make them at the same time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt import diff
from cryptpad_tui.crdt.diff import smallest_edits
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.view import ViewDocument

PARAGRAPH = " ".join(f"word{i}" for i in range(800))


def applied(old: str, new: str) -> str:
    lines = LineIndex(old)
    for edit in reversed(smallest_edits(old, new)):
        lines.replace(edit.start, edit.end, edit.text)
    return lines.text(lines.position_at(0), lines.end)


def touched(old: str, new: str) -> int:
    lines = LineIndex(old)
    return sum(len(edit.text) + len(lines.text(edit.start, edit.end)) for edit in smallest_edits(old, new))


def test_two_edits_far_apart_in_one_long_line_leave_what_is_between() -> None:
    new = "A" + PARAGRAPH.replace("word799", "word")
    assert applied(PARAGRAPH, new) == new
    assert touched(PARAGRAPH, new) < 20


def test_so_it_is_in_a_script_without_spaces() -> None:
    old = "".join(chr(0x4E00 + i) for i in range(3_000))
    new = "A" + old[:1_500] + "B" + old[1_501:] + "C"
    assert applied(old, new) == new
    assert touched(old, new) < 20


def remade(base: bytes, client_id: int, front: str, back: str) -> bytes:
    """A view that stood on other ground made again on `base` (what a window does for a dead one)."""
    view = ViewDocument(client_id=client_id + 100, kind=PadKind.TEXT, state=base)
    lines = view.lines
    view.replace(lines.position_at(0), lines.position_at(0), front)
    view.replace(lines.end, lines.end, back)
    view = ViewDocument(client_id=client_id + 200, kind=PadKind.TEXT, state=view.encode())
    view.rebase(base, client_id)
    (update,) = view.take_updates()
    return update


def test_a_long_paragraph_that_two_people_make_again_is_not_doubled() -> None:
    first = ViewDocument(client_id=1, kind=PadKind.TEXT)
    first.replace(first.lines.end, first.lines.end, PARAGRAPH)
    base = first.encode()
    for update in (remade(base, 2, "a ", " b"), remade(base, 3, "c ", " d")):
        first.apply(update)
    assert first.text().count("word400") == 1
    assert len(first.text()) == len(PARAGRAPH) + 8


def test_without_words_it_would_be_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "_BY_WORDS_CHARS", 0)
    first = ViewDocument(client_id=1, kind=PadKind.TEXT)
    first.replace(first.lines.end, first.lines.end, PARAGRAPH)
    base = first.encode()
    for update in (remade(base, 2, "a ", " b"), remade(base, 3, "c ", " d")):
        first.apply(update)
    assert first.text().count("word400") == 2


@settings(derandomize=True, deadline=None)
@given(st.text("ab é漢\n", max_size=60), st.text("ab é漢\n", max_size=60))
def test_a_difference_by_words_leads_to_the_text(old: str, new: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(diff, "_EXACT_CHARS", 0)
        patched.setattr(diff, "_EXACT_LINES", 9)
        assert applied(old, new) == new


def test_a_very_long_line_of_noise_is_no_exact_match() -> None:
    """Which would take hours."""
    rng = random.Random(1)
    old, new = ("".join(rng.choice("ab ") for _ in range(200_000)) for _ in range(2))
    assert applied(old, new) == new
