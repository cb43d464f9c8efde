"""Copies, moves and duplicates of rich text keep its formats; text from elsewhere is plain."""

from __future__ import annotations

import random

import pytest
from editor.dsl import Session
from editor.test_rich import blocks, rich, run, runs

from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import Step

BOLD = {"bold": True}


def select(session: Session, start: tuple[int, int], end: tuple[int, int] | None = None) -> None:
    place = Position(*start)
    session.editor.take(Step(selection=caret(place) if end is None else Selection(place, Position(*end))))


def article() -> Session:
    """A heading, a paragraph with a bold word, an item, and an empty line."""
    session = rich("|Title\nsome bold text\nitem\n")
    session.document.format(Position(0, 5), Position(1, 0), {"header": 2})
    session.document.format(Position(1, 5), Position(1, 9), BOLD)
    session.document.format(Position(2, 4), Position(3, 0), {"list": "bullet"})
    session.document.end_undo_group()
    return session


def test_a_copied_word_is_pasted_with_its_marks() -> None:
    session = article()
    select(session, (1, 3), (1, 9))
    session.do(run("clipboard.copy"))
    select(session, (2, 4))
    session.do(run("clipboard.paste"))
    assert session.text.endswith("iteme bold\n")
    marks = session.document.marks
    assert marks is not None
    assert [(run_.start, run_.end, dict(run_.marks)) for run_ in marks.line(2).runs] == [(6, 10, BOLD)]


def test_the_terminal_pastes_the_same_text_with_marks_and_another_plain() -> None:
    session = article()
    select(session, (1, 5), (1, 9))
    session.do(run("clipboard.copy"))
    select(session, (3, 0))
    session.editor.paste("bold")
    session.editor.paste(" cold")
    marks = session.document.marks
    assert marks is not None
    assert session.text.endswith("bold cold")
    assert marks.line(3).runs[0].end >= 4
    select(session, (2, 0))
    session.editor.paste("cold")
    assert marks.line(2).runs == ()


def test_a_copied_line_keeps_its_block_and_one_undo_takes_it_back() -> None:
    session = article()
    before = runs(session)
    select(session, (0, 2))
    session.do(run("clipboard.copy"))
    select(session, (3, 0))
    session.do(run("clipboard.paste"))
    assert session.text == "Title\nsome bold text\nitem\nTitle\n"
    assert blocks(session) == [{"header": 2}, {}, {"list": "bullet"}, {"header": 2}, {}]
    session.do(run("history.undo"))
    assert runs(session) == before


def test_what_is_cut_comes_back_with_all_its_formats() -> None:
    session = article()
    before = runs(session)
    select(session, (0, 0), (3, 0))
    session.do(run("clipboard.cut"))
    assert session.text == ""
    session.do(run("clipboard.paste"))
    assert runs(session) == before


def test_text_pasted_into_a_line_leaves_that_line_its_format() -> None:
    session = article()
    select(session, (1, 5), (2, 4))
    session.do(run("clipboard.copy"))
    select(session, (0, 5))
    session.do(run("clipboard.paste"))
    assert session.text == "Titlebold text\nitem\nsome bold text\nitem\n"
    assert blocks(session)[:2] == [{"header": 2}, {"header": 2}]


@pytest.mark.parametrize(
    ("name", "line", "wanted"),
    [
        (
            "line.move_down",
            0,
            [("some bold text", {}), ("Title", {"header": 2}), ("item", {"list": "bullet"})],
        ),
        ("line.move_up", 2, [("Title", {"header": 2}), ("item", {"list": "bullet"}), ("some bold text", {})]),
        (
            "line.duplicate",
            1,
            [
                ("Title", {"header": 2}),
                ("some bold text", {}),
                ("some bold text", {}),
                ("item", {"list": "bullet"}),
            ],
        ),
        (
            "line.move_down",
            2,
            [("Title", {"header": 2}), ("some bold text", {}), ("", {}), ("item", {"list": "bullet"})],
        ),
    ],
)
def test_lines_keep_their_formats(name: str, line: int, wanted: list[tuple[str, dict[str, object]]]) -> None:
    session = article()
    before = runs(session)
    select(session, (line, 1))
    session.do(run(name))
    texts = session.text.split("\n")
    assert list(zip(texts, blocks(session), strict=True))[: len(wanted)] == wanted
    for number, text in enumerate(texts):
        marks = session.document.marks
        assert marks is not None
        found = [(run_.start, run_.end, dict(run_.marks)) for run_ in marks.line(number).runs]
        assert found == ([(5, 9, BOLD)] if "bold" in text else [])
    session.do(run("history.undo"))
    assert runs(session) == before


def test_lines_stay_in_their_cells() -> None:
    session = rich("|above\n").do(run("format.table", "2x2"))
    before = runs(session)
    for line in (0, 1, 3):
        select(session, (line, 0))
        for name in ("line.move_up", "line.move_down"):
            session.do(run(name))
    assert blocks(session)[1:5] == [{"table": name} for name in _cells_of(before)]


def _cells_of(found: list[tuple[str, dict[str, object]]]) -> list[object]:
    return [marks["table"] for text, marks in found if "table" in marks for _ in text]


@pytest.mark.parametrize("seed", range(15))
def test_whatever_is_copied_and_moved_the_marks_are_the_engines(seed: int) -> None:
    draw = random.Random(seed)
    session = article()
    for _ in range(25):
        lines = session.document.lines
        places = [lines.position_at(draw.randrange(lines.char_count + 1)) for _ in range(2)]
        select(session, *sorted(places))
        names = ("clipboard.copy", "clipboard.cut", "clipboard.paste", "line.move_up", "line.move_down")
        session.do(run(draw.choice([*names, "line.duplicate", "format.bold", "history.undo"])))
        assert session.document.marks is not None
        rebuilt = MarkIndex(lines, session.document.runs())
        assert session.document.marks.lines(0, 1_000) == rebuilt.lines(0, 1_000)
