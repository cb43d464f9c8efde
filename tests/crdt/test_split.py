"""R18: large honest edits leave as parts that are each valid alone; small ones are merged."""

from __future__ import annotations

import random

import pytest
from crdt.forge import deleted, deletion, entry, string, update
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import merge_own, own_end, split_update, void_update
from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument

ANN, BOB = 7, 9
LOREM = "lorem 😀 ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n"


def ten_megabytes_deleted_and_brought_back() -> tuple[ViewDocument, list[bytes]]:
    view = ViewDocument(client_id=ANN, kind=PadKind.TEXT)
    view.replace(Position(0, 0), Position(0, 0), "head tail")
    view.end_undo_group()
    view.replace(Position(0, 5), Position(0, 5), LOREM * (10_000_000 // len(LOREM.encode())))
    view.end_undo_group()
    view.replace(Position(0, 0), view.lines.end, "")
    view.undo()
    return view, view.take_updates()


def test_r18_a_ten_megabyte_paste_delete_and_undo_leave_as_valid_parts() -> None:
    view, updates = ten_megabytes_deleted_and_brought_back()
    document = CanonicalDocument(PadKind.TEXT)
    parts = [part for one in updates for part in split_update(one)]
    for part in parts:
        assert len(part) <= 200_100
        document.apply(document.check(ANN, [part]))
    assert document.text() == view.text()
    assert document.clocks == view.state_vector()


def test_r18_without_splitting_the_same_edits_are_refused() -> None:
    _, updates = ten_megabytes_deleted_and_brought_back()
    with pytest.raises(InvalidUpdate, match="256 KiB"):
        CanonicalDocument(PadKind.TEXT).check(ANN, updates)


def test_a_replace_all_with_twelve_thousand_matches_leaves_as_valid_parts_and_comes_back_by_undo() -> None:
    view = ViewDocument(client_id=ANN, kind=PadKind.TEXT)
    view.replace(Position(0, 0), Position(0, 0), "a fox é\n" * 12_000)
    view.replace_all([TextEdit(Position(n, 2), Position(n, 5), "wolf😀") for n in range(12_000)])
    assert view.lines[11_999] == "a wolf😀 é"
    view.undo()
    assert view.lines[11_999] == "a fox é"
    document = CanonicalDocument(PadKind.TEXT)
    for part in [part for one in view.take_updates() for part in split_update(one)]:
        document.apply(document.check(ANN, [part]))
    assert document.text() == view.text() == view._engine.whole_text() == "a fox é\n" * 12_000


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab é😀\n漢", min_size=1, max_size=200), st.integers(12, 90))
def test_any_string_is_cut_at_characters_and_hangs_together(text: str, max_bytes: int) -> None:
    base = update(BOB, 0, string("[]"))
    whole = update(ANN, 0, string(text, (BOB, 0), (BOB, 1)), deletes=((BOB, 0, 2),))
    document = CanonicalDocument(PadKind.TEXT)
    document.apply(document.check(BOB, [base]))
    for part in split_update(whole, max_bytes=max_bytes):
        document.apply(document.check(ANN, [part]))
    assert document.text() == text


def test_a_small_update_is_left_as_it_is() -> None:
    small = update(ANN, 0, string("a"), deletes=((ANN, 0, 1),))
    assert split_update(small) == [small]


def test_a_long_deleted_struct_and_a_long_delete_set_are_cut() -> None:
    made = update(ANN, 0, deleted(200_000), string("end", (ANN, 199_999)))
    document = CanonicalDocument(PadKind.TEXT)
    for part in split_update(made):
        document.apply(document.check(ANN, [part]))
    assert document.text() == "end"
    assert document.clocks == {ANN: 200_003}
    many = tuple((ANN, n, 1) for n in range(0, 20_000, 2))
    parts = split_update(deletion(*many))
    assert len(parts) == 3
    for part in parts:
        document.check(ANN, [part])


def test_typing_becomes_one_struct() -> None:
    view = ViewDocument(client_id=ANN, kind=PadKind.TEXT)
    for n, ch in enumerate("typed é😀!"):
        view.replace(Position(0, n), Position(0, n), ch)
    view.replace(Position(0, 8), Position(0, 9), "")
    [merged] = merge_own(view.take_updates())
    assert len(merged) < 40
    document = CanonicalDocument(PadKind.TEXT)
    document.apply(document.check(ANN, [merged]))
    assert document.text() == view.text()


def test_updates_that_do_not_follow_one_another_are_not_merged() -> None:
    one, gap, other = update(ANN, 0, string("a")), update(ANN, 5, string("b")), update(BOB, 1, string("c"))
    assert merge_own([one, gap]) == [one, gap]
    assert merge_own([one, other]) == [one, other]
    assert merge_own([one, b"\xff"]) == [one, b"\xff"]
    assert merge_own([one]) == [one]


def test_a_merge_of_a_large_journal_is_still_valid() -> None:
    big = [
        update(ANN, n * 100_000, string("x" * 100_000, (ANN, n * 100_000 - 1) if n else None))
        for n in range(9)
    ]
    document = CanonicalDocument(PadKind.TEXT)
    for part in merge_own(big):
        document.apply(document.check(ANN, [part]))
    assert document.text_bytes() == 900_000


def test_a_voided_update_keeps_its_clocks_and_nothing_else() -> None:
    honest = update(ANN, 0, string("é😀" * 40_000), entry(b"\x78"), deletes=((ANN, 0, 1),))
    document = CanonicalDocument(PadKind.TEXT)
    document.apply(document.check_void(ANN, [honest]))
    assert document.clocks == {ANN: 120_001}
    assert document.text() == ""
    assert document.maps()["meta"] == {}
    assert void_update(deletion((ANN, 0, 1))) == b"\0\0"


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_end_of_an_own_update_is_behind_its_last_item(draw: random.Random, typed: int) -> None:
    view = ViewDocument(client_id=ANN, kind=PadKind.RICHTEXT)
    other = ViewDocument(client_id=BOB, kind=PadKind.RICHTEXT)
    other.replace(Position(0, 0), Position(0, 0), "é😀 of Bob\n" * typed)
    for one in other.take_updates():
        view.apply(one)
    for _ in range(12):
        at = view.lines.position_at(draw.randrange(view.lines.char_count + 1))
        end = view.lines.position_at(draw.randrange(view.lines.char_count + 1))
        first, last = min(at, end), max(at, end)
        act = draw.randrange(4)
        if act == 0:
            view.replace(first, last, "")
        elif act == 1:
            view.format(first, last, {"bold": draw.random() < 0.5 or None})
        elif act == 2:
            view.set_meta("title", "😀" * draw.randrange(4))
        else:
            view.replace(at, at, draw.choice(["x", "é\n", "😀😀"]), {"list": "bullet"})
    follower = ViewDocument(client_id=1, kind=PadKind.RICHTEXT, state=other.encode())
    for one in view.take_updates():
        before = follower.state_vector().get(ANN, 0)
        follower.apply(one)
        after = follower.state_vector().get(ANN, 0)
        assert own_end(one) == ((ANN, after) if after > before else (0, 0))
