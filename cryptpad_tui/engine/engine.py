"""The engine: one opened vault, its drive, the pads that are open, and the relays they talk to.

Belongs to one event loop once `start`, `sync`, `join` or `make_link` runs. All else works without one, so
that a script can edit and leave. Edits are durable before a method returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crypto.keys import (
    EditKeys,
    Role,
    ViewKeys,
    drive_root_of,
    edit_seed_of,
    make_genesis,
    pseudonym_of,
    relay_fingerprint,
)
from cryptpad_tui.crypto.links import NO_RELAY, Link, decode_link, encode_link
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.engine import listing, people
from cryptpad_tui.engine.errors import NoRelay, NotAllowed, RelayUnreachable, UnknownPad
from cryptpad_tui.engine.relay_loop import RelayLoop, sentence_of
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.shared_writer import SharedWriter, borrow
from cryptpad_tui.engine.values import LogLine, PadListing, RelayState, SyncReport
from cryptpad_tui.host.clock import wall_ms
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.payloads import MAX_NAME_BYTES
from cryptpad_tui.pad.replica import Profile, Replica
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.sync.connection import open_connection
from cryptpad_tui.vault import errors as vault_errors
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.records import PadRecord
from cryptpad_tui.vault.vault import Vault

LOCAL_RELAY: Final = "local"
"""The relay setting that means this machine's own."""
POLL_S: Final = 0.25
SYNC_POLL_S: Final = 0.02


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
        self.embedded = EmbeddedRelay(vault.directory / "relay")
        self._sessions: dict[bytes, PadSession] = {}
        self._relays: dict[str, RelayLoop] = {}
        self._registered: set[bytes] = set()
        self._loading_child = LoadingChild()
        self._short_lived = short_lived
        self._shared: dict[bytes, SharedWriter] = {}
        self._writers: dict[bytes, Writer] = {}
        """Of pads that were open and may be again: one writer a pad and process."""
        self._poller: asyncio.Task[None] | None = None
        self._data_version = vault.data_version()
        self._drive_session = self._open_drive()
        self.drive = Drive(self._drive_session.view)

    # -- the drive

    def _open_drive(self) -> PadSession:
        stored = self.vault.setting("drive")
        record = self.vault.pad(bytes.fromhex(stored)) if stored else None
        if record is None:
            root = drive_root_of(self.vault.account_root)
            record = self._new_record(make_genesis(root, PadKind.DRIVE, rng=self.rng), PadKind.DRIVE, root)
            self.vault.put_pad(record)
            self.vault.set_setting("drive", record.pad_id.hex())
        return self._open_session(record)

    def _new_record(self, genesis: Genesis, kind: PadKind, owner_root: bytes) -> PadRecord:
        return PadRecord(
            pad_id=genesis.pad_id,
            genesis=genesis.raw,
            kind=int(kind),
            role="owner",
            secret=owner_root,
            epoch=0,
            relay_url=None,
            relay_pk=b"",
            pin_n=0,
            pin_head=b"",
            uploaded=False,
            created_ms=self.wall_ms(),
        )

    def listing(self) -> list[PadListing]:
        """Every pad of the drive, newest first; opens no document."""
        return listing.read_listing(self)

    def find(self, reference: str) -> PadListing:
        """A pad by short id or unique title; raises UnknownPad or AmbiguousTitle."""
        return listing.find(self.listing(), reference)

    def own_name(self, pad_id: bytes) -> str:
        return self.drive.name(pad_id)

    def create_pad(self, title: str, *, kind: PadKind = PadKind.TEXT, text: str = "") -> PadListing:
        """A pad of one's own, durable here when this returns; raises UncleanText."""
        root = self.rng(32)
        record = self._new_record(make_genesis(root, kind, rng=self.rng), kind, root)
        self._add(record)
        session = self.open_pad(record.pad_id)
        try:
            session.set_title(title)
            if text:
                session.view.replace(Position(0, 0), Position(0, 0), text)
            session.flush()
        except Exception:
            session.close()
            self.remove(record.pad_id)
            raise
        session.close()
        return self.listing_of(record.pad_id)

    def _add(self, record: PadRecord) -> None:
        self.vault.put_pad(record)
        self.drive.put(record)
        self._drive_session.flush()

    def listing_of(self, pad_id: bytes) -> PadListing:
        for line in self.listing():
            if line.pad_id == pad_id:
                return line
        raise UnknownPad

    def rename(self, pad_id: bytes, title: str) -> None:
        """The title that everybody sees; for a view-only pad one's own name for it."""
        with self._borrowed(pad_id) as session:
            if session.can_edit:
                session.set_title(title)
                session.flush()
            else:
                self.drive.set_name(pad_id, title)
                self._drive_session.flush()
                session.save_listing()

    def remove(self, pad_id: bytes) -> None:
        """Take a pad out of this drive, with its keys and its local data. Others keep theirs."""
        self.drive.set_removed(pad_id)
        self._drive_session.flush()
        session = self._sessions.pop(pad_id, None)
        if session:
            for relay in self._relays.values():
                relay.remove(session)
        self._writers.pop(pad_id, None)
        self.vault.forget_pad(pad_id)

    # -- open pads

    def open_pad(self, pad_id: bytes) -> PadSession:
        """The pad's session; one a pad and process. Close it as often as it was opened."""
        session = self._sessions.get(pad_id)
        if session is None:
            record = self.vault.pad(pad_id)
            if record is None:
                raise UnknownPad
            session = self._open_session(record)
            self._attach(session)
        session.opened += 1
        return session

    def _open_session(self, record: PadRecord) -> PadSession:
        genesis = parse_genesis(record.genesis, record.pad_id)
        identity = pseudonym_of(self.vault.account_root, record.pad_id)
        profile = Profile(identity, self.name(), bytes(people.colour_of(identity.public)))
        replica = Replica(
            genesis,
            PadKind(record.kind),
            keys_of(record),
            self.vault.store(record.pad_id),
            profile,
            rng=self.rng,
            is_live=lambda writer_pk: self.is_live_writer(record.pad_id, writer_pk),
            epoch=record.epoch,
            wall_ms=self.wall_ms,
            writer=self._writers.get(record.pad_id) or self._shared_writer(record),
        )
        session = PadSession(self, record, replica)
        self._sessions[record.pad_id] = session
        return session

    def _shared_writer(self, record: PadRecord) -> Writer | None:
        keys = keys_of(record)
        if not self._short_lived or not isinstance(keys, EditKeys):
            return None
        if record.pad_id not in self._shared:
            store = self.vault.store(record.pad_id)

            def tail_of(writer_pk: bytes) -> tuple[int, bytes] | None:
                tail = store.writer_tail(writer_pk)
                return (tail.seq, tail.entry_id) if tail else None

            shared = borrow(
                self.vault.directory,
                self.vault.account_root,
                record.pad_id,
                record.epoch,
                keys,
                tail_of,
                rng=self.rng,
            )
            if shared is None:
                return None
            self._shared[record.pad_id] = shared
        return self._shared[record.pad_id].writer

    def close_session(self, session: PadSession) -> None:
        with contextlib.suppress(vault_errors.UnknownPad):
            session.flush()
        session.opened -= 1
        current = self._sessions.get(session.pad_id)
        if session.opened > 0 or current is not session or session is self._drive_session:
            return
        if self.loop is None or not session.waiting:
            self._forget(session)

    def _forget(self, session: PadSession) -> None:
        self._sessions.pop(session.pad_id, None)
        if session.replica.writer:
            self._writers[session.pad_id] = session.replica.writer
        session.replica.leave()
        for relay in self._relays.values():
            relay.remove(session)

    @contextlib.contextmanager
    def _borrowed(self, pad_id: bytes) -> Iterator[PadSession]:
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
        with self._borrowed(pad_id) as session:
            writers, store, after = session.replica.fold.writers, session.replica.store, 0
            while rows := store.log_after(after, 1_000):
                for row in rows:
                    entry = parse_entry(row.entry)
                    yield LogLine(
                        n=row.n,
                        kind=entry.kind.name.lower(),
                        author=people.name_of(entry.writer_pk, writers),
                        author_key=entry.writer_pk.hex()[:8],
                        verified=True,
                        void=row.void,
                        size_bytes=len(row.entry),
                        wall_ms=row.at_ms or None,
                    )
                after = rows[-1].n

    # -- what sessions ask

    def session_of(self, pad_id: bytes) -> PadSession | None:
        """The pad's session where it is open here."""
        return self._sessions.get(pad_id)

    def generation(self, pad_id: bytes) -> str:
        """Changes whenever a window of this vault made a pad's pending edits again."""
        return self.vault.setting(f"generation/{pad_id.hex()}") or ""

    def bump_generation(self, pad_id: bytes) -> str:
        value = self.rng(8).hex()
        self.vault.set_setting(f"generation/{pad_id.hex()}", value)
        return value

    def register_writer(self, pad_id: bytes, writer_pk: bytes) -> None:
        if writer_pk not in self._registered:
            self.vault.register_writer(pad_id, writer_pk)
            self._registered.add(writer_pk)

    def is_live_writer(self, pad_id: bytes, writer_pk: bytes) -> bool:
        """Whether some process can still sign for this writer."""
        owner = self.vault.writer_owner(pad_id, writer_pk)
        if owner == self.vault.process_token():
            session = self._sessions.get(pad_id)
            writer = session.replica.writer if session else self._writers.get(pad_id)
            return writer is not None and writer.pk == writer_pk
        return owner is not None and self.vault.is_alive(owner)

    def load_document(self, kind: PadKind, update: bytes, clocks: dict[int, int]) -> CanonicalDocument:
        """Build a document from a snapshot that somebody else made: in a child with limits first."""
        self._loading_child.load(kind, snapshot=update, clocks=clocks)
        return CanonicalDocument.from_snapshot(kind, update, clocks)

    def wants_sending(self, session: PadSession) -> None:
        for relay in self._relays.values():
            relay.wake(session.pad_id)

    # -- relays

    def relay_url(self) -> str | None:
        return self.vault.setting("relay_url")

    def set_relay(self, url: str | None) -> None:
        """The relay for pads that have none yet; `local` is this machine's own."""
        self.vault.set_setting("relay_url", url)
        for session in self._sessions.values():
            self._attach(session)

    def relay_of(self, record: PadRecord) -> str | None:
        """Where this pad is synced; None keeps it here. The drive stays here in this version."""
        if record.kind == PadKind.DRIVE:
            return None
        return record.relay_url or self.relay_url()

    def resolve(self, url: str) -> str:
        """The address to connect to; starts this machine's relay where it is meant. Blocks."""
        if url == LOCAL_RELAY or url == self.embedded.url():
            return self.embedded.start_or_find()
        return url

    def public_url(self, url: str) -> str:
        return self.embedded.url() or url if url == LOCAL_RELAY else url

    def relay_states(self) -> list[RelayState]:
        return [relay.state() for relay in self._relays.values()]

    def _attach(self, session: PadSession) -> None:
        url = self.relay_of(session.record)
        if self.loop is None or url is None:
            return
        key = self.public_url(url)
        if key not in self._relays:
            self._relays[key] = RelayLoop(self, url)
        self._relays[key].add(session)

    async def start(self) -> None:
        """Keep open pads, and those with something to send, in step until `close`."""
        self.loop = asyncio.get_running_loop()
        self._poller = asyncio.create_task(self._poll_vault())
        for session in list(self._sessions.values()):
            self._attach(session)
        for pad_id in self._pads_to_send():
            if pad_id not in self._sessions:
                self.open_pad(pad_id).opened -= 1

    def _pads_to_send(self) -> list[bytes]:
        waiting = self.vault.waiting_by_pad()
        return [
            record.pad_id
            for record in self.vault.pads()
            if self.relay_of(record) and (waiting.get(record.pad_id) or not record.uploaded)
        ]

    async def _poll_vault(self) -> None:
        """Notice what other windows of this vault did, at most four times a second."""
        while True:
            await asyncio.sleep(POLL_S)
            with contextlib.suppress(VaultError):
                version = self.vault.data_version()
                if version != self._data_version:
                    followed = [self._follow(session) for session in list(self._sessions.values())]
                    if all(followed):
                        self._data_version = version

    def _follow(self, session: PadSession) -> bool:
        """Whether the session took in what other windows did; one pad's trouble never stops the rest."""
        try:
            session.follow_vault()
        except vault_errors.UnknownPad as error:
            session.problem = sentence_of(error)
            for relay in self._relays.values():
                relay.remove(session)
            return True
        except Exception as error:
            session.problem = sentence_of(error)
            return False
        if session.waiting:
            self.wants_sending(session)
        return True

    async def sync(self, pad_ids: Sequence[bytes] | None = None, *, wait_s: float = 10.0) -> SyncReport:
        """Send what waits and fetch what is new; returns when done, or after `wait_s`."""
        started = self.loop is None
        if started:
            self.loop = asyncio.get_running_loop()
        wanted = pad_ids if pad_ids is not None else [record.pad_id for record in self.vault.pads()]
        records = [record for pad_id in wanted if (record := self.vault.pad(pad_id))]
        sessions = [self.open_pad(r.pad_id) for r in records if self.relay_of(r)]
        for session in sessions:
            session.flush()
            # What an earlier attempt met says nothing about this one.
            session.problem = ""
            self._attach(session)
        deadline = self.now() + wait_s
        while not all(self._settled(s) for s in sessions) and self.now() < deadline:
            await asyncio.sleep(SYNC_POLL_S)
        report = self._report(sessions)
        for session in sessions:
            session.close()
        if started:
            await self._disconnect()
        return report

    def _settled(self, session: PadSession) -> bool:
        """Whether nothing more will happen to this pad at present."""
        if session.alarm or session.problem:
            return True
        if session.attached_here:
            return not session.waiting and not session.replica.made_snapshot
        return session.followed and not session.waiting

    def _report(self, sessions: Sequence[PadSession]) -> SyncReport:
        return SyncReport(
            waiting=sum(session.waiting for session in sessions),
            unreachable=any(not s.attached_here and not s.followed and not s.alarm for s in sessions),
            alarms=tuple([s.alarm for s in sessions if s.alarm]),
            notices=tuple(sorted({s.problem for s in sessions if s.problem})),
        )

    async def _disconnect(self) -> None:
        relays, self._relays = list(self._relays.values()), {}
        for relay in relays:
            await relay.close()
        self.loop = None

    def _flush_all(self) -> None:
        """Save every session's edits; raises what the first failure was, after trying them all."""
        failures = []
        for session in list(self._sessions.values()):
            try:
                session.flush()
            except vault_errors.UnknownPad:
                # Removed in another window, with its keys: there is nowhere to save to.
                continue
            except VaultError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def close(self) -> None:
        """Stop, with everything durable here; raises VaultError, still open, where it could not be saved."""
        self._flush_all()
        if self._poller:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await self._disconnect()
        self._flush_all()
        for session in list(self._sessions.values()):
            session.replica.leave()
        self._sessions.clear()
        for shared in self._shared.values():
            shared.release()
        self._shared.clear()
        self._loading_child.close()
        self.vault.close()

    # -- links

    async def make_link(self, pad_id: bytes, *, view: bool, wait_s: float = 10.0) -> str:
        """A link to the pad, pinned to what this client has verified; sends what waits first."""
        record = self.vault.pad(pad_id)
        if record is None:
            raise UnknownPad
        if self.relay_of(record) is None:
            raise NoRelay
        keys = keys_of(record)
        if not view and not isinstance(keys, EditKeys):
            raise NotAllowed
        report = await self.sync([pad_id], wait_s=wait_s)
        if report.alarms:
            raise Alarm(AlarmCode(report.alarms[0].code))
        if report.unreachable or report.waiting:
            raise RelayUnreachable("the relay does not have this pad yet, so a link would open nothing")
        with self._borrowed(pad_id) as session:
            # Another window of this vault may be the one that brought the pad to its relay.
            fold, record = session.replica.fold, self.vault.pad(pad_id) or session.record
            seed = keys.view_seed if view or not isinstance(keys, EditKeys) else keys.edit_seed
            return encode_link(
                Link(
                    role=Role.VIEW if view else Role.EDIT,
                    pad_id=pad_id,
                    epoch=record.epoch,
                    seed=seed,
                    pin_n=fold.n,
                    pin_head=fold.head[:16],
                    relay_fingerprint=relay_fingerprint(record.relay_pk) if record.relay_pk else NO_RELAY,
                    address=record.relay_url or "",
                )
            )

    async def join(self, link_text: str, *, wait_s: float = 10.0) -> PadListing:
        """Add the pad of a link to the drive; raises BadLink, RelayUnreachable or Alarm."""
        link = decode_link(link_text)
        known = self.vault.pad(link.pad_id)
        if known is None or (known.role == "view" and link.role == Role.EDIT):
            record = await self._record_from(link, wait_s)
            self._sessions.pop(link.pad_id, None)
            self._add(record)
            report = await self.sync([link.pad_id], wait_s=wait_s)
            if report.alarms or report.unreachable:
                if known is None:
                    self.remove(link.pad_id)
                if report.alarms:
                    raise Alarm(AlarmCode(report.alarms[0].code))
                raise RelayUnreachable("the relay did not give the pad in time; nothing was added")
        return self.listing_of(link.pad_id)

    async def _record_from(self, link: Link, wait_s: float) -> PadRecord:
        url = await asyncio.to_thread(self.resolve, link.address)
        connection = await open_connection(url, timeout_s=wait_s)
        try:
            relay_pk = connection.greeting.relay_pk
            if link.relay_fingerprint not in (NO_RELAY, relay_fingerprint(relay_pk)):
                raise Alarm(AlarmCode.WRONG_RELAY)
            genesis, kind = await connection.run(
                flows.fetch_genesis(link.pad_id, link.epoch, link.keys(), connection.greeting)
            )
        finally:
            await connection.close()
        return PadRecord(
            pad_id=link.pad_id,
            genesis=genesis.raw,
            kind=int(kind),
            role="edit" if link.role == Role.EDIT else "view",
            secret=link.seed,
            epoch=link.epoch,
            relay_url=link.address,
            relay_pk=relay_pk,
            pin_n=link.pin_n,
            pin_head=link.pin_head,
            uploaded=True,
            created_ms=self.wall_ms(),
        )


def keys_of(record: PadRecord) -> ViewKeys:
    """The keys that a pad's record holds, by its role."""
    if record.role == "owner":
        return EditKeys.from_seed(edit_seed_of(record.secret, record.epoch))
    return EditKeys.from_seed(record.secret) if record.role == "edit" else ViewKeys(record.secret)
