"""Pads without vaults or sockets: replicas on memory stores, and a relay that plays flows from a list.

`ListRelay` is honest; tests subclass it to lie. It keeps a tape of every request and reply.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.labels import public_key
from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_relay.protocol.records import record_kind
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, ViewKeys, edit_seed_of, make_genesis
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.asking import Job
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.fold import Folded
from cryptpad_tui.pad.outgoing import Profile
from cryptpad_tui.pad.replica import Replica
from support.memory_store import MemoryStore

T = TypeVar("T")
RELAY_SEED = bytes(range(100, 132))
OWNER_ROOT = bytes(range(32))


def seeded(seed: int) -> Callable[[int], bytes]:
    """Randomness that replays."""
    return random.Random(seed).randbytes


class Person:
    """A replica, its document and its store, as an engine would hold them."""

    def __init__(
        self, name: str, seed: int, *, view_only: bool = False, owner_root: bytes = OWNER_ROOT
    ) -> None:
        rng = seeded(seed)
        self.rng = rng
        edit_keys = EditKeys.from_seed(edit_seed_of(owner_root, 0))
        keys: ViewKeys = ViewKeys(edit_keys.view_seed) if view_only else edit_keys
        genesis = make_genesis(owner_root, PadKind.TEXT, rng=lambda size: bytes(size))
        self.store = MemoryStore()
        self.identity = SigningSeed(rng(32))
        profile = Profile(self.identity, name, bytes(3))
        self.replica = Replica(genesis, PadKind.TEXT, keys, self.store, profile, rng=rng)
        writer = self.replica.writer
        self.view = ViewDocument(client_id=writer.client_id if writer else 7, kind=PadKind.TEXT)

    def type(self, text: str, at: int | None = None) -> None:
        """Insert text at a character offset, or at the end, and journal it."""
        lines = self.view.lines
        place = lines.end if at is None else lines.position_at(at)
        self.view.replace(place, place, text)
        self.journal()

    def delete(self, start: int, end: int) -> None:
        lines = self.view.lines
        self.view.replace(lines.position_at(start), lines.position_at(end), "")
        self.journal()

    def journal(self) -> None:
        assert self.replica.writer
        self.store.append_journal(self.replica.writer.pk, self.view.take_updates())

    def show(self, folded: list[Folded]) -> None:
        for item in folded:
            for update in item.updates:
                self.view.apply(update)

    def sync(self, relay: ListRelay) -> None:
        """Send everything, then fold everything."""
        self.fetch(relay)
        while self.store.journal_rows:
            self.replica.queue.seal_pending()
            self.send(relay)
            self.fetch(relay)

    def send(self, relay: ListRelay) -> flows.Sent:
        return relay.play(flows.send(self.replica, self.store.outbox()))

    def fetch(self, relay: ListRelay) -> None:
        end = relay.end_for(self)
        self.show(relay.play(flows.catch_up(self.replica, *end)))

    def text(self) -> str:
        return self.view.text()

    def canonical(self) -> str:
        return self.replica.fold.document.text()

    def entry(self, *updates: bytes) -> bytes:
        """A signed UPDATE of this person's writer, whatever it holds."""
        assert self.replica.writer
        return self.replica.writer.update(self.replica.base(), updates).raw


