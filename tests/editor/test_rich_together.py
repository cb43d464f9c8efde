"""Two people format at the same moment: both see one thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.editor import Editor
from support.rich_sample import Piece, document, line

Act = Callable[[Editor], object]


def select(start: tuple[int, int], end: tuple[int, int], *commands: str) -> Act:
    def act(editor: Editor) -> None:
        editor.reveal(Position(*start), select_to=Position(*end))
        for command in commands:
            editor.run(command)

    return act


def at(place: tuple[int, int], *commands: str, typed: str = "") -> Act:
    def act(editor: Editor) -> None:
        editor.reveal(Position(*place))
        for command in commands:
            editor.run(command)
        for char in typed:
            editor.type(char)

    return act


def together(pieces: list[Piece], anna: Act, ben: Act) -> list[tuple[str, tuple[str, ...]]]:
    """What both see after each did something before they heard of the other."""
    first = document(pieces)
    second = ViewDocument(client_id=9, kind=PadKind.RICHTEXT, state=first.encode())
    editors = [Editor(first, width=40, height=10), Editor(second, width=40, height=10)]
    anna(editors[0])
    ben(editors[1])
    for target, source in ((first, second.take_updates()), (second, first.take_updates())):
        for update in source:
            target.apply(update)
    frames = []
    for editor in editors:
        editor.reveal(Position(0, 0))
        frames.append([(span.text, span.styles) for row in editor.frame().rows for span in row.spans])
    assert frames[0] == frames[1]
    assert list(first.runs()) == list(second.runs())
    return frames[0]


def test_overlapping_bold_looks_the_same_to_both() -> None:
    """The end of a mark ends it for everybody, so the last word is plain again: the engine has this rule."""
    seen = together(
        line("one two three"), select((0, 0), (0, 7), "format.bold"), select((0, 4), (0, 13), "format.bold")
    )
    assert seen == [("one two", ("strong",)), (" three", ())]


def test_bold_and_italic_that_overlap_are_both_where_they_do() -> None:
    seen = together(
        line("one two three"), select((0, 0), (0, 7), "format.bold"), select((0, 4), (0, 13), "format.italic")
    )
    assert [(text, set(styles)) for text, styles in seen] == [
        ("one ", {"strong"}),
        ("two", {"strong", "emphasis"}),
        (" three", {"emphasis"}),
    ]


def test_a_line_that_one_makes_a_heading_while_the_other_splits_it_is_two_lines_for_both() -> None:
    seen = together(line("Plan of May"), at((0, 3), "format.heading_1"), at((0, 4), "edit.newline"))
    assert [text for text, _ in seen] == ["Plan", " of May"]
    assert "heading.1" in {style for _, styles in seen for style in styles}


@pytest.mark.parametrize(
    ("anna", "ben", "text"),
    [
        (at((0, 0), "format.bullets"), at((0, 3), "format.quote"), "one"),
        (select((0, 0), (0, 3), "format.bold"), select((0, 0), (0, 3), "delete.backward"), ""),
        (at((0, 1), typed="X"), select((0, 0), (0, 3), "format.strike"), "oXne"),
        (at((0, 3), "edit.newline", typed="- "), at((1, 0), "delete.backward"), "one"),
        (at((0, 0), "format.table"), at((0, 3), typed="!"), "one!"),
    ],
)
def test_whatever_meets_looks_the_same_to_both(anna: Act, ben: Act, text: str) -> None:
    seen = together([*line("one"), *line("two")], anna, ben)
    assert text in "".join(part for part, _ in seen)
