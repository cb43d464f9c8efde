"""Checks 8 and 9 of protocol §7: what is inside the seal of an entry that the chain has a place for.

Failing here is a verdict that every client reaches alike, never the relay's fault: it raises `Void`, and the
entry changes nothing. A fold is changed by what passed, and by nothing before it did.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.entry import Entry, Kind
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.sealing import open_sealed, unpad
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.folded import Folded, SnapshotMark, row_of
from cryptpad_tui.pad.owner_records import VOIDED
from cryptpad_tui.pad.payloads import Hello, SnapshotSeal, Update
from cryptpad_tui.pad.verdicts import VerdictMark
from cryptpad_tui.pad.writer import identity_signature_ok
from cryptpad_tui.pad.writers import WriterState, WriterStatus

if TYPE_CHECKING:
    from cryptpad_tui.pad.fold import Fold


class Void(Exception):
    """The verdict of checks 8-9."""

    differs = False
    """Whether it is a snapshot's, whose state is not what the log leads to."""


class NoSnapshot(Void):
    """A snapshot that does not count here. Who joined after its position cannot tell whether it does, so its
    writer goes on: facts about writers must not depend on where a fold began.
    """


class SnapshotDiffers(NoSnapshot):
    """The snapshot's state is not what the log leads to."""

    differs = True


class LieOfTheEnded(Void):
    """The same, by a writer that had ended and stays so. No relay can know that: it offers the snapshot to
    newcomers, whom it may tell that its writer goes on.
    """

    differs = True


def open_entry(fold: Fold, entry: Entry, writer: WriterState, n: int, *, passed: bool = False) -> Folded:
    """Checks 8 and 9. `passed`: this vault made them of this entry, here, and it passed."""
    if writer.status != WriterStatus.LIVE:
        raise (LieOfTheEnded if _is_lie(fold, entry, n) else Void)("by a writer that had ended")
    plaintext = unpad(open_sealed(fold.keys.read_key, entry.associated_data, entry.sealed))
    row = row_of(n, entry, b"")
    if entry.kind == Kind.HELLO:
        _read_hello(fold, Hello.decode(plaintext), entry, writer)
    elif entry.kind == Kind.UPDATE:
        voided = n in fold.owner.voided
        update = Update.decode(plaintext)
        again = passed and not voided
        updates = _apply_again(fold, update, writer) if again else _apply(fold, update, writer, voided=voided)
        return Folded(row, entry, updates=updates, void_reason=VOIDED if voided else "")
    elif entry.kind == Kind.SNAPSHOT:
        differs = _check_snapshot(fold, SnapshotSeal.decode(plaintext), entry, n)
        return Folded(row, entry, digest_differs=differs)
    else:
        return Folded(row, entry, verdict=_note(fold, plaintext, entry, writer, n))
    return Folded(row, entry)


def _note(fold: Fold, plaintext: bytes, entry: Entry, writer: WriterState, n: int) -> VerdictMark:
    mark = VerdictMark.read(plaintext, entry, writer.ident_pk, n)
    fold.verdicts.add(mark, keep=fold.start.snapshot_id if fold.start else b"")
    return mark


def warning_of_the_ended(fold: Fold, entry: Entry, writer: WriterState, n: int) -> VerdictMark | None:
    """An ALERT about this own start by a writer that had ended: who has, is what the start says."""
    if entry.kind != Kind.ALERT or fold.start is None or fold.start.checked:
        return None
    try:
        plaintext = unpad(open_sealed(fold.keys.read_key, entry.associated_data, entry.sealed))
        about = VerdictMark.read(plaintext, entry, writer.ident_pk, n).snapshot_id
    except (CryptoError, Malformed):
        return None
    return _note(fold, plaintext, entry, writer, n) if about == fold.start.snapshot_id else None


def _read_hello(fold: Fold, hello: Hello, entry: Entry, writer: WriterState) -> None:
    if not identity_signature_ok(
        hello.ident_pk, hello.ident_signature, fold.pad_id, fold.epoch, entry.writer_pk
    ):
        raise Void("identity signature")
    writer.ident_pk, writer.name, writer.rgb = hello.ident_pk, hello.name, hello.rgb
    replaced = fold.writers.get(hello.supersedes)
    if replaced and replaced.ident_pk == hello.ident_pk and replaced.status == WriterStatus.LIVE:
        replaced.status = WriterStatus.SUPERSEDED


