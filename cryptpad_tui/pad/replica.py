"""The client's side of one pad: its fold, its storage, its own writer, and the order in which edits leave.

A local edit's life (docs/architecture.md): journal, then entries in the outbox, then the log, then the fold.
One first-in-first-out queue a pad serves every process of a vault, because an edit may refer to any edit that
came before it in that queue: what is not at the head of the queue is never signed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile
from typing import Final

from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import merge_own, split_update
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, ViewKeys
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, unpad
from cryptpad_tui.pad.alarms import Alarm, NeedsProof
from cryptpad_tui.pad.checkpoint import encode_checkpoint, restore_checkpoint
from cryptpad_tui.pad.fold import Fold, Folded
from cryptpad_tui.pad.judgement import Judgement
from cryptpad_tui.pad.owner_records import UNPLACED, NeedsEntry, NeedsRefold
from cryptpad_tui.pad.payloads import MAX_UPDATES, Update, Verdict
from cryptpad_tui.pad.ports import JournalRow, LogRow, OutboxRow, PadStore, StaleJournal
from cryptpad_tui.pad.proofs_gather import sharpened
from cryptpad_tui.pad.snapshots import DocumentLoader, Snapshot, make_snapshot
from cryptpad_tui.pad.witness import Witness
from cryptpad_tui.pad.writer import NO_ENTRY, Base, Writer
from cryptpad_tui.pad.writers import WriterStatus

ENTRY_UPDATE_BYTES: Final = 400_000
"""Updates of one entry: below the 512 KiB that an entry may have, after padding."""
MAX_IN_FLIGHT: Final = 64
CHECKPOINT_TAIL_ENTRIES: Final = 512
CHECKPOINT_TAIL_BYTES: Final = 262_144
LEFT_AS_IT_WAS: Final = (Alarm, NeedsProof, NeedsEntry, NeedsRefold)
"""What a step raises without having touched the document."""
LEFT_TAIL_ENTRIES: Final = 64
"""More than that after the checkpoint is not left for the next opening to fold again."""
SNAPSHOT_TAIL_BYTES: Final = 262_144
SNAPSHOT_TAIL_ENTRIES: Final = 512


@dataclass(frozen=True, slots=True)
class Profile:
    """How this person appears in a pad: an identity key, a name and a colour."""

    identity: SigningSeed
    name: str
    rgb: bytes


class SealResult(Enum):
    """What `seal_pending` did with the journal."""

    NOTHING = auto()
    SEALED = auto()
    WAIT = auto()
    """Another window's edits come first."""
    REMAKE = auto()
    """The head of the queue cannot be signed as it is: make the same change again (`remake`)."""
    RENEW = auto()
    """This writer can sign nothing more that counts: make all that is pending again by another."""


class Replaced(Enum):
    """Why a fold was exchanged."""

    VOIDED = auto()
    """The owner voided an entry: what is pending stays good."""
    TRUTH = auto()
    """The snapshot that it began at was a lie: what was written on it may mean nothing."""


