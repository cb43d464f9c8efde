"""What an editor with bad intent may send (T19, T20, R1, R2): refused with its reason; the fold goes on."""

from __future__ import annotations

import random
import struct

import pytest
from crdt.forge import (
    NULL,
    any_string,
    block,
    deleted,
    deletion,
    entry,
    entry_after,
    item,
    mark,
    snapshot,
    string,
    update,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from cryptpad_tui.crdt import grammar, item_chain, order, snapshot_check, validator
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.wire import encode_string, encode_varint

ANN, EVE = 7, 9
NEST = b"\x75\x01"


def room(kind: PadKind = PadKind.RICHTEXT) -> CanonicalDocument:
    """Ann wrote "a😀b" (clocks 0-3) and the title (clock 4)."""
    document = CanonicalDocument(kind)
    document.apply(document.check(ANN, [update(ANN, 0, string("a😀b"), entry(any_string("Title"), "title"))]))
    return document


HOSTILE = {
    "another writer's client id": update(ANN, 5, string("x", (ANN, 3))),
    "clock gap or overlap": update(EVE, 1, string("x", (ANN, 3))),
    "Skip struct": update(EVE, 0, b"\x0a\x05"),
    "GC struct": update(EVE, 0, b"\x00\x05"),
    "client block without structs": b"\1\0" + encode_varint(EVE) + b"\0\0",
    "zero length": update(EVE, 0, string("", (ANN, 3))),
    "number over its limit": update(EVE, 0, deleted(1 << 17, (ANN, 3))),
    "parent by id": update(EVE, 0, bytes([4, 0, ANN, 0]) + encode_string("x")),
    "unknown root": update(EVE, 0, string("x", root="wiki")),
    "reference to an unknown item": update(EVE, 0, string("x", (ANN, 99))),
    "an item between two roots": update(EVE, 0, string("x", (ANN, 0), (ANN, 4))),
    "a text item with a key, or a map item without": update(EVE, 0, string("x", (ANN, 4))),
    "content that its root cannot hold": update(EVE, 0, item(8, b"\1" + NULL, (ANN, 3))),
    "content kind": update(EVE, 0, item(7, b"\0", (ANN, 3))),
    "format outside the vocabulary": update(EVE, 0, mark("onclick", "1", (ANN, 3))),
    "format value is not plain JSON": update(EVE, 0, mark("bold", '{"a":1}', (ANN, 3))),
    "format value over its limit": update(EVE, 0, mark("link", '"' + "x" * 1_023 + '"', (ANN, 3))),
    "string is not UTF-8": update(EVE, 0, item(4, b"\3\xed\xa0\x80", (ANN, 3))),
    "control character": update(EVE, 0, string("\x1b]0;own\x07", (ANN, 3))),
    "a map value must stand alone": update(EVE, 0, entry(NULL + NULL, count=2)),
    "value nested too deep": update(EVE, 0, entry(NEST * 9 + NULL)),
    "value of unknown type": update(EVE, 0, entry(b"\x73")),
    "number is not finite": update(EVE, 0, entry(b"\x7b" + struct.pack(">d", float("nan")))),
    "whole number over 53 bits": update(EVE, 0, entry(b"\x7a" + (1 << 62).to_bytes(8, "big"))),
    "whole number not in its shortest form": update(EVE, 0, entry(b"\x7d\x81\x00")),
    "object names a key twice": update(EVE, 0, entry(b"\x76\x02\1a\x7e\1a\x7e")),
    "string over its limit": update(EVE, 0, entry(any_string("x" * 4_097))),
    "delete range over unknown clocks": deletion((ANN, 0, 9)),
    "delete ranges not sorted and disjoint": deletion((ANN, 3, 1), (ANN, 0, 1)),
    "delete set names a client twice": b"\0\2" + bytes([ANN, 1, 0, 1]) * 2,
    "empty delete set of a client": b"\0\1" + bytes([ANN, 0]),
    "a cut through a character": deletion((ANN, 1, 1)),
    "bytes left over": update(EVE, 0, string("x", (ANN, 3))) + b"\0",
    "truncated": update(EVE, 0, string("x", (ANN, 3)))[:-3],
    "number not in its shortest form": b"\x81\x00",
    "number too long": update(EVE, 0, string("x", (ANN, 3)))[:2] + b"\xff" * 9 + b"\x7f",
    "update over 256 KiB": update(EVE, 0, string("x" * 262_144, (ANN, 3))),
}


@pytest.mark.parametrize("reason", HOSTILE)
def test_a_hostile_update_is_refused_with_its_reason_and_changes_nothing(reason: str) -> None:
    document = room()
    before = document.content_digest()
    with pytest.raises(InvalidUpdate) as refusal:
        document.check(EVE, [HOSTILE[reason]])
    assert refusal.value.reason == reason
    assert document.content_digest() == before
    document.apply(document.check(ANN, [update(ANN, 5, string("!", (ANN, 3)))]))
    assert document.text() == "a😀b!"


@pytest.mark.parametrize(
    ("reason", "bad"),
    [
        ("value nested too deep", entry(NEST * 100_000 + NULL)),
        ("number over its limit", entry(b"\x75" + encode_varint(9) + NULL)),
        ("number over its limit", entry(b"\x75" + encode_varint(1 << 30))),
        ("number over its limit", entry(b"\x74" + encode_varint(1 << 30))),
        ("number is not finite", entry(b"\x7c" + struct.pack(">f", float("inf")))),
        ("control character", entry(NULL, key="a\x9bb")),
        ("control character", entry(any_string("\x00"))),
        ("control character", entry(b"\x76\x01" + encode_string("\x7f") + NULL)),
        ("format value is not plain JSON", mark("bold", "NaN", (ANN, 3))),
        ("format value is not plain JSON", mark("bold", " 1", (ANN, 3))),
        ("format value is not plain JSON", mark("bold", "1e999", (ANN, 3))),
        ("format value is not plain JSON", mark("bold", "[" * 500 + "]" * 500, (ANN, 3))),
        ("format value is not plain JSON", mark("link", '"\\u001b"', (ANN, 3))),
        ("format value is not plain JSON", mark("link", '"\\ud800"', (ANN, 3))),
        ("format value is not plain JSON", mark("link", '"a" ', (ANN, 3))),
        ("reference to an unknown item", string("x", (EVE, 0))),
        ("reference to an unknown item", string("x", (12345, 0))),
        ("reference to an unknown item", string("x", (EVE, 0), (EVE, 0))),
        ("a cut through a character", string("x", (ANN, 1))),
        ("a cut through a character", string("x", (ANN, 0), (ANN, 2))),
        ("an item between two roots", entry_after(NULL, (ANN, 4), (ANN, 0))),
        ("a text item with a key, or a map item without", entry_after(NULL, (ANN, 0))),
        ("unknown root", entry(NULL, root="entries")),
        ("string over its limit", string("x", root="r" * 65)),
    ],
)
def test_a_hostile_struct_is_refused(reason: str, bad: bytes) -> None:
    with pytest.raises(InvalidUpdate) as refusal:
        room().check(EVE, [update(EVE, 0, bad)])
    assert refusal.value.reason == reason


def test_a_plain_text_pad_has_no_formats_and_a_drive_no_text() -> None:
    with pytest.raises(InvalidUpdate, match="vocabulary"):
        room(PadKind.TEXT).check(EVE, [update(EVE, 0, mark("bold", "true", (ANN, 3)))])
    with pytest.raises(InvalidUpdate, match="unknown root"):
        CanonicalDocument(PadKind.DRIVE).check(EVE, [update(EVE, 0, string("x"))])


def test_a_halved_character_in_the_update_itself_is_refused() -> None:
    for structs, deletes in (
        ((string("😀"), string("x", (EVE, 0))), ()),
        ((string("😀"), string("x", None, (EVE, 1))), ()),
        ((string("😀"),), ((EVE, 0, 1),)),
        ((string("😀"),), ((EVE, 1, 1),)),
    ):
        with pytest.raises(InvalidUpdate, match="cut"):
            CanonicalDocument(PadKind.TEXT).check(EVE, [update(EVE, 0, *structs, deletes=deletes)])


def test_halves_are_remembered_from_one_update_of_an_entry_to_the_next() -> None:
    document = CanonicalDocument(PadKind.TEXT)
    first = update(EVE, 0, string("😀"))
    with pytest.raises(InvalidUpdate, match="cut"):
        document.check(EVE, [first, deletion((EVE, 1, 1))])
    whole = document.check(EVE, [first, deletion((EVE, 0, 2)), deletion((EVE, 1, 1))])
    document.apply(whole)
    assert document.text() == ""


# -- R1: without the surrogate rule, 7 bytes make every later joiner lose text


def _deleting_half_an_emoji() -> tuple[str, str]:
    """What a veteran and a later joiner read once Ann has typed on."""
    document = CanonicalDocument(PadKind.TEXT)
    document.apply(document.check(ANN, [update(ANN, 0, string("ab😀cd"))]))
    attack = deletion((ANN, 2, 1))
    assert len(attack) <= 7
    document.apply(document.check(EVE, [attack]))
    joiner: Doc[Text] = Doc(client_id=1)
    text = joiner.get("text", type=Text)
    joiner.apply_update(document.encode())
    typed = update(ANN, 6, string(" and more", (ANN, 5)))
    document.apply(document.check(ANN, [typed]))
    joiner.apply_update(typed)
    return document.text(), str(text)


def test_r1_deleting_half_an_emoji_is_refused() -> None:
    with pytest.raises(InvalidUpdate, match="cut through a character"):
        _deleting_half_an_emoji()


def test_r1_without_the_surrogate_rule_a_joiner_loses_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validator._Run, "_refuse_half", lambda self, client, clock: None)
    veteran, joiner = _deleting_half_an_emoji()
    assert veteran == "abcd and more"
    assert joiner != veteran


