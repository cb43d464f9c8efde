"""The frames of docs/wire.md as values: one class a form, `decode` of a body and `encode`.

A frame is `op u8 | req u32 | body`. Decoding raises Malformed for every byte string that is not exactly one
frame of the page; counts and lengths are checked against limits before anything is read. The forms are named
tuples: every start of a client makes these classes, and a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from cryptpad_relay.protocol.chain import MAX_PROOF_STEPS, SignedHead, Step
from cryptpad_relay.protocol.entry import MAX_ENTRY_BYTES
from cryptpad_relay.protocol.errors import Code, Malformed, Oversized
from cryptpad_relay.protocol.labels import u16, u32, u64
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.records import GENESIS_BYTES

WIRE_VERSION: Final = 1
MAX_MESSAGE: Final = 1_048_576
MAX_BODY: Final = 1_048_560
MAX_CHUNK_BYTES: Final = 1_048_000
MAX_APPEND_ENTRIES: Final = 1_024
MAX_WATCH: Final = 10_000
MAX_TABLE_BYTES: Final = 16 * 2**20
"""A SNAPSHOT that names more writers (about 95,000) is refused, and the pad works without."""
HEADER: Final = struct.Struct(">BI")
REPLY_BIT: Final = 0x80
REFUSED_TICKET_N: Final = 2**64 - 1
ENTRY_ID_BYTES: Final = 32


class Op(IntEnum):
    GREETING = 0x00
    CREATE = 0x01
    SUB = 0x02
    APPEND = 0x03
    FETCH = 0x04
    BRIDGE = 0x05
    CHUNK_PUT = 0x06
    CHUNK_GET = 0x07
    PRES = 0x08
    OWNER_REC = 0x09
    FREEZE = 0x0A
    RESTORE = 0x0B
    STH = 0x0C
    WATCH = 0x0D
    LOOKUP = 0x0E
    UNSUB = 0x0F
    MBOX_BIND = 0x10
    MBOX_PUT = 0x11
    MBOX_FETCH = 0x12
    MBOX_DROP = 0x13
    MBOX_CLOSE = 0x14
    TABLE = 0x15
    ARRIVE = 0x16
    BRING = 0x17
    LOGIN_GET = 0x18
    LOGIN_PUT = 0x19
    LOGIN_MOVE = 0x1A
    LOGIN_DROP = 0x1B
    FILE_PUT = 0x20
    FILE_LOOK = 0x21
    FILE_DROP = 0x22
    MEET_OPEN = 0x30
    MEET_JOIN = 0x31
    MEET_SEND = 0x32
    MEET_END = 0x33
    COMMIT = 0x40
    PRESENCE = 0x41
    HEAD = 0x42
    SIGNED = 0x43
    MET = 0x44
    MAIL = 0x45
    ERR = 0xFF


class Frame(NamedTuple):
    """A frame whose body is not parsed yet. `op` is the raw number: replies have bit 7 set."""

    op: int
    req: int
    body: bytes


def split_frame(message: bytes) -> Frame:
    """The header of a message; raises Malformed."""
    if not HEADER.size <= len(message) <= HEADER.size + MAX_BODY:
        raise Malformed("frame size")
    op, req = HEADER.unpack_from(message)
    return Frame(op, req, message[HEADER.size :])


def join_frame(op: int, req: int, body: bytes = b"") -> bytes:
    return HEADER.pack(op, req) + body


class PadHead(NamedTuple):
    """A position of a pad's log and the chain's head there."""

    n: int
    head: bytes


class Greeting(NamedTuple):
    relay_pk: bytes
    relay_nonce: bytes
    max_body: int = MAX_BODY
    max_entry: int = MAX_ENTRY_BYTES
    max_chunk: int = MAX_CHUNK_BYTES
    max_append: int = MAX_APPEND_ENTRIES
    max_watch: int = MAX_WATCH

    def encode(self) -> bytes:
        limits = struct.pack(
            ">IIIHH", self.max_body, self.max_entry, self.max_chunk, self.max_append, self.max_watch
        )
        return u16(WIRE_VERSION) + self.relay_pk + self.relay_nonce + limits

    @classmethod
    def decode(cls, body: bytes) -> Greeting:
        reader = Reader(body)
        if reader.u16() != WIRE_VERSION:
            raise Malformed("wire version")
        greeting = cls(
            reader.take(32),
            reader.take(32),
            reader.u32(),
            reader.u32(),
            reader.u32(),
            reader.u16(),
            reader.u16(),
        )
        reader.end()
        return greeting


class Create(NamedTuple):
    genesis: bytes

    def encode(self) -> bytes:
        return self.genesis

    @classmethod
    def decode(cls, body: bytes) -> Create:
        if len(body) != GENESIS_BYTES:
            raise Malformed("genesis size")
        return cls(body)


class Sub(NamedTuple):
    pad_id: bytes
    epoch: int
    signature: bytes
    have_n: int
    have_head: bytes
    challenge: bytes

    def encode(self) -> bytes:
        proof = self.pad_id + u32(self.epoch) + self.signature
        return proof + u64(self.have_n) + self.have_head + self.challenge

    @classmethod
    def decode(cls, body: bytes) -> Sub:
        reader = Reader(body)
        sub = cls(
            reader.take(32), reader.u32(), reader.take(64), reader.u64(), reader.take(32), reader.take(16)
        )
        reader.end()
        return sub


class Subscribed(NamedTuple):
    n: int
    head: bytes
    unix_ms: int
    signature: bytes
    snapshot_n: int
    hello_n: int
    ticket: bytes

    def encode(self) -> bytes:
        end = u64(self.n) + self.head + u64(self.unix_ms) + self.signature
        return end + u64(self.snapshot_n) + u64(self.hello_n) + self.ticket

    @classmethod
    def decode(cls, body: bytes) -> Subscribed:
        reader = Reader(body)
        reply = cls(
            reader.u64(),
            reader.take(32),
            reader.u64(),
            reader.take(64),
            reader.u64(),
            reader.u64(),
            reader.take(16),
        )
        reader.end()
        return reply


class Append(NamedTuple):
    entries: tuple[bytes, ...]

    def encode(self) -> bytes:
        return _encode_entries(self.entries)

    @classmethod
    def decode(cls, body: bytes) -> Append:
        reader = Reader(body)
        entries = _decode_entries(reader)
        if not entries:
            raise Malformed("no entries")
        if len(entries) > MAX_APPEND_ENTRIES:
            raise Oversized("number of entries")
        return cls(entries)


class Appended(NamedTuple):
    positions: tuple[PadHead, ...]
    code: Code = Code.OK
    retry_ms: int = 0

    def encode(self) -> bytes:
        heads = b"".join([u64(n) + head for n, head in self.positions])
        return u16(len(self.positions)) + heads + u16(self.code) + u32(self.retry_ms)

    @classmethod
    def decode(cls, body: bytes) -> Appended:
        reader = Reader(body)
        positions = tuple([PadHead(reader.u64(), reader.take(32)) for _ in range(reader.u16())])
        code, retry_ms = _decode_code(reader)
        reader.end()
        return cls(positions, code, retry_ms)


class Fetch(NamedTuple):
    pad_id: bytes
    after_n: int
    limit: int

    def encode(self) -> bytes:
        return self.pad_id + u64(self.after_n) + u32(self.limit)

    @classmethod
    def decode(cls, body: bytes) -> Fetch:
        reader = Reader(body)
        fetch = cls(reader.take(32), reader.u64(), reader.u32())
        reader.end()
        return fetch


class Fetched(NamedTuple):
    first_n: int
    head: bytes
    entries: tuple[bytes, ...]

    def encode(self) -> bytes:
        return u64(self.first_n) + self.head + _encode_entries(self.entries)

    @classmethod
    def decode(cls, body: bytes) -> Fetched:
        reader = Reader(body)
        return cls(reader.u64(), reader.take(32), _decode_entries(reader))


class Bridge(NamedTuple):
    pad_id: bytes
    from_n: int
    to_n: int

    def encode(self) -> bytes:
        return self.pad_id + u64(self.from_n) + u64(self.to_n)

    @classmethod
    def decode(cls, body: bytes) -> Bridge:
        reader = Reader(body)
        bridge = cls(reader.take(32), reader.u64(), reader.u64())
        reader.end()
        return bridge


class Bridged(NamedTuple):
    steps: tuple[Step, ...]

    def encode(self) -> bytes:
        return u16(len(self.steps)) + b"".join([b"".join(step) for step in self.steps])

    @classmethod
    def decode(cls, body: bytes) -> Bridged:
        reader = Reader(body)
        count = reader.u16()
        if count > MAX_PROOF_STEPS:
            raise Malformed("proof too long")
        steps = tuple([Step(reader.take(32), reader.take(32), reader.take(32)) for _ in range(count)])
        reader.end()
        return cls(steps)


class ChunkPut(NamedTuple):
    pad_id: bytes
    chunk: bytes

    def encode(self) -> bytes:
        return self.pad_id + self.chunk

    @classmethod
    def decode(cls, body: bytes) -> ChunkPut:
        reader = Reader(body)
        pad_id = reader.take(32)
        if not reader.remaining:
            raise Malformed("empty chunk")
        if reader.remaining > MAX_CHUNK_BYTES:
            raise Oversized("chunk size")
        return cls(pad_id, reader.take(reader.remaining))


class PadAndHash(NamedTuple):
    """The body of CHUNK_GET (a chunk id) and LOOKUP (an entry id)."""

    pad_id: bytes
    hash: bytes

    def encode(self) -> bytes:
        return self.pad_id + self.hash

    @classmethod
    def decode(cls, body: bytes) -> PadAndHash:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(32))
        reader.end()
        return value


class TablePart(NamedTuple):
    """The body of TABLE: a snapshot's table from a byte on."""

    pad_id: bytes
    table_id: bytes
    start: int

    def encode(self) -> bytes:
        return self.pad_id + self.table_id + u32(self.start)

    @classmethod
    def decode(cls, body: bytes) -> TablePart:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(32), reader.u32())
        reader.end()
        return value


