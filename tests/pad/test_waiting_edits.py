"""An edit that needs the order of the whole text waits for it in slices, between which others may run."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.crdt.neighbours import Neighbours
from cryptpad_tui.crdt.order import DocumentOrder
from support.pads import ListRelay, Person


def test_entries_that_few_items_do_not_answer_for_are_folded_between_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cryptpad_tui.crdt.order._SLICE", 1)
    monkeypatch.setattr("cryptpad_tui.crdt.items._STEP_ITEMS", 2)
    anna, ben = Person("Anna", 1), Person("Ben", 2)
    relay = ListRelay(anna.replica.pad_id, anna.replica.genesis.raw)
    for number in range(20):
        anna.type(f"line {number}\n", at=0)
    anna.sync(relay)
    ben.sync(relay)
    ben.type("behind ", at=30)
    ben.type("before ", at=3)
    ben.sync(relay)
    built_at_once = list[bool]()
    build = DocumentOrder._build
    monkeypatch.setattr(Neighbours, "are_beside", lambda *asked: False)
    monkeypatch.setattr(
        DocumentOrder,
        "_build",
        lambda order, steps: (built_at_once.append(steps is None), build(order, steps)),
    )
    asked = len(relay.tape)
    anna.fetch(relay)
    assert anna.text() == anna.canonical() == ben.text()
    assert built_at_once
    assert not any(built_at_once)
    assert sum(op is Op.FETCH for op, _, _ in relay.tape[asked:]) > len(built_at_once) // 2