# -- R2: without the root rule, what the validator lets in the engine cannot hold


def test_r2_map_and_text_may_not_cross() -> None:
    document = room()
    for bad in (string("x", (ANN, 4)), entry_after(NULL, (ANN, 0)), string("x", (ANN, 0), (ANN, 4))):
        with pytest.raises(InvalidUpdate):
            document.check(EVE, [update(EVE, 0, bad)])


def test_r2_without_the_root_rule_text_becomes_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_struct(self: validator._Run, struct: grammar.Struct) -> None:
        self.clock += struct.length

    monkeypatch.setattr(validator._Run, "_check_struct", check_struct)
    document = room()
    before = document.maps()["meta"]
    document.apply(document.check(EVE, [update(EVE, 0, string("x", (ANN, 4)))]))
    assert document.maps()["meta"] != before


# -- T20: the engine places crossed origins by how its items are cut, so a reload reads differently


CROSSED = [
    [update(EVE, 0, string("X", (ANN, 3), (ANN, 0)))],
    [update(EVE, 0, string("X", (ANN, 3), (ANN, 3)))],
    [update(EVE, 0, string("ab", (ANN, 0), (ANN, 1)), string("X", (ANN, 3), (EVE, 1)))],
    [update(EVE, 0, string("ab", (ANN, 0))), update(EVE, 2, string("X", (EVE, 1), (EVE, 0)))],
]


