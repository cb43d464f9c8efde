"""The owner's records in a log beside VOID: EPOCH, DELETE, EXPIRE and IDLE (protocol §5, §13; docs/wire.md).

Plaintext but for what EPOCH seals to members; signed by the owner and linked by hash. Parsing says nothing
about who signed, nor whether a record may stand where it does: `signature_ok` and the append rules do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import MAGIC, SUITE
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES, u32
from cryptpad_relay.protocol.move_record import MoveRecord, parse_move
from cryptpad_relay.protocol.records import (
    RecordKind,
    SignedRecord,
    VoidRecord,
    parse_void,
    record_id_of,
    record_kind,
)

SLOT_BYTES: Final = 128
SLOTS_MULTIPLE: Final = 8
MAX_SLOTS: Final = 1_024
MAX_SEALED_BYTES: Final = 65_536
_MIN_SEALED_BYTES: Final = 24 + 32 + 16
_EPOCH: Final = struct.Struct(">4sBBH32sI32s16s32s32s16s32sQ32sIH")
EPOCH_FIXED_BYTES: Final = _EPOCH.size
_DELETE: Final = struct.Struct(">4sBBH32sI32sQ32sQ")
DELETE_BYTES: Final = _DELETE.size + SIGNATURE_BYTES
_EXPIRE: Final = struct.Struct(">4sBBH32sI32sQ")
EXPIRE_BYTES: Final = _EXPIRE.size + SIGNATURE_BYTES
_IDLE: Final = struct.Struct(">4sBBH32sI32sI")
IDLE_BYTES: Final = _IDLE.size + SIGNATURE_BYTES
MAX_IDLE_DAYS: Final = 36_500
MAX_EPOCH: Final = 2**32 - 1
MAX_MS: Final = 2**53


@dataclass(frozen=True, slots=True)
class EpochRecord(SignedRecord):
    """New keys from here on: who writes and reads, and, sealed to each member, how to."""

    LABEL = labels.EPOCH_RECORD

    record_salt: bytes
    cap_pk: bytes
    fetch_pk: bytes
    kcv: bytes
    relay_id: bytes
    close_n: int
    """The last position of the epoch before; what that epoch's keys made after it is invalid."""
    close_head: bytes
    policy: int
    slots: tuple[bytes, ...] = field(repr=False)
    sealed: bytes = field(repr=False)

    @property
    def associated_data(self) -> bytes:
        return self.raw[: -SIGNATURE_BYTES - len(self.sealed)]


@dataclass(frozen=True, slots=True)
class DeleteRecord(SignedRecord):
    """The pad's end, for everybody, by its owner's word."""

    LABEL = labels.DELETE

    seen_n: int
    """What the owner had verified of the log."""
    seen_head: bytes
    unix_ms: int


@dataclass(frozen=True, slots=True)
class ExpireRecord(SignedRecord):
    """When the relay is to delete the pad by itself; 0 takes an earlier date back."""

    LABEL = labels.EXPIRE

    unix_ms: int


@dataclass(frozen=True, slots=True)
class IdleRecord(SignedRecord):
    """After how many days without use the relay is to delete the pad by itself; 0 takes that back."""

    LABEL = labels.IDLE

    days: int


OwnerRecord = VoidRecord | EpochRecord | DeleteRecord | ExpireRecord | IdleRecord | MoveRecord


@dataclass(frozen=True, slots=True)
class EpochFields:
    """What an EPOCH record says in the clear, before its slots and seal are made."""

    pad_id: bytes
    epoch: int
    previous: bytes
    record_salt: bytes
    cap_pk: bytes
    fetch_pk: bytes
    kcv: bytes
    relay_id: bytes
    close_n: int
    close_head: bytes
    policy: int


def epoch_before_seal(fields: EpochFields, slots: tuple[bytes, ...], sealed_bytes: int) -> bytes:
    """EPOCH up to the seal, whose associated data this is; `sealed_bytes` is the seal's own length."""
    fixed = _EPOCH.pack(
        MAGIC,
        RecordKind.EPOCH,
        SUITE,
        0,
        fields.pad_id,
        fields.epoch,
        fields.previous,
        fields.record_salt,
        fields.cap_pk,
        fields.fetch_pk,
        fields.kcv,
        fields.relay_id,
        fields.close_n,
        fields.close_head,
        fields.policy,
        len(slots),
    )
    return fixed + b"".join(slots) + u32(sealed_bytes)


