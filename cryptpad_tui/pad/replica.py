"""The client's side of one pad: what a relay shows is checked, folded and made durable here, and judged.

A local edit's life (docs/architecture.md): journal, then entries in the outbox, then the log, then the fold.
The queue is `pad.outgoing`'s, the storage `pad.stored_fold`'s. Keeps nothing that a check did not pass.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.frames import MAX_TABLE_BYTES
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import NeedsTime
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad.alarms import Alarm, NeedsProof
from cryptpad_tui.pad.epochs import EpochMark, HistoryClosed, Removed
from cryptpad_tui.pad.fold import Fold, Folded
from cryptpad_tui.pad.folded import Detour
from cryptpad_tui.pad.judgement import Judgement
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.moves import Moved, Whereabouts, change_relay
from cryptpad_tui.pad.outgoing import Outgoing, Profile
from cryptpad_tui.pad.owner_records import NeedsEntry, NeedsRefold
from cryptpad_tui.pad.ports import LogRow, PadStore
from cryptpad_tui.pad.proofs_gather import sharpened
from cryptpad_tui.pad.snapshots import DocumentLoader, Snapshot, make_snapshot
from cryptpad_tui.pad.stored_fold import StoredFold, first_of
from cryptpad_tui.pad.witness import Witness
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.pad.writers import TABLE_ROW, WriterStatus

LEFT_AS_IT_WAS: Final = (
    Alarm,
    NeedsProof,
    NeedsEntry,
    NeedsRefold,
    NeedsTime,
    Removed,
    HistoryClosed,
    Moved,
)
"""What a step raises without having touched the document."""
SNAPSHOT_TAIL_BYTES: Final = 262_144
SNAPSHOT_TAIL_ENTRIES: Final = 512


class Replica(StoredFold):
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
        ring: KeyRing | None = None,
        writer: Writer | None = None,
        wall_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """`is_live` says whether a writer can still sign; this replica's own need not be asked.

        `ring` holds all the keys that this person has; without one there are these.

        `writer`: the one that this process used for the pad before, to go on with.
        """
        super().__init__(genesis, kind, ring or KeyRing({epoch: keys}, kind), store)
        self.profile = profile
        self.queue = Outgoing(self, profile, rng=rng, is_live=is_live, writer=writer)
        self._rng = rng
        self._wall_ms = wall_ms
        self.may_snapshot: Callable[[], bool] = lambda: False
        """Whether this client is the one, of those present, to make the snapshot that is due."""
        self.made_snapshot: Snapshot | None = None
        self.load_document: DocumentLoader = CanonicalDocument.from_snapshot
        """Builds a document again that this client's own fold agreed with."""
        self.fetch_epoch = 0
        self.fetch_proof = b""
        """What proves on this connection that its owner records may be read here."""
        self.used_ms = 0
        """When this vault was last in step with the pad, by its own clock; 0 where it does not know."""
        self.judgement = Judgement(self)
        self.crossed = False
        """Whether another epoch began: what is pending must be made again under its keys."""
        self.own_void = False
        """Whether an entry out of this vault's outbox turned out void: its text must be made again."""
        self._useless_offer: int | None = None
        """Where the newest snapshot stood when newcomers were offered another one, or none."""
        self.was_misled = False
        """Whether a snapshot that newcomers are offered was caught as a lie: this one begins at none."""
        self._held_by_start: frozenset[bytes] = frozenset()
        self.detour: Detour | None = None
        self.witness = Witness(genesis.pad_id, store.signed_head())
        self.place = Whereabouts()
        self.keep_home: Callable[[MoveRecord], None] = lambda record: None
        """Called with the record that names the pad's relay from here on, where that is kept."""

    @property
    def writer(self) -> Writer | None:
        """Who signs this process's edits; None where it may only read."""
        return self.queue.writer

    def now_ms(self) -> int:
        """Milliseconds since 1970, by the clock that was passed in."""
        return self._wall_ms()

    def mark_of(self, epoch: int) -> EpochMark | None:
        """What the owner's records say of an epoch, where they were seen."""
        first = EpochMark.first(self.genesis) if epoch == 0 else None
        return self.fold.mark if self.fold.epoch == epoch else self.ring.marks.get(epoch, first)

    @property
    def can_edit(self) -> bool:
        return isinstance(self.ring.newest_keys, EditKeys)

    # -- folding

    def fold_entries(
        self,
        first_n: int,
        entries: Sequence[bytes],
        claimed_head: bytes,
        *,
        live: bool = False,
        slice_bytes: int = 0,
    ) -> tuple[list[Folded], Exception | None]:
        """Check and fold entries from the relay and make them durable.

        Returns what was folded, and the Alarm, NeedsProof, CannotLoadHere or, where it is sliced, NeedsTime
        that stopped it before the end.
        `live`: these are fresh, so that this client may be the one to make a snapshot on the way.
        `slice_bytes`: fold no more than that, and at least one; the rest waits for another call.
        """
        self.require_stored()
        skip = self.fold.n + 1 - first_n
        fresh = list(entries[max(skip, 0) :])
        if skip < 0 or not fresh:
            return [], None
        folded: list[Folded] = []
        problem: Exception | None = None
        self._is_stored, document = False, self.fold.document
        document.may_wait = bool(slice_bytes)
        try:
            self.fold.check_claim(fresh, claimed_head)
            for raw in first_of(fresh, slice_bytes, document.cost_bytes):
                self.place.check(self.fold)
                folded.append(self.fold.step(raw))
                if live and self.wants_snapshot() and self.may_snapshot():
                    self.made_snapshot = make_snapshot(self.fold, rng=self._rng)
        except Exception as error:
            problem = error
        finally:
            document.may_wait = False
        self._note_own_void(folded)
        problem = problem or self._compare_signed()
        self._commit(folded)
        if isinstance(problem, Alarm):
            problem = sharpened(problem, fresh[len(folded) :], self.fold, self.store)
        # A document that failed in a step may be half applied: the next use makes it anew.
        self._is_stored = problem is None or isinstance(problem, LEFT_AS_IT_WAS)
        self._fresh += folded
        if folded:
            self.fold.proven.clear()
            self._tail_bytes += sum(len(item.row.entry) for item in folded)
            self.judgement.after(folded)
            if any(isinstance(item.entry, EpochRecord) for item in folded):
                # Who goes on from here needs no keys of before.
                self.crossed = True
                self.save_checkpoint()
            self._keep_local_checkpoint()
        return folded, problem

    def _commit(self, folded: Sequence[Folded]) -> None:
        at_ms = self._wall_ms()
        with self.store.transaction():
            self.store.commit_fold(
                [dataclasses.replace(item.row, at_ms=at_ms) for item in folded],
                proven_heads=sorted(self.fold.proven.items()) if folded else [],
            )
            self.keep_signed_head()
            home = self.fold.owner.home
            met = home is not None and any(item.entry is home for item in folded)
            if home is not None and met and not self.place.is_past(home):
                if home.relay_pk != self.place.shown_by:
                    change_relay(self.witness, self.store, home)
                self.keep_home(home)

    def _note_own_void(self, folded: Sequence[Folded]) -> None:
        void = {item.row.entry_id for item in folded if item.row.void}
        if void and any(row.entry_id in void for row in self.store.outbox()):
            self.own_void = True

    # -- what the relay signed

    def take_signed(self, signed: SignedHead) -> None:
        """A head whose signature by this pad's relay was verified; raises Alarm where it contradicts."""
        self.require_stored()
        if self.place.is_left_by(self.fold):
            # Of the relay that the pad has left: held against the next one it would accuse that.
            return
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

    def snapshot_offered(self, position: int) -> None:
        """What the relay offers newcomers: less than the newest where it lost that one's pieces, and more
        where somebody made one that does not count; or one that is not what its maker signed.
        """
        newest = self.fold.snapshot.position if self.fold.snapshot else 0
        self._useless_offer = newest if position != newest or self.was_misled else None
        self.was_misled = False

    def confirm_start(self) -> None:
        if not self.unconfirmed_start:
            return
        with self.store.transaction():
            self._drop_what_the_start_holds()
            super().confirm_start()
        if self.detour:
            self.reloaded, self.crossed = True, self.crossed or self.detour.is_back
            self.judgement.went_around(self.detour)
            self.detour = None

    def leave_unproven_way(self) -> None:
        """Back to what is stored: a snapshot lied, or the way around an entry was not proved to its end."""
        if self.unconfirmed_start and (self.detour or self.was_misled):
            self.detour, self._is_stored = None, False

    def start_from(self, fold: Fold, snapshot: LogRow) -> None:
        # A table that says more than it names by its id would have edits forgotten that nobody else has.
        rows = [row for row in self.store.outbox() if row.writer_pk in fold.writers]
        ends = {writer_pk: (writer.last_seq, writer.last_id) for writer_pk, writer in fold.writers.items()}
        true = {row.writer_pk for row in rows if ends[row.writer_pk] == (row.seq, row.entry_id)}
        held = [row for row in rows if row.writer_pk in true and row.seq <= ends[row.writer_pk][0]]
        self._held_by_start = frozenset([row.entry_id for row in held])
        super().start_from(fold, snapshot)

    def _drop_what_the_start_holds(self) -> None:
        """What this vault sent, and what stands in the log before the start, is folded by nobody here."""
        writers = self.fold.writers
        held = [row for row in self.store.outbox() if row.entry_id in self._held_by_start]
        if held:
            ids, writer_pk = [row.id for row in held], held[0].writer_pk
            self.store.replace_pending(journal_ids=[], outbox_ids=ids, writer_pk=writer_pk, updates=[])
            known = [writers[row.writer_pk] for row in held if row.writer_pk in writers]
            self.own_void = any(writer.status is not WriterStatus.LIVE for writer in known)

    def leave(self) -> None:
        self.keep_signed_head()
        super().leave()

    def wants_snapshot(self) -> bool:
        """Whether the tail is long enough, and this position a checkpoint (decision 14)."""
        fold = self.fold
        size = fold.snapshot.size_bytes if fold.snapshot else 0
        long_tail = fold.tail_bytes > max(SNAPSHOT_TAIL_BYTES, size // 4)
        many = fold.tail_entries > max(SNAPSHOT_TAIL_ENTRIES, size // 4096)
        fits = len(fold.writers) * TABLE_ROW.size <= MAX_TABLE_BYTES
        # The first under new keys is what newcomers wait for.
        many |= fold.mark.n > (fold.snapshot.snap_n if fold.snapshot else 0)
        useless = self._useless_offer == (fold.snapshot.position if fold.snapshot else 0)
        return self.can_edit and fits and fold.checkpoint_n == fold.n and (long_tail or many or useless)