@pytest.mark.parametrize("attack", CROSSED)
def test_t20_an_origin_behind_its_right_origin_is_refused(attack: list[bytes]) -> None:
    document = room()
    with pytest.raises(InvalidUpdate, match="behind its right origin"):
        document.check(EVE, attack)
    honest = document.check(
        EVE, [update(EVE, 0, string("X", (ANN, 0), (ANN, 1)), string("Y", (EVE, 0), (ANN, 1)))]
    )
    document.apply(honest)
    assert document.text() == "aXY😀b"


def test_t20_without_the_order_rule_a_joiner_reads_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order.EntryOrder, "require_gap", lambda self, origin, right: None)
    document = room()
    document.apply(document.check(EVE, CROSSED[1]))
    with pytest.raises(InvalidUpdate, match="behind its right origin"):
        CanonicalDocument.from_snapshot(PadKind.RICHTEXT, document.encode(), document.clocks)
    monkeypatch.setattr(snapshot_check._Reading, "check_order", lambda self: None)
    joiner = CanonicalDocument.from_snapshot(PadKind.RICHTEXT, document.encode(), document.clocks)
    assert joiner.text() != document.text()


# Places that stand in order, but were side by side in no document: the fuzzer found what two of them do.
NO_GAPS = [
    update(EVE, 0, string("X", (ANN, 0), (ANN, 3))),
    update(EVE, 0, string("X", None, (ANN, 3))),
    update(EVE, 0, string("p", (ANN, 2), (ANN, 3)), string("q", (EVE, 0))),
]


@pytest.mark.parametrize("attack", NO_GAPS)
def test_t20_a_place_that_was_never_a_gap_is_refused(attack: bytes) -> None:
    with pytest.raises(InvalidUpdate, match="a place that was no gap"):
        room().check(EVE, [attack])


def test_t20_without_the_rule_of_gaps_two_writers_make_a_joiner_read_another_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(item_chain.ItemChain, "fault_of_gap", lambda self, gap, precedes=None: None)
    document = CanonicalDocument(PadKind.TEXT)
    document.apply(document.check(ANN, [update(ANN, 0, string("abc"), string("-", (ANN, 0), (ANN, 1)))]))
    document.apply(document.check(EVE, [update(EVE, 0, string("X", (ANN, 0), (ANN, 2)))]))
    document.apply(document.check(12, [update(12, 0, string("Y", None, (ANN, 3)))]))
    joiner = CanonicalDocument.from_snapshot(PadKind.TEXT, document.encode(), document.clocks)
    assert (document.text(), joiner.text()) == ("aY-bXc", "aXY-bc")


