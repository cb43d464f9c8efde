"""Snapshots are foreign too: what passes, what does not, and what the digest says about them."""

from __future__ import annotations

import pytest
from crdt.forge import NULL, block, deleted, entry, entry_after, item, mark, snapshot, string

from cryptpad_tui.crdt import grammar, snapshot_check
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.digest import content_digest
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import Limits
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import split_update
from cryptpad_tui.crdt.view import Position, ViewDocument

ANN, BOB = 7, 9
LOREM = "lorem 😀 ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n"


def test_a_snapshot_of_two_writers_whose_items_refer_both_ways_is_read_in_any_order() -> None:
    ann = block(ANN, 0, string("a"), string("c", (BOB, 0)), entry(NULL, "x"), entry_after(NULL, (BOB, 1)))
    bob = block(BOB, 0, string("b", (ANN, 0)), entry_after(NULL, (ANN, 2)))
    for blocks in ((ann, bob), (bob, ann)):
        document = CanonicalDocument.from_snapshot(PadKind.TEXT, snapshot(*blocks), {ANN: 4, BOB: 2, 55: 0})
        assert document.text() == "abc"
        assert document.maps()["meta"] == {"x": None}
        assert document._state.zones.root_of(ANN, 3) == "meta"
        assert document._state.zones.root_of(BOB, 0) == "text"


