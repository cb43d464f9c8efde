"""What all connections of a relay share: open pads, the batch on its way to the disk, and who hears of it.

Sans-IO: the shell calls `take_batch`, makes its rows durable, and reports `committed` or `failed`. No answer
and no COMMIT leaves before `committed`. One batch is at the disk while the next gathers, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptpad_relay.batch import Batch, OpenPad, announce
from cryptpad_relay.data_dir import RelayKeys
from cryptpad_relay.endings import Endings, end_subscriptions, through_change
from cryptpad_relay.epochs import is_ended
from cryptpad_relay.holds import Holds
from cryptpad_relay.limits import AddressBuckets, Limits
from cryptpad_relay.logins import Logins
from cryptpad_relay.mailboxes import Mailboxes
from cryptpad_relay.marks import Marks
from cryptpad_relay.padlog import Accepted, PadLog
from cryptpad_relay.peers import FanOut, Peer, Subscriber, send_to_each
from cryptpad_relay.protocol.chain import SignedHead, sign_head
from cryptpad_relay.protocol.entry import Entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Appended, Error, Op, PadHead, join_frame
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.rendezvous import Rendezvous
from cryptpad_relay.store.base import ChunkRow, Loss, Rows, Store
from cryptpad_relay.store.files.base import ERASE_CHUNKS, UNFINISHED_DAYS, Filing
from cryptpad_relay.voids import Appendable

FORGET_INTERVAL_S: Final = 60.0
STORAGE_RETRY_MS: Final = 2_000
DAY_S: Final = 86_400


class Hub:
    """The relay without sockets, disk threads and clocks."""

    def __init__(
        self,
        store: Store,
        keys: RelayKeys,
        *,
        wall: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        limits: Limits | None = None,
        restored: bool = False,
        fan_out: FanOut = send_to_each,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.store, self.keys, self.wall, self.random_bytes = store, keys, wall, random_bytes
        self.limits = limits or Limits()
        self.relay_pk = keys.public
        self.fan_out = fan_out
        self.creates_by_address = AddressBuckets(self.limits.creates_per_address)
        self.rendezvous = Rendezvous(self.limits, random_bytes)
        self.logins = Logins(self.limits, store)
        self.mailboxes = Mailboxes(self.limits, store)
        self.holds = Holds(wall, self.limits, backed_up=store.last_pad_number() if restored else 0)
        self.endings = Endings(store, self.limits.archive_days)
        self._wake = wake
        self._pads: dict[bytes, OpenPad] = {}
        self.collecting, self.announced_bytes = False, 0
        self._due: dict[Subscriber, None] = {}
        self._gathering = Batch()
        self._at_disk: Batch | None = None
        self._marks = Marks(self.sign_head, fan_out)
        self._forget_at = 0.0

    # Pads and who listens

    def open_pad(self, pad_id: bytes) -> OpenPad | None:
        """The pad, from memory or the store; not kept open unless somebody subscribes.

        Raises Refused (DELETED) where its owner deleted it, or let it expire.
        """
        pad = self._pads.get(pad_id)
        if pad is None and (row := self.store.find(pad_id)) is not None:
            index = self.store.pad_index(row)
            if is_ended(index, self._now_ms()):
                raise Refused(Code.DELETED)
            pad = OpenPad(PadLog(index), loss=index.loss())
        return pad

    def subscribe(self, pad: OpenPad, session: Subscriber) -> None:
        pad.subscribers[session] = session.peer
        self._pads[pad.log.pad_id] = pad
        if self.endings.use(pad, self._gathering.rows):
            self._wake()

    def unsubscribe(self, pad: OpenPad, session: Subscriber) -> None:
        pad.subscribers.pop(session, None)
        self._close_if_idle(pad)

    def watch(self, pad_id: bytes, session: Subscriber) -> PadHead | None:
        """The pad's head; HEAD follows for each change."""
        pad = self._pads.get(pad_id)
        if pad is None:
            row = self.store.find(pad_id)
            if row is None:
                return None
            index = self.store.pad_index(row)
            if is_ended(index, self._now_ms()):
                return None
            head = PadHead(*index.end())
        else:
            head = pad.log.committed
        self._marks.watch(pad_id, session)
        return head

    def unwatch(self, pad_id: bytes, session: Subscriber) -> None:
        self._marks.unwatch(pad_id, session)

    def day(self) -> int:
        """Days since 1970; tickets are proven for a day and the next."""
        return int(self.wall()) // DAY_S

    def sign_head(self, pad_id: bytes, end: PadHead, challenge: bytes) -> SignedHead:
        return sign_head(self.keys.seed, pad_id, end.n, end.head, int(self.wall() * 1000), challenge)

    # The batch that gathers

    def defer(self, session: Subscriber) -> None:
        """The session has an APPEND: it is advanced when the next batch is taken, with `collecting` set.

        Entries that share a sync are checked in one go: their wait is the same, and the work is less.
        """
        self._due[session] = None
        self._wake()

    def stage(
        self, session: Subscriber, req: int, op: Op, body: bytes, settled: Callable[[], None] = lambda: None
    ) -> Rows:
        """Rows to add to, for a request that is answered once they are durable."""
        self._answer_later(session, req, op, body)
        self._gathering.settled.append(settled)
        return self._gathering.rows

    def stage_create(self, pad_id: bytes, genesis: bytes, session: Subscriber, req: int, body: bytes) -> None:
        self.stage(session, req, Op.CREATE, body).creates[pad_id] = genesis

    def stage_chunk(self, pad: OpenPad, chunk_id: bytes, data: bytes, session: Subscriber, req: int) -> None:
        self._stage_chunk_row(pad, chunk_id, data)
        self._answer_later(session, req, Op.CHUNK_PUT, chunk_id)

    def stage_filing(self, filing: Filing, session: Subscriber, req: int, op: Op, body: bytes) -> None:
        self.stage(session, req, op, body).filing.add(filing)
        self.announced_bytes += filing.announced_bytes

    def append(self, pad: OpenPad, entry: Appendable, session: Subscriber) -> Accepted:
        """One verified entry; raises Refused. Its place is promised only when the batch is durable."""
        accepted = pad.log.append(entry)
        self._stage_entry(pad, entry, accepted, session)
        return accepted

    def restore(
        self, pad: OpenPad, fresh: list[Appendable], loss: Loss | None, session: Subscriber, req: int, op: Op
    ) -> None:
        """All of these as the next of the log, or none; raises Refused."""
        draft = pad.log.draft()
        accepted = [draft.append(entry, restoring=True) for entry in fresh]
        pad.log = draft
        for entry, each in zip(fresh, accepted, strict=True):
            self._stage_entry(pad, entry, each, session)
        if loss is not None:
            pad.loss = self._gathering.rows.losses[draft.index.pad.number] = loss
        self._answer_later(session, req, op, u64(pad.log.n) + pad.log.head)

    def _stage_entry(self, pad: OpenPad, entry: Appendable, accepted: Accepted, session: Subscriber) -> None:
        if accepted.row is None:
            return
        if accepted.table is not None and isinstance(entry, Entry) and entry.snapshot is not None:
            self._stage_chunk_row(pad, entry.snapshot.table_id, accepted.table)
        self.endings.record(pad, entry, self._gathering.rows, self.day())
        self._gathering.rows.entries.append(accepted.row)
        self._gathering.entries.setdefault(pad, []).append((accepted.row, session))
        pad.waiting_rows += 1

    def answer_append(self, pad: OpenPad, session: Subscriber, req: int, appended: Appended) -> None:
        """At once where everything is durable already, or else with the batch."""
        if max((position.n for position in appended.positions), default=0) <= pad.log.committed.n:
            session.peer.send(join_frame(Op.APPEND | 0x80, req, appended.encode()))
        else:
            self._answer_later(session, req, Op.APPEND, appended.encode())

    # The shell's side

    def take_batch(self, now: float) -> Batch | None:
        """What is to be made durable next; None while another batch is at the disk or nothing waits."""
        if self._at_disk is not None:
            return None
        self.collecting = True
        due, self._due = self._due, {}
        for session in due:
            session.advance(now)
        self.collecting = False
        if not self._gathering:
            return None
        self._at_disk, self._gathering = self._gathering, Batch()
        return self._at_disk

    def committed(self, now: float) -> None:
        """The batch at the disk is durable: answer, then tell the subscribers."""
        batch, self._at_disk = self._at_disk, None
        if batch is None:
            return
        for pad, chunk_id in batch.chunks:
            pad.log.settle_chunk(chunk_id)
            pad.waiting_rows -= 1
        out: dict[Subscriber, list[bytes]] = {}
        pushes: list[tuple[list[Peer], list[bytes]]] = []
        for session, req, op, body in batch.answers:
            out.setdefault(session, []).append(join_frame(op | 0x80, req, body))
        changed: list[OpenPad] = []
        for pad, pairs in batch.entries.items():
            pad.log.settle([row for row, _ in pairs])
            pad.waiting_rows -= len(pairs)
            heard, ends = through_change(pairs)
            pushes.append(announce(pad, heard, out, self._marks.moved(pad, now)))
            changed += [pad] if ends else []
        for session, frames in out.items():
            session.peer.send(*frames)
        for peers, frames in pushes:
            self.fan_out(peers, *frames)
        for pad in changed:
            end_subscriptions(pad)
        self._finish(batch)
        self._marks.push(now)
        if batch.rows.filing and self.store.erasable():
            self._gathering.rows.filing.erase = ERASE_CHUNKS

    def failed(self) -> None:
        """The batch at the disk is lost, and with it what was built on it: all are told to try again."""
        batches = [self._at_disk or Batch(), self._gathering]
        self._at_disk, self._gathering = None, Batch()
        for batch in batches:
            for pad in list(batch.entries) + [pad for pad, _ in batch.chunks]:
                self._reload(pad)
            error = Error(Code.STORAGE, STORAGE_RETRY_MS).encode()
            for session, req, op, _ in batch.answers:
                body = Appended((), Code.STORAGE, STORAGE_RETRY_MS).encode() if op == Op.APPEND else error
                session.peer.send(join_frame(op | 0x80 if op == Op.APPEND else Op.ERR, req, body))
            self._finish(batch)

    def tick(self, now: float) -> None:
        """Called a few times a second: what was held back by its rate goes out when due."""
        self._marks.push(now)
        if now >= self._forget_at:
            self._forget_at = now + FORGET_INTERVAL_S
            self.creates_by_address.forget_idle(now)
            self.rendezvous.tick(now)
            self.logins.tick(now)
            self.mailboxes.tick(now)
            self.mailboxes.expire(self._gathering.rows.mail, self.day())
            self._end_expired()
            self._gathering.rows.filing.expire_before = self.day() - UNFINISHED_DAYS
            self._wake()

    def _end_expired(self) -> None:
        rows, open_pads = self._gathering.rows, self._pads.values()
        for row in self.endings.tick(rows, open_pads, day=self.day(), now_ms=self._now_ms()):
            if (pad := self._pads.pop(row.pad_id, None)) is not None:
                end_subscriptions(pad)

    def _now_ms(self) -> int:
        return int(self.wall() * 1_000)

    def _answer_later(self, session: Subscriber, req: int, op: Op, body: bytes) -> None:
        self._gathering.answers.append((session, req, op, body))
        self._wake()

    def _stage_chunk_row(self, pad: OpenPad, chunk_id: bytes, data: bytes) -> None:
        pad.log.stage_chunk(chunk_id, len(data))
        pad.waiting_rows += 1
        self._gathering.rows.chunks.append(ChunkRow(pad.log.index.pad, chunk_id, data, self.day()))
        self._gathering.chunks.append((pad, chunk_id))

    def _finish(self, batch: Batch) -> None:
        self.announced_bytes -= batch.rows.filing.announced_bytes
        for settled in batch.settled:
            settled()
        for pad in [*batch.entries, *[pad for pad, _ in batch.chunks]]:
            self._close_if_idle(pad)
        for session, _, op, _ in batch.answers:
            session.answered(op)

    def _close_if_idle(self, pad: OpenPad) -> None:
        if not pad.subscribers and not pad.waiting_rows and self._pads.get(pad.log.pad_id) is pad:
            del self._pads[pad.log.pad_id]

    def _reload(self, pad: OpenPad) -> None:
        pad.log = PadLog(self.store.pad_index(pad.log.index.pad))
        pad.waiting_rows = 0
