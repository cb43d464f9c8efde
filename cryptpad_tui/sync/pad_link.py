"""One pad on one connection: attach, take what comes, send what waits, say who is here.

A shell: the order of steps is here, their meaning is in `pad.flows`. One lock a pad: flows never interleave.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_tui.crdt.errors import NeedsTime
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows, flows_arrive, flows_restore
from cryptpad_tui.pad.alarms import Alarm, AlarmCode, Notice
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.flows import Connected
from cryptpad_tui.pad.flows_testimony import questioned
from cryptpad_tui.pad.fold import Folded
from cryptpad_tui.pad.ports import OutboxRow
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.writers import WriterStatus
from cryptpad_tui.sync.commit_queue import CommitQueue, whole
from cryptpad_tui.sync.connection import RelayConnection
from cryptpad_tui.sync.pad_host import PadHost
from cryptpad_tui.sync.settling import StartDerived, check_signed, signed_end
from cryptpad_tui.sync.showing import showing

SPOILED: Final = frozenset({Code.EQUIVOCATION, Code.RETIRED})
"""Refusals after which a writer can never go on."""
AGAIN: Final = frozenset({Code.RETRY, Code.STORAGE, Code.ARRIVING})
QUOTA_PAUSE_S: Final = 60.0
COMMIT_WAIT_S: Final = 0.25


class KeysChanged(Exception):
    """The pad's owner changed its keys; this connection attaches again with the new ones."""