class TableGiven(NamedTuple):
    """The answer to TABLE: how long all of it is, and what of it fits this answer."""

    size: int
    part: bytes

    def encode(self) -> bytes:
        return u32(self.size) + self.part

    @classmethod
    def decode(cls, body: bytes) -> TableGiven:
        reader = Reader(body)
        size = reader.u32()
        if size > MAX_TABLE_BYTES or not 0 < reader.remaining <= min(size, MAX_CHUNK_BYTES):
            raise Malformed("table size")
        return cls(size, reader.take(reader.remaining))


class Found(NamedTuple):
    """The answer to LOOKUP."""

    n: int
    entry: bytes

    def encode(self) -> bytes:
        return u64(self.n) + self.entry

    @classmethod
    def decode(cls, body: bytes) -> Found:
        reader = Reader(body)
        n = reader.u64()
        return cls(n, reader.take(reader.remaining))


class OwnerRec(NamedTuple):
    pad_id: bytes
    epoch: int
    signature: bytes

    def encode(self) -> bytes:
        return self.pad_id + u32(self.epoch) + self.signature

    @classmethod
    def decode(cls, body: bytes) -> OwnerRec:
        reader = Reader(body)
        value = cls(reader.take(32), reader.u32(), reader.take(64))
        reader.end()
        return value


