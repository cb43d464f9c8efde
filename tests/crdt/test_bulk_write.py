"""Many edits of rich text written at once: they mean what they mean one by one."""

from __future__ import annotations

import random

import pytest

from cryptpad_tui.crdt import bulk_write
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.values import Attributes, Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument

_MARKS: tuple[Attributes, ...] = (
    {},
    {"bold": True},
    {"bold": True, "color": "#ff0000"},
    {"link": "https://é/"},
)
_BLOCKS: tuple[Attributes, ...] = ({}, {"header": 2}, {"list": "bullet", "indent": 2}, {"table": "1/1/1"})


def rich(seed: int) -> tuple[random.Random, ViewDocument, CanonicalDocument]:
    draw = random.Random(seed)
    document = ViewDocument(client_id=5, kind=PadKind.RICHTEXT, now=lambda: 1.0)
    for _ in range(draw.randrange(12)):
        place = document.lines.position_at(draw.randrange(document.lines.char_count + 1))
        document.replace(place, place, draw.choice(["ab", "é", "😀"]), draw.choice(_MARKS))
        document.replace(place, place, "\n", draw.choice(_BLOCKS))
    canonical = CanonicalDocument(PadKind.RICHTEXT)
    canonical.apply(canonical.check(5, document.take_updates()))
    return draw, document, canonical


def assert_sound(document: ViewDocument, canonical: CanonicalDocument) -> None:
    canonical.apply(canonical.check(5, document.take_updates()))
    assert canonical.text() == document.text()
    assert document.marks is not None
    engine = EngineDocument(PadKind.RICHTEXT, 9, canonical.encode(), lambda: 1.0)
    rebuilt = MarkIndex(LineIndex(document.text()), engine.runs())
    assert document.marks.lines(0, 10_000) == rebuilt.lines(0, 10_000)


@pytest.mark.parametrize("seed", range(40))
def test_a_rich_paste_is_the_same_as_its_runs_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_write, "RUNS_PER_UPDATE", 3 + seed % 7)
    draw, document, canonical = rich(seed)
    before = document.runs()
    first, past = sorted(draw.randrange(document.lines.char_count + 1) for _ in range(2))
    start, end = document.lines.position_at(first), document.lines.position_at(past)
    runs = [("x" if n % 3 else "\n", draw.choice(_BLOCKS if not n % 3 else _MARKS)) for n in range(9)]
    edits = [TextEdit(start, end, *runs[0]), *[TextEdit(end, end, *run) for run in runs[1:]]]
    one_by_one = ViewDocument(client_id=6, kind=PadKind.RICHTEXT, state=document.encode(), now=lambda: 1.0)
    one_by_one.replace(start, end, "")
    for text, marks in reversed(runs):
        one_by_one.replace(start, start, text, marks)
    document.end_undo_group()
    document.replace_all(edits)
    assert document.runs() == one_by_one.runs()
    assert_sound(document, canonical)
    document.undo()
    assert document.runs() == before
    assert_sound(document, canonical)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("least", [1, 1_000])
def test_replacing_everywhere_keeps_the_marks_that_each_edit_asks_for(
    seed: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_write, "BATCH_RICH_EDITS", least)
    draw, document, canonical = rich(seed)
    places = sorted(draw.sample(range(document.lines.char_count + 1), min(6, document.lines.char_count)))
    edits = [
        TextEdit(document.lines.position_at(a), document.lines.position_at(b), draw.choice(["", "new"]))
        for a, b in zip(places[::2], places[1::2], strict=False)
    ]
    document.replace_all(edits)
    assert_sound(document, canonical)


def test_a_long_rich_text_is_written_in_one_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    plain = EngineDocument.replace_bytes

    def counted(self: EngineDocument, first: int, last: int, text: str, marks: Attributes | None) -> None:
        made.append(text)
        plain(self, first, last, text, marks)

    monkeypatch.setattr(EngineDocument, "replace_bytes", counted)
    document = ViewDocument(client_id=5, kind=PadKind.RICHTEXT)
    start = Position(0, 0)
    document.replace_all([TextEdit(start, start, "word", {"bold": n % 2 == 0 or None}) for n in range(2_000)])
    assert len(made) == 1
    assert document.lines.char_count == 8_000
