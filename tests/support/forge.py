"""Makes what honest and dishonest clients send, with random bytes for ciphertext: a relay cannot tell.

Signatures, certificates, chain positions and frames are real. Everything comes from one seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cryptpad_relay.data_dir import RelayKeys
from cryptpad_relay.derived import snapshot_table
from cryptpad_relay.hub import Hub
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.entry import (
    ChunkRef,
    Kind,
    SnapshotExtension,
    entry_id_of,
    header_bytes,
    presence_id_of,
    writer_cert_parts,
)
from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.protocol.frames import Frame, Op, PadHead, join_frame, split_frame
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.records import UNBOUND, genesis_body, pad_id_of, void_body
from cryptpad_relay.session import Session
from cryptpad_relay.store.base import Store

SEALED_BYTES = 24 + 32 + 256 + 16
NO_ID = bytes(32)


class Forge:
    """Keys and pads from one seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)

    def bytes(self, size: int) -> bytes:
        return self.random.randbytes(size)

    def pad(self, relay_id: bytes = UNBOUND) -> ForgedPad:
        owner, cap, fetch = self.bytes(32), self.bytes(32), self.bytes(32)
        body = genesis_body(
            labels.public_key(owner),
            labels.public_key(cap),
            labels.public_key(fetch),
            self.bytes(16),
            relay_id,
            self.bytes(16),
        )
        genesis = body + labels.sign_parts(owner, labels.GENESIS, body)
        return ForgedPad(self, pad_id_of(body), genesis, cap, fetch, owner)

    def relay_keys(self) -> RelayKeys:
        return RelayKeys(self.bytes(32), self.bytes(32))


@dataclass(slots=True)
class ForgedPad:
    forge: Forge
    pad_id: bytes
    genesis: bytes
    cap_seed: bytes
    fetch_seed: bytes
    owner_seed: bytes = b""
    epoch: int = 0

    @property
    def start(self) -> PadHead:
        return PadHead(0, chain_start(self.pad_id))

    def writer(self) -> ForgedWriter:
        return ForgedWriter(self, self.forge.bytes(32))

    def proof(self, nonce: bytes, relay_pk: bytes, epoch: int | None = None) -> bytes:
        epoch = self.epoch if epoch is None else epoch
        return labels.sign_parts(self.fetch_seed, labels.SUBSCRIBE, self.pad_id, u32(epoch), nonce, relay_pk)

    def void(self, target_n: int, target_id: bytes, previous: bytes | None = None, **wrong: bytes) -> bytes:
        """A VOID record; `previous` is the pad id where it is the first."""
        body = void_body(self.pad_id, self.epoch, previous or self.pad_id, target_n, target_id)
        return body + labels.sign_parts(wrong.get("sign_with", self.owner_seed), labels.VOID, body)

    def presence(self, session_seed: bytes, counter: int, kind: Kind = Kind.PRESENCE) -> bytes:
        sealed = self.forge.bytes(SEALED_BYTES)
        public = labels.public_key(session_seed)
        header = header_bytes(kind, self.pad_id, 0, public, counter, NO_ID, 0, NO_ID, len(sealed))
        signed = header + sealed
        return signed + labels.sign_parts(session_seed, labels.PRESENCE_SIGNATURE, presence_id_of(signed))


@dataclass(slots=True)
class ForgedWriter:
    """A writer that keeps its own seq and prev; `entry` takes overrides for what a test wants wrong."""

    pad: ForgedPad
    seed: bytes
    seq: int = 0
    prev: bytes = NO_ID
    public: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.public = labels.public_key(self.seed)

    def hello(self, base: PadHead, **wrong: object) -> bytes:
        parts = writer_cert_parts(self.pad.pad_id, self.pad.epoch, self.public)
        cert = labels.sign_parts(self.pad.cap_seed, labels.CERT, *parts)
        return self.entry(base, Kind.HELLO, clear=cert, **wrong)

    def update(self, base: PadHead, **wrong: object) -> bytes:
        return self.entry(base, Kind.UPDATE, **wrong)

    def snapshot(
        self,
        base: PadHead,
        replaces: PadHead,
        table: bytes,
        chunks: list[bytes],
        *,
        flags: int = 0,
        **wrong: object,
    ) -> bytes:
        extension = SnapshotExtension(
            replaces.n,
            replaces.head,
            NO_ID,
            flags,
            self.pad.forge.bytes(16),
            labels.hash_parts(labels.CHUNK, table),
            tuple([ChunkRef(len(chunk), labels.hash_parts(labels.CHUNK, chunk)) for chunk in chunks]),
        )
        return self.entry(base, Kind.SNAPSHOT, clear=extension.encode(), **wrong)

    def entry(
        self,
        base: PadHead,
        kind: Kind,
        *,
        clear: bytes = b"",
        sealed: bytes | None = None,
        pad_id: bytes | None = None,
        epoch: int | None = None,
        seq: int | None = None,
        prev: bytes | None = None,
        sign_with: bytes | None = None,
        remember: bool = True,
    ) -> bytes:
        body = clear + (self.pad.forge.bytes(SEALED_BYTES) if sealed is None else sealed)
        signed = (
            header_bytes(
                kind,
                self.pad.pad_id if pad_id is None else pad_id,
                self.pad.epoch if epoch is None else epoch,
                self.public,
                self.seq if seq is None else seq,
                self.prev if prev is None else prev,
                base.n,
                base.head,
                len(body),
            )
            + body
        )
        entry_id = entry_id_of(signed)
        if remember:
            self.seq, self.prev = self.seq + 1, entry_id
        return signed + labels.sign_parts(sign_with or self.seed, labels.ENVELOPE, entry_id)


