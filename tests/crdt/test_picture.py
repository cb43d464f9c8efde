"""A view made of a picture: in nothing different from one that the engine made, whatever is done to it."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest
from crdt.test_mark_index import Clock, assert_right, random_act, rich

from cryptpad_tui.crdt import holding, mark_index
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.holding import Holding, parted
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.mark_index import UNMARKED, LineMarks, MarkRun
from cryptpad_tui.crdt.packed_marks import PackedLines, packed
from cryptpad_tui.crdt.picture import Picture, digest_of, digest_of_state, read_picture
from cryptpad_tui.crdt.picture_steps import Step, joined, read_step
from cryptpad_tui.crdt.split import merge_own
from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.crdt.view import ViewDocument

START = Position(0, 0)


def picture_of(document: ViewDocument) -> Picture:
    found = read_picture(document.picture())
    assert found is not None
    return found


def opened(state: bytes, client_id: int, picture: Picture | None) -> ViewDocument:
    return ViewDocument(client_id=client_id, kind=PadKind.RICHTEXT, state=state, now=Clock(), picture=picture)


def assert_alike(one: ViewDocument, other: ViewDocument) -> None:
    assert one.text() == other.text()
    assert one.marks is not None
    assert other.marks is not None
    assert one.marks.lines(0, 10_000) == other.marks.lines(0, 10_000)
    for root in one.kind.map_roots:
        assert one.map_items(root) == other.map_items(root)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_to_it_is_done_as_to_a_loaded_one(seed: int) -> None:
    draw = random.Random(seed)
    first = rich(1)
    first.set_meta("title", "Named")
    for _ in range(60):
        random_act(draw, first)
    first.take_updates()
    state = first.encode()
    drawn, loaded = opened(state, 2, picture_of(opened(state, 9, None))), opened(state, 2, None)
    assert not drawn.is_loaded
    assert drawn.state_vector() == loaded.state_vector()
    assert_alike(drawn, loaded)
    assert drawn.meta("title") == "Named"
    assert drawn.text() == first.text()
    assert not drawn.is_loaded
    for _ in range(25):
        seen = draw.getstate()
        random_act(draw, drawn)
        draw.setstate(seen)
        random_act(draw, loaded)
        assert_alike(drawn, loaded)
    assert drawn.is_loaded
    assert_right(drawn)
    follower = opened(state, 4, picture_of(opened(state, 9, None)))
    for update in drawn.take_updates():
        follower.apply(update)
    assert_alike(follower, drawn)
    again = opened(drawn.encode(), 3, picture_of(drawn))
    assert_alike(again, drawn)


def test_what_others_write_comes_into_a_picture() -> None:
    first = rich(1)
    first.replace(START, START, "one\ntwo\n", {"bold": True})
    state = first.encode()
    first.take_updates()
    drawn = opened(state, 2, picture_of(first))
    seen: list[Change] = []
    drawn.observe(seen.append)
    first.replace(Position(1, 0), Position(1, 3), "2", {})
    for update in first.take_updates():
        drawn.apply(update)
    assert_alike(drawn, first)
    assert [change.origin for change in seen] == [Origin.REMOTE]
    assert not drawn.is_own_work


def test_a_picture_of_something_else_gives_way_to_the_engine() -> None:
    first = rich(1)
    first.replace(START, START, "right\n", {"italic": True})
    other = rich(1)
    other.replace(START, START, "wrong, and long enough\nto be cut\n", {"bold": True})
    drawn = opened(first.encode(), 2, picture_of(other))
    seen: list[Change] = []
    drawn.observe(seen.append)
    drawn.replace(START, START, "typed ", {})
    assert drawn.text() == "typed right\n"
    assert [change.origin for change in seen] == [Origin.RELOAD, Origin.LOCAL]
    assert_right(drawn)


def test_what_json_cannot_say_is_asked_of_the_engine() -> None:
    first = rich(1)
    first.replace(START, START, "text")
    first.set_meta("raw", b"\0\xff")
    first.set_map("comments", "a", {"n": 1, "f": 1.5, "l": [True, None, "é"]})
    drawn = opened(first.encode(), 2, picture_of(first))
    given = drawn.map_items("comments")
    given["a"]["n"] = 7
    assert drawn.map_value("comments", "a") == {"n": 1, "f": 1.5, "l": [True, None, "é"]}
    assert not drawn.is_loaded
    assert drawn.meta("raw") == b"\0\xff"
    assert drawn.is_loaded


def test_values_that_python_calls_equal_stay_apart() -> None:
    lines = [
        LineMarks((MarkRun(0, 1, (("bold", True),)), MarkRun(1, 2, (("bold", 1),))), (("header", 1),)),
        UNMARKED,
        LineMarks((), (("header", 1.0),)),
    ]
    found = PackedLines(packed(lines), 3).worked_out()
    assert repr(found) == repr(lines)


def test_a_digest_tells_where_one_update_ends() -> None:
    state = digest_of_state(b"state")
    digests = {digest_of(state, parts) for parts in ([b"ab", b"c"], [b"a", b"bc"], [b"abc"], [])}
    assert len(digests) == 4
    assert digest_of(digest_of_state(b"other"), []) not in digests


def test_a_picture_by_another_version_is_none() -> None:
    first = rich(1)
    assert read_picture(first.picture().replace(b'"format": 1', b'"format": 2')) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_is_made_in_slices_is_the_one_that_is_made_at_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mark_index, "_MIN_CHUNK_LINES", 3)
    draw = random.Random(seed)
    document = rich(1)
    document.replace(START, START, "a line\n" * 40)
    for _ in range(40):
        random_act(draw, document)
    document.take_updates()
    document = opened(document.encode(), 2, picture_of(document))
    at_once = document.picture()
    document.begin_picture()
    while document.prepare_picture(4):
        document.lines[draw.randrange(len(document.lines))]
    assert document.picture() == at_once
    document.begin_picture()
    while document.prepare_picture(4):
        random_act(draw, document)
        assert_right(document)
    assert_alike(opened(document.encode(), 3, picture_of(document)), document)


def test_what_is_typed_on_is_one_change_and_nothing_else_is() -> None:
    document = rich(1)
    document.replace(START, START, "one\ntwo\n", {"bold": True})
    before, changes = picture_of(document), list[Change]()
    document.observe(changes.append)
    acts = [(0, "x", None), (1, "y", None), (2, "z\n", None), (0, "a", None), (1, "b", {"italic": True})]
    for col, text, marks in acts:
        document.replace(Position(0, col), Position(0, col), text, marks)
    document.format(START, Position(0, 1), {"header": 2})
    document.replace(START, Position(0, 1), "")
    assert len(joined(changes)) == 6
    steps = [
        Step((change,), {}, {}, Holding({1: n}, [(1, n, 1)])) for n, change in enumerate(joined(changes))
    ]
    again = [read_step(step.encode()) for step in steps]
    assert_alike(opened(b"", 9, replace(before, steps=tuple(again))), document)
    both = steps[0].followed_by(steps[1])
    assert both is not None
    assert both.holding == Holding({1: 1}, [(1, 0, 1), (1, 1, 1)])


def test_edits_are_held_by_their_items_however_they_are_packed() -> None:
    document = rich(7)
    for col, letter in enumerate("typed on"):
        document.replace(Position(0, col), Position(0, col), letter)
    typed = document.take_updates()
    document.replace(Position(0, 2), Position(0, 4), "")
    gone = document.take_updates()
    held = Holding.of(typed)
    assert parted(merge_own(typed), held) == (merge_own(typed), [])
    assert parted([*merge_own(typed), *gone], held) == (merge_own(typed), gone)
    assert parted(typed[:-1], held) is None
    held.add(Holding.of(gone))
    assert parted(typed, held) is None
    assert parted([*typed, *gone], held) == ([*typed, *gone], [])
    long = merge_own([*typed, *gone])[0]
    with_long = Holding(dict(held.ends), [], {sha256(long).digest()})
    assert parted([*typed, long], with_long) is None


def test_a_long_edit_is_held_by_its_bytes_unless_its_items_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "LONG_BYTES", 30)
    document = rich(7)
    for col, letter in enumerate("many letters that are typed one after the other"):
        document.replace(Position(0, col), Position(0, col), letter)
    typed = document.take_updates()
    (long,) = merge_own(typed)
    assert Holding.of([*typed, long]).long == set()
    held = Holding.of([long])
    assert held.long == {sha256(long).digest()}
    assert parted([long], held) == ([long], [])
    assert parted(typed, held) is None
    assert parted([long], Holding.of(typed)) == ([long], [])
    monkeypatch.setattr(holding, "_MAX_READ_BYTES", 10)
    with pytest.raises(InvalidUpdate):
        parted([long], Holding.of(typed))