def delete_body(
    pad_id: bytes, epoch: int, previous: bytes, seen_n: int, seen_head: bytes, unix_ms: int
) -> bytes:
    """DELETE before its signature."""
    return _DELETE.pack(
        MAGIC, RecordKind.DELETE, SUITE, 0, pad_id, epoch, previous, seen_n, seen_head, unix_ms
    )


def expire_body(pad_id: bytes, epoch: int, previous: bytes, unix_ms: int) -> bytes:
    """EXPIRE before its signature."""
    return _EXPIRE.pack(MAGIC, RecordKind.EXPIRE, SUITE, 0, pad_id, epoch, previous, unix_ms)


def idle_body(pad_id: bytes, epoch: int, previous: bytes, days: int) -> bytes:
    """IDLE before its signature."""
    return _IDLE.pack(MAGIC, RecordKind.IDLE, SUITE, 0, pad_id, epoch, previous, days)


def parse_record(raw: bytes) -> OwnerRecord:
    """An owner record of a kind that is in use; raises Malformed."""
    kind = record_kind(raw)
    parse = _PARSERS.get(kind) if kind is not None else None
    if parse is None:
        raise Malformed("owner record")
    return parse(raw)


def _parse_epoch(raw: bytes) -> EpochRecord:
    if len(raw) < _EPOCH.size + 4 + _MIN_SEALED_BYTES + SIGNATURE_BYTES:
        raise Malformed("epoch record")
    *_, pad_id, epoch, previous, salt, cap, fetch, kcv, relay, close_n, close_head, policy, count = (
        _EPOCH.unpack_from(raw)
    )
    at = _EPOCH.size + SLOT_BYTES * count
    if count > MAX_SLOTS or count % SLOTS_MULTIPLE or len(raw) < at + 4 or not epoch or policy > 1:
        raise Malformed("epoch record")
    size = int.from_bytes(raw[at : at + 4], "big")
    if not _MIN_SEALED_BYTES <= size <= MAX_SEALED_BYTES or len(raw) != at + 4 + size + SIGNATURE_BYTES:
        raise Malformed("epoch record")
    slots = tuple([raw[i : i + SLOT_BYTES] for i in range(_EPOCH.size, at, SLOT_BYTES)])
    sealed = raw[at + 4 : at + 4 + size]
    names = pad_id, epoch, previous, salt, cap, fetch, kcv, relay, close_n, close_head, policy
    return EpochRecord(raw, record_id_of(raw[:-SIGNATURE_BYTES]), *names, slots, sealed)


def _parse_delete(raw: bytes) -> DeleteRecord:
    if len(raw) != DELETE_BYTES:
        raise Malformed("delete record")
    *_, pad_id, epoch, previous, seen_n, seen_head, unix_ms = _DELETE.unpack_from(raw)
    record_id = record_id_of(raw[:-SIGNATURE_BYTES])
    return DeleteRecord(raw, record_id, pad_id, epoch, previous, seen_n, seen_head, unix_ms)


def _parse_expire(raw: bytes) -> ExpireRecord:
    if len(raw) != EXPIRE_BYTES:
        raise Malformed("expire record")
    *_, pad_id, epoch, previous, unix_ms = _EXPIRE.unpack_from(raw)
    if unix_ms >= MAX_MS:
        raise Malformed("expire record")
    return ExpireRecord(raw, record_id_of(raw[:-SIGNATURE_BYTES]), pad_id, epoch, previous, unix_ms)


def _parse_idle(raw: bytes) -> IdleRecord:
    if len(raw) != IDLE_BYTES:
        raise Malformed("idle record")
    *_, pad_id, epoch, previous, days = _IDLE.unpack_from(raw)
    if days > MAX_IDLE_DAYS:
        raise Malformed("idle record")
    return IdleRecord(raw, record_id_of(raw[:-SIGNATURE_BYTES]), pad_id, epoch, previous, days)


_PARSERS: Final[dict[RecordKind, Callable[[bytes], OwnerRecord]]] = {
    RecordKind.EPOCH: _parse_epoch,
    RecordKind.DELETE: _parse_delete,
    RecordKind.VOID: parse_void,
    RecordKind.EXPIRE: _parse_expire,
    RecordKind.IDLE: _parse_idle,
    RecordKind.MOVE: parse_move,
}
