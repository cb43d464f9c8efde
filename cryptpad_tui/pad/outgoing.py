"""The order in which this vault's edits of one pad leave, and the writer that signs them in this process.

One first-in-first-out queue a pad serves every process of a vault, because an edit may refer to any edit that
came before it in that queue: what is not at the head of the queue is never signed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import takewhile
from typing import Final

from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.split import merge_own, split_update
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, unpad
from cryptpad_tui.pad.epochs import HistoryClosed
from cryptpad_tui.pad.owner_records import EPOCH_AT
from cryptpad_tui.pad.payloads import MAX_UPDATES, Update, Verdict
from cryptpad_tui.pad.ports import JournalRow, OutboxRow, StaleJournal
from cryptpad_tui.pad.stored_fold import StoredFold
from cryptpad_tui.pad.writer import NO_ENTRY, Writer
from cryptpad_tui.pad.writers import WriterStatus

ENTRY_UPDATE_BYTES: Final = 400_000
"""Updates of one entry: below the 512 KiB that an entry may have, after padding."""
MAX_IN_FLIGHT: Final = 64
SEAL_BYTES: Final = 40_000
"""Journal rows that are checked and signed at once: formatted text of this size takes 50 ms."""
IN_FLIGHT_BYTES: Final = 100_000
"""Signed and not folded: whatever is signed behind it is checked together with it."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How this person appears in a pad: an identity key, a name and a colour."""

    identity: SigningSeed
    name: str
    rgb: bytes
    card_pk: bytes = b""
    """The identity of this person's card."""
    others: tuple[SigningSeed, ...] = field(default=(), repr=False)
    """Under which this person may have written here before."""

    @property
    def is_pseudonym(self) -> bool:
        """Whether the key is this pad's alone."""
        return self.identity.public != self.card_pk

    @property
    def own(self) -> frozenset[bytes]:
        """Whatever stands under one of these is this person's."""
        return frozenset([self.identity.public, *[each.public for each in self.others]])

    def known_as(self, ident_pk: bytes) -> Profile:
        """As a writer of before appeared: only its own identity ends it."""
        same = [each for each in self.others if each.public == ident_pk]
        return replace(self, identity=same[0]) if same else self


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


