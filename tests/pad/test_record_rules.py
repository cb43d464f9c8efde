"""Each rule about an owner's record at its place in the log, broken alone: docs/protocol.md §5.

Every record is signed by the owner and stands where it could: what refuses it is the rule itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.chain import sign_head
from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_relay.protocol.labels import public_key
from cryptpad_relay.protocol.move_record import move_body
from cryptpad_relay.protocol.owner_records import (
    EpochFields,
    EpochRecord,
    delete_body,
    epoch_before_seal,
    expire_body,
    idle_body,
    parse_record,
)
from cryptpad_relay.protocol.records import void_body
from cryptpad_tui.crdt.errors import CannotLoadHere
from cryptpad_tui.crypto.account import seal_box
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, ViewKeys, edit_seed_of, owner_key
from cryptpad_tui.crypto.slots import Slot, box_key_of, open_slot, padded_slots, seal_slot
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import Removed
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.owner_records import UNPLACED, NeedsRefold
from support.pads import OWNER_ROOT, Person, relay_for, seeded

OTHER_RELAY = bytes(range(7, 39))
OTHER = b"\7" * 32


@pytest.fixture
def fold() -> Fold:
    """A pad of four entries: HELLO and three UPDATEs."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    for text in ("one ", "two ", "three"):
        anna.type(text)
        anna.sync(relay)
    assert anna.replica.fold.n == 4
    return anna.replica.fold


Place = dict[str, Any]
"""What a record says; a test changes one thing of it."""


def signed(label: str, body: bytes, owner_root: bytes = OWNER_ROOT) -> bytes:
    return body + owner_key(owner_root).sign(label, body)


def names(fold: Fold, place: Place) -> tuple[bytes, int, bytes]:
    return (
        place.get("pad_id", fold.pad_id),
        place.get("epoch", fold.epoch),
        place.get("previous", fold.pad_id),
    )


def void(fold: Fold, place: Place) -> bytes:
    entry_n = place.get("entry_n", 3)
    entry_id = place.get("entry_id", _entry(fold, 3).entry_id)
    return signed(labels.VOID, void_body(*names(fold, place), entry_n, entry_id), _root(place))


def _entry(fold: Fold, n: int) -> Entry:
    raw = fold._entry_at(n)
    assert raw is not None
    return parse_entry(raw)


def _root(place: Place) -> bytes:
    root: bytes = place.get("root", OWNER_ROOT)
    return root


def delete(fold: Fold, place: Place) -> bytes:
    return signed(labels.DELETE, delete_body(*names(fold, place), fold.n, fold.head, 5), _root(place))


def expire(fold: Fold, place: Place) -> bytes:
    return signed(labels.EXPIRE, expire_body(*names(fold, place), 5), _root(place))


def idle(fold: Fold, place: Place) -> bytes:
    return signed(labels.IDLE, idle_body(*names(fold, place), 5), _root(place))


def epoch(fold: Fold, place: Place) -> bytes:
    pad_id, number, previous = names(fold, {"epoch": fold.epoch + 1, **place})
    fields = EpochFields(
        pad_id,
        number,
        previous,
        bytes(16),
        OTHER,
        OTHER,
        bytes(16),
        bytes(32),
        place.get("close_n", fold.n),
        place.get("close_head", fold.head),
        0,
    )
    return signed(labels.EPOCH_RECORD, epoch_before_seal(fields, (), 100) + bytes(100), _root(place))


def move(fold: Fold, place: Place) -> bytes:
    pad_id, number, previous = names(fold, place)
    close_n, close_head = place.get("close_n", fold.n), place.get("close_head", fold.head)
    receipt = sign_head(OTHER_RELAY, pad_id, close_n, close_head, 0, bytes(16))
    if place.get("receipt"):
        receipt = replace(receipt, signature=bytes(64))
    body = move_body(number, previous, receipt, public_key(OTHER_RELAY), "wss://other.example")
    return signed(labels.MOVE, body, _root(place))


Make = Callable[[Fold, Place], bytes]
KINDS: dict[str, Make] = {each.__name__: each for each in (void, delete, expire, idle, epoch, move)}
OF_ALL: dict[str, Place] = {
    "of another pad": {"pad_id": OTHER},
    "of another epoch": {"epoch": 5},
    "after another record": {"previous": OTHER},
    "by another owner": {"root": OTHER},
}
OF_ONE: dict[str, tuple[Make, Place]] = {
    "a void of its own place": (void, {"entry_n": 5}),
    "a void of what comes later": (void, {"entry_n": 2**63}),
    "a void of another entry": (void, {"entry_id": OTHER}),
    "an epoch that closes less": (epoch, {"close_n": 3}),
    "an epoch that closes more": (epoch, {"close_n": 5}),
    "an epoch that closes another log": (epoch, {"close_head": OTHER}),
    "a move that closes less": (move, {"close_n": 3}),
    "a move that closes another log": (move, {"close_head": OTHER}),
    "a move without its receipt": (move, {"receipt": 1}),
}
CASES = {
    f"{kind} {why}": (make, place) for kind, make in KINDS.items() for why, place in OF_ALL.items()
} | OF_ONE


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_is_right_is_taken(fold: Fold, kind: str) -> None:
    raw = KINDS[kind](fold, {})
    if kind == "epoch":
        with pytest.raises(Removed):
            fold.step(raw)
    elif kind == "void":
        with pytest.raises(NeedsRefold):
            fold.step(raw)
    else:
        fold.step(raw)
        assert fold.n == 5


