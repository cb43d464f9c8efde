"""The marks of lines: always what the engine would say of the whole text, whoever edits."""

from __future__ import annotations

import random

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_index import MarkIndex, MarkRun
from cryptpad_tui.crdt.values import Attributes, Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument

MARKS: tuple[Attributes, ...] = (
    {"bold": True},
    {"bold": None},
    {"italic": True, "color": "#ff0000"},
    {"header": 2},
    {"header": None},
    {"list": "bullet", "indent": 1},
    {"link": "https://example.org/é"},
)


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        self.s += 0.1
        return self.s


def rich(client_id: int) -> ViewDocument:
    return ViewDocument(client_id=client_id, kind=PadKind.RICHTEXT, now=Clock())


def as_by_engine(document: ViewDocument) -> list[object]:
    return list(MarkIndex(LineIndex(document.text()), document.runs()).lines(0, 10_000))


def assert_right(document: ViewDocument) -> None:
    assert document.marks is not None
    assert document.marks.lines(0, 10_000) == as_by_engine(document)
    assert len(document.marks) == len(document.lines)


def random_place(draw: random.Random, document: ViewDocument) -> tuple[Position, Position]:
    length = document.lines.char_count
    a = draw.randrange(length + 1)
    b = min(length, a + draw.randrange(12))
    return document.lines.position_at(a), document.lines.position_at(b)


def random_act(draw: random.Random, document: ViewDocument) -> None:
    start, end = random_place(draw, document)
    act = draw.random()
    text = "".join(draw.choice("ab é😀\n") for _ in range(draw.randrange(6)))
    if act < 0.3:
        document.replace(start, end if draw.random() < 0.4 else start, text)
    elif act < 0.45:
        document.replace(start, start, text, draw.choice([{}, {"bold": True}, {"list": "ordered"}]))
    elif act < 0.8:
        document.format(start, end, draw.choice(MARKS))
    elif act < 0.88:
        document.undo()
    elif act < 0.93:
        document.redo()
    else:
        document.replace_all([TextEdit(start, start, "x\n"), TextEdit(end, end, "y", {"strike": True})])


def exchange(documents: list[ViewDocument], waiting: list[list[bytes]]) -> None:
    for i, document in enumerate(documents):
        for update in document.take_updates():
            for j, queue in enumerate(waiting):
                if j != i:
                    queue.append(update)


@pytest.mark.parametrize("seed", range(60))
def test_three_people_format_and_all_lines_say_what_the_engine_says(seed: int) -> None:
    draw = random.Random(seed)
    documents = [rich(client) for client in (1, 2, 3)]
    waiting: list[list[bytes]] = [[], [], []]
    for _ in range(60):
        i = draw.randrange(3)
        random_act(draw, documents[i])
        assert_right(documents[i])
        exchange(documents, waiting)
        j = draw.randrange(3)
        for update in waiting[j]:
            documents[j].apply(update)
            assert_right(documents[j])
        waiting[j].clear()
    for document, queue in zip(documents, waiting, strict=True):
        for update in queue:
            document.apply(update)
        assert_right(document)
    assert documents[0].runs() == documents[1].runs() == documents[2].runs()


def test_typed_text_takes_over_the_marks_of_the_character_before() -> None:
    document = rich(1)
    document.replace(Position(0, 0), Position(0, 0), "bold plain", {})
    document.format(Position(0, 0), Position(0, 4), {"bold": True})
    document.replace(Position(0, 4), Position(0, 4), "er")
    document.replace(Position(0, 12), Position(0, 12), "!")
    assert document.runs() == [("bolder", {"bold": True}), (" plain!", {})]


def test_a_line_cut_in_two_stays_a_heading_twice() -> None:
    document = rich(1)
    document.replace(Position(0, 0), Position(0, 0), "one two", {})
    document.replace(Position(0, 7), Position(0, 7), "\n", {"header": 1})
    document.replace(Position(0, 3), Position(0, 3), "\n")
    assert document.marks is not None
    assert [line.block for line in document.marks.lines(0, 9)] == [(("header", 1),), (("header", 1),), ()]


def test_marks_of_a_range_over_lines_and_of_its_line_ends() -> None:
    document = rich(1)
    document.replace(Position(0, 0), Position(0, 0), "ab\ncd\nef", {})
    document.format(Position(0, 1), Position(2, 1), {"bold": True})
    assert document.marks is not None
    found = document.marks.lines(0, 3)
    assert [line.runs for line in found] == [
        (MarkRun(1, 2, (("bold", True),)),),
        (MarkRun(0, 2, (("bold", True),)),),
        (MarkRun(0, 1, (("bold", True),)),),
    ]
    assert [line.block for line in found] == [(("bold", True),), (("bold", True),), ()]


def test_plain_kinds_have_no_marks() -> None:
    assert ViewDocument(client_id=1, kind=PadKind.TEXT).marks is None
