"""Snapshots (protocol §11): making one at a checkpoint, and starting a fold from one that somebody else made.

A snapshot is a cache of the fold and never changes it. Its clear table names the writers; its sealed pieces
hold the document. What a joiner takes from one is bound to a signed entry, and to the log by proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.entry import ChunkRef, Entry, SnapshotExtension, writer_cert_parts
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import CERT, u8, u16, u32, verify_parts
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import ViewKeys, client_id_of
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, pad, seal, unpad
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of, state_digest
from cryptpad_tui.pad.epochs import decode_closed, encode_closed
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.payloads import SnapshotSeal
from cryptpad_tui.pad.writers import (
    FACT_ROW,
    FactRow,
    TableRow,
    WriterState,
    decode_facts,
    decode_table,
    encode_facts,
    encode_table,
)

PIECE_BYTES: Final = 262_144
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
CHUNK_KIND: Final = 0x15
NO_SNAPSHOT: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that must reach the relay: the pieces first, then an entry with this extension and sealed part."""

    extension: SnapshotExtension
    seal: SnapshotSeal
    chunks: tuple[bytes, ...]


def make_snapshot(fold: Fold, *, rng: RandomBytes) -> Snapshot:
    """A snapshot of the fold's position, which must be a checkpoint."""
    digest = fold.digests[fold.n]
    clocks = fold.document.clocks
    facts = encode_facts(fold.writers.values(), clocks) + encode_closed(fold.closed.values(), clocks)
    update = fold.document.encode()
    body = pad(u32(len(facts)) + facts + u32(len(update)) + update)
    salt = rng(16)
    pieces = [body[i : i + PIECE_BYTES] for i in range(0, len(body), PIECE_BYTES)]
    chunks = tuple(
        [
            seal(
                fold.keys.read_key,
                chunk_aad(fold.pad_id, fold.epoch, salt, i, len(pieces)),
                piece,
                rng=rng,
            )
            for i, piece in enumerate(pieces)
        ]
    )
    extension = SnapshotExtension(
        snap_n=fold.n,
        snap_head=fold.head,
        prev_snapshot_id=fold.snapshot.snapshot_id if fold.snapshot else NO_SNAPSHOT,
        flags=0,
        snap_salt=salt,
        table_id=digest.table_id,
        chunks=tuple([ChunkRef(len(chunk), chunk_id_of(chunk)) for chunk in chunks]),
    )
    return Snapshot(
        extension, SnapshotSeal(digest.state_digest, digest.content_digest, digest.engine), chunks
    )


def chunk_aad(pad_id: bytes, epoch: int, salt: bytes, index: int, count: int) -> bytes:
    """What a piece is bound to: this pad, epoch, snapshot and place in it."""
    return b"PAD1" + u8(CHUNK_KIND) + u8(1) + u16(0) + pad_id + u32(epoch) + salt + u32(index) + u32(count)


def check_entry(entry: Entry, hello: Entry, cap_pk: bytes) -> SnapshotExtension:
    """The outer checks of a SNAPSHOT that a joiner starts from, by its writer's HELLO; raises Alarm."""
    extension = entry.snapshot
    if extension is None or hello.writer_pk != entry.writer_pk or not hello.cert:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "not what was asked for", evidence=(entry.raw,))
    if not hello.cert_ok(cap_pk) or not hello.signature_ok():
        raise Alarm(AlarmCode.NOT_AUTHORISED, "the snapshot's writer", evidence=(entry.raw, hello.raw))
    if not entry.signature_ok():
        raise Alarm(AlarmCode.BAD_ENTRY, "the snapshot's signature", evidence=(entry.raw,))
    if sum(chunk.size for chunk in extension.chunks) > MAX_TOTAL_BYTES or extension.flags:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "size or flags", evidence=(entry.raw,))
    return extension


def check_chunk(chunk: bytes, chunk_id: bytes, size: int | None) -> None:
    """A piece must be the bytes that the signed entry names; raises Alarm."""
    if (size is not None and len(chunk) != size) or not compare_digest(chunk_id_of(chunk), chunk_id):
        said = shown_piece(Op.CHUNK_GET | 0x80, chunk)
        raise Alarm(
            AlarmCode.BAD_SNAPSHOT, "the relay sent other bytes than its writer signed", evidence=(said,)
        )


