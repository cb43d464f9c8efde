"""Rules of docs/protocol.md §9 that no other test meets alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from crdt.forge import NULL, block, deletion, entry, entry_after, snapshot, string, update

from cryptpad_tui.crdt import snapshot_check
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLOCK

ANN, EVE = 7, 9


@pytest.fixture
def document() -> CanonicalDocument:
    """Ann wrote a key of `meta` twice: clocks 0 and 1; then "ab": 2 and 3."""
    document = CanonicalDocument(PadKind.TEXT)
    made = update(ANN, 0, entry(NULL), entry_after(NULL, (ANN, 0)), string("ab"))
    document.apply(document.check(ANN, [made]))
    return document


def test_an_item_of_a_map_has_no_right_origin(document: CanonicalDocument) -> None:
    document.check(EVE, [update(EVE, 0, entry_after(NULL, (ANN, 1)))])
    for places in (((ANN, 0), (ANN, 1)), (None, (ANN, 0)), (None, (ANN, 1))):
        with pytest.raises(InvalidUpdate, match="a map item with a right origin"):
            document.check(EVE, [update(EVE, 0, entry_after(NULL, *places))])


def test_a_clock_has_31_bits(document: CanonicalDocument) -> None:
    document._state.clocks[EVE] = MAX_CLOCK - 1
    document.check(EVE, [update(EVE, MAX_CLOCK - 1, string("x", (ANN, 3)))])
    with pytest.raises(InvalidUpdate, match="clock over 31 bits"):
        document.check(EVE, [update(EVE, MAX_CLOCK - 1, string("xy", (ANN, 3)))])


SNAPSHOTS = {
    "a map item with a right origin": (
        PadKind.TEXT,
        [block(ANN, 0, entry(NULL), entry_after(NULL, (ANN, 0)), entry_after(NULL, (ANN, 0), (ANN, 1)))],
        {ANN: 3},
    ),
    "another last clock than the table's": (PadKind.TEXT, [block(ANN, 0, string("ab"))], {ANN: 3}),
    "a client that does not start at clock 0": (PadKind.TEXT, [block(ANN, 1, string("ab"))], {ANN: 3}),
    "other clients than the table's": (PadKind.TEXT, [block(EVE, 0, string("ab"))], {ANN: 2}),
    "unknown root": (PadKind.TEXT, [block(ANN, 0, entry(NULL, root="entries"))], {ANN: 1}),
    "reference to an unknown item": (PadKind.TEXT, [block(ANN, 0, string("a", (ANN, 1)))], {ANN: 1}),
    "an item between two roots": (
        PadKind.TEXT,
        [block(ANN, 0, entry(NULL), string("a", (ANN, 0)))],
        {ANN: 2},
    ),
}


@pytest.mark.parametrize("reason", SNAPSHOTS)
def test_a_snapshot_that_breaks_one_rule_is_refused(reason: str) -> None:
    kind, blocks, clocks = SNAPSHOTS[reason]
    with pytest.raises(InvalidUpdate) as refusal:
        CanonicalDocument.from_snapshot(kind, snapshot(*blocks), clocks)
    assert refusal.value.reason == reason


def test_a_snapshot_of_a_drive_has_no_text() -> None:
    made = snapshot(block(ANN, 0, string("a", (ANN, 0))))
    with pytest.raises(InvalidUpdate, match="unknown root"):
        CanonicalDocument.from_snapshot(PadKind.DRIVE, made, {ANN: 1})


def test_a_snapshot_has_exactly_the_tables_clients() -> None:
    one, two = block(ANN, 0, string("a")), block(EVE, 0, string("b", (ANN, 0)))
    for blocks, clocks in (
        ((one,), {ANN: 1, EVE: 1}),
        ((one, two), {ANN: 1}),
        ((one, one), {ANN: 1, EVE: 1}),
    ):
        with pytest.raises(InvalidUpdate, match="other clients than the table's"):
            CanonicalDocument.from_snapshot(PadKind.TEXT, snapshot(*blocks), clocks)
    assert CanonicalDocument.from_snapshot(PadKind.TEXT, snapshot(one, two), {ANN: 1, EVE: 1}).text() == "ab"


def test_an_update_has_one_client_block(document: CanonicalDocument) -> None:
    two = snapshot(block(EVE, 0, string("x", (ANN, 3))), block(ANN, 4, string("y", (ANN, 3))))
    with pytest.raises(InvalidUpdate, match="number over its limit"):
        document.check(EVE, [two])


def test_a_deleted_range_is_of_something(document: CanonicalDocument) -> None:
    with pytest.raises(InvalidUpdate, match="delete ranges not sorted and disjoint"):
        document.check(EVE, [deletion((ANN, 2, 0))])


def test_an_update_deletes_so_many_ranges(document: CanonicalDocument) -> None:
    document._state.clocks[EVE] = 20_000
    ranges = [(EVE, 2 * at, 1) for at in range(4_097)]
    document.check(ANN, [deletion(*ranges[:-1])])
    with pytest.raises(InvalidUpdate, match="number over its limit"):
        document.check(ANN, [deletion(*ranges)])


def test_a_whole_number_has_53_bits(document: CanonicalDocument) -> None:
    largest = b"\x7d\xbf" + b"\xff" * 6 + b"\x1f"
    document.check(EVE, [update(EVE, 0, entry(largest))])
    with pytest.raises(InvalidUpdate, match="whole number over 53 bits"):
        document.check(EVE, [update(EVE, 0, entry(largest[:-1] + b"\x20"))])


def test_a_snapshot_has_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    made = snapshot(block(ANN, 0, string("a")))
    limits = snapshot_check.SNAPSHOT_LIMITS
    for size, fits in ((len(made), True), (len(made) - 1, False)):
        monkeypatch.setattr(snapshot_check, "SNAPSHOT_LIMITS", replace(limits, update_bytes=size))
        if fits:
            CanonicalDocument.from_snapshot(PadKind.TEXT, made, {ANN: 1})
        else:
            with pytest.raises(InvalidUpdate, match="snapshot over"):
                CanonicalDocument.from_snapshot(PadKind.TEXT, made, {ANN: 1})
