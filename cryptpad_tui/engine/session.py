"""An open pad: its document as the editor shows it, kept durable here and in step with everybody else.

Edits are made on `view`. They reach the journal within 250 ms (`pending`), and the relay through a PadLink
while one is attached. This object decides nothing about validity; `pad.replica` does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.comments.book import Book
from cryptpad_tui.comments.chat import Chat
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.engine import alarms, lifetime, notices, standing, whereabouts
from cryptpad_tui.engine.authors import Authors
from cryptpad_tui.engine.compacting import compact_if_long
from cryptpad_tui.engine.company import Company
from cryptpad_tui.engine.files.names import own_file
from cryptpad_tui.engine.folders import doubts
from cryptpad_tui.engine.keeping_pictures import KeepingPictures
from cryptpad_tui.engine.keyrings import secret_of
from cryptpad_tui.engine.pending import PendingEdits
from cryptpad_tui.engine.status import status_of
from cryptpad_tui.engine.values import AlarmLine, PadStatus, Person, SessionEvent, SyncWord
from cryptpad_tui.pad.alarms import Alarm, Notice
from cryptpad_tui.pad.flows import Connected, Pin
from cryptpad_tui.pad.outgoing import Profile
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.records import ListingRow, PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

READS_ONLY: Final = (
    "the pad's owner lets you only read it from now on; what you had not sent was not sent, and is kept here"
)
KEPT_NOTICES: Final = 8


class PadSession:
    """One pad, open in this process. Belongs to the engine's event loop."""

    def __init__(self, engine: Engine, record: PadRecord, replica: Replica) -> None:
        self._engine = engine
        self.record = record
        self.replica = replica
        replica.keep_home = lambda home: whereabouts.keep_home(engine, self, home)
        self.pad_id = record.pad_id
        self.kind = PadKind(record.kind)
        self.can_edit = replica.can_edit
        self._entered = replica.fold.epoch
        self.opened = 0
        self.waiting = 0
        self.alarm: AlarmLine | None = None
        """What was caught and is still open, of this process or an earlier one."""
        self.caught = False
        """Whether the last attempt to be in step ended in an alarm."""
        self.halted = False
        """Whether the pad stays as it is until a person ends its alarm."""
        self.flows = asyncio.Lock()
        """Held by each conversation with a relay about this pad: two at once would confuse each other."""
        self.attached_here = False
        self.followed = False
        """Whether another window of this vault has the lease and keeps this pad in step."""
        self.standing: SyncWord | None = standing.standing_of(engine, record.pad_id)
        """Why this person is no longer in the pad, by its owner's word; None where they are."""
        self.ends = ""
        """When its owner lets it end, for the status line."""
        self.problem = ""
        """A sentence about what keeps this pad from its relay, for a person; empty where nothing does."""
        self._notices: list[Notice] = []
        self._observers: list[Callable[[SessionEvent], None]] = []
        self.company = Company(engine, self)
        self.presence = self.company.presence
        self.pending = PendingEdits(engine, self)
        self.pictures = KeepingPictures(engine, self)
        self.sends_later = False
        """Whether this window's first frame comes before what an ended one left is signed, or made again."""
        self.view = self.pending.view
        self.view.read_only = not self.can_edit
        self.comments = Book(self.view, name=engine.name, wall_ms=engine.wall_ms, rng=engine.rng)
        self.chat = Chat(
            self.view,
            self.pad_id,
            identity=lambda: replica.profile.identity,
            name=engine.name,
            wall_ms=engine.wall_ms,
            rng=engine.rng,
        )
        self.authors = Authors(self)
        alarms.refresh(engine, self)
        self.view.observe(self._changed)
        self.view.observe_maps(lambda root, keys: self.pending.save_soon())
        self.count_waiting()
        compact_if_long(engine, self)

    # -- the document

    def _changed(self, change: Change) -> None:
        if change.origin in (Origin.LOCAL, Origin.UNDO):
            self.company.typed()
            self.pending.save_soon()

    def flush(self) -> None:
        """Make the view's edits durable; raises VaultError, and then they stay in the view."""
        self.pending.flush()

    @property
    def not_saved(self) -> str:
        """A sentence about why edits are not durable yet; empty where they are."""
        return self.pending.not_saved

    def save_listing(self) -> None:
        """Keep the line that the drive shows without opening this pad."""
        if self.kind is PadKind.DRIVE:
            self._engine.drive.save_mirror()
            return
        self._engine.vault.put_listing(
            ListingRow(
                pad_id=self.pad_id,
                title=self.title(),
                kind=int(self.kind),
                role=self.record.role,
                changed_ms=self._engine.wall_ms(),
                size_bytes=self._size_bytes(),
                removed=False,
            )
        )

    def _size_bytes(self) -> int:
        if self.kind is not PadKind.FILE:
            return self.view.lines.byte_count
        ref = own_file(self.view)
        return ref.size if ref else 0

    def title(self) -> str:
        """This person's own name for the pad where they gave one, else the title that all see."""
        value = self.view.meta("title")
        return self._engine.own_name(self.pad_id) or (value if isinstance(value, str) else "")

    def set_title(self, title: str) -> None:
        self.view.set_meta("title", title)

    # -- the queue of pending edits

    def follow_vault(self) -> None:
        """Take in what other processes of this vault folded or typed."""
        with self.replica.store.transaction():
            self.pending.take_in_others()
        self.count_waiting()
        if self._has_crossed():
            self._enter_epoch()
        if not self.waiting:
            # Another window may have begun anew behind a change of keys, which tells of no single edits.
            self.pending.show_canonical()
        self.tell(SessionEvent.STATUS)

    def seal(self) -> None:
        """Sign what is this window's turn; make again what nobody can sign as it stands."""
        if not self.sends_later:
            self.pending.seal()

    def remake(self, *, with_outbox: bool) -> None:
        """Make everything pending again as a difference to the log, by this process's writer."""
        self.pending.remake(with_outbox=with_outbox)

    def use_another_writer(self) -> None:
        """For what is written from here on. Edits that were dropped unsigned may come back in a backup:
        nothing else may ever stand under their writer's ids.
        """
        if self.replica.can_edit:
            self.presence.use_writer(self.replica.queue.renew_writer())

    def appear_as(self, profile: Profile) -> None:
        """Be shown as somebody else from here on: what was written under the identity of before stays its."""
        self.pending.flush()
        self.replica.profile = self.replica.queue.profile = profile
        self.presence.use_identity(profile.identity)
        self.pending.go_on_as_another()
        self.tell(SessionEvent.PEOPLE)

    def recount(self) -> None:
        """Count again what waits, and say so where it changed."""
        before = self.waiting
        self.count_waiting()
        if self.waiting != before:
            self.tell(SessionEvent.STATUS)

    def count_waiting(self) -> None:
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

    def show_some(self) -> bool:
        return self.pending.show_some()

    def folded(self) -> None:
        self.pending.show_folded()
        shown = self.pending.take_has_shown()
        if self.replica.crossed or self._has_crossed():
            self.replica.crossed = False
            self._enter_epoch()
        for notice in self.replica.judgement.take_notices():
            self.noticed(notice)
        lifetime.follow(self._engine, self)
        if not shown:
            return
        if self.kind is PadKind.DRIVE:
            self._engine.drive_sync.soon()
        elif self.kind is PadKind.FOLDER:
            self._engine.shared_folders.soon(self.pad_id)
        self.count_waiting()
        if self.replica.own_void:
            self.replica.own_void = False
            self.remake(with_outbox=True)
        self.save_listing()
        self.tell(SessionEvent.STATUS)

    def _has_crossed(self) -> bool:
        """Whether another window crossed to other keys, by which this person may do more, or less."""
        replica = self.replica
        may_do_another = self.can_edit != replica.can_edit
        is_behind = self._entered != replica.fold.epoch and replica.ring.known(replica.fold.epoch) is not None
        return may_do_another or is_behind

    def _enter_epoch(self) -> None:
        """The owner changed the keys, and here are the new ones: what waits is made again under them."""
        replica = self.replica
        self._entered = replica.fold.epoch
        standing.back_in(self._engine, self)
        self.can_edit = replica.can_edit
        self.view.read_only = not self.can_edit
        self.presence.enter(replica.fold.mark, replica.keys)
        if self.record.role != "owner":
            role, secret = secret_of(replica.keys)
            self.record = replace(self.record, role=role, secret=secret, epoch=replica.fold.epoch)
        self._engine.keep_record(self._where_the_vault_says())
        if self.can_edit:
            # Another window may have crossed before, and what it signed since is good.
            self.remake(with_outbox=replica.queue.is_behind())
        elif self.waiting:
            self.noticed(Notice(READS_ONLY))
        self.tell(SessionEvent.STATUS)

    async def load_ahead(self) -> None:
        if work := self.pending.load_ahead():
            await asyncio.to_thread(work)

    def attached(self, connected: Connected) -> None:
        self.attached_here = True
        standing.back_in(self._engine, self)
        lifetime.used(self._engine, self)
        doubts.heard(self._engine, self.pad_id)
        alarms.verified_again(self._engine, self)
        if not self.record.uploaded:
            self.update_record(uploaded=True)
            if self.kind is not PadKind.DRIVE:
                self._engine.drive_sync.uploaded(self.pad_id)
                self._engine.shared_folders.uploaded(self.pad_id)
        self.presence.announce()
        self.pending.show_canonical()
        self.tell(SessionEvent.STATUS)

    def detached(self) -> None:
        self.attached_here = False
        self.followed = False
        self.company.gone()
        self.tell(SessionEvent.STATUS)
        self.tell(SessionEvent.PEOPLE)

    def noticed(self, notice: Notice) -> None:
        self._keep(notice)
        self.tell(SessionEvent.NOTICE)

    def _keep(self, notice: Notice) -> None:
        try:
            notices.keep(self._engine, self.pad_id, notice)
        except VaultError:
            self._notices = [*self._notices, notice][-KEPT_NOTICES:]

    def take_notices(self) -> list[Notice]:
        """What a person may want to know, once, also of earlier processes; raw names may be in it."""
        for notice in self.replica.judgement.take_notices():
            self._keep(notice)
        told, self._notices = self._notices, []
        with contextlib.suppress(VaultError):
            told = notices.take_untold(self._engine, self.pad_id) + told
        return told

    def update_record(self, *, uploaded: bool | None = None, relay: tuple[str, bytes] | None = None) -> None:
        record = self.record
        if uploaded is not None:
            record = replace(record, uploaded=uploaded)
        if relay is not None:
            record = replace(record, relay_url=relay[0], relay_pk=relay[1])
        self.record = record
        self._engine.vault.put_pad(self._where_the_vault_says() if relay is None else record)

    def _where_the_vault_says(self) -> PadRecord:
        """This record, with the relay that another window may have followed the pad to."""
        kept = self._engine.vault.pad(self.pad_id)
        return replace(self.record, relay_url=kept.relay_url, relay_pk=kept.relay_pk) if kept else self.record

    def raise_alarm(self, alarm: Alarm) -> None:
        self.caught = True
        alarms.keep(self._engine, self, alarm)

    # -- people

    def presence_frame(self, frame: bytes) -> None:
        if self.company.hear(frame):
            self.tell(SessionEvent.PEOPLE)
            self.tell(SessionEvent.STATUS)

    def next_presence_frame(self) -> bytes | None:
        known = len(self.presence.sessions)
        frame = self.company.next_frame()
        if len(self.presence.sessions) != known:
            self.tell(SessionEvent.PEOPLE)
        return frame

    def set_cursor(self, anchor: Position, head: Position) -> None:
        self.company.set_cursor(anchor, head)

    def people(self) -> list[Person]:
        return self.company.people()

    def author_at(self, position: Position) -> str | None:
        """The name of who wrote the character at `position`, from verified signatures."""
        return self.company.author_at(position)

    # -- what is told

    def status(self) -> PadStatus:
        has_relay = self._engine.relay_of(self.record) is not None
        return status_of(self, now=self._engine.now(), has_relay=has_relay, ends=self.ends)

    def observe(self, callback: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._observers.append(callback)
        return lambda: self._observers.remove(callback)

    def tell(self, event: SessionEvent) -> None:
        for callback in list(self._observers):
            callback(event)

    def send_now(self) -> None:
        """What waits may be made again: nobody waits for a first frame any more."""
        if self.sends_later:
            self.sends_later = False
            self._engine.wants_sending(self)

    def settle(self) -> None:
        """In a quiet moment, with the document loaded: what opening it left for later."""
        compact_if_long(self._engine, self)

    def close(self) -> None:
        """Done with this pad here: what is typed is durable when this returns."""
        self._engine.close_session(self)
