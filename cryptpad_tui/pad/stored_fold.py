"""One pad's fold, in step with what the vault keeps: checkpoints, verified entries, other windows' work.

What failed half-way is never gone on from: the fold is made again from storage. Knows no relay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto
from typing import Final

from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import ViewKeys
from cryptpad_tui.pad.checkpoint import document_in, encode_checkpoint, restore_checkpoint
from cryptpad_tui.pad.epochs import HistoryClosed, Removed
from cryptpad_tui.pad.fold import Fold, Folded
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.old_start import start_of_log
from cryptpad_tui.pad.owner_records import UNPLACED, NeedsEntry, NeedsRefold
from cryptpad_tui.pad.ports import LogRow, PadStore
from cryptpad_tui.pad.writer import Base

CHECKPOINT_TAIL_ENTRIES: Final = 512
CHECKPOINT_TAIL_BYTES: Final = 262_144
LEFT_TAIL_ENTRIES: Final = 64
"""More than that after the checkpoint is not left for the next opening to fold again."""


ENTRY_COST_BYTES: Final = 512
"""What an entry costs however short it is."""


def first_of(entries: Sequence[bytes], slice_bytes: int, cost_bytes: int) -> Sequence[bytes]:
    """Of these, what is folded or shown in one turn: at least one; all where `slice_bytes` is 0.

    `cost_bytes`: what each costs besides, by the document.
    """
    size = 0
    for at, entry in enumerate(entries):
        size += len(entry) + ENTRY_COST_BYTES + cost_bytes
        if slice_bytes and at and size > slice_bytes:
            return entries[:at]
    return entries


class Replaced(Enum):
    """Why a fold was exchanged."""

    VOIDED = auto()
    """The owner voided an entry: what is pending stays good."""
    TRUTH = auto()
    """The snapshot that it began at was a lie: what was written on it may mean nothing."""


class StoredFold:
    """A pad's fold in this process. `fold` changes its identity when it is made again."""

    def __init__(self, genesis: Genesis, kind: PadKind, ring: KeyRing, store: PadStore) -> None:
        self.genesis = genesis
        self.kind = kind
        self.ring = ring
        self.store = store
        self._known_voids: dict[int, int] = {}
        """Entries that could not be loaded here, and that the owner voided."""
        self.fold = self.new_fold()
        self.local_checkpoint_n = 0
        self._tail_bytes = self._checkpoint_bytes = 0
        self.reloaded = False
        """Whether the fold was made anew from storage, so that what is shown may lack entries of it."""
        self.replaced: Replaced | None = None
        """Why another fold was put in place of the one that the view followed; the view's owner takes it."""
        self.leave_the_lie: Callable[[Fold], None] = lambda truth: None
        """Called with the fold that takes a lie's place, in the transaction that keeps it."""
        self.kept_anew: Callable[[], None] = lambda: None
        """Told inside the transaction in which a rich text's document is kept as other bytes."""
        self.unconfirmed_start: LogRow | None = None
        self._start: tuple[int, int, bytes] | None = None
        """Position, epoch and state of the snapshot that an unconfirmed start is at, of a long pad."""
        self._fresh: list[Folded] = []
        self._is_stored = True
        self._reopen()

    @property
    def pad_id(self) -> bytes:
        return self.genesis.pad_id

    def new_fold(self) -> Fold:
        head_at, entry_at = self.store.head_at, self.stored_entry
        ring = self.ring
        fold = Fold(self.genesis, 0, ring.newest_keys, self.kind, head_at, entry_at=entry_at, ring=ring)
        fold.owner.voided.update(self._known_voids)
        return fold

    @property
    def epoch(self) -> int:
        """The epoch at this position; before the first entry, the newest that this person has keys of."""
        return self.fold.epoch if self.fold.n else self.ring.newest

    @property
    def keys(self) -> ViewKeys:
        return self.ring.known(self.epoch) or self.ring.newest_keys

    def stored_entry(self, n: int) -> bytes | None:
        """The verified entry at n, where this vault has it."""
        row = next(iter(self.store.log_after(n - 1, 1)), None)
        return row.entry if row and row.n == n else None

    def stored_entries(self, after_n: int, limit: int) -> list[bytes]:
        """Verified entries from after_n + 1, without a gap, as far as this vault has them."""
        rows = self.store.log_after(after_n, limit)
        return [row.entry for i, row in enumerate(rows) if row.n == after_n + 1 + i]

    def canonical_state(self) -> bytes:
        """The canonical document as one update; costs its length."""
        self.require_stored()
        return self.fold.document.encode()

    def base(self) -> Base:
        return Base(self.fold.n, self.fold.head)

    def take_folded(self) -> list[Folded]:
        """Everything folded since the last call, whatever stopped the folding. Each must be shown."""
        fresh, self._fresh = self._fresh, []
        return fresh

    @property
    def has_folded(self) -> bool:
        """Whether anything waits to be shown."""
        return bool(self._fresh)

    def take_some_folded(self, slice_bytes: int) -> list[Folded]:
        """The first of the same, about so many bytes; the rest stays to be taken."""
        taken = len(
            first_of([item.row.entry for item in self._fresh], slice_bytes, self.fold.document.cost_bytes)
        )
        some, self._fresh = self._fresh[:taken], self._fresh[taken:]
        return some

    # -- from storage

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
            except (NeedsEntry, Removed, HistoryClosed):
                pass
            # Whatever else is needed, the relay has: folding goes on there from here.
            # Another window may have found the keys of where this one is.
            self.ring.known(self.fold.epoch)
            return

    def restored_fold(self, voided: Mapping[int, int]) -> Fold:
        """A fold at this vault's checkpoint, which takes these entries as voided."""
        fold, saved = self.new_fold(), self.store.checkpoint()
        if saved:
            self._checkpoint_bytes = len(saved[1])
            restore_checkpoint(fold, saved[1])
            if fold.start is None:
                fold.start = start_of_log(self.store, self.keys)
        fold.owner.voided.update(voided)
        return fold

    def _refold_stored(self) -> None:
        while rows := self._stored_rows():
            for row in rows:
                self.fold.step(row.entry, trusted=True, passed=not row.void)
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
        if not self._next_is_stored():
            self._start_where_another_did()
        folded = []
        try:
            while rows := self._stored_rows():
                for row in rows:
                    folded.append(self.fold.step(row.entry, trusted=True, passed=not row.void))
                    self._fresh.append(folded[-1])
                    self._tail_bytes += len(row.entry)
        except (Removed, HistoryClosed):
            # Another window may have come back behind what this person has no keys of. Where none has, the
            # relay says it again, to whoever is to hear of it.
            self._start_where_another_did()
        except (NeedsRefold, NeedsEntry):
            # The process that met the owner's record left a checkpoint that has its effect in it.
            self.reopen()
            self.replaced = Replaced.VOIDED
        return folded

    def _next_is_stored(self) -> bool:
        rows = self.store.log_after(self.fold.n, 1)
        return bool(rows) and rows[0].n == self.fold.n + 1

    def _start_where_another_did(self) -> None:
        """Another process of this vault began at a snapshot, to which nothing stored leads from here.

        Nothing need stand behind it yet; what is pending may be made for it already.
        """
        if self.store.checkpoint_n() > self.fold.n:
            self._reopen()
            self.reloaded = True

    def reopen(self) -> None:
        """Take what storage holds in place of this fold; the view must follow."""
        self._reopen()
        self._fresh.clear()

    # -- to storage

    def _keep_local_checkpoint(self) -> None:
        """While a pad is open: rarely, since a checkpoint costs the document's length."""
        if not self._is_stored:
            return
        # A drive has no text, and is long all the same.
        size = max(self.fold.document.text_bytes(), self._checkpoint_bytes)
        entries = self.fold.n - self.local_checkpoint_n
        is_long = entries >= CHECKPOINT_TAIL_ENTRIES or self._tail_bytes > max(CHECKPOINT_TAIL_BYTES, size)
        # A digest reads the whole of a rich text: who opens it would make the same one again.
        has_digest = self.kind is PadKind.RICHTEXT and self.fold.checkpoint_n > self.local_checkpoint_n
        if is_long or has_digest:
            self.save_checkpoint()

    def save_checkpoint(self, *, again: bool = False) -> None:
        """Make the fold's position the place from which this vault opens the pad.

        `again`: also where it is that already, since more than the position changed.
        """
        if not self._is_stored or self.unconfirmed_start:
            return
        if self.fold.n > self.local_checkpoint_n or again:
            state = encode_checkpoint(self.fold)
            with self.store.transaction():
                self._keep_state(self.fold.n, state)
                if self.kind.format_keys:
                    self.fold.document.kept_as.again(document_in(state))
                    self.kept_anew()
            self._tail_bytes = 0

    def _keep_state(self, n: int, state: bytes) -> None:
        self.store.set_checkpoint(n, state)
        self._checkpoint_bytes, self.local_checkpoint_n = len(state), n

    def leave(self) -> None:
        """Done with the pad in this process: what came since the checkpoint is short, or becomes one."""
        entries = self.fold.n - self.local_checkpoint_n
        if entries >= LEFT_TAIL_ENTRIES or self._tail_bytes > CHECKPOINT_TAIL_BYTES:
            self.save_checkpoint()

    def start_from(self, fold: Fold, snapshot: LogRow) -> None:
        """Go on from a fold that was put at a snapshot. Nothing of it is kept until `confirm_start`."""
        covered = [n for n in fold.owner.voided if n <= fold.n]
        for n in covered:
            # Its effect is in the state, as the snapshot's maker saw it.
            fold.owner.voided.pop(n)
            self._known_voids.pop(n, None)
        self.fold, self._is_stored = fold, True
        self.unconfirmed_start = snapshot
        self.local_checkpoint_n = self._tail_bytes = 0
        # As it was loaded, a long document costs no encoding; once something was folded it does.
        self._start = (fold.n, fold.epoch, encode_checkpoint(fold)) if fold.document.parts() else None

    def confirm_start(self) -> None:
        """The snapshot proved to be in the log, which extends what the link promised."""
        if self.unconfirmed_start:
            start, self._start, self.unconfirmed_start = self._start, None, None
            if start is not None and start[1] == self.fold.epoch:
                self._keep_state(start[0], start[2])
            else:
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
            if not self.unconfirmed_start:
                self.store.set_checkpoint(fold.n, encode_checkpoint(fold))
            if why is Replaced.TRUTH:
                self.leave_the_lie(fold)
        self.fold, self._is_stored = fold, True
        if not self.unconfirmed_start:
            self.local_checkpoint_n, self._tail_bytes = fold.n, 0
        self._fresh.clear()
        self.replaced = why