class OwnerRecords(NamedTuple):
    genesis: bytes
    records: tuple[bytes, ...]

    def encode(self) -> bytes:
        return u32(len(self.genesis)) + self.genesis + _encode_entries(self.records)

    @classmethod
    def decode(cls, body: bytes) -> OwnerRecords:
        reader = Reader(body)
        return cls(reader.sized(GENESIS_BYTES), _decode_entries(reader))


class SthRequest(NamedTuple):
    pad_id: bytes
    challenge: bytes

    def encode(self) -> bytes:
        return self.pad_id + self.challenge

    @classmethod
    def decode(cls, body: bytes) -> SthRequest:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(16))
        reader.end()
        return value


class SthReply(NamedTuple):
    n: int
    head: bytes
    unix_ms: int
    signature: bytes

    def encode(self) -> bytes:
        return u64(self.n) + self.head + u64(self.unix_ms) + self.signature

    @classmethod
    def decode(cls, body: bytes) -> SthReply:
        reader = Reader(body)
        value = cls(reader.u64(), reader.take(32), reader.u64(), reader.take(64))
        reader.end()
        return value


class Ticket(NamedTuple):
    pad_id: bytes
    ticket: bytes


class Watch(NamedTuple):
    tickets: tuple[Ticket, ...]

    def encode(self) -> bytes:
        return u16(len(self.tickets)) + b"".join([b"".join(ticket) for ticket in self.tickets])

    @classmethod
    def decode(cls, body: bytes) -> Watch:
        reader = Reader(body)
        count = reader.u16()
        if count > MAX_WATCH:
            raise Oversized("too many pads watched")
        tickets = tuple([Ticket(reader.take(32), reader.take(16)) for _ in range(count)])
        reader.end()
        return cls(tickets)


