"""An open pad: its document as the editor shows it, kept durable here and in step with everybody else.

Edits are made on `view`. They reach the journal within 250 ms, and the relay through a PadLink while one is
attached. This object decides nothing about validity; `pad.replica` does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine import people
from cryptpad_tui.engine.values import AlarmLine, PadStatus, Person, SessionEvent, SyncWord
from cryptpad_tui.pad.alarms import ADVICE, SENTENCES, Alarm
from cryptpad_tui.pad.flows import Connected, Pin
from cryptpad_tui.pad.fold import Folded
from cryptpad_tui.pad.freshness import Freshness, FreshnessWatch
from cryptpad_tui.pad.payloads import Cursor
from cryptpad_tui.pad.presence import NO_CURSOR, Presence
from cryptpad_tui.pad.replica import Replica, SealResult
from cryptpad_tui.vault.errors import UnknownPad, VaultError
from cryptpad_tui.vault.records import ListingRow, PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

FLUSH_S: Final = 0.15
TOGETHER_S: Final = 0.1
FIRST_FLUSH_S: Final = 0.01
"""Time for the key's own answer on the screen, and for the rest of a paste."""
RETRY_S: Final = 1.0
TYPING_S: Final = 2.0
_REMOVED: Final = "removed in another window; copy what you need"
_UNKNOWN: Final = "unknown"
COMPACT_ROWS: Final = 256
"""So many pending edits of closed windows are made one, so that opening a pad stays cheap."""