class ListRelay:
    """A relay that is a list: enough of docs/wire.md to answer a flow."""

    def __init__(self, pad_id: bytes, genesis: bytes) -> None:
        self.pad_id = pad_id
        self.genesis = genesis
        self.entries: list[bytes] = []
        self.ids: list[bytes] = []
        self.heads = [chain.chain_start(pad_id)]
        self.records: list[bytes] = []
        self.chunks: dict[bytes, bytes] = {}
        self.tape: list[tuple[Op, bytes, bytes]] = []
        self.greeting = Greeting(public_key(RELAY_SEED), bytes(32))
        self.snapshot_n = self.hello_n = 0
        self.jobs = 0
        """Long work that a flow handed over, so that a thread may do it."""
        self.table_part = 100
        """Less than a row, so that every table takes several answers."""

    def append(self, raw: bytes) -> int:
        entry_id, n = id_of(raw), len(self.entries) + 1
        self.entries.append(raw)
        self.ids.append(entry_id)
        self.heads.append(chain.next_head(self.heads[-1], self.heads[n & (n - 1)], n, entry_id))
        if record_kind(raw) is not None:
            self.records.append(raw)
        elif parse_entry(raw).snapshot:
            self.snapshot_n, self.hello_n = n, n - 1
        return n

    def end_for(self, person: Person) -> tuple[int, bytes]:
        return len(self.entries), self.heads[-1]

    def play(self, flow: flows.Flow[T]) -> T:
        try:
            request = next(flow)
            while True:
                try:
                    reply = self.answer(request.op, request.body)
                except Refused as refused:
                    request = flow.throw(refused)
                else:
                    self.tape.append((request.op, request.body, reply))
                    self.jobs += isinstance(request, Job)
                    request = flow.send(reply)
        except StopIteration as stop:
            return stop.value

    def answer(self, op: Op, body: bytes) -> bytes:
        return getattr(self, f"on_{op.name.lower()}")(body)

    def on_fetch(self, body: bytes) -> bytes:
        fetch = frames.Fetch.decode(body)
        found = tuple(self.entries[fetch.after_n : fetch.after_n + fetch.limit])
        head = self.heads[fetch.after_n + len(found)]
        return frames.Fetched(fetch.after_n + 1, head, found).encode()

    def on_bridge(self, body: bytes) -> bytes:
        bridge = frames.Bridge.decode(body)
        steps = chain.make_proof(
            bridge.to_n, bridge.from_n, lambda n: self.heads[n], lambda n: self.ids[n - 1]
        )
        return frames.Bridged(tuple(steps)).encode()

    def on_append(self, body: bytes) -> bytes:
        positions = []
        for raw in frames.Append.decode(body).entries:
            entry_id = id_of(raw)
            n = self.ids.index(entry_id) + 1 if entry_id in self.ids else self.append(raw)
            positions.append(frames.PadHead(n, self.heads[n]))
        return frames.Appended(tuple(positions)).encode()

    def on_sub(self, body: bytes) -> bytes:
        sub = frames.Sub.decode(body)
        n = len(self.entries)
        signed = chain.sign_head(RELAY_SEED, self.pad_id, n, self.heads[n], 0, sub.challenge)
        return frames.Subscribed(
            n, self.heads[n], 0, signed.signature, self.snapshot_n, self.hello_n, bytes(16)
        ).encode()

    def on_owner_rec(self, body: bytes) -> bytes:
        return frames.OwnerRecords(self.genesis, tuple(self.records)).encode()

    def on_chunk_put(self, body: bytes) -> bytes:
        chunk = frames.ChunkPut.decode(body).chunk
        self.chunks[chunk_id_of(chunk)] = chunk
        return chunk_id_of(chunk)

    def on_chunk_get(self, body: bytes) -> bytes:
        wanted = frames.PadAndHash.decode(body).hash
        if wanted not in self.chunks:
            raise Refused(Code.NOT_FOUND)
        return self.chunks[wanted]

    def on_table(self, body: bytes) -> bytes:
        asked = frames.TablePart.decode(body)
        if asked.table_id not in self.chunks:
            raise Refused(Code.NOT_FOUND)
        table = self.chunks[asked.table_id]
        return frames.TableGiven(len(table), table[asked.start : asked.start + self.table_part]).encode()


def id_of(raw: bytes) -> bytes:
    return parse_entry(raw).entry_id if record_kind(raw) is None else parse_record(raw).entry_id


def relay_for(person: Person) -> ListRelay:
    return ListRelay(person.replica.pad_id, person.replica.genesis.raw)


def load_here(kind: PadKind, update: bytes, clocks: dict[int, int]) -> CanonicalDocument:
    return CanonicalDocument.from_snapshot(kind, update, clocks)
