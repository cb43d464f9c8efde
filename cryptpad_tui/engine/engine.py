"""The engine: one opened vault, its drive, the pads that are open, and the relays they talk to.

It composes and delegates. Belongs to one event loop once `start`, `sync`, `join` or `make_link` runs. All
else works without one, so that a script can edit and leave. Edits are durable before a method returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.pieces import in_pieces
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.crypto.links import Link
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.engine import (
    alarms,
    creating,
    drive_sync,
    generations,
    keeping,
    linking,
    listing,
    membership,
    people,
    syncing,
)
from cryptpad_tui.engine.alarms import AlarmView
from cryptpad_tui.engine.closing import abandon, close
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.folders.following import FolderWatch
from cryptpad_tui.engine.history import log_lines
from cryptpad_tui.engine.mail_watch import MailWatch
from cryptpad_tui.engine.opening import OpenPads, leave
from cryptpad_tui.engine.people_book import PeopleBook
from cryptpad_tui.engine.relays import Relays
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.syncing import VaultWatch
from cryptpad_tui.engine.values import LogLine, PadListing, RelayState, SyncReport
from cryptpad_tui.host.clock import wall_ms
from cryptpad_tui.pad.payloads import MAX_NAME_BYTES
from cryptpad_tui.pad.stored_fold import Replaced
from cryptpad_tui.vault import errors as vault_errors
from cryptpad_tui.vault.records import PadRecord
from cryptpad_tui.vault.vault import Vault

SENT_AT_START: Final = 16
"""Pads that wait to be sent are opened at once; more of them only one after the other."""
LONG_SENT_AFTER_S: Final = 3.0
"""What an ended window left in a long text may have to be made again, at one stroke, which must not meet the
person on their way to that text."""


class Engine:
    """One vault at work."""

    def __init__(
        self,
        vault: Vault,
        *,
        rng: RandomBytes = os.urandom,
        now: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = wall_ms,
        short_lived: bool = False,
    ) -> None:
        """`short_lived`: a command that ends at once and shares its writer with the next (decision 13)."""
        self.vault = vault
        self.rng = rng
        self.now = now
        self.wall_ms = wall_ms
        self.draw = random.Random(int.from_bytes(rng(8), "big")).random
        self.loop: asyncio.AbstractEventLoop | None = None
        self.open_pads = OpenPads(self, short_lived=short_lived)
        self.relays = Relays(self)
        self.watch = VaultWatch(self)
        self.loading_child = LoadingChild()
        self.drive_sync = drive_sync.DriveSync(self)
        self.shared_folders = FolderWatch(self)
        self.people = PeopleBook(self)
        self.mail = MailWatch(self)
        self._drive: tuple[PadSession, Drive] | None = None
        self._opening = threading.RLock()
        """A long drive is opened in a thread, and never twice."""

    # -- the drive

    @property
    def drive_session(self) -> PadSession:
        """Opened when it is first needed: a list needs only tables, and a long drive takes a second."""
        return (self._drive or self._open_drive())[0]

    @property
    def drive(self) -> Drive:
        return (self._drive or self._open_drive())[1]

    def _open_drive(self, *, beside: bool = False) -> tuple[PadSession, Drive]:
        with self._opening:
            if self._drive is None:
                opened = drive_sync.open_drive(self)
                if beside:
                    # Before anybody else has it: its map is read by one thread at a time.
                    opened[1].side_rows.of("")
                self._drive = opened
                self.drive_sync.opened(opened[0])
            return self._drive

    def open_drive_beside(self) -> PadSession:
        """In a thread: the drive, with all that its map is read for at the start."""
        with in_pieces():
            return self._open_drive(beside=True)[0]

    @property
    def has_drive_open(self) -> bool:
        return self._drive is not None

    def listing(self, *, trashed: bool = False) -> list[PadListing]:
        """Every pad of the drive, newest first; opens no document. Those in the trash only if `trashed`.

        Shared folders are folders: `listing_of` has a line for each, and the tree shows them.
        """
        found = [pad for pad in listing.read_listing(self) if pad.kind is not PadKind.FOLDER]
        return [pad for pad in found if trashed or not pad.trashed_ms]

    def listing_of(self, pad_id: bytes) -> PadListing:
        """One pad that is not in the trash; raises UnknownPad."""
        found = [line for line in listing.read_lines(self, [pad_id]) if not line.trashed_ms]
        if not found:
            raise UnknownPad
        return found[0]

    def find(self, reference: str) -> PadListing:
        """A pad by short id, unique title or path; raises UnknownPad or AmbiguousTitle."""
        return listing.find_pad(self, reference)

    def own_name(self, pad_id: bytes) -> str:
        return str(self.vault.drive_field(pad_id.hex(), "name") or "")

    def create_pad(
        self,
        title: str,
        *,
        kind: PadKind = PadKind.TEXT,
        text: str = "",
        runs: Sequence[tuple[str, Attributes]] = (),
        folder: str = "",
    ) -> PadListing:
        """A pad of one's own, durable here when this returns; raises UncleanText or VaultError.

        `runs` is the text of a rich pad with its attributes.

        One transaction, so that a disk that fills on the way leaves no half of a pad.
        """
        return creating.create_pad(self, title, kind=kind, text=text, runs=runs, folder=folder)

    def add(self, record: PadRecord, *, folder: str = "", owner_root: bytes | None = None) -> None:
        """Take a pad into the drive, or bring it up to date there; `owner_root` as `Drive.put` says."""
        self.vault.put_pad(record)
        self.drive.put(record, owner_root=owner_root)
        if folder:
            self.drive.set_folder(record.pad_id, folder)
        self.drive_session.flush()

    def keep_record(self, record: PadRecord) -> None:
        """What the keys to a pad are from here on, in the vault and in the drive."""
        self.vault.put_pad(record)
        if record.kind != PadKind.DRIVE:
            self.drive.put(record)
            self.drive_session.flush()

    def rename(self, pad_id: bytes, title: str) -> None:
        """The title that everybody sees; for a view-only pad one's own name for it."""
        with self.borrowed(pad_id) as session:
            if session.can_edit:
                session.set_title(title)
                session.flush()
            else:
                self.drive.set_name(pad_id, title)
                self.drive_session.flush()
                session.save_listing()

    def trash(self, pad_id: bytes) -> None:
        """Put a pad into the trash, from which it can be restored. Others keep theirs."""
        keeping.trash(self, pad_id)

    def remove(self, pad_id: bytes, *, by_person: bool = True) -> None:
        """Take a pad out of this drive and its trash, with its keys and its local data. Others keep theirs.

        `by_person`: that is what somebody asked for, and not the end of a join that failed.
        """
        # In one: a pad that the drive has no more, and this vault still has, would be out of the trash again.
        with self.drive_session.replica.store.transaction():
            self.drive.set_removed(pad_id)
            self.drive_session.flush()
            self.forget_here(pad_id, by_person=by_person)

    def forget_here(self, pad_id: bytes, *, by_person: bool = True) -> None:
        """A pad that the drive has no more: its keys and local data."""
        session = self.open_pads.take_out(pad_id, keep_writer=False)
        if session:
            self.relays.let_go(session)
        self.vault.forget_pad(pad_id)
        membership.forget(self, pad_id)
        alarms.end_of_removed(self, pad_id, by_person=by_person)

    # -- open pads

    def open_pad(self, pad_id: bytes) -> PadSession:
        """The pad's session; one a pad and process. Close it as often as it was opened."""
        session = self.open_pads.get(pad_id)
        if session is None and self.vault.setting("drive") == pad_id.hex():
            session = self.drive_session
        if session is None:
            session = self.open_pads.open(pad_id)
            self.relays.attach(session)
        session.opened += 1
        return session

    def close_session(self, session: PadSession) -> None:
        with contextlib.suppress(vault_errors.UnknownPad):
            session.flush()
        session.opened -= 1
        current = self.open_pads.get(session.pad_id)
        if session.opened > 0 or current is not session or session.kind is PadKind.DRIVE:
            return
        if self.loop is None or not session.waiting:
            self.open_pads.take_out(session.pad_id, keep_writer=True)
            leave(self, session)
            self.relays.let_go(session)

    @contextlib.contextmanager
    def borrowed(self, pad_id: bytes) -> Iterator[PadSession]:
        """The pad's session, closed again afterwards."""
        session = self.open_pad(pad_id)
        try:
            yield session
        finally:
            session.close()

    def name(self) -> str:
        """What this person is called in pads: at most 64 bytes, cut between characters."""
        name = self.vault.setting("name") or people.UNNAMED
        return name.encode("utf-8", "ignore")[:MAX_NAME_BYTES].decode("utf-8", "ignore")

    def log(self, pad_id: bytes) -> Iterator[LogLine]:
        """The verified log as this vault has it, ascending."""
        with self.borrowed(pad_id) as session:
            yield from log_lines(session)

    # -- alarms

    def alarms_of(self, pad_id: bytes | None = None) -> list[AlarmView]:
        """What somebody was caught at, of one pad or of all: open ones first."""
        return alarms.alarms_of(self, pad_id)

    def dismiss_alarms(self, pad_id: bytes) -> int:
        """Go on with a pad in spite of its open alarms; how many there were."""
        return alarms.dismiss(self, pad_id)

    def proof_of(self, pad_id: bytes, alarm_id: int | None = None) -> bytes:
        """The proof file of the pad's alarm, the newest open one unless told; raises NoAlarm."""
        return alarms.proof_of(self, pad_id, alarm_id)

    # -- what sessions ask

    def session_of(self, pad_id: bytes) -> PadSession | None:
        """The pad's session where it is open here."""
        return self.open_pads.get(pad_id)

    def generation(self, pad_id: bytes) -> str:
        """Changes whenever a window of this vault made a pad's pending edits again."""
        return self.vault.setting(f"generation/{pad_id.hex()}") or ""

    def bump_generation(self, pad_id: bytes, why: Replaced | None = None) -> str:
        value = generations.after(self.generation(pad_id), self.rng(8).hex(), why)
        self.vault.set_setting(f"generation/{pad_id.hex()}", value)
        return value

    def register_writer(self, pad_id: bytes, writer_pk: bytes) -> None:
        self.open_pads.register_writer(pad_id, writer_pk)

    def is_live_writer(self, pad_id: bytes, writer_pk: bytes) -> bool:
        """Whether some process can still sign for this writer."""
        return self.open_pads.is_live_writer(pad_id, writer_pk)

    def load_document(self, kind: PadKind, update: bytes, clocks: dict[int, int]) -> CanonicalDocument:
        """Build a document from a snapshot that somebody else made: in a child with limits first."""
        self.loading_child.load(kind, snapshot=update, clocks=clocks)
        with in_pieces():
            return CanonicalDocument.from_snapshot(kind, update, clocks)

    def wants_sending(self, session: PadSession) -> None:
        self.relays.wake(session.pad_id)

    # -- relays

    def relay_url(self) -> str | None:
        return self.vault.setting("relay_url")

    def set_relay(self, url: str | None) -> None:
        """The relay for pads that have none yet; `local` is this machine's own."""
        self.vault.set_setting("relay_url", url)
        for session in self.open_pads:
            self.relays.attach(session)

    def relay_of(self, record: PadRecord) -> str | None:
        """Where this pad is synced; None keeps it here."""
        return self.relays.url_of(record)

    def resolve(self, url: str) -> str:
        """The address to connect to; starts this machine's relay where it is meant. Blocks."""
        return self.relays.resolve(url)

    def public_url(self, url: str) -> str:
        return self.relays.public_url(url)

    def relay_states(self) -> list[RelayState]:
        return self.relays.states()

    async def start(self) -> None:
        """Keep open pads, and those with something to send, in step until `close`."""
        self.loop = asyncio.get_running_loop()
        self.watch.start()
        self.drive_sync.start()
        self.shared_folders.kept.start()
        self.mail.start()
        for session in self.open_pads:
            self.relays.attach(session)
        unsent = [each for each in syncing.pads_to_send(self) if self.open_pads.get(each) is None]
        for pad_id in unsent[:SENT_AT_START]:
            session = self.open_pad(pad_id)
            session.opened -= 1
            if not session.view.is_loaded:
                session.sends_later = True
                self.loop.call_later(LONG_SENT_AFTER_S, self._send_now, session)
        self.drive_sync.bringing.add(unsent[SENT_AT_START:])

    def _send_now(self, session: PadSession) -> None:
        if self.open_pads.get(session.pad_id) is session:
            session.send_now()

    async def sync(self, pad_ids: Sequence[bytes] | None = None, *, wait_s: float = 10.0) -> SyncReport:
        """Send what waits and fetch what is new; returns when done, or after `wait_s`."""
        return await syncing.sync(self, pad_ids, wait_s=wait_s)

    async def sync_one(self, pad_id: bytes, *, wait_s: float = 10.0) -> SyncReport:
        """The same for one pad, whatever it is: also a drive that is this account's no more."""
        return await syncing.sync_one(self, pad_id, wait_s=wait_s)

    async def make_link(
        self,
        pad_id: bytes,
        *,
        view: bool,
        label: str = "",
        passphrase: bytes | None = None,
        wait_s: float = 10.0,
    ) -> str:
        """A link to the pad, pinned to what this client has verified; sends what waits first."""
        wish = linking.Wish(view, label, passphrase)
        return await linking.make_link(self, pad_id, wish, wait_s=wait_s)

    async def join(self, link: Link | str, *, wait_s: float = 10.0) -> PadListing:
        """Add the pad of a link to the drive; raises BadLink, RelayUnreachable or Alarm."""
        return await linking.join(self, link, wait_s=wait_s)

    async def disconnect(self) -> None:
        """Leave every relay, and belong to no event loop any more."""
        await self.relays.disconnect()
        self.loop = None

    def flush(self) -> None:
        """Make every edit durable; raises VaultError where one could not be saved."""
        self.open_pads.flush()

    async def close(self) -> None:
        """Stop, with everything durable here; raises VaultError, still open, where it could not be saved."""
        await close(self)

    async def abandon(self) -> None:
        """Stop without what cannot be saved: raises VaultError like `close`, and is closed all the same."""
        await abandon(self)