@pytest.mark.parametrize("case", CASES)
def test_a_record_that_breaks_one_rule_halts(fold: Fold, case: str) -> None:
    make, place = CASES[case]
    before = fold.n, fold.head, fold.owner.last_id, fold.mark
    with pytest.raises(Alarm) as caught:
        fold.step(make(fold, place))
    assert caught.value.code is AlarmCode.BAD_RECORD
    assert (fold.n, fold.head, fold.owner.last_id, fold.mark) == before


def test_a_void_names_a_change_or_a_snapshot(fold: Fold) -> None:
    hello = _entry(fold, 1)
    assert hello.kind is Kind.HELLO
    with pytest.raises(Alarm, match="BAD_RECORD"):
        fold.step(void(fold, {"entry_n": 1, "entry_id": hello.entry_id}))


# -- slots


def test_what_is_in_a_slot_counts_only_where_the_record_names_its_keys() -> None:
    """The relay, or who made a link, may know the member's key and seal anything to it."""
    rng, member, pad_id = seeded(3), SigningSeed(bytes(32)), bytes(32)
    true, false = (edit_seed_of(OWNER_ROOT, 1, salt * 16) for salt in (b"\1", b"\2"))
    keys = EditKeys.from_seed(true)

    def record(seed: bytes, role: Role) -> EpochRecord:
        slot = seal_slot(box_key_of(member.public), pad_id, Slot(role, 1, seed), rng=rng)
        fields = EpochFields(
            pad_id,
            1,
            pad_id,
            bytes(16),
            keys.cap.public,
            keys.fetch.public,
            keys.key_check(0),
            bytes(32),
            4,
            OTHER,
            0,
        )
        slots = padded_slots([slot], pad_id, rng=rng)
        made = parse_record(signed(labels.EPOCH_RECORD, epoch_before_seal(fields, slots, 100) + bytes(100)))
        assert isinstance(made, EpochRecord)
        return made

    def found(seed: bytes, role: Role) -> ViewKeys | None:
        ring = KeyRing({0: EditKeys.from_seed(bytes(32))}, 0, openers=(member,))
        return ring.find(record(seed, role))

    assert found(true, Role.EDIT) == keys
    assert found(keys.view_seed, Role.VIEW) is not None
    assert found(false, Role.EDIT) is None
    assert found(true, Role.VIEW) is None
    assert found(keys.view_seed, Role.EDIT) is None


@pytest.mark.parametrize(
    ("role", "of_epoch", "rest"),
    [(0, 1, 0), (3, 1, 0), (1, 2, 0), (1, 1, 1)],
    ids=["an owner", "a role of later", "another epoch", "something behind it"],
)
def test_a_slot_of_another_form_is_none(role: int, of_epoch: int, rest: int) -> None:
    member, pad_id = SigningSeed(bytes(32)), bytes(range(32))

    def slot(*fields: int) -> bytes:
        plain = struct.pack(">BI32s16s26sB", fields[0], fields[1], OTHER, pad_id[:16], bytes(26), fields[2])
        return seal_box(member.public, plain, rng=seeded(3))

    assert open_slot(slot(1, 1, 0), pad_id, 1, member) is not None
    assert open_slot(slot(role, of_epoch, rest), pad_id, 1, member) is None
    assert open_slot(slot(1, 1, 0), OTHER, 1, member) is None


# -- what records say about snapshots


def test_a_snapshot_counts_only_where_no_record_is_against_it(fold: Fold) -> None:
    book = fold.owner
    book.last_n, book.voided = 5, {10: 20, 30: 40}
    fine = {9: 12, 20: 25, 29: 35, 45: 50}
    assert [snap_n for snap_n, n in fine.items() if book.reason_against(snap_n, n)] == []
    against = {
        "older than the record": (4, 12),
        "voided": (8, 10),
        "holds it": (10, 12),
        "holds it still": (19, 35),
    }
    assert [name for name, place in against.items() if not book.reason_against(*place)] == []
    book.voided = {10: UNPLACED}
    assert not book.reason_against(9, 12)
    with pytest.raises(CannotLoadHere):
        book.reason_against(10, 12)
