"""People at a pad whose owner changes its keys, over a real relay without sockets."""

from __future__ import annotations

from typing import TypeVar

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_relay.store.memory import MemoryStore as RelayStore
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import (
    EditKeys,
    Role,
    SigningSeed,
    ViewKeys,
    edit_seed_of,
    make_genesis,
)
from cryptpad_tui.pad import flows, flows_arrive, flows_epoch
from cryptpad_tui.pad.flows import Pin
from cryptpad_tui.pad.flows_epoch import Kept, Plan
from cryptpad_tui.pad.folded import Folded
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.outgoing import Profile, SealResult
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import make_snapshot
from support.forge import Desk, DeskClient, Forge
from support.memory_store import MemoryStore
from support.pads import load_here, seeded

T = TypeVar("T")
OWNER_ROOT = bytes(range(32))


class Table:
    """A relay, and who sits around it."""

    def __init__(self, seed: int = 1) -> None:
        self.forge = Forge(seed)
        keys = self.forge.relay_keys()
        self.forge.relay_keys = lambda: keys  # type: ignore[method-assign]
        self.start(RelayStore())

    def start(self, store: RelayStore) -> None:
        """The relay, with these data; all connections are new."""
        self.store = store
        self.desk = Desk(store, self.forge)


class Guest:
    """One person's vault and window."""

    def __init__(
        self,
        table: Table,
        name: str,
        seed: int,
        *,
        keys: ViewKeys | None = None,
        epoch: int = 0,
        owner: bool = False,
        store: MemoryStore | None = None,
        identity: SigningSeed | None = None,
    ) -> None:
        """`store`, `identity`: those of another window of the same person."""
        self.table, self.name = table, name
        self.rng = seeded(seed)
        self.store = store or MemoryStore()
        self.identity = identity or SigningSeed(self.rng(32))
        first = keys or EditKeys.from_seed(edit_seed_of(OWNER_ROOT, 0))
        self.genesis = make_genesis(OWNER_ROOT, PadKind.TEXT, rng=lambda size: bytes(size))
        self.learned: dict[int, ViewKeys] = {epoch: first}
        self.owner_root = OWNER_ROOT if owner else None
        self.restart()

    def restart(self) -> None:
        """Another process of the same vault: what is stored, and nothing else."""
        ring = KeyRing(
            dict(self.learned),
            PadKind.TEXT,
            owner_root=self.owner_root,
            openers=(self.identity,),
            learned=self.learned.__setitem__,
            recall=lambda: dict(self.learned),
        )
        profile = Profile(self.identity, self.name, bytes(3))
        self.replica = Replica(
            self.genesis, PadKind.TEXT, ring.newest_keys, self.store, profile, rng=self.rng, ring=ring
        )
        writer = self.replica.writer
        self.view = ViewDocument(
            client_id=writer.client_id if writer else 7,
            kind=PadKind.TEXT,
            state=self.replica.canonical_state(),
        )
        for update in self.replica.queue.pending_updates():
            self.view.apply(update)
        self.connect()

    def connect(self) -> None:
        self.client: DeskClient = self.table.desk.connect()

    def play(self, flow: flows.Flow[T]) -> T:
        try:
            request = next(flow)
            while True:
                answer = self.client.ask(request.op, request.body)
                if answer.op == Op.ERR:
                    error = frames.Error.decode(answer.body)
                    request = flow.throw(Refused(error.code, error.retry_ms))
                else:
                    request = flow.send(answer.body)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def arrive(self, *, now_ms: int = 0) -> None:
        """A fresh connection, and everything that the log holds."""
        self.connect()
        flow = flows_arrive.arrive(
            self.replica, self.client.greeting, uploaded=False, rng=self.rng, now_ms=now_ms
        )
        connected, _ = self.play(flow)
        try:
            self.play(flows.join(self.replica, connected, Pin(0, b""), load_here))
        finally:
            self.show(self.replica.take_folded())

    def show(self, folded: list[Folded]) -> None:
        for item in folded:
            for update in item.updates:
                self.view.apply(update)
        self.view.apply(self.replica.canonical_state())

    def type(self, text: str) -> None:
        end = self.view.lines.end
        self.view.replace(end, end, text)
        assert self.replica.writer
        self.store.append_journal(self.replica.writer.pk, self.view.take_updates())

    def send(self) -> Code:
        """Seal what waits, as the engine does, and send it; then fold it."""
        queue = self.replica.queue
        result = queue.seal_pending()
        if result in (SealResult.REMAKE, SealResult.RENEW):
            self.remake(with_outbox=result is SealResult.RENEW)
            queue.seal_pending()
        sent = self.play(flows.send(self.replica, self.store.outbox()))
        if sent.code is Code.OK:
            self.play(flows_epoch.settle(self.replica, self.client.greeting, rng=self.rng))
            self.show(self.replica.take_folded())
        return sent.code

    def remake(self, *, with_outbox: bool) -> None:
        journal_ids, outbox_ids = self.replica.queue.remake_ids(with_outbox=with_outbox)
        writer = self.replica.writer
        if with_outbox or writer is None or writer.epoch < self.replica.fold.epoch:
            writer = self.replica.queue.renew_writer()
        assert writer is not None
        canonical = self.replica.canonical_state()
        self.view.apply(canonical)
        self.view.rebase(canonical, writer.client_id)
        self.store.replace_pending(
            journal_ids=journal_ids,
            outbox_ids=outbox_ids,
            writer_pk=writer.pk,
            updates=self.view.take_updates(),
        )

    def write(self, text: str) -> None:
        self.arrive()
        self.type(text)
        assert self.send() is Code.OK

    def rotate(self, *members: Kept, history: bool = True, snapshot: bool = True) -> EpochRecord:
        """As the owner: another epoch for these, and its first snapshot."""
        self.arrive()
        plan = Plan(members, history)
        greeting = self.client.greeting
        record = self.play(flows_epoch.rotate(self.replica, OWNER_ROOT, plan, greeting, rng=self.rng))
        self.show(self.replica.take_folded())
        if snapshot:
            self.snapshot()
        return record

    def snapshot(self) -> None:
        self.arrive()
        made = make_snapshot(self.replica.fold, rng=self.rng)
        entries = flows.snapshot_entries(self.replica, made)
        assert self.play(flows.send_snapshot(self.replica, made, entries))
        self.arrive()

    def kept(self, role: Role = Role.EDIT) -> Kept:
        return Kept(self.identity.public, role)

    def link(self, *, view: bool = False) -> tuple[int, ViewKeys]:
        ring = self.replica.ring
        keys = ring.newest_keys
        return ring.newest, ViewKeys(keys.view_seed) if view else keys

    def text(self) -> str:
        return self.view.text()

    def canonical(self) -> str:
        return self.replica.fold.document.text()
