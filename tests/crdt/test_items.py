"""Our own item list against the engine: the same text and the same order in every replica."""

from __future__ import annotations

import random

import pytest
from crdt.forge import block, item, snapshot, string, update
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt import items as items_module
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere
from cryptpad_tui.crdt.grammar import FORMAT, OWN_LIMITS, read_struct
from cryptpad_tui.crdt.items import CircularItems, ItemList
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.low_halves import LowHalves
from cryptpad_tui.crdt.reader import Reader
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

ANN, BOB = 7, 9


def order_of(items: ItemList) -> list[tuple[int, int]]:
    return [(item.client, item.clock + n) for item in items for n in range(item.length)]


def visible_order(items: ItemList) -> list[tuple[int, int]]:
    return [(one.client, one.clock + n) for one in items if one.size_bytes for n in range(one.length)]


def type_somewhere(rng: random.Random, view: ViewDocument) -> None:
    length = view.lines.char_count
    a = rng.randrange(length + 1)
    b = min(length, a + rng.randrange(4))
    place = view.lines.position_at
    act = rng.random()
    if act < 0.6:
        view.replace(place(a), place(a), "".join(rng.choice("aé😀\n") for _ in range(rng.randrange(1, 4))))
    elif act < 0.8:
        view.replace(place(a), place(b), "")
    elif act < 0.88:
        view.format(place(a), place(b), {"bold": True})
    elif act < 0.95:
        view.undo()
    else:
        view.set_meta("k", rng.random())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_items_followed_update_by_update_agree_with_items_built_at_once(seed: int) -> None:
    rng = random.Random(seed)
    views = [ViewDocument(client_id=10 + n, kind=PadKind.RICHTEXT, now=lambda: 0.0) for n in range(3)]
    followed = ItemList(views[0]._engine.encode())
    bare = ItemList(views[0]._engine.encode(), with_text=False)
    for _ in range(12):
        for _ in range(4):
            type_somewhere(rng, rng.choice(views))
        sent = [view.take_updates() for view in views]
        for n, updates in enumerate(sent):
            for one in updates:
                followed.fold(one)
                bare.fold(one)
                for m, view in enumerate(views):
                    if m != n:
                        view.apply(one)
        built = [ItemList(view._engine.encode()) for view in views]
        assert followed.text() == built[0].text() == built[2].text() == views[0].text()
        assert visible_order(followed) == visible_order(built[0]) == visible_order(built[1])
        assert order_of(followed) == order_of(bare) == order_of(built[2])
        assert followed.size_bytes == len(views[0].text().encode())


def test_placing_for_a_while_leaves_the_order_as_it_was() -> None:
    items = ItemList(update(ANN, 0, string("a😀b"), string("tail", (ANN, 3))), with_text=False)
    before = order_of(items)
    placed = []
    for clock, raw in ((0, string("xy", (ANN, 0), (ANN, 1))), (2, string("z", (BOB, 0), (BOB, 1)))):
        struct = read_struct(Reader(raw), OWN_LIMITS, frozenset())
        placed.append(items.place(BOB, clock, struct))
    assert items.precedes((BOB, 2), (BOB, 1))
    assert items.precedes((ANN, 0), (BOB, 0))
    assert not items.precedes((ANN, 3), (BOB, 2))
    items.take_back(placed)
    assert order_of(items) == before
    with pytest.raises(KeyError):
        items.precedes((BOB, 0), (ANN, 0))


def test_what_is_typed_on_makes_one_item_unless_somebody_else_stood_there() -> None:
    items = ItemList(update(ANN, 0, string("a")), with_text=False)
    for clock in range(1, 50):
        items.fold(update(ANN, clock, string("x", (ANN, clock - 1))))
    assert len(list(items)) == 1
    items.fold(update(BOB, 0, string("b", (ANN, 49))))
    items.fold(update(ANN, 50, string("x", (ANN, 49))))
    assert [(one.client, one.length) for one in items] == [(ANN, 50), (ANN, 1), (BOB, 1)]


def test_a_mark_never_joins_a_string() -> None:
    mark = item(FORMAT, b"\4bold\4true", (ANN, 0))
    items = ItemList(update(ANN, 0, string("a"), mark))
    assert [(one.text, one.length) for one in items] == [("a", 1), ("", 1)]


def test_items_that_wait_for_one_another_have_no_order() -> None:
    circle = snapshot(block(ANN, 0, string("a", (BOB, 0))), block(BOB, 0, string("b", (ANN, 0))))
    with pytest.raises(CircularItems):
        ItemList(circle)


def test_too_much_work_among_concurrent_items_is_a_local_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_module, "MAX_STEPS", 1_000)
    room = CanonicalDocument(PadKind.TEXT)
    room.apply(room.check(ANN, [update(ANN, 0, string("ab"), string("c", (ANN, 0), (ANN, 1)))]))
    assert not room.prepare()
    for client in range(100, 160):
        room.apply(room.check(client, [update(client, 0, string("x"))]))
    between = update(BOB, 0, string("y", (ANN, 0), (ANN, 2)))
    with pytest.raises(CannotLoadHere):
        room.check(BOB, [between])
    monkeypatch.setattr(items_module, "MAX_STEPS", 1_000_000)
    room.apply(room.check(BOB, [between]))
    assert len(room.text()) == 64


def test_a_key_press_never_walks_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    view = ViewDocument(client_id=ANN, kind=PadKind.TEXT)
    view.replace(Position(0, 0), Position(0, 0), "line é\n" * 1_000)
    view.end_undo_group()
    for name in ("whole_text", "encode", "items", "runs"):
        monkeypatch.setattr(view._engine, name, None)
    other = ViewDocument(client_id=BOB, kind=PadKind.TEXT)
    for _ in range(3):
        view.replace(Position(500, 2), Position(500, 3), "x")
        assert view._engine.take_delta() is None
    assert view.undo()
    for one in view.take_updates():
        other.apply(one)
    assert other.lines[500] == view.lines[500]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 2), st.integers(0, 30_000), st.integers(1, 20_000)),
        max_size=25,
    )
)
def test_low_halves_are_a_set_and_a_fork_changes_nothing_until_it_is_joined(
    steps: list[tuple[bool, int, int, int]],
) -> None:
    low, model = LowHalves(), set[tuple[int, int]]()
    for n in range(0, len(steps), 5):
        fork, kept = low.fork(), set(model)
        for is_new, client, first, length in steps[n : n + 5]:
            clocks = range(first, first + length, 97)
            if is_new:
                fork.add(client, clocks)
                model |= {(client, clock) for clock in clocks}
            else:
                fork.drop(client, first, length)
                model = {p for p in model if p[0] != client or not first <= p[1] < first + length}
        assert len(low) == len(kept)
        low.join(fork)
        assert len(low) == len(model)
        assert all(place in low for place in model)
        assert bool(low) == bool(model)