class Outgoing:
    """A pad's queue of edits, as one process sees it and works on it."""

    def __init__(
        self,
        pad: StoredFold,
        profile: Profile,
        *,
        rng: RandomBytes,
        is_live: Callable[[bytes], bool],
        writer: Writer | None,
    ) -> None:
        """`writer`: the one that this process used for the pad before, to go on with."""
        self._pad = pad
        self.profile = profile
        self._rng = rng
        self._is_live = is_live
        self.writer = writer or self._new_writer()
        self.has_more = False
        """Whether the last `seal_pending` left something for when what is in flight is folded."""

    def _new_writer(self) -> Writer | None:
        ring = self._pad.ring
        keys = ring.newest_keys
        if not isinstance(keys, EditKeys):
            return None
        return Writer(self._pad.pad_id, ring.newest, keys, rng=self._rng)

    def renew_writer(self) -> Writer:
        """Start another writer; the one before signs nothing any more."""
        self.writer = self._new_writer()
        assert self.writer is not None
        return self.writer

    def opened_outbox(self) -> list[tuple[OutboxRow, tuple[bytes, ...]]]:
        """Unfolded entries with the updates inside, oldest first."""
        return [(row, self._updates_of(parse_entry(row.entry))) for row in self._pad.store.outbox()]

    def _updates_of(self, entry: Entry) -> tuple[bytes, ...]:
        if entry.kind != Kind.UPDATE:
            return ()
        keys = self._pad.ring.known(entry.epoch)
        if keys is None:
            raise HistoryClosed
        plaintext = unpad(open_sealed(keys.read_key, entry.associated_data, entry.sealed))
        return Update.decode(plaintext).updates

    def pending_updates(self) -> list[bytes]:
        """Every change of this vault that is in no folded entry, in queue order."""
        updates = [update for _, inside in self.opened_outbox() for update in inside]
        return updates + [row.update for row in self._pad.store.journal_after(0)]

    def seal_pending(self) -> SealResult:
        """Turn the journal rows at the queue's head into signed entries, if they are this writer's.

        A remake waits for the outbox to be folded: what is in it would be said twice otherwise.
        """
        writer, rows = self.writer, self._pad.store.journal_after(0)
        self.has_more = False
        if self.is_behind():
            return SealResult.RENEW
        if not rows:
            return SealResult.NOTHING
        self._pad.follow_store()
        if writer is None or writer.epoch < self._pad.fold.epoch:
            return self._by_a_later_writer(rows[0].writer_pk)
        if writer.epoch != self._pad.fold.epoch:
            return SealResult.WAIT
        in_flight = self._pad.store.outbox()
        self.has_more = _is_full(in_flight)
        if self.has_more or any(row.writer_pk != writer.pk for row in in_flight):
            return SealResult.WAIT
        if not self._may_go_on(writer, in_flight):
            return SealResult.RENEW
        again = SealResult.WAIT if in_flight else SealResult.REMAKE
        mine = list(takewhile(lambda row: row.writer_pk == writer.pk, rows))
        if not mine:
            return SealResult.WAIT if self._is_live(rows[0].writer_pk) else again
        mine, self.has_more = _first_of(mine)
        pieces = _prepare(mine)
        signed = [update for row in in_flight for update in self._updates_of(parse_entry(row.entry))]
        try:
            self._pad.fold.document.check(writer.client_id, [*signed, *pieces])
        except InvalidUpdate:
            return again
        before = writer.seq, writer.last_id
        try:
            self._pad.store.seal_journal([row.id for row in mine], self._make_entries(writer, pieces))
        except StaleJournal:
            writer.take_back(*before)
            return SealResult.NOTHING
        return SealResult.SEALED

    def is_behind(self) -> bool:
        """Whether something signed waits that was written under keys of before: no log will ever hold it."""
        here = self._pad.fold.epoch
        in_flight = [int.from_bytes(row.entry[EPOCH_AT], "big") for row in self._pad.store.outbox()]
        return self._may_sign_here() and any(epoch < here for epoch in in_flight)

    def _may_sign_here(self) -> bool:
        return self._pad.ring.newest == self._pad.fold.epoch and isinstance(self._pad.keys, EditKeys)

    def _by_a_later_writer(self, first_pk: bytes) -> SealResult:
        """This window's writer is of keys of before. What another window signed under later ones stays."""
        others = first_pk != (self.writer.pk if self.writer else NO_ENTRY) and self._is_live(first_pk)
        if not self._may_sign_here() or others or self._pad.store.outbox():
            return SealResult.WAIT
        return SealResult.REMAKE

    def _may_go_on(self, writer: Writer, in_flight: Sequence[OutboxRow]) -> bool:
        """Whether the log or the outbox ends where this writer is, and it still counts."""
        known = self._pad.fold.writers.get(writer.pk)
        if known and known.status != WriterStatus.LIVE:
            return False
        end = in_flight[-1].entry_id if in_flight else known.last_id if known else NO_ENTRY
        return not writer.introduced or end == writer.last_id

    def _make_entries(self, writer: Writer, pieces: Sequence[bytes]) -> list[OutboxRow]:
        entries = [] if writer.introduced else [self._hello(writer)]
        entries += [writer.update(self._pad.base(), group) for group in _groups(pieces)]
        return [_outbox_row(entry) for entry in entries]

    def queue_verdict(self, kind: Kind, verdict: Verdict) -> bool:
        """Put an ENDORSE or ALERT at the queue's end; False where this writer cannot sign there."""
        writer, in_flight = self.writer, self._pad.store.outbox()
        if writer is None or any(row.writer_pk != writer.pk for row in in_flight):
            return False
        if writer.epoch != self._pad.fold.epoch or not self._may_go_on(writer, in_flight):
            return False
        entries = [] if writer.introduced else [self._hello(writer)]
        entries.append(writer.other(kind, self._pad.base(), verdict.encode()))
        self._pad.store.seal_journal([], [_outbox_row(entry) for entry in entries])
        return True

    def remake_ids(self, *, with_outbox: bool) -> tuple[list[int], list[int]]:
        """The pending rows that a remake replaces: all journal rows, and refused outbox entries."""
        outbox = [row.id for row in self._pad.store.outbox()] if with_outbox else []
        return [row.id for row in self._pad.store.journal_after(0)], outbox

    def superseding_hello(self, writer_pk: bytes) -> Entry:
        """A HELLO whose only purpose is to end one of this person's writers (protocol §6, `supersedes`)."""
        writer = self._new_writer()
        assert writer is not None
        ended = self._pad.fold.writers.get(writer_pk)
        profile = self.profile.known_as(ended.ident_pk) if ended else self.profile
        return self._hello(writer, profile, supersedes=writer_pk)

    def snapshot_writer(self) -> tuple[Writer, Entry]:
        """A writer for one snapshot alone, and its HELLO: a refused snapshot then spoils no other writer."""
        writer = self._new_writer()
        assert writer is not None
        return writer, self._hello(writer)

    def _hello(
        self, writer: Writer, profile: Profile | None = None, *, supersedes: bytes = NO_ENTRY
    ) -> Entry:
        shown = profile or self.profile
        return writer.hello(
            self._pad.base(),
            shown.identity,
            shown.name,
            shown.rgb,
            supersedes=supersedes,
            pseudonym=shown.is_pseudonym,
        )


def _is_full(in_flight: Sequence[OutboxRow]) -> bool:
    return len(in_flight) >= MAX_IN_FLIGHT or sum(len(row.entry) for row in in_flight) >= IN_FLIGHT_BYTES


def _first_of(rows: Sequence[JournalRow]) -> tuple[list[JournalRow], bool]:
    """What is sealed at once, at least one row, and whether others are left."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.update)
        if count and size > SEAL_BYTES:
            return list(rows[:count]), True
    return list(rows), False


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