class RecordingPeer:
    """A Peer that keeps what it is sent."""

    def __init__(self) -> None:
        self.ready = True
        self.frames: list[Frame] = []
        self.close_code: CloseCode | None = None
        self.woken = False

    def send(self, *sent: bytes) -> None:
        self.frames += [split_frame(frame) for frame in sent]

    def close(self, code: CloseCode) -> None:
        self.close_code = code

    def wake(self) -> None:
        self.woken = True

    def take(self) -> list[Frame]:
        taken, self.frames = self.frames, []
        return taken


class Desk:
    """A hub over a store, with a clock that stands still unless told otherwise."""

    def __init__(
        self, store: Store, forge: Forge, *, limits: Limits | None = None, hub_type: type[Hub] = Hub
    ) -> None:
        self.forge = forge
        self.now = 1_000.0
        self.unix_s = 1_700_000_000.0
        self.keys = forge.relay_keys()
        self.hub = hub_type(
            store, self.keys, wall=lambda: self.unix_s, random_bytes=forge.bytes, limits=limits
        )

    def commit(self) -> bool:
        """One batch made durable; whether there was one."""
        batch = self.hub.take_batch(self.now)
        if batch is None:
            return False
        self.hub.store.write(batch.rows)
        self.hub.store.sync()
        self.hub.committed(self.now)
        return True

    def connect(self, address: str = "somewhere") -> DeskClient:
        return DeskClient(self, address)


class DeskClient:
    """The far end of one session, speaking frames."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk = desk
        self.peer = RecordingPeer()
        self.session = Session(desk.hub, self.peer, desk.now, address)
        self.greeting = frames.Greeting.decode(self.peer.take()[0].body)
        self.req = 0

    def say(self, op: int, body: bytes, req: int | None = None) -> None:
        """One message, and all the slices of work that it makes."""
        if req is None:
            self.req += 1
            req = self.req
        self.session.receive(join_frame(op, req, body), self.desk.now)
        self.work()

    def work(self) -> None:
        while self.peer.woken:
            self.peer.woken = False
            self.session.advance(self.desk.now)

    def ask(self, op: int, body: bytes) -> Frame:
        """The answer to one request, committed where it must be; what else arrives stays with the peer."""
        self.say(op, body)
        while self.desk.commit() or self.peer.woken:
            self.work()
        for frame in self.peer.frames:
            if frame.req == self.req:
                self.peer.frames.remove(frame)
                return frame
        raise AssertionError(f"no answer to {op:#x}; closed {self.peer.close_code}")

    def refusal(self, op: int, body: bytes) -> frames.Error:
        answer = self.ask(op, body)
        assert answer.op == Op.ERR, f"answered {answer.op:#x}"
        return frames.Error.decode(answer.body)

    def create(self, pad: ForgedPad) -> Frame:
        return self.ask(Op.CREATE, pad.genesis)

    def sub_body(self, pad: ForgedPad, challenge: bytes = bytes(16)) -> bytes:
        proof = pad.proof(self.greeting.relay_nonce, self.greeting.relay_pk)
        return frames.Sub(pad.pad_id, pad.epoch, proof, 0, pad.start.head, challenge).encode()

    def subscribe(self, pad: ForgedPad) -> frames.Subscribed:
        answer = self.ask(Op.SUB, self.sub_body(pad))
        assert answer.op == Op.SUB | 0x80, frames.Error.decode(answer.body)
        return frames.Subscribed.decode(answer.body)

    def append(self, *entries: bytes) -> frames.Appended:
        answer = self.ask(Op.APPEND, frames.Append(entries).encode())
        assert answer.op == Op.APPEND | 0x80, frames.Error.decode(answer.body)
        return frames.Appended.decode(answer.body)

    def pushes(self, op: Op) -> list[bytes]:
        """The bodies of the pushes of this op so far; the others are dropped."""
        return [frame.body for frame in self.peer.take() if frame.op == op]


def table_at(desk: Desk, pad: ForgedPad, n: int) -> bytes:
    row = desk.hub.store.find(pad.pad_id)
    assert row is not None
    return snapshot_table(desk.hub.store.pad_index(row), n)
