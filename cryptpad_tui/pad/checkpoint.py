"""A fold as bytes for the vault, so that opening a pad does not replay its history.

Trusted: it is read from the vault's encrypted pages only, and never from a relay.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.move_record import parse_move
from cryptpad_relay.protocol.owner_records import DeleteRecord, parse_record
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.pad.digests import CheckpointDigest
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.fold import Fold, SnapshotMark
from cryptpad_tui.pad.owner_records import EXPIRES_MS
from cryptpad_tui.pad.verdicts import StartMark, VerdictMark
from cryptpad_tui.pad.writers import WriterState, WriterStatus

FORMAT = 1
"""Keys are only ever added: a checkpoint without one reads as if there had been nothing of its kind."""


def encode_checkpoint(fold: Fold) -> bytes:
    """Everything a fold needs to continue after its position."""
    facts = {
        "format": FORMAT,
        "n": fold.n,
        "head": fold.head,
        "skips": {str(n): head for n, head in fold.skips.items()},
        "writers": [asdict(writer) for writer in fold.writers.values()],
        "clocks": {str(client): clock for client, clock in fold.document.clocks.items()},
        "checkpoint_n": fold.checkpoint_n,
        "checkpoint_bytes": fold.checkpoint_bytes,
        "digests": {str(n): asdict(digest) for n, digest in fold.digests.items()},
        "snapshot": asdict(fold.snapshot) if fold.snapshot else None,
        "tail_bytes": fold.tail_bytes,
        "tail_entries": fold.tail_entries,
        "record_id": fold.owner.last_id,
        "record_n": fold.owner.last_n,
        "voided": {str(void_n): at_n for void_n, at_n in fold.owner.voided.items()},
        "start": asdict(fold.start) if fold.start else None,
        "verdicts": [asdict(mark) for mark in fold.verdicts.all()],
        "epoch": asdict(fold.mark),
        "closed": [asdict(writer) for writer in fold.closed.values()],
        "lifetime": fold.owner.lifetime,
        "end": fold.owner.end.raw if fold.owner.end else None,
        "home": fold.owner.home.raw if fold.owner.home else None,
        "ranges": fold.document.ranges(),
    }
    header = json.dumps(facts, default=bytes.hex).encode()
    document: bytes = fold.document.encode()
    return u32(len(header)) + header + document


def document_in(state: bytes) -> bytes:
    """The document's own bytes of what `encode_checkpoint` gave."""
    reader = Reader(state)
    reader.sized(len(state))
    return reader.take(reader.remaining)


def restore_checkpoint(fold: Fold, state: bytes) -> None:
    """Put a fresh fold where `encode_checkpoint` was called."""
    reader = Reader(state)
    facts: dict[str, Any] = json.loads(reader.sized(len(state)))
    clocks = {int(client): clock for client, clock in facts["clocks"].items()}
    document = reader.take(reader.remaining)
    fold.document = CanonicalDocument.from_own_state(fold.kind, document, clocks, facts.get("ranges"))
    fold.n, fold.head = facts["n"], bytes.fromhex(facts["head"])
    fold.skips.clear()
    fold.skips.update({int(n): bytes.fromhex(head) for n, head in facts["skips"].items()})
    fold.writers = {w.writer_pk: w for w in map(_writer, facts["writers"])}
    fold.checkpoint_n, fold.checkpoint_bytes = facts["checkpoint_n"], facts["checkpoint_bytes"]
    fold.digests = {int(n): _digest(d) for n, d in facts["digests"].items()}
    fold.tail_bytes, fold.tail_entries = facts["tail_bytes"], facts["tail_entries"]
    mark = facts["snapshot"]
    if mark:
        fold.snapshot = SnapshotMark(**_from_hex({"writer_pk": "", **mark}, "snapshot_id", "writer_pk"))
    _restore_owner(fold, facts)
    if mark := facts.get("epoch"):
        fold.mark = EpochMark(**_from_hex(mark, "cap_pk", "fetch_pk"))
        fold.closed = {w.writer_pk: w for w in map(_writer, facts["closed"])}
        fold.owner.epoch = fold.mark.number
        # An earlier version kept the day alone.
        at_ms = facts.get(EXPIRES_MS)
        fold.owner.lifetime = facts.get("lifetime") or ({EXPIRES_MS: at_ms} if at_ms else {})
        end = parse_record(bytes.fromhex(facts["end"])) if facts["end"] else None
        fold.owner.end = end if isinstance(end, DeleteRecord) else None
    if start := facts.get("start"):
        fold.start = StartMark(**_from_hex(start, "snapshot_id", "writer_pk", "state_digest"))
    for verdict in facts.get("verdicts", ()):
        names = ("snapshot_id", "writer_pk", "ident_pk", "state_digest")
        fold.verdicts.add(VerdictMark(**_from_hex(verdict, *names)))


def _restore_owner(fold: Fold, facts: dict[str, Any]) -> None:
    if "record_id" in facts:
        known = facts["record_id"]
        fold.owner.last_id = None if known is None else bytes.fromhex(known)
        fold.owner.last_n = facts["record_n"]
        fold.owner.home = parse_move(bytes.fromhex(home)) if (home := facts.get("home")) else None
        fold.owner.voided = {int(void_n): at_n for void_n, at_n in facts["voided"].items()}


def _from_hex(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**fields, **{name: bytes.fromhex(fields[name]) for name in names}}


def _writer(fields: dict[str, Any]) -> WriterState:
    for name in ("writer_pk", "cert", "hello_id", "last_id", "ident_pk", "rgb"):
        fields[name] = bytes.fromhex(fields[name])
    fields["status"] = WriterStatus(fields["status"])
    return WriterState(**fields)


def _digest(fields: dict[str, str]) -> CheckpointDigest:
    return CheckpointDigest(
        bytes.fromhex(fields["state_digest"]),
        bytes.fromhex(fields["content_digest"]),
        bytes.fromhex(fields["table_id"]),
        fields["engine"],
    )