def start_fold(fold: Fold, entry: Entry, table: bytes, chunks: Sequence[bytes], load: DocumentLoader) -> None:
    """Put `fold` at the snapshot's position; raises Alarm and leaves it unusable where anything is wrong.

    The caller has checked the entry, the table and the pieces by hash, and that snap_head extends what it
    knows. `load` builds the document: in a child process where bytes are foreign.
    """
    extension = entry.snapshot
    assert extension is not None
    try:
        opened = SnapshotSeal.decode(
            unpad(open_sealed(fold.keys.read_key, entry.associated_data, entry.sealed))
        )
        facts, update = _open_body(fold.keys, entry, chunks)
        rows = decode_table(table)
        fact_rows = decode_facts(facts[: len(rows) * FACT_ROW.size])
        _restore_writers(fold, rows, fact_rows)
        fold.closed, clocks = decode_closed(facts[len(rows) * FACT_ROW.size :], fold.pad_id)
        for row, fact in zip(rows, fact_rows, strict=True):
            clocks[client_id_of(fold.pad_id, row.writer_pk)] = fact.last_clock
        clocks = {client: clock for client, clock in clocks.items() if clock}
        fold.document = load(fold.kind, update, clocks)
    except (CryptoError, Malformed, InvalidUpdate, ValueError) as error:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, type(error).__name__, evidence=(entry.raw,)) from error
    content = fold.document.content_digest()
    if not compare_digest(content, opened.content_digest) or not compare_digest(
        state_digest(content, fold.document.clocks, table, facts), opened.state_digest
    ):
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "digest", evidence=(entry.raw,))
    _place(fold, extension)
    # What the owner's records said before this position is in the state; their chain was not seen.
    fold.owner.last_id = None


DocumentLoader = Callable[[PadKind, bytes, dict[int, int]], CanonicalDocument]


def _open_body(keys: ViewKeys, entry: Entry, chunks: Sequence[bytes]) -> tuple[bytes, bytes]:
    extension = entry.snapshot
    assert extension is not None
    pieces = [
        open_sealed(
            keys.read_key,
            chunk_aad(entry.pad_id, entry.epoch, extension.snap_salt, i, len(chunks)),
            chunk,
        )
        for i, chunk in enumerate(chunks)
    ]
    if any(len(piece) != PIECE_BYTES for piece in pieces[:-1]):
        raise Malformed("piece size")
    reader = Reader(unpad(b"".join(pieces)))
    facts, update = reader.sized(MAX_TOTAL_BYTES), reader.sized(MAX_TOTAL_BYTES)
    reader.end()
    return facts, update


def _restore_writers(fold: Fold, rows: Sequence[TableRow], facts: Sequence[FactRow]) -> None:
    for row, fact in zip(rows, facts, strict=True):
        parts = writer_cert_parts(fold.pad_id, fold.epoch, row.writer_pk)
        if not verify_parts(fold.mark.cap_pk, row.cert, CERT, *parts):
            raise Malformed("certificate in the table")
        fold.writers[row.writer_pk] = WriterState(
            writer_pk=row.writer_pk,
            cert=row.cert,
            hello_id=row.hello_id,
            client_id=client_id_of(fold.pad_id, row.writer_pk),
            last_seq=row.last_seq,
            last_id=row.last_id,
            last_n=row.last_n,
            base_n=0,
            ident_pk=fact.ident_pk,
            status=fact.status,
        )


def _place(fold: Fold, extension: SnapshotExtension) -> None:
    """Position the fold at snap_n. The skip heads come from the proof down to 0, added as proven heads."""
    fold.n, fold.head = extension.snap_n, extension.snap_head
    skips, i = {fold.n: fold.head}, fold.n
    while i:
        i &= i - 1
        known = fold.head_of(i)
        if known is None:
            raise Alarm(AlarmCode.BAD_SNAPSHOT, "the proof down to the start is incomplete")
        skips[i] = known
    fold.skips.clear()
    fold.skips.update(skips)
    if encode_table(fold.writers.values()) == b"" and fold.n != fold.mark.n:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "no writers")
    fold.mark_checkpoint()