def _apply(fold: Fold, update: Update, writer: WriterState, *, voided: bool) -> tuple[bytes, ...]:
    check = fold.document.check_void if voided else fold.document.check
    try:
        checked = check(writer.client_id, update.updates)
        fold.document.apply(checked)
    except EngineFailure as error:
        raise CannotLoadHere from error
    return tuple(checked.updates)


def _apply_again(fold: Fold, update: Update, writer: WriterState) -> tuple[bytes, ...]:
    try:
        return tuple(fold.document.apply_again(writer.client_id, update.updates))
    except EngineFailure as error:
        raise CannotLoadHere from error


def _is_lie(fold: Fold, entry: Entry, n: int) -> bool:
    """Whether it is a snapshot that the log does not lead to, whoever made it."""
    if entry.snapshot is None:
        return False
    try:
        seal = SnapshotSeal.decode(
            unpad(open_sealed(fold.keys.read_key, entry.associated_data, entry.sealed))
        )
        return not fold.owner.reason_against(entry.snapshot.snap_n, n) and _compare(fold, seal, entry, n)
    except SnapshotDiffers:
        return True
    except (NoSnapshot, CannotLoadHere, CryptoError, Malformed):
        return False


def _check_snapshot(fold: Fold, seal: SnapshotSeal, entry: Entry, n: int) -> bool:
    """A snapshot is a cache of the fold: it counts only where its digests are this client's at snap_n.

    Returns whether it counts although its digest is another, which is said to be another engine's.
    """
    extension = entry.snapshot
    assert extension is not None
    reason = fold.owner.reason_against(extension.snap_n, n)
    if reason and fold.start and fold.start.snapshot_id == entry.entry_id and n not in fold.owner.voided:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, reason, evidence=(entry.raw,))
    if reason:
        raise NoSnapshot(reason)
    differs = _compare(fold, seal, entry, n)
    size = sum(chunk.size for chunk in extension.chunks)
    author = entry.writer_pk if seal.engine == fold.digests[extension.snap_n].engine else b""
    fold.snapshot = SnapshotMark(extension.snap_n, n, entry.entry_id, size, author)
    fold.tail_bytes = fold.tail_entries = 0
    return differs


def _compare(fold: Fold, seal: SnapshotSeal, entry: Entry, n: int) -> bool:
    """Whether its digests are others than these, by another engine. Changes nothing; raises NoSnapshot."""
    extension = entry.snapshot
    assert extension is not None
    known_head, mine = fold.head_of(extension.snap_n), fold.digests.get(extension.snap_n)
    if known_head is not None and not compare_digest(known_head, extension.snap_head):
        raise NoSnapshot("snapshot head")
    out_of_order = extension.snap_n >= n or (fold.snapshot and extension.snap_n <= fold.snapshot.snap_n)
    if mine is None:
        # A relay offers it to newcomers: who was there must warn, though there is no digest to compare.
        was_there = fold.start is None or extension.snap_n > fold.start.snap_n
        verdict = SnapshotDiffers if was_there else NoSnapshot
        raise verdict("snapshot of a position that is no checkpoint")
    if not compare_digest(mine.table_id, extension.table_id):
        raise SnapshotDiffers("snapshot table")
    is_same = compare_digest(mine.state_digest, seal.state_digest)
    # Newcomers compare both: who finds one of them wrong cannot begin there.
    is_same &= compare_digest(mine.content_digest, seal.content_digest)
    if not is_same and (seal.engine == mine.engine or out_of_order):
        raise SnapshotDiffers("snapshot digest")
    if out_of_order:
        raise NoSnapshot("snapshot order")
    if extension.flags:
        raise NoSnapshot("a form of snapshot that nobody begins at")
    return not is_same


def reason_of(error: Exception) -> str:
    return getattr(error, "reason", "") or str(error) or type(error).__name__