class PadLink:
    """A pad attached to a connection. Raises Alarm out of its methods; the owner then detaches it."""

    def __init__(
        self,
        host: PadHost,
        connection: RelayConnection,
        *,
        rng: RandomBytes,
        failed: Callable[[Exception], None],
        lock: asyncio.Lock | None = None,
    ) -> None:
        """`failed` hears of what went wrong while taking a push. `lock` is taken for each conversation, where
        others than this link have some about the same pad in this process.
        """
        self._host = host
        self._connection = connection
        self._rng = rng
        self._failed = failed
        self._lock = lock or asyncio.Lock()
        self._epoch = 0
        """The epoch by whose keys this connection is proven."""
        self._sent: set[bytes] = set()
        self._own: dict[bytes, bytes] = {}
        """Entries that this connection appended beside the outbox, by id: snapshots and their HELLOs."""
        self._commits = CommitQueue()
        self._pushed = asyncio.Event()
        self._taking: asyncio.Task[None] | None = None
        self._deriving = StartDerived(host, connection, self._lock, failed)
        self.pause_until = 0.0
        self._earlier: SignedHead | None = None
        """What the relay signed before this connection, until it is shown to one that waits for it."""

    @property
    def _replica(self) -> Replica:
        return self._host.replica

    async def attach(self) -> None:
        """CREATE where needed, SUB, and fold to the log's end."""
        async with self._lock:
            self._connection.on_push(self._replica.pad_id, self._on_push)
            connected = await self._arrive()
            join = flows.join(self._replica, connected, self._host.pin, self._host.load_document)
            await self._fold(questioned(self._replica, connected.signed, join))
            self._check_keys()
            await self._host.load_ahead()
            self._host.attached(connected)
            await self._drain_commits()

    def _check_keys(self) -> None:
        """This connection is proven by keys of one epoch; raises KeysChanged where another began, and Moved
        where the pad goes on at another relay.
        """
        replica = self._replica
        replica.place.check(replica.fold)
        if replica.fold.n and replica.fold.epoch != self._epoch:
            raise KeysChanged

    async def _fold(self, flow: flows.Flow[list[Folded]]) -> None:
        try:
            await self._connection.run(showing(self._host, flow))
        finally:
            self._host.folded()

    async def _arrive(self) -> Connected:
        self._earlier = self._replica.witness.confirmed
        self._replica.place.shown_by = self._connection.greeting.relay_pk
        flow = flows_arrive.arrive(
            self._replica,
            self._connection.greeting,
            uploaded=self._host.uploaded,
            rng=self._rng,
            now_ms=self._replica.now_ms(),
        )
        connected, lost = await self._connection.run(flow)
        self._epoch = self._replica.fetch_epoch
        if lost:
            self._host.noticed(flows_restore.notice_of(lost))
        return connected

    def detach(self) -> None:
        self._connection.on_push(self._replica.pad_id, None)
        self._deriving.stop()
        if self._taking:
            self._taking.cancel()

    # -- taking

    def _on_push(self, frame: Frame) -> None:
        try:
            if frame.op == Op.COMMIT:
                self._commits.push(frame.body)
                self._pushed.set()
                if self._taking is None or self._taking.done():
                    self._taking = asyncio.create_task(self._take_commits())
            elif frame.op == Op.PRESENCE:
                self._host.presence_frame(frame.body)
            elif frame.op == Op.SIGNED:
                check_signed(self._connection, self._replica, frame.body)
        except Exception as error:
            # What one pad's push breaks must not end the connection that all pads share.
            self._failed(error)

    async def _take_commits(self) -> None:
        try:
            async with self._lock:
                await self._drain_commits()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._failed(error)

    async def _drain_commits(self) -> None:
        drained = bool(self._commits)
        await self._fold_commits()
        if drained:
            # Also where another window, or another conversation of this one, folded them first.
            self._check_keys()

    async def _fold_commits(self) -> None:
        while self._commits:
            commit = self._commits.pop()
            fold = self._replica.fold
            last_n = commit.first_n + len(commit.entries) - 1
            if last_n <= fold.n:
                known = fold.head_of(last_n)
                if known is not None and known != commit.head:
                    said = shown_piece(Op.COMMIT, commit.encode())
                    raise Alarm(AlarmCode.FORK, f"at position {last_n}", evidence=(said,))
                continue
            entries = None
            if commit.first_n <= fold.n + 1:
                entries = whole(commit, self._replica.store.outbox(), self._own)
            if entries is None:
                flow = flows.catch_up(self._replica, last_n, commit.head)
            else:
                flow = flows.take(self._replica, commit.first_n, entries, commit.head, live=True)
            await self._fold(flow)
            # A flow that asks the relay nothing never lets a key in between.
            await asyncio.sleep(0)

    def derive_start(self) -> None:
        """Fold the log from its beginning, beside all else, and compare: once on this connection."""
        self._deriving.begin()

    # -- sending

    async def send_pending(self, *, now: float) -> None:
        """Seal what is this process's turn, and send what is sealed; raises Alarm or Refused."""
        if now < self.pause_until:
            return
        async with self._lock:
            while await self._send_sealed(now) and self._replica.queue.has_more:
                if not await self._fold_what_was_sent():
                    break
            await self._drain_commits()

    async def _send_sealed(self, now: float) -> bool:
        """Seal one group and send what is sealed; whether the relay took all of it."""
        if not self._replica.can_edit:
            # Written before the owner let this person only read: no key here is good for it any more.
            return True
        await self._seal()
        outbox = self._replica.store.outbox()
        self._sent.intersection_update([row.entry_id for row in outbox])
        rows = [row for row in outbox if row.entry_id not in self._sent]
        if not rows:
            return True
        sent = await self._connection.run(flows.send(self._replica, rows))
        self._sent.update(row.entry_id for row in rows[: sent.accepted])
        await self._handle(sent, rows[sent.accepted :], now)
        return sent.code == Code.OK

    async def _seal(self) -> None:
        """What it needs of a long document is made ready in slices, with keys in between."""
        while True:
            document = self._replica.fold.document
            document.may_wait = True
            try:
                self._host.seal()
                return
            except NeedsTime:
                pass
            finally:
                document.may_wait = False
            while document.prepare():
                await asyncio.sleep(0)

    async def _fold_what_was_sent(self) -> bool:
        """Between two groups: what is signed behind what is not folded would be checked with all of it."""
        self._pushed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._commits else COMMIT_WAIT_S):
                await self._pushed.wait()
        came = bool(self._commits)
        await self._drain_commits()
        return came

    async def _handle(self, sent: flows.Sent, unsent: list[OutboxRow], now: float) -> None:
        if sent.code == Code.OK:
            self._host.problem = ""
            return
        if sent.code in AGAIN:
            self.pause_until = now + max(sent.retry_ms / 1000, 0.1)
        elif sent.code == Code.QUOTA:
            self.pause_until = now + max(sent.retry_ms / 1000, QUOTA_PAUSE_S)
            self._host.problem = "the relay has no more room for this pad; everything is kept here"
        elif sent.code == Code.BEHIND:
            self.pause_until = now + max(sent.retry_ms / 1000, 0.1)
            if self._host.problem != flows_restore.WAITS:
                self._host.problem = flows_restore.WAITS
                self._host.noticed(Notice(flows_restore.WAITS))
            if self._earlier:
                await self._connection.run(flows_restore.show(self._earlier))
                self._earlier = None
        elif sent.code == Code.MOVED:
            # Its word alone is nothing: the owner's record must come now, and then this raises Moved.
            await self._settle()
            self._check_keys()
            raise Refused(sent.code)
        elif sent.code in SPOILED:
            await self._replace_writer(unsent[0], sent.code)
        elif sent.code in (Code.BAD_SEQUENCE, Code.UNKNOWN_WRITER):
            self._sent.clear()
            await self._settle()
        elif sent.code == Code.BAD_BASE:
            detail = "its log is not the one that was shown here"
            raise Alarm(AlarmCode.FORK, detail, evidence=(unsent[0].entry,))
        else:
            raise Refused(sent.code)

    async def _replace_writer(self, refused: OutboxRow, code: Code) -> None:
        """Make what was refused again by another writer, once the log says that the old one has ended.

        Otherwise a relay could keep the refused entries, and show them when their text is there already.
        """
        await self._settle()
        if refused.entry_id not in {row.entry_id for row in self._replica.store.outbox()}:
            return
        if refused.writer_pk not in self._replica.fold.writers:
            raise Refused(code)
        hello = self._replica.queue.superseding_hello(refused.writer_pk)
        self._own[hello.entry_id] = hello.raw
        body = await self._connection.request(flows.Request(Op.APPEND, frames.Append((hello.raw,)).encode()))
        if (answer := frames.Appended.decode(body)).code != Code.OK:
            raise Refused(answer.code)
        await self._settle()
        if self._replica.fold.writers[refused.writer_pk].status is not WriterStatus.LIVE:
            self._host.remake(with_outbox=True)

    async def _settle(self) -> None:
        """Fold to the relay's present end, so that what it has accepted is no longer pending here."""
        signed = await signed_end(self._connection, self._replica, self._rng)
        if signed.n > self._replica.fold.n:
            flow = flows.catch_up(self._replica, signed.n, signed.head)
            await self._fold(flow)

    async def refetch(self) -> None:
        """Ask for what was acknowledged and never came as a COMMIT."""
        async with self._lock:
            await self._settle()

    async def send_snapshot(self) -> bool:
        """Send the snapshot that folding left behind, if there is one."""
        made, self._replica.made_snapshot = self._replica.made_snapshot, None
        if made is None:
            return False
        async with self._lock:
            entries = flows.snapshot_entries(self._replica, made)
            self._own = {entry.entry_id: entry.raw for entry in entries}
            try:
                return await self._connection.run(flows.send_snapshot(self._replica, made, entries))
            except Refused:
                # The pad needs none to work.
                return False

    async def send_presence(self, frame: bytes) -> None:
        await self._connection.post(Op.PRES, frame)
