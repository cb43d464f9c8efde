"""The fold: entries in log order, each through every check of protocol §7, into the canonical document.

The fold depends on the log alone. Checks 1-7 failing halts at n-1 with an Alarm: what stands here is what
honest people saw. Checks 8-9 failing is a verdict that every client reaches alike: the entry stays in the
chain, changes nothing and ends its writer. Never skips an entry, never applies what a check has not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.entry import MAX_WRITER_LAG, Entry, Kind, parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.owner_records import EpochRecord, OwnerRecord, parse_record
from cryptpad_relay.protocol.records import Genesis, record_kind
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import ViewKeys, client_id_of
from cryptpad_tui.pad import record_steps, sealed_checks
from cryptpad_tui.pad.alarms import Alarm, AlarmCode, NeedsProof
from cryptpad_tui.pad.digests import CheckpointDigest, digest_of, is_checkpoint
from cryptpad_tui.pad.epochs import EpochMark, HistoryClosed
from cryptpad_tui.pad.folded import Folded, SnapshotMark, advance_skips, row_of
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.owner_records import OwnerBook
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.sealed_checks import NoSnapshot, Void, open_entry, reason_of
from cryptpad_tui.pad.verdicts import StartMark, VerdictBook
from cryptpad_tui.pad.writer import NO_ENTRY
from cryptpad_tui.pad.writers import WriterState, WriterStatus

__all__ = ["Fold", "Folded", "SnapshotMark"]

KEPT_DIGESTS: Final = 64
RECENT_HEADS: Final = 4_096


class Fold:
    """A position of a pad's log and everything that follows from the entries up to it."""

    def __init__(
        self,
        genesis: Genesis,
        epoch: int,
        keys: ViewKeys,
        kind: PadKind,
        head_at: Callable[[int], bytes | None],
        *,
        entry_at: Callable[[int], bytes | None] = lambda n: None,
        ring: KeyRing | None = None,
    ) -> None:
        """`head_at` and `entry_at` ask storage for what was verified earlier.

        `ring` holds the keys of other epochs; without one there is this.
        """
        self.genesis = genesis
        self.kind = kind
        self.ring = ring or KeyRing({epoch: keys}, kind)
        self.mark = EpochMark.first(genesis)
        self.closed: dict[bytes, WriterState] = {}
        """The writers of closed epochs."""
        self.document = CanonicalDocument(kind)
        self.n = 0
        self.head = chain.chain_start(genesis.pad_id)
        self.skips: dict[int, bytes] = {0: self.head}
        self.proven: dict[int, bytes] = {}
        self.writers: dict[bytes, WriterState] = {}
        self.checkpoint_n = 0
        self.checkpoint_bytes = 0
        self.digests: dict[int, CheckpointDigest] = {}
        self.snapshot: SnapshotMark | None = None
        self.tail_bytes = 0
        self.tail_entries = 0
        self._recent: dict[int, bytes] = {0: self.head}
        self._client_ids: set[int] = set()
        self._head_at = head_at
        self._entry_at = entry_at
        self.owner = OwnerBook(genesis, 0)
        self.verdicts = VerdictBook()
        self.start: StartMark | None = None
        """Where this fold began, if not at the pad's birth."""

    @property
    def pad_id(self) -> bytes:
        return self.genesis.pad_id

    @property
    def epoch(self) -> int:
        return self.mark.number

    @property
    def keys(self) -> ViewKeys:
        """Those that the epoch at this position names; raises HistoryClosed where they are not here."""
        keys = self.ring.known(self.mark.number)
        if keys is None or not compare_digest(keys.fetch.public, self.mark.fetch_pk):
            raise HistoryClosed
        return keys

    @property
    def everybody(self) -> dict[bytes, WriterState]:
        """Whoever wrote up to here, in this epoch or one before."""
        return {**self.closed, **self.writers} if self.closed else self.writers

    def enter(self, mark: EpochMark) -> None:
        """Put a fresh fold into an epoch, to begin at one of its snapshots."""
        self.mark, self.owner.epoch = mark, mark.number

    def head_of(self, n: int) -> bytes | None:
        """head_n where it is known: recent, proven, or in storage. Any number may be asked for."""
        if n >= self.n:
            return self.head if n == self.n else None
        return self._recent.get(n) or self.proven.get(n) or self._head_at(n)

    def add_proven(self, heads: dict[int, bytes]) -> None:
        """Take heads from a verified proof (chain.follow_proof)."""
        self.proven.update(heads)

    def heads_after(self, entries: Sequence[bytes]) -> list[bytes]:
        """The heads that appending `entries` leads to. Applies nothing; raises Alarm for what is no entry."""
        skips, heads, n, head = dict(self.skips), [], self.n, self.head
        for raw in entries:
            n += 1
            head = chain.next_head(head, skips[n & (n - 1)], n, self._id_of(raw, n))
            advance_skips(skips, n, head)
            heads.append(head)
        return heads

    def check_claim(self, entries: Sequence[bytes], claimed_head: bytes) -> None:
        """Check 7, before anything is applied: the relay's head after `entries` must be this client's."""
        heads = self.heads_after(entries)
        if heads and not compare_digest(heads[-1], claimed_head):
            raise Alarm(AlarmCode.CHAIN_GAP, f"after position {self.n}", evidence=tuple(entries[:1]))

    def step(self, raw: bytes, *, trusted: bool = False, passed: bool = False) -> Folded:
        """Fold the entry at n+1.

        Raises Alarm, NeedsProof, NeedsEntry, NeedsRefold, Removed, HistoryClosed or CannotLoadHere, and then
        nothing has changed.
        `trusted` skips the signature of an entry that this vault verified before, and `passed` what is inside
        the seal, until somebody reads the document: it folded it here without a verdict against it.
        """
        n = self.n + 1
        if record_kind(raw) is not None:
            return self._step_record(self.owner.check(raw, n, trusted=trusted), n)
        entry = self._parse(raw)
        record_steps.check_not_closed(self, raw, n, trusted=trusted)
        writer = self._check_outer(entry, n, trusted=trusted)
        # Raises HistoryClosed, which is no verdict about the entry: it is not for this person.
        _ = self.keys
        head = chain.next_head(self.head, self.skips[n & (n - 1)], n, entry.entry_id)
        try:
            outcome = open_entry(self, entry, writer, n, passed=trusted and passed)
        except (Void, CryptoError, Malformed, InvalidUpdate) as error:
            if not isinstance(error, NoSnapshot):
                writer.status = WriterStatus.TERMINATED
            outcome = Folded(
                row_of(n, entry, head),
                entry,
                void_reason=reason_of(error),
                digest_differs=isinstance(error, Void) and error.differs,
                verdict=sealed_checks.warning_of_the_ended(self, entry, writer, n),
            )
        self._record(entry, writer, n, head)
        row = LogRow(n, entry.entry_id, head, raw, void=bool(outcome.void_reason))
        return replace(outcome, row=row)

    def peek(self, raw: bytes) -> Entry:
        """The entry that would be next, by all that needs no key; raises Alarm or NeedsProof."""
        entry = self._parse(raw)
        self._check_outer(entry, self.n + 1, trusted=False)
        return entry

    def _step_record(self, record: OwnerRecord, n: int) -> Folded:
        head = chain.next_head(self.head, self.skips[n & (n - 1)], n, record.entry_id)
        record_steps.step(self, record, n, self._entry_at)
        self.owner.folded(record, n)
        self._advance(n, head, len(record.raw))
        if isinstance(record, EpochRecord) and self.checkpoint_n != n:
            self.mark_checkpoint()
        return Folded(LogRow(n, record.entry_id, head, record.raw, void=False), record)

    def _id_of(self, raw: bytes, n: int) -> bytes:
        if record_kind(raw) is None:
            return self._parse_any(raw).entry_id
        try:
            return parse_record(raw).entry_id
        except Malformed:
            raise Alarm(AlarmCode.BAD_RECORD, "made by a newer version", evidence=(raw,)) from None

    def _parse_any(self, raw: bytes) -> Entry:
        try:
            entry = parse_entry(raw)
        except Malformed as error:
            raise Alarm(AlarmCode.BAD_ENTRY, error.reason, evidence=(raw,)) from None
        if entry.pad_id != self.pad_id:
            raise Alarm(AlarmCode.BAD_ENTRY, "of another pad or epoch", evidence=(raw,))
        return entry

    def _parse(self, raw: bytes) -> Entry:
        entry = self._parse_any(raw)
        if entry.epoch != self.epoch:
            raise Alarm(AlarmCode.BAD_ENTRY, "of another pad or epoch", evidence=(raw,))
        return entry

    def _check_outer(self, entry: Entry, n: int, *, trusted: bool) -> WriterState:
        """Checks 3-6. Returns the writer's state as of n-1 (a fresh one for HELLO)."""
        writer = self.writers.get(entry.writer_pk)
        if entry.kind == Kind.HELLO:
            if writer is not None:
                self._refuse_sequence(entry, writer)
            writer = self._admit(entry, n)
        elif writer is None:
            raise Alarm(AlarmCode.NOT_AUTHORISED, f"position {n}", evidence=(entry.raw,))
        else:
            if n - writer.last_n > MAX_WRITER_LAG:
                raise Alarm(AlarmCode.BAD_ENTRY, "by a retired writer", evidence=(entry.raw,))
            if entry.seq != writer.last_seq + 1 or entry.prev != writer.last_id:
                self._refuse_sequence(entry, writer)
        self._check_base(entry, writer, n)
        if not trusted and not entry.signature_ok():
            raise Alarm(AlarmCode.BAD_ENTRY, f"signature at position {n}", evidence=(entry.raw,))
        return writer

    def _admit(self, entry: Entry, n: int) -> WriterState:
        client_id = client_id_of(self.pad_id, entry.writer_pk)
        if entry.seq or entry.prev != NO_ENTRY or not entry.cert_ok(self.mark.cap_pk):
            raise Alarm(AlarmCode.NOT_AUTHORISED, f"position {n}", evidence=(entry.raw,))
        if client_id in self._taken_client_ids():
            raise Alarm(AlarmCode.NOT_AUTHORISED, "client id in use", evidence=(entry.raw,))
        return WriterState(
            writer_pk=entry.writer_pk,
            cert=entry.cert,
            hello_id=entry.entry_id,
            client_id=client_id,
            last_seq=0,
            last_id=entry.entry_id,
            last_n=n,
            base_n=entry.base_n,
        )

    def _taken_client_ids(self) -> set[int]:
        """Of all writers; kept, since a flood of HELLOs must not cost each of them a walk over the others."""
        if len(self._client_ids) != len(self.writers) + len(self.closed):
            self._client_ids = {writer.client_id for writer in self.everybody.values()}
        return self._client_ids

    def _refuse_sequence(self, entry: Entry, writer: WriterState) -> None:
        """Two entries for one place are their writer's fault; one shown twice, or a gap, is the relay's."""
        another = entry.seq == writer.last_seq and entry.entry_id != writer.last_id
        if another and entry.signature_ok():
            raise Alarm(AlarmCode.EQUIVOCATION_WRITER, f"seq {entry.seq}", evidence=(entry.raw,))
        detail = "it shows an entry again" if entry.seq <= writer.last_seq else "it leaves one out"
        raise Alarm(AlarmCode.CHAIN_GAP, f"{detail} at position {self.n + 1}", evidence=(entry.raw,))

    def _check_base(self, entry: Entry, writer: WriterState, n: int) -> None:
        if entry.base_n >= n or entry.base_n < max(writer.base_n, self.mark.n):
            raise Alarm(AlarmCode.FORK, f"position {n} is based on {entry.base_n}", evidence=(entry.raw,))
        known = self.head_of(entry.base_n)
        if known is None:
            raise NeedsProof(entry.base_n)
        if not compare_digest(known, entry.base_head):
            raise Alarm(AlarmCode.FORK, f"the author of position {n} saw another log", evidence=(entry.raw,))

    def _record(self, entry: Entry, writer: WriterState, n: int, head: bytes) -> None:
        writer.last_seq, writer.last_id, writer.last_n = entry.seq, entry.entry_id, n
        writer.base_n = entry.base_n
        self.writers[entry.writer_pk] = writer
        self._client_ids.add(writer.client_id)
        self._advance(n, head, len(entry.raw))

    def _advance(self, n: int, head: bytes, size: int) -> None:
        self.n, self.head = n, head
        advance_skips(self.skips, n, head)
        self._recent[n] = head
        if len(self._recent) > RECENT_HEADS:
            self._recent.pop(next(iter(self._recent)))
        self.tail_entries += 1
        self.tail_bytes += size
        if is_checkpoint(n, self.checkpoint_n, self.checkpoint_bytes):
            self.mark_checkpoint()

    def digest(self) -> CheckpointDigest:
        """The digests of this position; they cost the document's length."""
        return digest_of(self.document, self.writers.values(), self.closed.values())

    def mark_checkpoint(self) -> None:
        """Remember the digests of this position, by which a later snapshot of it is judged."""
        self.checkpoint_n, self.checkpoint_bytes = self.n, self.document.text_bytes()
        self.digests[self.n] = self.digest()
        while len(self.digests) > KEPT_DIGESTS:
            del self.digests[min(self.digests)]
