"""A pad's pending edits as one window shows them: made durable, kept in step with other windows, made again.

All windows of a vault share one queue of pending edits a pad. The view is kept equal to the log, the queue,
and what is not durable yet, in this order. It never sends; what may be signed, `pad.replica` decides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.picture import digest_of_state
from cryptpad_tui.crdt.split import own_end, split_update
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine import generations, pictures, verdicts
from cryptpad_tui.engine.flush_timer import FlushTimer
from cryptpad_tui.engine.loading_ahead import LoadingAhead
from cryptpad_tui.engine.picture_steps import PictureSteps
from cryptpad_tui.engine.values import SessionEvent
from cryptpad_tui.pad.outgoing import SealResult
from cryptpad_tui.pad.stored_fold import Replaced
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.vault.errors import UnknownPad, VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.pad.fold import Fold

SLICE_BYTES: Final = 65_536
"""Of what was folded, shown in one turn of the event loop."""
_REMOVED: Final = "removed in another window; copy what you need"


class Left(NamedTuple):
    """The digest of a state, and the edits that wait behind it."""

    state: bytes
    pending: Sequence[bytes]


class PendingEdits:
    """The view of one open pad, and the way of its edits into the vault's queue."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        self._engine = engine
        self._session = session
        self._pad_id = session.pad_id
        self._replica = session.replica
        self._store = session.replica.store
        self.not_saved = ""
        """A sentence about why edits are not durable yet; empty where they are."""
        self._timer = FlushTimer(engine, session, self.flush)
        self._journal_seen = 0
        self._outbox_seen = 0
        self._shown: list[bytes] = []
        """The pending edits that the view holds."""
        self._unsaved: list[bytes] = []
        self._has_shown = False
        self.steps = PictureSteps(engine.vault, self._replica)
        with self._store.transaction():
            self._generation = engine.generation(self._pad_id)
            self._read_pending()
        self._shown_at_first = len(self._shown)
        state, later = self._state_and_later()
        behind = [*later, *self._shown]
        kept = pictures.kept(engine, session, self._base, behind)
        self.beyond_picture = None if kept is None else len(kept.beyond)
        """How many edits came behind what the picture shows; None where there was none."""
        self.view = ViewDocument(
            client_id=self._view_client(),
            kind=session.kind,
            state=state,
            updates=behind if kept is None else kept.within,
            picture=kept.picture if kept else None,
        )
        self.steps.watch(self.view)
        self._replica.kept_anew = self.steps.base_moved
        if kept is not None:
            self.steps.begin(kept.digest, self._base, kept.held, len(kept.picture.steps))
            self.view.show_behind_picture(kept.beyond)
            self.steps.took(kept.beyond)
        self._ahead = LoadingAhead(self._replica, self.view)
        self.made_at = self._replica.fold.n
        """The position in the log that the view was made at."""
        self._replica.leave_the_lie = self._leave_the_lie

    def _state_and_later(self) -> tuple[bytes, Sequence[bytes]]:
        """What the log says: bytes, and updates behind them."""
        document = self._replica.require_stored().document
        state, later = document.state_and_later()
        kept = document.kept_as
        if not document.is_as_kept and kept.digest and kept.since is not None:
            later = tuple(kept.since)
            digest = kept.digest
        else:
            digest = (kept.digest if document.is_as_kept else None) or digest_of_state(state)
        self._base, self._later = digest, later
        self._made_of = None if later else digest
        """With `_shown`, of which alone the view was made."""
        return state, later

    def write_steps(self) -> None:
        """Say what changed behind the picture, where all of it is durable. Raises VaultError."""
        self._unsaved += self.view.take_updates()
        if not self._unsaved and self.steps.has_new:
            with self._store.transaction():
                self.steps.write()

    @property
    def is_near_picture(self) -> bool:
        """Whether few edits came behind the picture that was shown, and few since."""
        made = self.beyond_picture
        return made is not None and made + len(self._shown) - self._shown_at_first < pictures.MANY_EDITS // 2

    @property
    def shown(self) -> Sequence[bytes]:
        """The edits that wait, as the view holds them."""
        return self._shown

    def _document(self, client_id: int, pending: list[bytes]) -> ViewDocument:
        """What the log says, with these edits on it."""
        return ViewDocument(
            client_id=client_id,
            kind=self._session.kind,
            state=self._replica.canonical_state(),
            updates=pending,
        )

    def _view_client(self) -> int:
        writer = self._replica.writer
        return writer.client_id if writer else self._random_client()

    def _random_client(self) -> int:
        return int.from_bytes(self._engine.rng(6), "big")

    def _read_pending(self) -> None:
        """All that is pending, in queue order. Inside a transaction: rows move between its tables."""
        rows = self._store.journal_after(0)
        self._shown = []
        self._take_in_signed(shown=False)
        self._shown += [row.update for row in rows]
        self._journal_seen = max([self._journal_seen, *[row.id for row in rows]])

    def read_again(self) -> None:
        """Inside a transaction: what waits is the same in fewer edits."""
        self._read_pending()
        self._shown_at_first = len(self._shown)

    # -- making edits durable

    def save_soon(self) -> None:
        """The view has an edit: make it durable within 250 ms."""
        self._timer.start()

    def stop_saving(self) -> None:
        self._timer.stop()

    def flush(self) -> None:
        """Make the view's edits durable: one small commit, if there is anything.

        Raises VaultError; the edits then stay in the view, the status says so, and it is tried again.
        """
        try:
            self._flush()
        except UnknownPad:
            self.not_saved = _REMOVED
            self._session.tell(SessionEvent.STATUS)
            raise
        except VaultError as error:
            self.not_saved = " ".join((type(error).__doc__ or "").split())
            self._session.tell(SessionEvent.STATUS)
            self._timer.start_again()
            raise

    def _flush(self) -> None:
        """In one transaction with what other windows did, so that these edits stand on the whole queue."""
        self._timer.flushed()
        self._unsaved += self.view.take_updates()
        if not self._unsaved or self._replica.writer is None:
            self.write_steps()
            return
        with self._store.transaction():
            self.take_in_others()
            # Who follows another window's remake goes on as another writer.
            writer = self._replica.writer
            self._engine.register_writer(self._pad_id, writer.pk)
            ids = self._store.append_journal(writer.pk, self._unsaved)
            self.steps.took(self._unsaved)
            self.steps.write()
            self._session.save_listing()
        self._saved(ids)
        self._session.waiting += len(ids)
        self._engine.wants_sending(self._session)
        self._session.tell(SessionEvent.STATUS)

    def _saved(self, ids: list[int]) -> None:
        self._shown += self._unsaved
        self._unsaved, self.not_saved = [], ""
        self._journal_seen = max([self._journal_seen, *ids])

    # -- what the log and other windows bring

    def take_in_others(self) -> None:
        """Inside a transaction: bring the view to the end of the log and of the queue."""
        self._replica.follow_store()
        self.show_folded()
        generation = self._engine.generation(self._pad_id)
        if generation != self._generation:
            why = generations.exchanged(self._generation, generation)
            if why is not None:
                self._replica.reopen()
                self._show_exchanged(why, copied=False)
            self._reload()
            self._generation = generation
        if any(row.id > self._outbox_seen for row in self._store.outbox()):
            self._take_in_signed(shown=True)
        for row in self._store.journal_after(self._journal_seen):
            self._take((row.update,))
            self._shown.append(row.update)
            self._journal_seen = row.id

    def _take_in_signed(self, *, shown: bool) -> None:
        """The outbox too: what another window signed between two looks is in the journal no more.
        `shown`: only what came since the last look, into the view. One's own again changes nothing.
        """
        for row, inside in self._replica.queue.opened_outbox():
            if not shown or row.id > self._outbox_seen:
                self._shown += inside
                if shown:
                    self._take(inside)
            self._outbox_seen = max(self._outbox_seen, row.id)

    def _reload(self) -> None:
        """Another window made all pending edits again: show those, and one's own unsaved ones on top.
        What that window knew and this one did not must stay, so its difference is merged in first.
        """
        self._unsaved += self.view.take_updates()
        self._session.use_another_writer()
        before = self._document(self._random_client(), self._shown).encode() if self._unsaved else b""
        self._read_pending()
        pending = self._document(self._random_client(), self._shown)
        base = pending.encode()
        if not self._unsaved:
            self.view.reset(base, self._view_client())
            return
        pending.rebase(before, self._random_client())
        _apply_all(self.view, pending.take_updates())
        self.view.rebase(base, self._view_client())
        self._unsaved = self.view.take_updates()
        self.save_soon()

    def show_some(self) -> bool:
        """Let the view take in a slice of what was folded, where it follows the log; whether more is left."""
        replica = self._replica
        if replica.replaced or replica.reloaded or replica.unconfirmed_start or replica.writer is None:
            return False
        for item in replica.take_some_folded(SLICE_BYTES):
            self._has_shown = True
            self._take(item.updates)
        self._save_steps_soon()
        return replica.has_folded

    def _take(self, updates: Sequence[bytes]) -> None:
        _apply_all(self.view, updates)
        self.steps.took(updates)

    def _take_whole(self) -> None:
        """All that the log has; by which of it the view became another one is not known."""
        self.steps.end()
        _apply_all(self.view, (self._replica.canonical_state(),))

    def _save_steps_soon(self) -> None:
        if self.steps.has_new:
            self._timer.start()

    def take_has_shown(self) -> bool:
        """Whether the view took in anything since the last call."""
        had, self._has_shown = self._has_shown, False
        return had

    def show_folded(self) -> None:
        """Let the view take in what was folded since the last call."""
        self._has_shown |= self._follow_exchange()
        items = self._replica.take_folded()
        if not items and not self._replica.reloaded:
            return
        self._has_shown = True
        for item in items:
            self._take(item.updates)
        if self._replica.reloaded:
            self._replica.reloaded = False
            self._take_whole()
        self._save_steps_soon()
        if items and self._session.record.role == "view":
            self.show_canonical()
        self._session.company.compare()

    def _follow_exchange(self) -> bool:
        """Where another fold was put in place of the one that was shown: show that, and what is pending."""
        why, self._replica.replaced = self._replica.replaced, None
        if why is None:
            return False
        self._show_exchanged(why, copied=True)
        self._generation = self._engine.bump_generation(self._pad_id, why)
        return True

    def _show_exchanged(self, why: Replaced, *, copied: bool) -> None:
        """`copied`: what was written on a lie is kept already, and pending no more."""
        self._unsaved += self.view.take_updates()
        if why is Replaced.TRUTH:
            if self._unsaved and not copied:
                verdicts.keep_copy(self._engine, self._session, self._replica.fold, typed=True)
            self._unsaved = []
            self._session.use_another_writer()
        self._read_pending()
        document = self._document(self._random_client(), [*self._shown, *self._unsaved])
        self.view.reset(document.encode(), self._view_client(), is_other=why is Replaced.TRUTH)

    def _leave_the_lie(self, truth: Fold) -> None:
        """In the transaction that keeps the truth: a death after it would leave edits that none can show."""
        self.take_in_others()
        self._unsaved += self.view.take_updates()
        verdicts.give_up(self._engine, self._session, truth, typed=bool(self._unsaved))

    def load_ahead(self) -> Callable[[], None] | None:
        """Work for a thread, after which `show_canonical` costs little; None where it does so anyway."""
        return self._ahead.work(self._view_client())

    def show_canonical(self) -> None:
        """Let the view hold all that the log does, as where a snapshot was loaded beneath it."""
        ahead, have = self._ahead.take(), self.view.state_vector()
        clocks = dict(self._replica.fold.document.clocks)
        if have == clocks or self.steps.holds_all:
            return
        self._unsaved += self.view.take_updates()
        goes_on = all(clock <= clocks.get(client, 0) for client, clock in have.items())
        if self._ahead.is_long_way(clocks):
            if ahead is not None:
                self.view.show_ahead(ahead)
            else:
                self.view.reset(self._replica.canonical_state(), self._view_client(), is_other=True)
            _apply_all(self.view, [*self._shown, *self._unsaved])
        elif goes_on or self._session.waiting or self._unsaved:
            self._take_whole()
        else:
            self.view.reset(self._replica.canonical_state(), self._view_client())

    def as_left(self) -> Left | None:
        """Inside a transaction: what the next opening will make a view of, where that is certain to show what
        this one does."""
        self.take_in_others()
        document = self._replica.restored_fold({}).document
        pending = [inside for _, each in self._replica.queue.opened_outbox() for inside in each]
        pending += [row.update for row in self._store.journal_after(0)]
        state, log = digest_of_state(document.encode()), self._replica.fold.document
        self._unsaved += self.view.take_updates()
        is_same = self.view.is_own_work and pending == self._shown and state == self._made_of
        if not is_same and not log.is_as_kept and document.clocks == log.clocks:
            is_same = pictures.shows(self.view, log, pending)
        return Left(state, pending) if is_same and not self._unsaved else None

    def as_is(self) -> Left | None:
        """Inside a transaction: the same as it stands, with the log's edits since the checkpoint."""
        self.take_in_others()
        log = self._replica.fold.document
        state, since = log.kept_as.digest, log.kept_as.since
        self._unsaved += self.view.take_updates()
        if state is None or since is None or self._unsaved or self._replica.unconfirmed_start:
            return None
        behind = [*since, *self._replica.queue.pending_updates()]
        is_same = self.view.is_own_work and (state, behind) == (self._base, [*self._later, *self._shown])
        if not is_same:
            is_same = pictures.shows(self.view, log, behind[len(since) :])
        return Left(state, behind) if is_same else None

    # -- signing, and making again

    def seal(self) -> None:
        """Sign what is this window's turn; make again what nobody can sign as it stands."""
        result = self._replica.queue.seal_pending()
        if result in (SealResult.REMAKE, SealResult.RENEW):
            self.remake(with_outbox=result is SealResult.RENEW)
            self._replica.queue.seal_pending()
        self.show_folded()

    def remake(self, *, with_outbox: bool) -> None:
        """Make what waits again as a difference to the log; by another writer if the outbox was refused."""
        self.flush()
        try:
            with self._store.transaction():
                ids = self._remake(with_outbox=with_outbox)
        except BaseException:
            self.go_back()
            raise
        if ids is not None:
            self.replaced(ids)
        self._session.count_waiting()

    def _remake(self, *, with_outbox: bool) -> list[int] | None:
        self.take_in_others()
        if self._store.outbox() and not with_outbox:
            return None
        if not self.shows_all_pending():
            return None
        journal_ids, outbox_ids = self._replica.queue.remake_ids(with_outbox=with_outbox)
        own = self._replica.writer
        is_spent = own is None or own.epoch < self._replica.fold.epoch
        has_own = any(own and row.writer_pk == own.pk for row in self._store.journal_after(0))
        if with_outbox or is_spent or has_own:
            self._session.use_another_writer()
        writer = self._replica.writer
        assert writer is not None
        self.make_again(writer)
        return self.replace(journal_ids, outbox_ids, writer)

    def go_on_as_another(self) -> None:
        """By another writer from here on, with everything saved. What waits is made again in its turn."""
        if self._replica.writer is None:
            return
        with self._store.transaction():
            self.take_in_others()
            self._session.use_another_writer()
        shown = self._document(self._random_client(), self._shown)
        self.view.reset(shown.encode(), self._view_client())

    def make_again(self, writer: Writer, *, part_bytes: int = 0) -> None:
        """What the view shows beyond the log, as this writer's edits that are not saved yet, in parts of at
        most so many bytes."""
        canonical = self._replica.canonical_state()
        # What the log holds and the view does not would be taken back.
        self._take_whole()
        self.view.rebase(canonical, writer.client_id, self._replica.fold.document.clocks)
        self._unsaved = self.view.take_updates()
        if part_bytes:
            made = self._unsaved
            self._unsaved = [part for each in made for part in split_update(each, max_bytes=part_bytes)]

    @property
    def is_as_shown(self) -> bool:
        """Whether no window made pending edits again since they were read here."""
        return self._engine.generation(self._pad_id) == self._generation

    def replaced(self, ids: list[int]) -> None:
        """What was made again has these rows."""
        self._shown = []
        self._saved(ids)
        self._session.count_waiting()

    def replace(self, journal_ids: Sequence[int], outbox_ids: Sequence[int], writer: Writer) -> list[int]:
        """Inside a transaction: put that in the place of these rows."""
        self._engine.register_writer(self._pad_id, writer.pk)
        self._generation = self._engine.bump_generation(self._pad_id)
        return self._store.replace_pending(
            journal_ids=journal_ids, outbox_ids=outbox_ids, writer_pk=writer.pk, updates=self._unsaved
        )

    def shows_all_pending(self) -> bool:
        """Whether nothing waits that was made on more of the log than is here: it would be dropped unseen."""
        clocks = self.view.state_vector()
        ends = [own_end(update) for update in self._replica.queue.pending_updates()]
        return all(clock <= clocks.get(client, 0) for client, clock in ends)

    def go_back(self) -> None:
        """A transaction failed: show what is stored, at the latest when storage works again."""
        self.stop_saving()
        self.view.take_updates()
        self._unsaved, self._journal_seen, self.not_saved = [], 0, ""
        self._generation = generations.unknown(self._generation)
        with contextlib.suppress(VaultError):
            self._session.follow_vault()


def _apply_all(document: ViewDocument, updates: Iterable[bytes]) -> None:
    for update in updates:
        with contextlib.suppress(EngineFailure):
            document.apply(update)