def test_a_map_value_that_hangs_on_text_is_refused_in_a_snapshot() -> None:
    """Engines put it into the text then, where no later load may find it."""
    made = snapshot(block(ANN, 0, string("a")), block(EVE, 0, entry_after(NULL, (ANN, 0))))
    with pytest.raises(InvalidUpdate, match="a text item with a key"):
        CanonicalDocument.from_snapshot(PadKind.TEXT, made, {ANN: 1, EVE: 1})


@pytest.mark.parametrize("attack", CROSSED)
def test_t20_a_document_of_ones_own_checkpoint_still_refuses_it(attack: list[bytes]) -> None:
    kept = room()
    document = CanonicalDocument.from_own_state(PadKind.RICHTEXT, kept.encode(), kept.clocks)
    assert document.content_digest() == kept.content_digest()
    with pytest.raises(InvalidUpdate, match="behind its right origin"):
        document.check(EVE, attack)


def _random_struct(rng: random.Random, document: CanonicalDocument, clock: int) -> bytes:
    def place() -> tuple[int, int] | None:
        client = rng.choice([ANN, EVE, None])
        known = {**document.clocks, EVE: clock}.get(client or 0, 0)
        return (client, rng.randrange(known)) if client is not None and known else None

    text = rng.choice(["x", "é😀", "hello"])
    return rng.choice(
        [string(text, place(), place()), mark("bold", "true", place()), deleted(2, place(), place())]
    )


@pytest.mark.parametrize("seed", range(12))
def test_whatever_an_attacker_gets_accepted_reads_the_same_after_a_reload(seed: int) -> None:
    rng = random.Random(seed)
    document, accepted = room(), 0
    for _ in range(150):
        clock = document.clocks.get(EVE, 0)
        start = rng.randrange(document.clocks[ANN])
        deletes = ((ANN, start, 1),) if rng.random() < 0.2 else ()
        try:
            made = document.check(
                EVE, [update(EVE, clock, _random_struct(rng, document, clock), deletes=deletes)]
            )
        except InvalidUpdate:
            continue
        document.apply(made)
        accepted += 1
    joiner = CanonicalDocument.from_snapshot(PadKind.RICHTEXT, document.encode(), document.clocks)
    assert joiner.content_digest() == document.content_digest()
    assert accepted > 10


def test_a_cycle_bomb_of_twenty_bytes_never_reaches_the_engine() -> None:
    bomb = snapshot(
        block(EVE, 0, string("x", (ANN, 0))),
        block(ANN, 0, string("y", (EVE, 0))),
    )
    assert len(bomb) <= 22
    with pytest.raises(InvalidUpdate):
        room().check(EVE, [bomb])
    with pytest.raises(InvalidUpdate, match="visible"):
        CanonicalDocument.from_snapshot(PadKind.TEXT, bomb, {EVE: 1, ANN: 1})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_noise_is_refused_or_folded_and_never_raises_anything_else(noise: bytes) -> None:
    document = room()
    try:
        document.apply(document.check(EVE, [noise]))
    except InvalidUpdate:
        assert document.text() == "a😀b"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_byte_of_an_honest_update_never_reaches_the_engine_unsound(data: st.DataObject) -> None:
    honest = update(
        EVE,
        0,
        string("é😀", (ANN, 2), (ANN, 3)),
        mark("bold", "true", (EVE, 2)),
        entry(NULL),
        deletes=((ANN, 0, 1),),
    )
    at = data.draw(st.integers(0, len(honest) - 1))
    changed = honest[:at] + bytes([data.draw(st.integers(0, 255))]) + honest[at + 1 :]
    document = room()
    try:
        document.apply(document.check(EVE, [changed]))
    except InvalidUpdate:
        return
    again = CanonicalDocument.from_snapshot(PadKind.RICHTEXT, document.encode(), document.clocks)
    assert again.content_digest() == document.content_digest()


def test_no_refusal_carries_text_of_the_document() -> None:
    with pytest.raises(InvalidUpdate) as refusal:
        room().check(EVE, [update(EVE, 0, string("secret\x00words"))])
    assert "secret" not in repr(refusal.value)
    checked = room().check(EVE, [update(EVE, 0, string("secret", (ANN, 3)))])
    assert "secret" not in repr(checked)
