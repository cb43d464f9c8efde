"""The log entry's envelope (protocol §6): parsing, and the checks that need no key.

    0 magic "PAD1" | 4 kind | 5 suite | 6 flags u16 | 8 pad_id 32 | 40 epoch u32
    44 writer_pk 32 | 76 seq u64 | 84 prev 32 | 116 base_n u64 | 124 base_head 32 | 156 body_len u32
    [cert 64 | extension] | nonce 24 | commit 32 | ciphertext and tag | signature 64

Presence frames (kind 20) have the same header and never enter a log.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES, u8, u32
from cryptpad_relay.protocol.reader import Reader

MAGIC: Final = b"PAD1"
SUITE: Final = 1
HEADER: Final = struct.Struct(">4sBBH32sI32sQ32sQ32sI")
HEADER_BYTES: Final = 160
CERT_BYTES: Final = 64
SEAL_OVERHEAD: Final = 24 + 32 + 16
MIN_SEALED: Final = SEAL_OVERHEAD + 256
MAX_ENTRY_BYTES: Final = 524_288
MAX_PRESENCE_BYTES: Final = 4_096
MAX_WRITER_LAG: Final = 65_536
"""A writer whose last entry lies further back than this is retired."""
MAX_SNAPSHOT_CHUNKS: Final = 2_048
FLATTENED: Final = 1


class Kind(IntEnum):
    """10-1F are the log's, 20-2F presence, 01-0F owner records (records.py)."""

    HELLO = 0x10
    UPDATE = 0x11
    SNAPSHOT = 0x12
    ENDORSE = 0x13
    ALERT = 0x14
    PRESENCE = 0x20
    """An editor's; its certificate travels sealed."""
    VIEWER_PRESENCE = 0x21
    """A viewer's; its vcert stands at 160."""


LOG_KINDS: Final = frozenset({Kind.HELLO, Kind.UPDATE, Kind.SNAPSHOT, Kind.ENDORSE, Kind.ALERT})
PRESENCE_KINDS: Final = frozenset({Kind.PRESENCE, Kind.VIEWER_PRESENCE})


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """A sealed piece of a snapshot: its length and its hash, which is its name."""

    size: int
    chunk_id: bytes


@dataclass(frozen=True, slots=True)
class SnapshotExtension:
    """The clear part of a SNAPSHOT (protocol §11): which position it replaces, and where its pieces are."""

    snap_n: int
    snap_head: bytes
    prev_snapshot_id: bytes
    flags: int
    snap_salt: bytes
    table_id: bytes
    chunks: tuple[ChunkRef, ...]

    def encode(self) -> bytes:
        fixed = struct.pack(
            ">Q32s32sB16s32sI",
            self.snap_n,
            self.snap_head,
            self.prev_snapshot_id,
            self.flags,
            self.snap_salt,
            self.table_id,
            len(self.chunks),
        )
        return fixed + b"".join([u32(chunk.size) + chunk.chunk_id for chunk in self.chunks])


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed envelope. `raw` is the whole, `entry_id` what the chain and `prev` commit to."""

    raw: bytes
    entry_id: bytes
    kind: Kind
    pad_id: bytes
    epoch: int
    writer_pk: bytes
    seq: int
    prev: bytes
    base_n: int
    base_head: bytes
    cert: bytes
    """HELLO: 64 bytes; presence of a viewer: its vcert; otherwise empty."""
    snapshot: SnapshotExtension | None
    clear_bytes: int
    """How much of `raw` comes before the nonce: the associated data of the seal."""

    @property
    def associated_data(self) -> bytes:
        return self.raw[: self.clear_bytes]

    @property
    def sealed(self) -> bytes:
        return self.raw[self.clear_bytes : -SIGNATURE_BYTES]

    @property
    def signature(self) -> bytes:
        return self.raw[-SIGNATURE_BYTES:]

    def signature_ok(self) -> bool:
        """Check 6: the writer signed this id (about 100 us)."""
        return labels.verify_parts(self.writer_pk, self.signature, labels.ENVELOPE, self.entry_id)

    def cert_ok(self, cap_pk: bytes) -> bool:
        """Whether the edit capability of this epoch certified this HELLO's writer."""
        return labels.verify_parts(cap_pk, self.cert, labels.CERT, *cert_parts(self))


