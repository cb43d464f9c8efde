"""What the relay computes of a pad by rules that clients follow too (wire.md): ids and snapshot tables."""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.store.base import LogIndex

TABLE_ROW_BYTES: Final = 32 + 64 + 32 + 8 + 32 + 8


def client_id_of(pad_id: bytes, writer_pk: bytes) -> int:
    """The 53-bit CRDT client id that belongs to this writer in this pad (protocol §10)."""
    return int.from_bytes(labels.hash_parts(labels.CLIENT_ID, pad_id, writer_pk, size=8), "big") >> 11


def snapshot_table(index: LogIndex, snap_n: int, epoch_n: int = 0) -> bytes:
    """What a SNAPSHOT at snap_n must say about the writers (docs/wire.md, last section)."""
    return b"".join(
        [
            w.writer_pk + w.cert + w.hello_id + u64(w.last_seq) + w.last_id + u64(w.last_n)
            for w in index.writers_at(snap_n, epoch_n)
        ]
    )