class PadSession:
    """One pad, open in this process. Belongs to the engine's event loop."""

    def __init__(self, engine: Engine, record: PadRecord, replica: Replica) -> None:
        self._engine = engine
        self.record = record
        self.replica = replica
        self.pad_id = record.pad_id
        self.kind = PadKind(record.kind)
        self.can_edit = replica.can_edit
        self.opened = 0
        self.alarm: AlarmLine | None = None
        self.attached_here = False
        self.followed = False
        """Whether another window of this vault has the lease and keeps this pad in step."""
        self.problem = ""
        """A sentence about what keeps this pad from its relay, for a person; empty where nothing does."""
        self.not_saved = ""
        """A sentence about why edits are not durable yet; empty where they are."""
        self.freshness = FreshnessWatch()
        self._observers: list[Callable[[SessionEvent], None]] = []
        self._flush_handle: asyncio.TimerHandle | None = None
        self._typed_at = -TYPING_S
        self._flushed_at = -TOGETHER_S
        self._cursors: tuple[Position, Position] | None = None
        self.presence = Presence(
            replica.genesis,
            replica.epoch,
            replica.keys,
            replica.profile.identity,
            replica.writer,
            name=replica.profile.name,
            rng=engine.rng,
            first_counter=engine.wall_ms(),
        )
        self._journal_seen = 0
        self._shown: list[bytes] = []
        """The pending edits that the view holds: what it would be without those that are not saved yet."""
        self._unsaved: list[bytes] = []
        with replica.store.transaction():
            self._generation = engine.generation(self.pad_id)
            self._read_pending()
        self.view = self._open_view()
        self.waiting = 0
        self._count_waiting()
        self._compact_if_long()

    # -- the document

    def _open_view(self) -> ViewDocument:
        view = self._document(self.view_client_id(), self._shown)
        view.read_only = not self.can_edit
        view.observe(self._changed)
        view.observe_maps(lambda root, keys: self._dirty())
        return view

    def _document(self, client_id: int, pending: list[bytes]) -> ViewDocument:
        """What the log says, with these edits on it."""
        document = ViewDocument(client_id=client_id, kind=self.kind, state=self.replica.canonical_state())
        self._apply_all(document, pending)
        return document

    def _read_pending(self) -> None:
        """All that is pending, in queue order. Inside a transaction: rows move between its tables."""
        rows = self.replica.store.journal_after(0)
        self._shown = [update for _, inside in self.replica.opened_outbox() for update in inside]
        self._shown += [row.update for row in rows]
        self._journal_seen = max([self._journal_seen, *[row.id for row in rows]])

    def _apply_all(self, view: ViewDocument, updates: Sequence[bytes]) -> None:
        for update in updates:
            with contextlib.suppress(EngineFailure):
                view.apply(update)

    def _changed(self, change: Change) -> None:
        if change.origin in (Origin.LOCAL, Origin.UNDO):
            self._typed_at = self._engine.now()
            self._dirty()

    def _dirty(self) -> None:
        if self._flush_handle is None and self._engine.loop is not None:
            self._flush_handle = self._engine.loop.call_later(self._flush_delay_s(), self._flush_later)

    def _flush_delay_s(self) -> float:
        """In company somebody watches: what is typed after a pause does not wait for more."""
        if not self.presence.sessions:
            return FLUSH_S
        return max(FIRST_FLUSH_S, self._flushed_at + TOGETHER_S - self._engine.now())

    def _flush_later(self) -> None:
        with contextlib.suppress(VaultError):
            self.flush()

    def flush(self) -> None:
        """Make the view's edits durable: one small commit, if there is anything.

        Raises VaultError; the edits then stay in the view, the status says so, and it is tried again.
        """
        try:
            self._flush()
        except UnknownPad:
            self.not_saved = _REMOVED
            self.tell(SessionEvent.STATUS)
            raise
        except VaultError as error:
            self.not_saved = " ".join((type(error).__doc__ or "").split())
            self.tell(SessionEvent.STATUS)
            if self._engine.loop is not None:
                self._flush_handle = self._engine.loop.call_later(RETRY_S, self._flush_later)
            raise

    def _flush(self) -> None:
        """In one transaction the view takes in what other windows did, so that these edits stand on the whole
        queue before them.
        """
        if self._flush_handle:
            self._flush_handle.cancel()
            self._flush_handle = None
        self._flushed_at = self._engine.now()
        self._unsaved += self.view.take_updates()
        writer = self.replica.writer
        if not self._unsaved or writer is None:
            return
        with self.replica.store.transaction():
            self._take_in_others()
            self._engine.register_writer(self.pad_id, writer.pk)
            ids = self.replica.store.append_journal(writer.pk, self._unsaved)
            self.save_listing()
        self._saved(ids)
        self.waiting += len(ids)
        self._engine.wants_sending(self)
        self.tell(SessionEvent.STATUS)

    def _saved(self, ids: list[int]) -> None:
        self._shown += self._unsaved
        self._unsaved, self.not_saved = [], ""
        self._journal_seen = max([self._journal_seen, *ids])

    def save_listing(self) -> None:
        """Keep the line that the drive shows without opening this pad."""
        if self.kind is PadKind.DRIVE:
            return
        self._engine.vault.put_listing(
            ListingRow(
                pad_id=self.pad_id,
                title=self.title(),
                kind=int(self.kind),
                role=self.record.role,
                changed_ms=self._engine.wall_ms(),
                size_bytes=self.view.lines.byte_count,
                removed=False,
            )
        )

    def title(self) -> str:
        """This person's own name for the pad where they gave one, else the title that all see."""
        value = self.view.meta("title")
        return self._engine.own_name(self.pad_id) or (value if isinstance(value, str) else "")

    def set_title(self, title: str) -> None:
        self.view.set_meta("title", title)

    # -- other windows of this vault

    def follow_vault(self) -> None:
        """Take in what other processes of this vault folded or typed."""
        with self.replica.store.transaction():
            self._take_in_others()
        self._count_waiting()
        self.tell(SessionEvent.STATUS)

    def _take_in_others(self) -> None:
        """Inside a transaction: bring the view to the end of the log and of the queue."""
        self.replica.follow_store()
        self._show_folded()
        generation = self._engine.generation(self.pad_id)
        if generation != self._generation:
            self._reload()
            self._generation = generation
        for row in self.replica.store.journal_after(self._journal_seen):
            self._apply_all(self.view, (row.update,))
            self._shown.append(row.update)
            self._journal_seen = row.id

    def _reload(self) -> None:
        """Another window made all pending edits again: show those, and one's own unsaved ones on top.

        What that window knew and this one did not must stay, so its difference is merged in first.
        """
        self._unsaved += self.view.take_updates()
        before = self._document(self._random_client(), self._shown).encode() if self._unsaved else b""
        self._read_pending()
        pending = self._document(self._random_client(), self._shown)
        base = pending.encode()
        if not self._unsaved:
            self.view.reset(base, self.view_client_id())
            return
        pending.rebase(before, self._random_client())
        self._apply_all(self.view, pending.take_updates())
        self.view.rebase(base, self.view_client_id())
        self._unsaved = self.view.take_updates()
        self._dirty()

    def view_client_id(self) -> int:
        writer = self.replica.writer
        return writer.client_id if writer else self._random_client()

    def _random_client(self) -> int:
        return int.from_bytes(self._engine.rng(6), "big")

    def seal(self) -> None:
        """Sign what is this window's turn; make again what nobody can sign as it stands."""
        result = self.replica.seal_pending()
        if result in (SealResult.REMAKE, SealResult.RENEW):
            self.remake(with_outbox=result is SealResult.RENEW)
            self.replica.seal_pending()
        self._show_folded()

    def remake(self, *, with_outbox: bool) -> None:
        """Make everything pending again as a difference to the log, by this process's writer.

        `with_outbox`: the entries there were refused and their writer is spoiled, so another one takes over.
        """
        self.flush()
        try:
            with self.replica.store.transaction():
                ids = self._remake(with_outbox=with_outbox)
        except BaseException:
            # Nothing was stored: the view goes back to what is, at the latest when storage works again.
            self.view.take_updates()
            self._unsaved, self._generation = [], _UNKNOWN
            with contextlib.suppress(VaultError):
                self.follow_vault()
            raise
        if ids is not None:
            self._shown = []
            self._saved(ids)
        self._count_waiting()

    def _remake(self, *, with_outbox: bool) -> list[int] | None:
        self._take_in_others()
        store = self.replica.store
        if store.outbox() and not with_outbox:
            return None
        journal_ids, outbox_ids = self.replica.remake_ids(with_outbox=with_outbox)
        writer = self.replica.renew_writer() if with_outbox else self.replica.writer
        assert writer is not None
        if with_outbox:
            self.presence.use_writer(writer)
        canonical = self.replica.canonical_state()
        # What the log holds and the view does not would be taken back.
        self._apply_all(self.view, (canonical,))
        self.view.rebase(canonical, writer.client_id)
        self._unsaved = self.view.take_updates()
        self._engine.register_writer(self.pad_id, writer.pk)
        self._generation = self._engine.bump_generation(self.pad_id)
        return store.replace_pending(
            journal_ids=journal_ids, outbox_ids=outbox_ids, writer_pk=writer.pk, updates=self._unsaved
        )

    def _compact_if_long(self) -> None:
        rows = self.replica.store.journal_after(0)
        if len(rows) < COMPACT_ROWS or self.replica.writer is None or self.replica.store.outbox():
            return
        if not any(self._engine.is_live_writer(self.pad_id, pk) for pk in {row.writer_pk for row in rows}):
            self.remake(with_outbox=False)

    def recount(self) -> None:
        """Count again what waits, and say so where it changed."""
        before = self.waiting
        self._count_waiting()
        if self.waiting != before:
            self.tell(SessionEvent.STATUS)

    def _count_waiting(self) -> None:
        self.waiting = self._engine.vault.waiting(self.pad_id)

    # -- the relay's side (sync.pad_link.PadHost)

    @property
    def uploaded(self) -> bool:
        return self.record.uploaded

    @property
    def pin(self) -> Pin:
        return Pin(self.record.pin_n, self.record.pin_head)

    def load_document(self, kind: PadKind, update: bytes, clocks: dict[int, int]) -> CanonicalDocument:
        return self._engine.load_document(kind, update, clocks)

    def folded(self) -> None:
        items = self.replica.take_folded()
        if not items and not self.replica.reloaded:
            return
        self._show(items)
        self._count_waiting()
        if self.replica.own_void:
            self.replica.own_void = False
            self.remake(with_outbox=True)
        self.save_listing()
        self.tell(SessionEvent.STATUS)

    def _show_folded(self) -> None:
        self._show(self.replica.take_folded())

    def _show(self, items: list[Folded]) -> None:
        if not items and not self.replica.reloaded:
            return
        for item in items:
            self._apply_all(self.view, item.updates)
        if self.replica.reloaded:
            self.replica.reloaded = False
            self._apply_all(self.view, (self.replica.canonical_state(),))
        if items and self.record.role == "view":
            self._show_canonical()
        now = self._engine.now()
        self.freshness.folded_to(self.replica.fold.n, self.presence.sessions.values())
        for session in self.presence.present():
            self._heard(session.session_pk, now)

    def _show_canonical(self) -> None:
        """Let the view hold all that the log does, as where a snapshot was loaded beneath it."""
        if self.view.state_vector() == dict(self.replica.fold.document.clocks):
            return
        canonical = self.replica.canonical_state()
        self._unsaved += self.view.take_updates()
        if self.waiting or self._unsaved:
            self._apply_all(self.view, (canonical,))
        else:
            self.view.reset(canonical, self.view_client_id())

    def attached(self, connected: Connected) -> None:
        self.attached_here = True
        if not self.record.uploaded:
            self.update_record(uploaded=True)
        self.presence.announce()
        self._show_canonical()
        self.tell(SessionEvent.STATUS)

    def detached(self) -> None:
        self.attached_here = False
        self.followed = False
        self.freshness.offline()
        self.presence.sessions.clear()
        self.tell(SessionEvent.STATUS)
        self.tell(SessionEvent.PEOPLE)

    def update_record(self, *, uploaded: bool | None = None, relay: tuple[str, bytes] | None = None) -> None:
        record = self.record
        if uploaded is not None:
            record = replace(record, uploaded=uploaded)
        if relay is not None:
            record = replace(record, relay_url=relay[0], relay_pk=relay[1])
        self.record = record
        self._engine.vault.put_pad(record)

    def raise_alarm(self, alarm: Alarm) -> None:
        self.alarm = AlarmLine(self.pad_id, alarm.code.value, SENTENCES[alarm.code], ADVICE)
        proof = b"\n".join(piece.hex().encode() for piece in alarm.evidence)
        with contextlib.suppress(VaultError):
            self._engine.vault.add_alarm(
                self.pad_id, alarm.code.value, str(alarm), proof, self._engine.wall_ms()
            )
        self.tell(SessionEvent.ALARM)

    # -- people

    def presence_frame(self, frame: bytes) -> None:
        now = self._engine.now()
        session = self.presence.receive(frame, now)
        if session is None:
            return
        self._heard(session.session_pk, now)
        self.tell(SessionEvent.PEOPLE)
        self.tell(SessionEvent.STATUS)

    def _heard(self, session_pk: bytes, now: float) -> None:
        session = self.presence.sessions[session_pk]
        fold = self.replica.fold
        self.freshness.heard(session, fold.n, fold.head, fold.head_of(session.n), now)

    def next_presence_frame(self) -> bytes | None:
        now = self._engine.now()
        known = len(self.presence.sessions)
        frame = self.presence.tick(
            now, self.replica.base(), self._cursor_pair(), now - self._typed_at < TYPING_S
        )
        if len(self.presence.sessions) != known:
            self.tell(SessionEvent.PEOPLE)
        return frame

    def _cursor_pair(self) -> tuple[Cursor, Cursor]:
        if self._cursors is None or not self.kind.has_text:
            return NO_CURSOR, NO_CURSOR
        first, second = (self.view.anchor(self.view.lines.clamp(p)) for p in self._cursors)
        return (
            Cursor(first.client, first.clock, first.assoc),
            Cursor(second.client, second.clock, second.assoc),
        )

    def set_cursor(self, anchor: Position, head: Position) -> None:
        self._cursors = (anchor, head)

    def people(self) -> list[Person]:
        writers = self.replica.fold.writers
        return [people.person_of(session, writers, self.view) for session in self.presence.present()]

    def _name_of(self, ident_pk: bytes) -> str:
        """What an identity calls itself: in its open window, else where it introduced itself in the log."""
        here = (s.name for s in self.presence.sessions.values() if s.ident_pk == ident_pk and s.name)
        return next(here, "") or people.name_of(ident_pk, self.replica.fold.writers)

    def author_at(self, position: Position) -> str | None:
        """The name of who wrote the character at `position`, from verified signatures."""
        anchor = self.view.anchor(position)
        for writer in self.replica.fold.writers.values():
            if writer.client_id == anchor.client:
                return writer.name or people.UNNAMED
        return None

    # -- status

    def status(self) -> PadStatus:
        now = self._engine.now()
        online = self.attached_here
        freshness = self.freshness.state(online=online, now=now)
        word, text = self._words(online, freshness.freshness, freshness.ident_pk, now - freshness.at)
        return PadStatus(word, self.waiting, online, freshness, self.alarm, text)

    def _words(
        self, online: bool, freshness: Freshness, ident_pk: bytes, age_s: float
    ) -> tuple[SyncWord, str]:
        if self.not_saved:
            return SyncWord.WAITING, f"NOT SAVED: {self.not_saved}"
        if self.alarm:
            return SyncWord.ALARM, f"ALARM {self.alarm.code}: {self.alarm.sentence}"
        if self._engine.relay_of(self.record) is None:
            return SyncWord.SAVED, "saved here"
        if self.waiting:
            kept = "sending" if online or self.followed else "offline, saved here"
            return SyncWord.WAITING, f"{kept}, {self.waiting} waiting"
        if not online:
            return SyncWord.SYNCED, "synced by another window" if self.followed else "offline, saved here"
        if freshness is Freshness.CONFIRMED:
            name = self._name_of(ident_pk)
            return SyncWord.CONFIRMED, f"synced, confirmed by {name} {people.ago(age_s)}"
        if freshness is Freshness.STALE:
            return SyncWord.SYNCED, "stale: somebody has seen newer text"
        return SyncWord.SYNCED, "synced (relay says so)"

    def observe(self, callback: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._observers.append(callback)
        return lambda: self._observers.remove(callback)

    def tell(self, event: SessionEvent) -> None:
        for callback in list(self._observers):
            callback(event)

    def close(self) -> None:
        """Done with this pad here: what is typed is durable when this returns."""
        self._engine.close_session(self)
