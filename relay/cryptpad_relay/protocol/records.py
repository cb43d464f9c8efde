"""Owner records (protocol §5): plaintext, signed by the owner, verified by everybody.

GENESIS (236 bytes) is not in the log: it *is* the pad, since the pad id is its hash. Of the records in the
log VOID is here, EPOCH, DELETE, EXPIRE and IDLE in `owner_records`; TRIM is reserved: `record_kind` knows
it so that both sides refuse it by name.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from hmac import compare_digest
from typing import ClassVar, Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import MAGIC, SUITE
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES

GENESIS_BYTES: Final = 236
UNBOUND: Final = bytes(32)
"""relay_id of a pad that was born without a relay."""
_GENESIS_BODY: Final = struct.Struct(">4sBBH32s32s32s16s32sI16s")
_VOID_BODY: Final = struct.Struct(">4sBBH32sI32sQ32s")
VOID_BYTES: Final = _VOID_BODY.size + SIGNATURE_BYTES


class RecordKind(IntEnum):
    GENESIS = 0x01
    EPOCH = 0x02
    DELETE = 0x03
    VOID = 0x04
    TRIM = 0x05
    EXPIRE = 0x06
    IDLE = 0x07
    MOVE = 0x08


OWNER_RECORDS: Final = frozenset(RecordKind) - {RecordKind.GENESIS}
"""Those that stand in a log."""


@dataclass(frozen=True, slots=True)
class Genesis:
    """A pad's birth: whose it is, which keys may write and read in epoch 0, and on which relay it lives."""

    raw: bytes
    pad_id: bytes
    owner_pk: bytes
    cap_pk: bytes
    fetch_pk: bytes
    kcv: bytes
    relay_id: bytes
    policy: int


def genesis_body(
    owner_pk: bytes,
    cap_pk: bytes,
    fetch_pk: bytes,
    kcv: bytes,
    relay_id: bytes,
    salt: bytes,
    policy: int = 0,
) -> bytes:
    """GENESIS before its signature, 172 bytes."""
    return _GENESIS_BODY.pack(
        MAGIC, RecordKind.GENESIS, SUITE, 0, owner_pk, cap_pk, fetch_pk, kcv, relay_id, policy, salt
    )


def pad_id_of(body: bytes) -> bytes:
    return labels.hash_parts(labels.PAD_ID, body)


def parse_genesis(raw: bytes, pad_id: bytes | None = None) -> Genesis:
    """A verified GENESIS; raises Malformed where size, header, hash or owner signature is wrong."""
    if len(raw) != GENESIS_BYTES:
        raise Malformed("genesis size")
    body = raw[:-SIGNATURE_BYTES]
    magic, kind, suite, flags, owner_pk, cap_pk, fetch_pk, kcv, relay_id, policy, _ = _GENESIS_BODY.unpack(
        body
    )
    if (magic, kind, suite, flags) != (MAGIC, RecordKind.GENESIS, SUITE, 0) or policy > 1:
        raise Malformed("genesis header")
    own_id = pad_id_of(body)
    if pad_id is not None and not compare_digest(own_id, pad_id):
        raise Malformed("genesis is of another pad")
    if not labels.verify_parts(owner_pk, raw[-SIGNATURE_BYTES:], labels.GENESIS, body):
        raise Malformed("genesis signature")
    return Genesis(raw, own_id, owner_pk, cap_pk, fetch_pk, kcv, relay_id, policy)


def record_kind(raw: bytes) -> RecordKind | None:
    """The kind of an owner record that may stand in a log; None for anything else."""
    if len(raw) < 8 or raw[:4] != MAGIC or raw[5] != SUITE or raw[6:8] != b"\0\0":
        return None
    return RecordKind(raw[4]) if 0x02 <= raw[4] <= 0x08 else None


@dataclass(frozen=True, slots=True)
class SignedRecord:
    """What every owner record in a log has."""

    LABEL: ClassVar[str]

    raw: bytes = field(repr=False)
    entry_id: bytes
    """The record's own id: its place in the chain, and the next record's prev_rec_hash."""
    pad_id: bytes
    epoch: int
    previous: bytes
    """The id of the owner record before it in the log; the pad id where there is none."""

    def signature_ok(self, owner_pk: bytes) -> bool:
        """Whether the pad's owner signed it (about 100 us)."""
        signed, signature = self.raw[:-SIGNATURE_BYTES], self.raw[-SIGNATURE_BYTES:]
        return labels.verify_parts(owner_pk, signature, self.LABEL, signed)


@dataclass(frozen=True, slots=True)
class VoidRecord(SignedRecord):
    """The owner's word that one entry changes nothing: its place stays taken, its content is gone."""

    LABEL = labels.VOID

    void_n: int
    void_id: bytes


def void_body(pad_id: bytes, epoch: int, previous: bytes, void_n: int, void_id: bytes) -> bytes:
    """VOID before its signature, 116 bytes."""
    return _VOID_BODY.pack(MAGIC, RecordKind.VOID, SUITE, 0, pad_id, epoch, previous, void_n, void_id)


def record_id_of(body: bytes) -> bytes:
    return labels.hash_parts(labels.RECORD, body)


def parse_void(raw: bytes) -> VoidRecord:
    """A VOID record's fields; raises Malformed. Says nothing about who signed it, or what it names."""
    if len(raw) != VOID_BYTES or record_kind(raw) is not RecordKind.VOID:
        raise Malformed("void record")
    body = raw[:-SIGNATURE_BYTES]
    *_, pad_id, epoch, previous, void_n, void_id = _VOID_BODY.unpack(body)
    if not void_n:
        raise Malformed("void record")
    return VoidRecord(raw, record_id_of(body), pad_id, epoch, previous, void_n, void_id)
