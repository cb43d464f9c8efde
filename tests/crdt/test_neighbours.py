"""Gaps that a few items prove: never where the order of all items says otherwise, and for honest edits."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere, NeedsTime
from cryptpad_tui.crdt.items import ItemList
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.neighbours import Neighbours
from cryptpad_tui.crdt.order import DocumentOrder
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

START = Position(0, 0)


def _edit(rng: random.Random, view: ViewDocument) -> None:
    length = view.lines.char_count
    a = rng.randrange(length + 1)
    b = min(length, a + rng.randrange(6))
    place, text = view.lines.position_at, "".join(rng.choice("ab é😀\n") for _ in range(3))
    act = rng.random()
    if act < 0.6:
        view.replace(place(a), place(a), text)
    elif act < 0.8:
        view.replace(place(a), place(b), rng.choice(["", text]))
    else:
        view.format(place(a), place(b), rng.choice([{"bold": True}, {"bold": None}, {"header": 2}]))


def _views(rng: random.Random, edits: int) -> tuple[list[ViewDocument], CanonicalDocument]:
    """Three people who write at once and now and then hear of each other; and their log."""
    views = [ViewDocument(client_id=1 + i, kind=PadKind.RICHTEXT) for i in range(3)]
    log = CanonicalDocument(PadKind.RICHTEXT)
    for _ in range(edits):
        for view in rng.sample(views, rng.randrange(1, 3)):
            _edit(rng, view)
        if rng.random() < 0.6:
            _exchange(views, log)
    _exchange(views, log)
    return views, log


def _exchange(views: list[ViewDocument], log: CanonicalDocument) -> None:
    sent = [(view, update) for view in views for update in view.take_updates()]
    for writer, update in sent:
        log.apply(log.check(writer.client_id, [update]))
        for view in views:
            if view is not writer:
                view.apply(update)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_said_to_be_a_gap_is_one_by_the_order_of_all_items(seed: int) -> None:
    rng = random.Random(seed)
    _, log = _views(rng, 12)
    items = ItemList(log.encode(), with_text=False)
    near = Neighbours(log._encode_beyond, log.clocks, lambda place: None)
    places = [None, *[(client, clock) for client, end in log.clocks.items() for clock in range(end)]]
    for _ in range(1_000):
        origin, right = rng.choice(places), rng.choice(places)
        if rng.random() < 0.7:
            right = items.unit_behind(origin)
        if near.are_beside(origin, right):
            assert items.fault_of_gap((origin, right)) is None


def test_honest_edits_in_a_kept_document_need_no_list_of_all_items(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(7)
    views, log = _views(rng, 60)
    kept = CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())
    built: list[DocumentOrder] = []
    whole = DocumentOrder.items

    def items(order: DocumentOrder) -> ItemList:
        built.append(order)
        return ItemList(kept.encode(), with_text=False) if order is kept._state.order else whole(order)

    monkeypatch.setattr(DocumentOrder, "items", items)
    entries = 0
    for _ in range(60):
        _edit(rng, views[0])
        for update in views[0].take_updates():
            kept.apply(kept.check(1, [update]))
            entries += 1
    assert entries > 50
    assert len(built) < entries / 10


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_a_list_that_is_built_in_slices_is_the_list(seed: int) -> None:
    rng = random.Random(seed)
    views, log = _views(rng, 10)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("cryptpad_tui.crdt.order._SLICE", 1)
        patched.setattr("cryptpad_tui.crdt.items._STEP_ITEMS", 4)
        kept = CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())
        for _ in range(40):
            view = rng.choice(views)
            _edit(rng, view)
            for update in view.take_updates():
                kept.apply(kept.check(view.client_id, [update]))
                kept.go_on()
                for other in views:
                    if other is not view:
                        other.apply(update)
    whole = ItemList(kept.encode(), with_text=False)
    units = [(item.client, item.clock + n) for item in kept._state.order.items() for n in range(item.length)]
    assert units == [(item.client, item.clock + n) for item in whole for n in range(item.length)]


def test_what_the_first_edit_of_somebody_else_begins_can_be_ended_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cryptpad_tui.crdt.order._SLICE", 1)
    monkeypatch.setattr("cryptpad_tui.crdt.items._STEP_ITEMS", 4)
    rng = random.Random(3)
    views, log = _views(rng, 40)
    kept = CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())
    assert not kept.has_begun
    kept.load_beside()
    kept.go_on()
    assert not kept._state.order.is_begun
    while not kept.has_begun:
        _edit(rng, views[0])
        for update in views[0].take_updates():
            kept.apply(kept.check(1, [update]))
    slices = 0
    while kept.has_begun:
        kept.go_on()
        slices += 1
    assert slices > 5
    assert kept._state.order.is_built


def test_an_edit_that_needs_the_list_comes_back_when_it_is_built_in_slices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cryptpad_tui.crdt.order._SLICE", 1)
    monkeypatch.setattr("cryptpad_tui.crdt.items._STEP_ITEMS", 4)
    monkeypatch.setattr(Neighbours, "are_beside", lambda *asked: False)
    rng = random.Random(3)
    views, log = _views(rng, 40)
    kept = CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())
    views[0].replace(START, START, "x")
    updates = views[0].take_updates()
    kept.may_wait = True
    with pytest.raises(NeedsTime):
        kept.check(1, updates)
    slices = 1
    while kept.prepare():
        slices += 1
    assert slices > 5
    kept.apply(kept.check(1, updates))
    assert kept.text() == views[0].text()


def test_a_list_that_cannot_be_built_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    views, log = _views(random.Random(3), 10)
    kept = CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())
    monkeypatch.setattr(Neighbours, "are_beside", lambda *asked: False)

    def fail(items: ItemList, update: bytes) -> None:
        raise CannotLoadHere

    monkeypatch.setattr(ItemList, "folding", fail)
    views[0].replace(START, START, "x")
    kept.may_wait = True
    with pytest.raises(NeedsTime):
        kept.check(1, updates := views[0].take_updates())
    assert not kept.prepare()
    with pytest.raises(CannotLoadHere):
        kept.check(1, updates)
