"""The list of items made a slice at a time, while people edit: the same as made at once."""

from __future__ import annotations

import random

import pytest
from crdt.test_mark_index import random_act, rich

from cryptpad_tui.crdt import kept_items
from cryptpad_tui.crdt.items import ItemList
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_items, "_SHORT_BYTES", 0)
    monkeypatch.setattr(kept_items, "_SLICE", 1)


def long_text(lines: int = 120) -> ViewDocument:
    document = rich(1)
    for n in range(lines):
        document.replace(document.lines.end, document.lines.end, f"é{n}\n", {"bold": bool(n % 2) or None})
    return document


@pytest.mark.parametrize("seed", range(8))
def test_it_is_made_in_slices_between_edits(seed: int) -> None:
    draw = random.Random(seed)
    document, other = long_text(), rich(2)
    for update in document.take_updates():
        other.apply(update)
    slices = 0
    while not document.prepare_places():
        slices += 1
        if draw.random() < 0.5:
            random_act(draw, document if draw.random() < 0.5 else other)
            for update in other.take_updates():
                document.apply(update)
            for update in document.take_updates():
                other.apply(update)
    assert slices > 3
    items = document._engine.items(document.lines.byte_count)
    assert items is not None
    assert items.text() == document.text() == ItemList(document._engine.encode()).text()
    for _ in range(20):
        place = document.lines.position_at(draw.randrange(document.lines.char_count + 1))
        assert document.locate(document.anchor(place, exact=True), exact=True) == place


def test_who_asks_before_it_is_made_gets_it_at_once() -> None:
    document = long_text()
    assert not document.prepare_places()
    place = Position(60, 1)
    document.replace(Position(0, 0), Position(0, 0), "typed meanwhile ")
    assert document.locate(document.anchor(place, exact=True), exact=True) == place
    assert document.prepare_places()


def test_a_list_that_cannot_be_made_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document = long_text()
    assert not document.prepare_places()
    monkeypatch.setattr(ItemList, "text", lambda self: "another")
    while not document.prepare_places():
        pass
    assert document._engine.items(document.lines.byte_count) is None
    assert document.prepare_places()


def test_more_edits_than_it_pays_to_follow_begin_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_items, "_MAX_UNFOLDED_BYTES", 10)
    document = long_text()
    assert not document.prepare_places()
    document.replace(Position(0, 0), Position(0, 0), "more than it pays to follow")
    while not document.prepare_places():
        pass
    items = document._engine.items(document.lines.byte_count)
    assert items is not None
    assert items.text() == document.text()