HOSTILE = {
    "other clients than the table's": (snapshot(block(ANN, 0, string("a"))), {ANN: 1, BOB: 1}),
    "a client that does not start at clock 0": (snapshot(block(ANN, 1, string("a"))), {ANN: 2}),
    "another last clock than the table's": (snapshot(block(ANN, 0, string("a"))), {ANN: 2}),
    "reference to an unknown item": (snapshot(block(ANN, 0, string("a", (BOB, 0)))), {ANN: 1}),
    "references that lead nowhere": (
        snapshot(block(ANN, 0, entry_after(NULL, (BOB, 0))), block(BOB, 0, entry_after(NULL, (ANN, 0)))),
        {ANN: 1, BOB: 1},
    ),
    "structs that never become visible": (
        snapshot(block(ANN, 0, string("a", (BOB, 0))), block(BOB, 0, string("b", (ANN, 0)))),
        {ANN: 1, BOB: 1},
    ),
    "an item between two roots": (snapshot(block(ANN, 0, entry(NULL), string("a", (ANN, 0)))), {ANN: 2}),
    "content that its root cannot hold": (snapshot(block(ANN, 0, item(8, b"\1" + NULL))), {ANN: 1}),
    "a text item with a key, or a map item without": (
        snapshot(block(ANN, 0, string("a", root="meta"))),
        {ANN: 1},
    ),
    "unknown root": (snapshot(block(ANN, 0, string("a", root="wiki"))), {ANN: 1}),
    "format outside the vocabulary": (snapshot(block(ANN, 0, mark("bold", "true"))), {ANN: 1}),
    "a cut through a character": (
        snapshot(block(ANN, 0, string("😀")), block(BOB, 0, string("x", (ANN, 0)))),
        {ANN: 2, BOB: 1},
    ),
    "delete range over unknown clocks": (
        snapshot(block(ANN, 0, string("a")), deletes=((ANN, 0, 2),)),
        {ANN: 1},
    ),
    "GC struct": (snapshot(block(ANN, 0, b"\0\1")), {ANN: 1}),
    "control character": (snapshot(block(ANN, 0, string("\x9b"))), {ANN: 1}),
    "truncated": (snapshot(block(ANN, 0, string("abc")))[:-3], {ANN: 3}),
    "bytes left over": (snapshot(block(ANN, 0, string("a"))) + b"\0", {ANN: 1}),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_snapshot_is_refused_with_its_reason(reason: str) -> None:
    body, clocks = HOSTILE[reason]
    with pytest.raises(InvalidUpdate) as refusal:
        CanonicalDocument.from_snapshot(PadKind.TEXT, body, clocks)
    assert refusal.value.reason == reason


def test_a_deleted_range_that_halves_a_character_is_refused_in_a_snapshot_too() -> None:
    for first, length in ((0, 1), (1, 1), (1, 2)):
        body = snapshot(block(ANN, 0, string("😀b")), deletes=((ANN, first, length),))
        with pytest.raises(InvalidUpdate, match="cut"):
            CanonicalDocument.from_snapshot(PadKind.TEXT, body, {ANN: 3})
    whole = snapshot(block(ANN, 0, string("😀b")), deletes=((ANN, 0, 2),))
    assert len(CanonicalDocument.from_snapshot(PadKind.TEXT, whole, {ANN: 3})._state.low) == 0


def test_an_empty_pad_has_a_snapshot() -> None:
    empty = CanonicalDocument(PadKind.TEXT)
    again = CanonicalDocument.from_snapshot(PadKind.TEXT, empty.encode(), empty.clocks)
    assert again.content_digest() == empty.content_digest()


# -- R20: one writer's 10 MB is one string of far over 256 KiB


def _ten_megabytes() -> tuple[CanonicalDocument, int]:
    view = ViewDocument(client_id=ANN, kind=PadKind.TEXT)
    view.replace(Position(0, 0), Position(0, 0), LOREM * (10_000_000 // len(LOREM.encode())))
    document = CanonicalDocument(PadKind.TEXT)
    [typed] = view.take_updates()
    for part in split_update(typed):
        document.apply(document.check(ANN, [part]))
    return document, view.lines.char_count


def test_r20_a_ten_megabyte_snapshot_of_one_writer_is_accepted() -> None:
    document, chars = _ten_megabytes()
    assert document.text_bytes() > 9_999_000
    again = CanonicalDocument.from_snapshot(PadKind.TEXT, document.encode(), document.clocks)
    assert len(again.text()) == chars
    assert again.content_digest() == document.content_digest()


def test_r20_without_limits_of_its_own_a_snapshot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    document, _ = _ten_megabytes()
    tight = Limits(256 * 1024, 65_536, 4_096, 4_096)
    monkeypatch.setattr(snapshot_check, "SNAPSHOT_LIMITS", tight)
    with pytest.raises(InvalidUpdate):
        CanonicalDocument.from_snapshot(PadKind.TEXT, document.encode(), document.clocks)
    assert tight != grammar.SNAPSHOT_LIMITS


def test_a_long_deletion_stands_in_a_snapshot() -> None:
    body = snapshot(block(ANN, 0, deleted(1 << 30)), deletes=((ANN, 0, 1 << 30),))
    document = CanonicalDocument.from_snapshot(PadKind.TEXT, body, {ANN: 1 << 30})
    assert document.text() == ""


# -- the digest


def test_the_content_digest_of_a_known_document() -> None:
    runs = [
        ("aé", {}),
        ("😀", {"bold": True, "header": 2.0}),
        ("b", {"header": 2, "bold": True}),
        ("\n", None),
    ]
    maps = {"meta": {"z": -0.0, "a": [1, None, {"k": b"\x00"}]}, "comments": {}}
    known = content_digest("aé😀b\n", runs, maps)
    assert known.hex() == "9923aefb80ec47ae7167dd700aabe495f3cadfcf7d737913334d03dd657ef169"
    reordered = {"comments": {}, "meta": {"a": [1.0, None, {"k": bytearray(1)}], "z": 0}}
    assert content_digest("aé😀b\n", [*runs[:2], ("", {"italic": True}), *runs[2:]], reordered) == known


@pytest.mark.parametrize(
    ("text", "runs", "maps"),
    [
        ("ac", [("ac", {})], {"meta": {"k": 1}}),
        ("ab", [("a", {"bold": True}), ("b", {})], {"meta": {"k": 1}}),
        ("ab", [("ab", {})], {"meta": {"k": True}}),
        ("ab", [("ab", {})], {"meta": {"k": "1"}}),
        ("ab", [("ab", {})], {"comments": {"k": 1}}),
        ("ab", [("ab", {})], {"meta": {"k": [1]}}),
        ("ab", [("ab", {})], {"meta": {}}),
    ],
)
def test_every_difference_changes_the_digest(
    text: str, runs: list[tuple[str, dict[str, object]]], maps: dict[str, dict[str, object]]
) -> None:
    assert content_digest(text, runs, maps) != content_digest("ab", [("ab", {})], {"meta": {"k": 1}})