class Watched(NamedTuple):
    heads: tuple[PadHead, ...]

    def encode(self) -> bytes:
        return u16(len(self.heads)) + b"".join([u64(n) + head for n, head in self.heads])

    @classmethod
    def decode(cls, body: bytes) -> Watched:
        reader = Reader(body)
        heads = tuple([PadHead(reader.u64(), reader.take(32)) for _ in range(reader.u16())])
        reader.end()
        return cls(heads)


class Commit(NamedTuple):
    pad_id: bytes
    first_n: int
    head: bytes
    entries: tuple[bytes, ...]
    """Whole entries; one of 32 bytes is the id of an entry that this connection appended."""

    def encode(self) -> bytes:
        return self.pad_id + u64(self.first_n) + self.head + _encode_entries(self.entries)

    @classmethod
    def decode(cls, body: bytes) -> Commit:
        reader = Reader(body)
        return cls(reader.take(32), reader.u64(), reader.take(32), _decode_entries(reader))


class Head(NamedTuple):
    pad_id: bytes
    n: int
    head: bytes

    def encode(self) -> bytes:
        return self.pad_id + u64(self.n) + self.head

    @classmethod
    def decode(cls, body: bytes) -> Head:
        reader = Reader(body)
        value = cls(reader.take(32), reader.u64(), reader.take(32))
        reader.end()
        return value


def encode_signed_head(signed: SignedHead) -> bytes:
    body = signed.pad_id + u64(signed.n) + signed.head + u64(signed.unix_ms)
    return body + signed.challenge + signed.signature


def decode_signed_head(body: bytes) -> SignedHead:
    reader = Reader(body)
    signed = SignedHead(
        reader.take(32), reader.u64(), reader.take(32), reader.u64(), reader.take(16), reader.take(64)
    )
    reader.end()
    return signed


class Error(NamedTuple):
    code: Code
    retry_ms: int = 0

    def encode(self) -> bytes:
        return u16(self.code) + u32(self.retry_ms)

    @classmethod
    def decode(cls, body: bytes) -> Error:
        reader = Reader(body)
        code, retry_ms = _decode_code(reader)
        reader.end()
        return cls(code, retry_ms)


def _decode_code(reader: Reader) -> tuple[Code, int]:
    number, retry_ms = reader.u16(), reader.u32()
    try:
        return Code(number), retry_ms
    except ValueError:
        raise Malformed("error code") from None


def _encode_entries(entries: tuple[bytes, ...]) -> bytes:
    parts = [u16(len(entries))]
    for entry in entries:
        parts += (u32(len(entry)), entry)
    return b"".join(parts)


def _decode_entries(reader: Reader) -> tuple[bytes, ...]:
    entries = tuple([reader.sized(MAX_ENTRY_BYTES) for _ in range(reader.u16())])
    reader.end()
    return entries
