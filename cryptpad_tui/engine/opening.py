"""The pads that are open in this process, and the writer that each goes on with. No event loop is needed.

One session and one writer a pad and process: two writers of one process would wait for each other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.engine import appearing, lifetime, pictures
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.keyrings import ring_of
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.shared_writer import SharedWriter, borrow
from cryptpad_tui.pad.epochs import HistoryClosed
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.vault import errors as vault_errors
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.composing import Composed
    from cryptpad_tui.engine.engine import Engine


def leave(engine: Engine, session: PadSession) -> None:
    """Done with the pad here. Its checkpoint only makes the next opening fast: a full disk may keep it."""
    with contextlib.suppress(VaultError):
        session.replica.leave()
    with contextlib.suppress(VaultError, EngineFailure, HistoryClosed):
        pictures.leave(engine, session)


class OpenPads:
    """The sessions of one engine, by pad."""

    def __init__(self, engine: Engine, *, short_lived: bool) -> None:
        """`short_lived`: a command that ends at once and shares its writer with the next (decision 13)."""
        self._engine = engine
        self.short_lived = short_lived
        self._sessions: dict[bytes, PadSession] = {}
        self._writers: dict[bytes, Writer] = {}
        """Of pads that were open and may be again: one writer a pad and process."""
        self._shown_as: dict[bytes, bytes] = {}
        """The identities by which these introduced themselves."""
        self._shared: dict[bytes, SharedWriter] = {}
        self._registered: set[bytes] = set()

    def __iter__(self) -> Iterator[PadSession]:
        return iter(list(self._sessions.values()))

    def get(self, pad_id: bytes) -> PadSession | None:
        """The pad's session where it is open here."""
        return self._sessions.get(pad_id)

    def open(self, pad_id: bytes) -> PadSession:
        """The pad's session, made where there is none; raises UnknownPad."""
        session = self._sessions.get(pad_id)
        if session is None:
            record = self._engine.vault.pad(pad_id)
            if record is None:
                raise UnknownPad
            session = self.make(record)
        return session

    def make(self, record: PadRecord) -> PadSession:
        """A session for this record, in place of one that the pad may have had."""
        vault = self._engine.vault
        ring, profile = ring_of(self._engine, record), appearing.profile_of(self._engine, record.pad_id)
        if self._shown_as.get(record.pad_id) not in (None, profile.identity.public):
            self._writers.pop(record.pad_id, None)
        replica = Replica(
            parse_genesis(record.genesis, record.pad_id),
            PadKind(record.kind),
            ring.newest_keys,
            vault.store(record.pad_id),
            profile,
            rng=self._engine.rng,
            is_live=lambda writer_pk: self.is_live_writer(record.pad_id, writer_pk),
            ring=ring,
            wall_ms=self._engine.wall_ms,
            writer=self._writers.get(record.pad_id) or self._shared_writer(record, ring),
        )
        session = PadSession(self._engine, record, replica)
        lifetime.opened(self._engine, session)
        self._sessions[record.pad_id] = session
        return session

    def take_out(self, pad_id: bytes, *, keep_writer: bool) -> PadSession | None:
        """The session, which is from here on no longer the pad's."""
        session = self._sessions.pop(pad_id, None)
        if not keep_writer:
            self._writers.pop(pad_id, None)
        elif session and session.replica.writer:
            self._writers[pad_id] = session.replica.writer
            self._shown_as[pad_id] = session.replica.profile.identity.public
        return session

    def flush(self) -> None:
        """Save every session's edits; raises what the first failure was, after trying them all."""
        failures = []
        for session in self:
            try:
                session.flush()
            except vault_errors.UnknownPad:
                # Removed in another window, with its keys: there is nowhere to save to.
                continue
            except VaultError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Leave them all, with what they share given back. They must be flushed."""
        for session in self:
            leave(self._engine, session)
            session.pending.stop_saving()
        self._sessions.clear()
        for shared in self._shared.values():
            shared.release()
        self._shared.clear()

    # -- writers

    def begin_writer(self, record: PadRecord) -> Writer | None:
        """A writer for a pad that is not there yet; None where its keys only read."""
        ring = ring_of(self._engine, record)
        keys = ring.newest_keys
        if not isinstance(keys, EditKeys):
            return None
        return Writer(record.pad_id, ring.newest, keys, rng=self._engine.rng)

    def write_ahead(self, pad_id: bytes, composed: Composed) -> None:
        """Make edits of a pad durable that has no session yet; it will go on with their writer."""
        writer = self._writers[pad_id] = composed.writer
        self.register_writer(pad_id, writer.pk)
        self._engine.vault.store(pad_id).append_journal(writer.pk, composed.updates)

    def register_writer(self, pad_id: bytes, writer_pk: bytes) -> None:
        if writer_pk not in self._registered:
            self._engine.vault.register_writer(pad_id, writer_pk)
            self._registered.add(writer_pk)

    def register_again(self) -> None:
        """Each before its next edit: a transaction that failed may have taken a registration back."""
        self._registered.clear()

    def is_live_writer(self, pad_id: bytes, writer_pk: bytes) -> bool:
        """Whether some process can still sign for this writer."""
        vault = self._engine.vault
        owner = vault.writer_owner(pad_id, writer_pk)
        if owner == vault.process_token():
            session = self._sessions.get(pad_id)
            writer = session.replica.writer if session else self._writers.get(pad_id)
            return writer is not None and writer.pk == writer_pk
        return owner is not None and vault.is_alive(owner)

    def _shared_writer(self, record: PadRecord, ring: KeyRing) -> Writer | None:
        keys = ring.newest_keys
        if not self.short_lived or not isinstance(keys, EditKeys):
            return None
        if record.pad_id not in self._shared:
            shared = self._borrow(record, ring.newest, keys)
            if shared is None:
                return None
            self._shared[record.pad_id] = shared
        return self._shared[record.pad_id].writer

    def _borrow(self, record: PadRecord, epoch: int, keys: EditKeys) -> SharedWriter | None:
        vault = self._engine.vault
        store = vault.store(record.pad_id)

        def tail_of(writer_pk: bytes) -> tuple[int, bytes] | None:
            tail = store.writer_tail(writer_pk)
            return (tail.seq, tail.entry_id) if tail else None

        return borrow(
            vault.directory,
            vault.account_root,
            record.pad_id,
            epoch,
            keys,
            tail_of,
            rng=self._engine.rng,
            shown_as=appearing.word_of(self._engine, record.pad_id),
        )
