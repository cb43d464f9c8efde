"""A text edited outside meets what others wrote meanwhile: nobody's words are lost, nothing is doubled."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.merge import merged_edits, merged_spans
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

TEXTS = st.text(alphabet="ab é😀\n", max_size=30)


def merged(base: str, edited: str, present: str) -> str:
    """Through a real document, as the app does it."""
    view = ViewDocument(client_id=1, kind=PadKind.TEXT)
    view.set_text(present)
    view.replace_all(merged_edits(base, edited, present))
    return view.text()


def test_both_sides_stay() -> None:
    base = "one\ntwo\nthree\n"
    assert merged(base, "ONE\ntwo\nthree\nfour\n", "one\ntwo and a half\nthree\n") == (
        "ONE\ntwo and a half\nthree\nfour\n"
    )


def test_making_the_text_equal_would_take_back_what_others_wrote() -> None:
    """The defence: `set_text` alone, which is how a file is written over a pad, loses it."""
    base, edited, present = "Hello.\n", "Hello you.\n", "Hello.\nBORIS\n"
    view = ViewDocument(client_id=1, kind=PadKind.TEXT)
    view.set_text(present)
    view.set_text(edited)
    assert "BORIS" not in view.text()
    assert merged(base, edited, present) == "Hello you.\nBORIS\n"


def test_what_others_wrote_into_a_deleted_passage_stays() -> None:
    assert merged("start gone end", "start end", "start go!ne end") == "start !end"


def test_a_merge_is_one_undo_step() -> None:
    view = ViewDocument(client_id=1, kind=PadKind.TEXT)
    view.replace(Position(0, 0), Position(0, 0), "a b c")
    view.replace_all(merged_edits("a b c", "A b C", view.text()))
    assert view.text() == "A b C"
    view.undo()
    assert view.text() == "a b c"


@given(TEXTS, TEXTS)
def test_where_one_side_did_nothing_the_other_sides_text_comes_out(base: str, other: str) -> None:
    assert merged(base, other, base) == other
    assert merged(base, base, other) == other


@given(TEXTS, st.data())
def test_every_insertion_of_both_sides_stays_once(base: str, data: st.DataObject) -> None:
    """Each side inserts characters that are nowhere else, and deletes some of the base."""
    mine = data.draw(sides(base, "XYZVW"))
    theirs = data.draw(sides(base, "12345"))
    result = merged(base, mine, theirs)
    assert [c for c in result if c in "XYZVW"] == [c for c in mine if c in "XYZVW"]
    assert sorted(c for c in result if c in "12345") == sorted(c for c in theirs if c in "12345")
    spans = merged_spans(base, mine, theirs)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@st.composite
def sides(draw: st.DrawFn, base: str, marks: str) -> str:
    kept = "".join(c for c in base if draw(st.integers(0, 3)))
    for mark in marks:
        if draw(st.booleans()):
            at = draw(st.integers(0, len(kept)))
            kept = kept[:at] + mark + kept[at:]
    return kept
