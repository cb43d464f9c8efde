"""Each rule about the form of signed and sealed bytes, broken alone: docs/protocol.md §5, §6, §11, §12.

Every case is otherwise right, its signature and hash included: what refuses it is the rule itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from cryptpad_relay.protocol import entry, records
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import Kind, SnapshotExtension, parse_entry, parse_presence
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import GENESIS, u8, u16, u32
from cryptpad_relay.protocol.move_record import MOVE_FIXED_BYTES, move_body, parse_move
from cryptpad_relay.protocol.owner_records import (
    MAX_IDLE_DAYS,
    MAX_MS,
    MAX_SEALED_BYTES,
    EpochFields,
    epoch_before_seal,
    expire_body,
    idle_body,
    parse_record,
)
from cryptpad_relay.protocol.records import parse_genesis, record_kind, void_body
from cryptpad_tui.crypto.keys import SigningSeed, make_genesis, owner_key
from cryptpad_tui.pad.payloads import (
    MAX_UPDATES,
    Hello,
    PresencePayload,
    SessionProof,
    SnapshotSeal,
    Update,
    Verdict,
)
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.roster import MAX_NOTE_BYTES, Roster

ROOT = bytes(range(32))
ZERO = bytes(32)
SIGNATURE = bytes(64)


def put(raw: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(raw)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def refused(read: Callable[[bytes], object], raw: bytes) -> bool:
    try:
        read(raw)
    except Malformed:
        return True
    return False


# -- §5 owner records


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(0, ">B", 0x51), (4, ">B", 2), (5, ">B", 2), (6, ">H", 1), (6, ">H", 0x100), (152, ">I", 2)],
    ids=["magic", "kind", "suite", "flag", "high flag", "policy"],
)
def test_a_genesis_of_another_form_is_none(at: int, form: str, value: int) -> None:
    body = make_genesis(ROOT, 0, rng=lambda size: bytes(size)).raw[:-64]
    sign = owner_key(ROOT).sign
    assert parse_genesis(body + sign(GENESIS, body)).owner_pk == owner_key(ROOT).public
    bounded = put(body, 152, ">I", 1)
    assert parse_genesis(bounded + sign(GENESIS, bounded)).policy == 1
    other = put(body, at, form, value)
    assert refused(parse_genesis, other + sign(GENESIS, other))
    assert refused(parse_genesis, body + SIGNATURE)
    assert refused(parse_genesis, body + sign(GENESIS, body) + b"\0")


FIELDS = EpochFields(ZERO, 1, ZERO, bytes(16), ZERO, ZERO, bytes(16), ZERO, 5, ZERO, 0)


def epoch(slots: int = 8, sealed: int = 100, said: int | None = None, **changes: int) -> bytes:
    fields = EpochFields(**{**{name: getattr(FIELDS, name) for name in FIELDS.__slots__}, **changes})  # type: ignore[arg-type]
    before = epoch_before_seal(fields, (bytes(128),) * slots, sealed if said is None else said)
    return before + bytes(sealed) + SIGNATURE


def test_an_epoch_of_another_form_is_none() -> None:
    for slots in (0, 8, 1_024):
        assert not refused(parse_record, epoch(slots))
    assert not refused(parse_record, epoch(policy=1))
    cases = {
        "no multiple of eight": epoch(slots=7),
        "too many slots": epoch(slots=1_032),
        "the birth's number": epoch(epoch=0),
        "a policy of later": epoch(policy=2),
        "no seal": epoch(sealed=0),
        "a seal of nothing": epoch(sealed=71),
        "a huge seal": epoch(sealed=MAX_SEALED_BYTES + 1),
        "a seal shorter than said": epoch(sealed=99, said=100),
        "a seal longer than said": epoch(sealed=101, said=100),
        "more slots said": put(epoch(), 248, ">H", 16),
        "another suite": put(epoch(), 5, ">B", 2),
        "a flag": put(epoch(), 6, ">H", 1),
    }
    assert [name for name, raw in cases.items() if not refused(parse_record, raw)] == []


def test_other_records_of_another_form_are_none() -> None:
    void = void_body(ZERO, 0, ZERO, 1, ZERO) + SIGNATURE
    expire, idle = expire_body(ZERO, 0, ZERO, MAX_MS - 1), idle_body(ZERO, 0, ZERO, MAX_IDLE_DAYS)
    for right in (void, expire + SIGNATURE, idle + SIGNATURE):
        assert not refused(parse_record, right)
        assert refused(parse_record, right + b"\0")
        assert refused(parse_record, right[:-1])
        assert record_kind(put(right, 5, ">B", 2)) is None
        assert record_kind(put(right, 6, ">H", 1)) is None
    assert refused(parse_record, void_body(ZERO, 0, ZERO, 0, ZERO) + SIGNATURE)
    assert refused(parse_record, expire_body(ZERO, 0, ZERO, MAX_MS) + SIGNATURE)
    assert refused(parse_record, idle_body(ZERO, 0, ZERO, MAX_IDLE_DAYS + 1) + SIGNATURE)
    assert refused(parse_record, put(void, 4, ">B", records.RecordKind.TRIM))


def test_a_move_to_what_is_no_address_is_none() -> None:
    receipt = SignedHead(ZERO, 5, ZERO, 0, bytes(16), SIGNATURE)
    right = move_body(0, ZERO, receipt, ZERO, "wss://a.example") + SIGNATURE
    assert not refused(parse_move, right)
    head = right[:MOVE_FIXED_BYTES]

    def to(url: bytes, size: int | None = None) -> bytes:
        return head[:-1] + u8(len(url) if size is None else size) + url + SIGNATURE

    addresses = (b"http://a", b"", b"wss://a b", b"wss://\x1b[2J", b"wss://\xe9", b"a" * 20)
    assert [url for url in addresses if not refused(parse_move, to(url))] == []
    assert refused(parse_move, to(b"wss://a.example", 14))
    assert refused(parse_move, put(right, 76, ">Q", 2**63))


# -- §5 what an EPOCH seals


def test_a_list_of_members_of_another_form_is_none() -> None:
    member, note = ROOT + u8(1), b"hello\0\0\0"
    right = u8(1) + ROOT + u16(1) + member + u16(len(note)) + note
    assert Roster.decode(right).note == "hello"
    cases = {
        "a flag of later": u8(2) + right[1:],
        "a seed that is none": u8(0) + right[1:],
        "an owner": u8(1) + ROOT + u16(1) + ROOT + u8(0) + u16(0),
        "a role of later": u8(1) + ROOT + u16(1) + ROOT + u8(3) + u16(0),
        "too many": u8(0) + ZERO + u16(1_025) + member * 1_025 + u16(0),
        "a long note": u8(0) + ZERO + u16(0) + u16(MAX_NOTE_BYTES + 1) + bytes(MAX_NOTE_BYTES + 1),
        "no text": u8(0) + ZERO + u16(0) + u16(1) + b"\xff",
        "something behind it": right + b"\0",
        "cut": right[:-1],
    }
    assert [name for name, raw in cases.items() if not refused(Roster.decode, raw)] == []
    for size in (1_024, 0):
        assert not refused(Roster.decode, u8(0) + ZERO + u16(size) + member * size + u16(0))


# -- §6 and §12 envelopes


def envelope(kind: int, clear: bytes = b"", sealed: int = entry.MIN_SEALED) -> bytes:
    header = entry.HEADER.pack(b"PAD1", kind, 1, 0, ZERO, 0, ZERO, 0, ZERO, 0, ZERO, len(clear) + sealed)
    return header + clear + bytes(sealed) + SIGNATURE


def extension(chunks: int = 1, flags: int = 0) -> bytes:
    made = SnapshotExtension(1, ZERO, ZERO, flags, bytes(16), ZERO, ())
    return made.encode()[:-4] + u32(chunks) + (u32(300) + ZERO) * chunks


def test_an_entry_of_another_form_is_none() -> None:
    update = envelope(Kind.UPDATE)
    hello = envelope(Kind.HELLO, bytes(64))
    for right in (
        update,
        hello,
        envelope(Kind.SNAPSHOT, extension(2_048)),
        envelope(Kind.SNAPSHOT, extension(flags=entry.FLATTENED)),
        envelope(Kind.UPDATE, sealed=entry.MAX_ENTRY_BYTES - 224),
    ):
        assert parse_entry(right).raw == right
    cases = {
        "magic": put(update, 0, ">B", 0x51),
        "suite": put(update, 5, ">B", 2),
        "a flag": put(update, 6, ">H", 1),
        "presence": put(update, 4, ">B", Kind.PRESENCE),
        "a kind of later": put(update, 4, ">B", 0x15),
        "a longer body than said": update + b"\0",
        "a shorter body than said": update[:-1],
        "another body said": put(update, 156, ">I", entry.MIN_SEALED + 1),
        "too small": envelope(Kind.UPDATE, sealed=entry.MIN_SEALED - 1),
        "no room behind the certificate": envelope(Kind.HELLO, bytes(64), entry.MIN_SEALED - 1),
        "too large": envelope(Kind.UPDATE, sealed=entry.MAX_ENTRY_BYTES - 223),
        "no chunks": envelope(Kind.SNAPSHOT, extension(0)),
        "too many chunks": envelope(Kind.SNAPSHOT, extension(2_049)),
        "a flag of a snapshot": envelope(Kind.SNAPSHOT, extension(flags=2)),
        "fewer chunks than said": envelope(Kind.SNAPSHOT, put(extension(1), 121, ">I", 2_000)),
    }
    assert [name for name, raw in cases.items() if not refused(parse_entry, raw)] == []


def test_a_presence_frame_of_another_form_is_none() -> None:
    frame = envelope(Kind.PRESENCE)
    for right in (frame, envelope(Kind.VIEWER_PRESENCE, bytes(64))):
        assert parse_presence(right).raw == right
    largest = entry.MAX_PRESENCE_BYTES - 224
    assert not refused(parse_presence, envelope(Kind.PRESENCE, sealed=largest))
    assert refused(parse_presence, envelope(Kind.PRESENCE, sealed=largest + 1))
    assert refused(parse_presence, put(frame, 4, ">B", Kind.UPDATE))
    assert refused(parse_presence, envelope(Kind.VIEWER_PRESENCE, bytes(64), entry.MIN_SEALED - 1))


# -- §6, §11 and §12 plaintexts


def test_a_hello_of_another_form_is_none() -> None:
    right = Hello(SigningSeed(ROOT).public, SIGNATURE, True, ZERO, bytes(3), "n" * 64).encode()
    assert Hello.decode(right).name == "n" * 64
    name = b"n" * 65
    cases = {
        "version": put(right, 0, ">B", 2),
        "a third kind of identity": put(right, 97, ">B", 2),
        "a long name": right[:133] + u8(65) + name,
        "no text": right[:133] + u8(1) + b"\xff",
        "something behind it": right + b"\0",
        "cut": right[:-1],
    }
    assert [case for case, raw in cases.items() if not refused(Hello.decode, raw)] == []


def test_an_update_of_another_form_is_none() -> None:
    one = u32(2) + b"\0\0"
    head = u8(1) + u8(1)
    assert not refused(Update.decode, head + u16(MAX_UPDATES) + one * MAX_UPDATES)
    cases = {
        "version": u8(2) + u8(1) + u16(1) + one,
        "format": u8(1) + u8(2) + u16(1) + one,
        "none": head + u16(0),
        "too many": head + u16(MAX_UPDATES + 1) + one * (MAX_UPDATES + 1),
        "too long": head + u16(1) + u32(262_145) + bytes(262_145),
        "longer than there is": head + u16(1) + u32(3) + b"\0\0",
        "something behind it": head + u16(1) + one + b"\0",
    }
    assert [case for case, raw in cases.items() if not refused(Update.decode, raw)] == []


def test_what_is_sealed_in_snapshots_and_verdicts_has_one_form() -> None:
    seal, verdict = SnapshotSeal(ZERO, ZERO, "pycrdt-1").encode(), Verdict(ZERO, ZERO).encode()
    for read, right in ((SnapshotSeal.decode, seal), (Verdict.decode, verdict)):
        assert not refused(read, right)
        assert refused(read, put(right, 0, ">B", 2))
        assert refused(read, right + b"\0")
        assert refused(read, right[:-1])
    assert refused(SnapshotSeal.decode, seal[:-1] + b"\xff")


def test_presence_of_another_form_is_none() -> None:
    proof = SessionProof(SIGNATURE, ZERO, SIGNATURE, "n" * 64)
    echoes = (b"\0\0\0\0",) * 64
    fields = (5, ZERO, 0, ZERO, bytes(16), echoes, (NO_CURSOR, NO_CURSOR), True, 0)
    bare, proven = PresencePayload(*fields, None).encode(), PresencePayload(*fields, proof).encode()
    assert not refused(PresencePayload.decode, bare)
    assert not refused(PresencePayload.decode, proven)
    typing = len(bare) - 3
    cases = {
        "version": put(bare, 0, ">B", 2),
        "too many echoes": put(bare, 97, ">B", 65)[:98] + bytes(4) + bare[98:],
        "typing": put(bare, typing, ">B", 2),
        "a long name": proven[:-65] + u8(65) + b"n" * 65,
        "no text": proven[:-65] + u8(1) + b"\xff",
        "something behind it": proven + b"\0",
        "half a proof": proven[:-1],
    }
    assert [case for case, raw in cases.items() if not refused(PresencePayload.decode, raw)] == []