def cert_parts(entry: Entry) -> tuple[bytes, bytes, bytes, bytes]:
    return writer_cert_parts(entry.pad_id, entry.epoch, entry.writer_pk)


def writer_cert_parts(pad_id: bytes, epoch: int, writer_pk: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """What the edit capability signs for a writer; the last part means *edit* and is never sent."""
    return pad_id, u32(epoch), writer_pk, u8(1)


def viewer_cert_parts(pad_id: bytes, epoch: int, session_pk: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """What the fetch key signs for a viewer's presence session; the last part means *view*."""
    return pad_id, u32(epoch), session_pk, u8(2)


def entry_id_of(signed_part: bytes) -> bytes:
    """The id of an entry from all its bytes before the signature, so that re-signing makes no second id."""
    return labels.hash_parts(labels.ENTRY, signed_part)


def presence_id_of(signed_part: bytes) -> bytes:
    return labels.hash_parts(labels.PRESENCE_ID, signed_part)


def header_bytes(
    kind: Kind,
    pad_id: bytes,
    epoch: int,
    writer_pk: bytes,
    seq: int,
    prev: bytes,
    base_n: int,
    base_head: bytes,
    body_len: int,
) -> bytes:
    """The 160-byte header. `body_len` counts from 160 to the signature."""
    return HEADER.pack(
        MAGIC, kind, SUITE, 0, pad_id, epoch, writer_pk, seq, prev, base_n, base_head, body_len
    )


def parse_entry(raw: bytes) -> Entry:
    """Check 1 (and the extension's shape): raises Malformed. Says nothing about who signed or when."""
    return _parse(raw, LOG_KINDS, MAX_ENTRY_BYTES)


def parse_presence(raw: bytes) -> Entry:
    """A presence frame; `entry_id` is its presence_id. Raises Malformed."""
    return _parse(raw, PRESENCE_KINDS, MAX_PRESENCE_BYTES)


def _parse(raw: bytes, kinds: frozenset[Kind], max_bytes: int) -> Entry:
    if not HEADER_BYTES + MIN_SEALED + SIGNATURE_BYTES <= len(raw) <= max_bytes:
        raise Malformed("size")
    magic, kind, suite, flags, pad_id, epoch, writer_pk, seq, prev, base_n, base_head, body_len = (
        HEADER.unpack_from(raw)
    )
    if magic != MAGIC or suite != SUITE or flags or kind not in kinds:
        raise Malformed("header")
    if body_len != len(raw) - HEADER_BYTES - SIGNATURE_BYTES:
        raise Malformed("body length")
    cert, snapshot, clear_bytes = b"", None, HEADER_BYTES
    if kind in (Kind.HELLO, Kind.VIEWER_PRESENCE):
        cert = raw[HEADER_BYTES : HEADER_BYTES + CERT_BYTES]
        clear_bytes += CERT_BYTES
    elif kind == Kind.SNAPSHOT:
        snapshot, clear_bytes = _parse_snapshot_extension(raw)
    if len(raw) - clear_bytes - SIGNATURE_BYTES < MIN_SEALED:
        raise Malformed("sealed part too short")
    identity = presence_id_of if kind in PRESENCE_KINDS else entry_id_of
    return Entry(
        raw=raw,
        entry_id=identity(raw[:-SIGNATURE_BYTES]),
        kind=Kind(kind),
        pad_id=pad_id,
        epoch=epoch,
        writer_pk=writer_pk,
        seq=seq,
        prev=prev,
        base_n=base_n,
        base_head=base_head,
        cert=cert,
        snapshot=snapshot,
        clear_bytes=clear_bytes,
    )


def _parse_snapshot_extension(raw: bytes) -> tuple[SnapshotExtension, int]:
    reader = Reader(raw[HEADER_BYTES:-SIGNATURE_BYTES])
    snap_n, snap_head, previous = reader.u64(), reader.take(32), reader.take(32)
    flags, salt, table_id, count = reader.u8(), reader.take(16), reader.take(32), reader.u32()
    if flags & ~FLATTENED or not 1 <= count <= MAX_SNAPSHOT_CHUNKS:
        raise Malformed("snapshot extension")
    chunks = tuple([ChunkRef(reader.u32(), reader.take(32)) for _ in range(count)])
    extension = SnapshotExtension(snap_n, snap_head, previous, flags, salt, table_id, chunks)
    return extension, len(raw) - SIGNATURE_BYTES - reader.remaining