class Replica:
    """One pad of this vault, in one process."""

    def __init__(
        self,
        genesis: Genesis,
        kind: PadKind,
        keys: ViewKeys,
        store: PadStore,
        profile: Profile,
        *,
        rng: RandomBytes,
        is_live: Callable[[bytes], bool] = lambda writer_pk: False,
        epoch: int = 0,
        writer: Writer | None = None,
        wall_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """`is_live` says whether a writer can still sign; this replica's own need not be asked.

        `writer`: the one that this process used for the pad before, to go on with.
        """
        self.genesis = genesis
        self.kind = kind
        self.keys = keys
        self.epoch = epoch
        self.store = store
        self.profile = profile
        self._rng = rng
        self._is_live = is_live
        self._wall_ms = wall_ms
        self._known_voids: dict[int, int] = {}
        """Entries that could not be loaded here, and that the owner voided."""
        self.writer = writer or self._new_writer()
        self.fold = self.new_fold()
        self.local_checkpoint_n = 0
        self._tail_bytes = 0
        self.may_snapshot: Callable[[], bool] = lambda: False
        """Whether this client is the one, of those present, to make the snapshot that is due."""
        self.made_snapshot: Snapshot | None = None
        self.reloaded = False
        """Whether the fold was made anew from storage, so that what is shown may lack entries of it."""
        self.replaced: Replaced | None = None
        """Why another fold was put in place of the one that the view followed; the view's owner takes it."""
        self.load_document: DocumentLoader = CanonicalDocument.from_snapshot
        """Builds a document again that this client's own fold agreed with."""
        self.fetch_proof = b""
        """What proves on this connection that its owner records may be read here."""
        self.judgement = Judgement(self)
        self.unconfirmed_start: LogRow | None = None
        self.own_void = False
        """Whether an entry out of this vault's outbox turned out void: its text must be made again."""
        self.witness = Witness(genesis.pad_id, store.signed_head())
        self._fresh: list[Folded] = []
        self._is_stored = True
        self._reopen()

    @property
    def pad_id(self) -> bytes:
        return self.genesis.pad_id

    @property
    def can_edit(self) -> bool:
        return isinstance(self.keys, EditKeys)

    def _new_writer(self) -> Writer | None:
        if not isinstance(self.keys, EditKeys):
            return None
        return Writer(self.pad_id, self.epoch, self.keys, rng=self._rng)

    def new_fold(self) -> Fold:
        head_at, entry_at = self.store.head_at, self.stored_entry
        fold = Fold(self.genesis, self.epoch, self.keys, self.kind, head_at, entry_at=entry_at)
        fold.owner.voided.update(self._known_voids)
        return fold

    def stored_entry(self, n: int) -> bytes | None:
        """The verified entry at n, where this vault has it."""
        row = next(iter(self.store.log_after(n - 1, 1)), None)
        return row.entry if row and row.n == n else None

    # -- folding

    def _reopen(self) -> None:
        """Continue from the vault: the checkpoint, then the entries that were folded after it."""
        voided: dict[int, int] = {}
        while True:
            self.fold = self.restored_fold(voided)
            self.local_checkpoint_n = self.fold.n
            self._is_stored, self.unconfirmed_start = True, None
            self._tail_bytes = 0
            try:
                self._refold_stored()
            except NeedsRefold as need:
                if need.void_n > self.local_checkpoint_n:
                    voided[need.void_n] = need.at_n
                    continue
            except NeedsEntry:
                pass
            # Whatever else is needed, the relay has: folding goes on there from here.
            return

    def restored_fold(self, voided: Mapping[int, int]) -> Fold:
        """A fold at this vault's checkpoint, which takes these entries as voided."""
        fold, saved = self.new_fold(), self.store.checkpoint()
        if saved:
            restore_checkpoint(fold, saved[1])
        fold.owner.voided.update(voided)
        return fold

    def stored_entries(self, after_n: int, limit: int) -> list[bytes]:
        """Verified entries from after_n + 1, without a gap, as far as this vault has them."""
        rows = self.store.log_after(after_n, limit)
        return [row.entry for i, row in enumerate(rows) if row.n == after_n + 1 + i]

    def _refold_stored(self) -> None:
        while rows := self._stored_rows():
            for row in rows:
                self.fold.step(row.entry, trusted=True)
                self._tail_bytes += len(row.entry)

    def _stored_rows(self) -> list[LogRow]:
        """What storage has next. A gap ends it: the relay gives again what a crash kept from the disk."""
        rows, after = self.store.log_after(self.fold.n, 1_000), self.fold.n + 1
        return [row for i, row in enumerate(rows) if row.n == after + i]

    def require_stored(self) -> Fold:
        """Go back to what is stored, where a failed write or load left this fold somewhere else."""
        if not self._is_stored:
            self._reopen()
            self.reloaded = True
        return self.fold

    def follow_store(self) -> list[Folded]:
        """Fold what another process of this vault has verified and stored."""
        self.require_stored()
        self._start_where_another_joined()
        folded = []
        try:
            while rows := self._stored_rows():
                for row in rows:
                    folded.append(self.fold.step(row.entry, trusted=True))
                    self._fresh.append(folded[-1])
                    self._tail_bytes += len(row.entry)
        except (NeedsRefold, NeedsEntry):
            # The process that met the owner's record left a checkpoint that has its effect in it.
            self.reopen()
        return folded

    def _start_where_another_joined(self) -> None:
        """Another process of this vault began at a snapshot: no stored entries lead there from here."""
        rows = self.store.log_after(self.fold.n, 1)
        if rows and rows[0].n != self.fold.n + 1:
            saved = self.store.checkpoint()
            if saved and saved[0] > self.fold.n:
                self._reopen()
                self.reloaded = True

    def reopen(self) -> None:
        """Take what storage holds in place of this fold; the view must follow (`replaced`)."""
        self._reopen()
        self._fresh.clear()
        self.replaced = self.replaced or Replaced.VOIDED

    def take_folded(self) -> list[Folded]:
        """Everything folded since the last call, whatever stopped the folding. Each must be shown."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def canonical_state(self) -> bytes:
        """The canonical document as one update; costs its length."""
        self.require_stored()
        return self.fold.document.encode()

    def fold_entries(
        self, first_n: int, entries: Sequence[bytes], claimed_head: bytes, *, live: bool = False
    ) -> tuple[list[Folded], Exception | None]:
        """Check and fold entries from the relay and make them durable.

        Returns what was folded, and the Alarm, NeedsProof or CannotLoadHere that stopped it before the end.
        `live`: these are fresh, so that this client may be the one to make a snapshot on the way.
        """
        self.require_stored()
        skip = self.fold.n + 1 - first_n
        fresh = list(entries[max(skip, 0) :])
        if skip < 0 or not fresh:
            return [], None
        folded: list[Folded] = []
        problem: Exception | None = None
        self._is_stored = False
        try:
            self.fold.check_claim(fresh, claimed_head)
            for raw in fresh:
                folded.append(self.fold.step(raw))
                if live and self.wants_snapshot() and self.may_snapshot():
                    self.made_snapshot = make_snapshot(self.fold, rng=self._rng)
        except Exception as error:
            problem = error
        self._note_own_void(folded)
        at_ms = self._wall_ms()
        problem = problem or self._compare_signed()
        with self.store.transaction():
            self.store.commit_fold(
                [dataclasses.replace(f.row, at_ms=at_ms) for f in folded],
                proven_heads=sorted(self.fold.proven.items()) if folded else [],
            )
            self.keep_signed_head()
        if isinstance(problem, Alarm):
            problem = sharpened(problem, fresh[len(folded) :], self.fold, self.store)
        # A document that failed in a step may be half applied: the next use makes it anew.
        self._is_stored = problem is None or isinstance(problem, LEFT_AS_IT_WAS)
        self._fresh += folded
        if folded:
            self.fold.proven.clear()
            self._tail_bytes += sum(len(item.row.entry) for item in folded)
            self.judgement.after(folded)
            self._keep_local_checkpoint()
        return folded, problem

    def take_signed(self, signed: SignedHead) -> None:
        """A head whose signature by this pad's relay was verified; raises Alarm where it contradicts."""
        self.require_stored()
        self.witness.take(signed, self.fold.n, self.fold.head_of)

    def _compare_signed(self) -> Alarm | None:
        """Hold what the relay has signed against what is folded by now."""
        try:
            self.witness.folded_to(self.fold.n, self.fold.head_of)
        except Alarm as alarm:
            return alarm
        return None

    def keep_signed_head(self) -> None:
        """Make the relay's newest confirmed word durable: a later session holds it against it."""
        signed = self.witness.stored()
        if self.witness.unsaved and self.witness.confirmed and signed:
            self.store.put_signed_head(self.witness.confirmed.n, signed)
            self.witness.unsaved = False

    def _note_own_void(self, folded: Sequence[Folded]) -> None:
        void = {item.row.entry_id for item in folded if item.row.void}
        if void and any(row.entry_id in void for row in self.store.outbox()):
            self.own_void = True

    def queue_verdict(self, kind: Kind, verdict: Verdict) -> bool:
        """Put an ENDORSE or ALERT at the queue's end; False where this writer cannot sign there."""
        writer, in_flight = self.writer, self.store.outbox()
        if writer is None or any(row.writer_pk != writer.pk for row in in_flight):
            return False
        if not self._may_go_on(writer, in_flight):
            return False
        entries = [] if writer.introduced else [self._hello(writer)]
        entries.append(writer.other(kind, self.base(), verdict.encode()))
        self.store.seal_journal([], [_outbox_row(entry) for entry in entries])
        return True

    def _keep_local_checkpoint(self) -> None:
        """While a pad is open: rarely, since a checkpoint costs the document's length."""
        if not self._is_stored:
            return
        size = self.fold.document.text_bytes()
        entries = self.fold.n - self.local_checkpoint_n
        if entries >= CHECKPOINT_TAIL_ENTRIES or self._tail_bytes > max(CHECKPOINT_TAIL_BYTES, size):
            self.save_checkpoint()

    def leave(self) -> None:
        """Done with the pad in this process: what came since the checkpoint is short, or becomes one."""
        self.keep_signed_head()
        entries = self.fold.n - self.local_checkpoint_n
        if entries >= LEFT_TAIL_ENTRIES or self._tail_bytes > CHECKPOINT_TAIL_BYTES:
            self.save_checkpoint()

    def save_checkpoint(self, *, again: bool = False) -> None:
        """Make the fold's position the place from which this vault opens the pad.

        `again`: also where it is that already, since more than the position changed.
        """
        if not self._is_stored or self.unconfirmed_start:
            return
        if self.fold.n > self.local_checkpoint_n or again:
            self.store.set_checkpoint(self.fold.n, encode_checkpoint(self.fold))
            self.local_checkpoint_n = self.fold.n
            self._tail_bytes = 0

    def start_from(self, fold: Fold, snapshot: LogRow) -> None:
        """Go on from a fold that was put at a snapshot. Nothing of it is kept until `confirm_start`."""
        self.fold = fold
        self.unconfirmed_start = snapshot
        self.local_checkpoint_n = 0

    def confirm_start(self) -> None:
        """The snapshot proved to be in the log, which extends what the link promised."""
        if self.unconfirmed_start:
            self.unconfirmed_start = None
            self.save_checkpoint()

    def take_as_voided(self, n: int) -> None:
        """The owner voided the next entry, which this machine could not load: fold it as that."""
        self.require_stored()
        self._known_voids[n] = UNPLACED
        self.fold.owner.voided[n] = UNPLACED
        self.save_checkpoint(again=True)

    def replace_fold(self, fold: Fold, void_ns: AbstractSet[int], base_n: int, why: Replaced) -> None:
        """Put a fold of the same log, to the same position, in place of this one, and keep it.

        `void_ns`: the positions after base_n that are void in it.
        """
        with self.store.transaction():
            after = base_n
            while rows := self.store.log_after(after, 1_000):
                changed = [row for row in rows if row.void != (row.n in void_ns)]
                fixed = [dataclasses.replace(row, void=not row.void) for row in changed]
                self.store.commit_fold([row for row in fixed if row.n <= fold.n])
                after = rows[-1].n
            self.fold, self._is_stored = fold, True
            self.save_checkpoint(again=True)
        self._fresh.clear()
        self.replaced = why

    def base(self) -> Base:
        return Base(self.fold.n, self.fold.head)

    # -- the queue

    def opened_outbox(self) -> list[tuple[OutboxRow, tuple[bytes, ...]]]:
        """Unfolded entries with the updates inside, oldest first."""
        return [(row, self._updates_of(parse_entry(row.entry))) for row in self.store.outbox()]

    def _updates_of(self, entry: Entry) -> tuple[bytes, ...]:
        if entry.kind != Kind.UPDATE:
            return ()
        plaintext = unpad(open_sealed(self.keys.read_key, entry.associated_data, entry.sealed))
        return Update.decode(plaintext).updates

    def pending_updates(self) -> list[bytes]:
        """Every change of this vault that is in no folded entry, in queue order."""
        updates = [update for _, inside in self.opened_outbox() for update in inside]
        return updates + [row.update for row in self.store.journal_after(0)]

    def seal_pending(self) -> SealResult:
        """Turn the journal rows at the queue's head into signed entries, if they are this writer's.

        A remake waits for the outbox to be folded: what is in it would be said twice otherwise.
        """
        writer, rows = self.writer, self.store.journal_after(0)
        if writer is None or not rows:
            return SealResult.NOTHING
        self.follow_store()
        in_flight = self.store.outbox()
        if len(in_flight) >= MAX_IN_FLIGHT or any(row.writer_pk != writer.pk for row in in_flight):
            return SealResult.WAIT
        if not self._may_go_on(writer, in_flight):
            return SealResult.RENEW
        again = SealResult.WAIT if in_flight else SealResult.REMAKE
        mine = list(takewhile(lambda row: row.writer_pk == writer.pk, rows))
        if not mine:
            return SealResult.WAIT if self._is_live(rows[0].writer_pk) else again
        pieces = _prepare(mine)
        signed = [update for row in in_flight for update in self._updates_of(parse_entry(row.entry))]
        try:
            self.fold.document.check(writer.client_id, [*signed, *pieces])
        except InvalidUpdate:
            return again
        before = writer.seq, writer.last_id
        try:
            self.store.seal_journal([row.id for row in mine], self._make_entries(writer, pieces))
        except StaleJournal:
            writer.take_back(*before)
            return SealResult.NOTHING
        return SealResult.SEALED

    def _may_go_on(self, writer: Writer, in_flight: Sequence[OutboxRow]) -> bool:
        """Whether the log or the outbox ends where this writer is, and it still counts."""
        known = self.fold.writers.get(writer.pk)
        if known and known.status != WriterStatus.LIVE:
            return False
        end = in_flight[-1].entry_id if in_flight else known.last_id if known else NO_ENTRY
        return not writer.introduced or end == writer.last_id

    def _make_entries(self, writer: Writer, pieces: Sequence[bytes]) -> list[OutboxRow]:
        entries = [] if writer.introduced else [self._hello(writer)]
        entries += [writer.update(self.base(), group) for group in _groups(pieces)]
        return [_outbox_row(entry) for entry in entries]

    def _hello(self, writer: Writer, supersedes: bytes = NO_ENTRY) -> Entry:
        profile = self.profile
        return writer.hello(self.base(), profile.identity, profile.name, profile.rgb, supersedes=supersedes)

    def superseding_hello(self, writer_pk: bytes) -> Entry:
        """A HELLO whose only purpose is to end one of this person's writers (protocol §6, `supersedes`)."""
        writer = self._new_writer()
        assert writer is not None
        return self._hello(writer, supersedes=writer_pk)

    def remake_ids(self, *, with_outbox: bool) -> tuple[list[int], list[int]]:
        """The pending rows that a remake replaces: all journal rows, and refused outbox entries."""
        outbox = [row.id for row in self.store.outbox()] if with_outbox else []
        return [row.id for row in self.store.journal_after(0)], outbox

    def renew_writer(self) -> Writer:
        """Start another writer; the one before signs nothing any more."""
        self.writer = self._new_writer()
        assert self.writer is not None
        return self.writer

    # -- snapshots

    def wants_snapshot(self) -> bool:
        """Whether the tail is long enough, and this position a checkpoint (decision 14)."""
        fold = self.fold
        size = fold.snapshot.size_bytes if fold.snapshot else 0
        long_tail = fold.tail_bytes > max(SNAPSHOT_TAIL_BYTES, size // 4)
        many = fold.tail_entries > max(SNAPSHOT_TAIL_ENTRIES, size // 4096)
        return self.can_edit and fold.checkpoint_n == fold.n and (long_tail or many)

    def snapshot_writer(self) -> tuple[Writer, Entry]:
        """A writer for one snapshot alone, and its HELLO: a refused snapshot then spoils no other writer."""
        writer = self._new_writer()
        assert writer is not None
        return writer, self._hello(writer)


def _prepare(rows: Sequence[JournalRow]) -> list[bytes]:
    """Journal updates of one writer as few updates, each small enough and valid alone."""
    merged = merge_own([row.update for row in rows])
    return [piece for update in merged for piece in split_update(update)]


def _groups(pieces: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    groups: list[list[bytes]] = []
    size = 0
    for piece in pieces:
        if not groups or size + len(piece) > ENTRY_UPDATE_BYTES or len(groups[-1]) >= MAX_UPDATES:
            groups.append([])
            size = 0
        groups[-1].append(piece)
        size += len(piece) + 4
    return [tuple(group) for group in groups]


def _outbox_row(entry: Entry) -> OutboxRow:
    return OutboxRow(0, entry.writer_pk, entry.seq, entry.entry_id, entry.raw)
