"""Digests of a pad's state at checkpoints (protocol §11): what snapshots are judged by.

Checkpoints are rare by rule, since a digest reads the whole document; no key press ever waits for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.labels import u32, u64
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.pad.epochs import encode_closed
from cryptpad_tui.pad.writers import WriterState, encode_facts, encode_table

ENGINE: Final = f"pycrdt-{version('pycrdt')}"
MIN_SPACING: Final = 64


@dataclass(frozen=True, slots=True)
class CheckpointDigest:
    """State at one checkpoint: of the content alone, and of content, clocks and writers."""

    state_digest: bytes
    content_digest: bytes
    table_id: bytes
    engine: str


def is_checkpoint(n: int, previous: int, bytes_at_previous: int) -> bool:
    """Whether n is the next checkpoint after `previous`, where the text had that many UTF-8 bytes."""
    return n - previous >= max(MIN_SPACING, -(-bytes_at_previous // 4096))


def chunk_id_of(chunk: bytes) -> bytes:
    return labels.hash_parts(labels.CHUNK, chunk)


def digest_of(
    document: CanonicalDocument, writers: Iterable[WriterState], closed: Iterable[WriterState] = ()
) -> CheckpointDigest:
    """The digests of a document, its writers and those of closed epochs (36-60 ms for 10 MB of text)."""
    known = list(writers)
    content = document.content_digest()
    table = encode_table(known)
    facts = encode_facts(known, document.clocks) + encode_closed(closed, document.clocks)
    state = state_digest(content, document.clocks, table, facts)
    return CheckpointDigest(state, content, chunk_id_of(table), ENGINE)


def state_digest(content: bytes, clocks: Mapping[int, int], table: bytes, facts: bytes) -> bytes:
    pairs = b"".join([u64(client) + u32(clock) for client, clock in sorted(clocks.items())])
    return labels.hash_parts("pad1/state", content, pairs, table, facts)
