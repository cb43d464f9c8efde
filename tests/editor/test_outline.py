"""The outline: which lines are headings, in slices, and how edits move them until it is made anew."""

from __future__ import annotations

from editor.dsl import steady
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Change, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.outline import Heading, Outline, plain_title


def document(text: str, kind: PadKind = PadKind.TEXT) -> ViewDocument:
    made = ViewDocument(client_id=1, kind=kind)
    if text:
        made.replace(Position(0, 0), Position(0, 0), text)
    return made


def headings(view: ViewDocument, slice_lines: int = 500) -> list[Heading]:
    outline = Outline()
    outline.begin()
    while outline.look_on(view.lines, view.marks, slice_lines):
        pass
    return list(outline.headings)


def test_headings_of_both_kinds_are_found_and_those_in_code_are_not() -> None:
    text = (
        "---\na: b\n---\n# One **bold** `c` #\nTitle\n===\n```\n# none\n```\n"
        "> ## Two [l](u)\nSub\n---\n####\n"
    )
    assert headings(document(text)) == [
        Heading(3, 1, "One bold c"),
        Heading(4, 1, "Title"),
        Heading(9, 2, "Two l"),
        Heading(10, 2, "Sub"),
        Heading(12, 4, ""),
    ]


def test_headings_of_rich_text_come_from_its_formats() -> None:
    view = document("a\n# b\nc\n", PadKind.RICHTEXT)
    view.format(Position(0, 1), Position(1, 0), {"header": 2})
    view.format(Position(2, 1), Position(3, 0), {"header": 1})
    assert headings(view) == [Heading(0, 2, "a"), Heading(2, 1, "c")]


_LINES = st.sampled_from(["# a", "b", "===", "---", "```", "", "- c", "| d", "<!--", "-->"])
_TEXTS = st.lists(_LINES).map("\n".join)


@steady
@given(_TEXTS, st.integers(1, 5))
def test_slices_find_what_one_look_finds(text: str, size: int) -> None:
    view = document(text)
    assert headings(view, size) == headings(view)


def test_edits_move_headings_and_take_those_that_they_delete() -> None:
    view = document("a\n# one\nb\n# two\nc\n# three\n")
    outline = Outline()
    outline.begin()
    outline.look_on(view.lines, None)
    changes: list[Change] = []
    view.observe(changes.append)
    view.replace(Position(0, 1), Position(0, 1), "\nx\ny")
    view.replace(Position(4, 0), Position(6, 0), "")
    view.replace(Position(3, 2), Position(3, 2), "more ")
    for change in changes:
        outline.follow(change)
    assert [(one.line, one.title) for one in outline.headings] == [(3, "one"), (5, "three")]
    assert [outline.around(line) for line in (0, 3, 4, 5, 9)] == [-1, 0, 0, 1, 1]


def test_a_change_ends_a_look_so_that_nothing_is_found_in_the_wrong_place() -> None:
    view = document("# a\n" * 20)
    outline = Outline()
    outline.begin()
    assert outline.look_on(view.lines, None, 5)
    changes: list[Change] = []
    view.observe(changes.append)
    view.replace(Position(0, 0), Position(1, 0), "")
    outline.follow(changes[0])
    assert not outline.look_on(view.lines, None, 5)
    assert list(outline.headings) == []


@steady
@given(st.text(max_size=300))
def test_no_title_makes_it_raise(text: str) -> None:
    assert len(plain_title(text)) <= 200
