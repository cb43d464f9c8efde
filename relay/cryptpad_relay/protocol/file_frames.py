"""The frames about files (docs/wire.md): announced, looked up, deleted. Their chunks travel as all chunks.

The relay sees sizes, ids and signatures, never a name, a type or a content.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Malformed, Oversized
from cryptpad_relay.protocol.frames import MAX_CHUNK_BYTES
from cryptpad_relay.protocol.labels import u8, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader

MAX_FILE_CHUNKS: Final = 16_641
"""4 GiB in pieces of 256 KiB with their padding, and the manifest."""
MIN_FILE_CHUNK_BYTES: Final = 256
"""Chunks are sealed from at least so much; a list of smaller ones would cost more than what it names."""
_SIGNATURE_BYTES: Final = 64


class FilePut(NamedTuple):
    """The body of FILE_PUT: the chunks of a file, the manifest (whose id is the file's) among them."""

    pad_id: bytes
    epoch: int
    file_id: bytes
    signature: bytes
    chunks: tuple[ChunkRef, ...]

    @property
    def listed(self) -> bytes:
        """The list as it is signed."""
        return u16(len(self.chunks)) + b"".join([u32(each.size) + each.chunk_id for each in self.chunks])

    def signed_parts(self) -> tuple[bytes, ...]:
        return self.pad_id, u32(self.epoch), self.file_id, self.listed

    def encode(self) -> bytes:
        return self.pad_id + u32(self.epoch) + self.file_id + self.signature + self.listed

    @classmethod
    def decode(cls, body: bytes) -> FilePut:
        reader = Reader(body)
        head = reader.take(32), reader.u32(), reader.take(32), reader.take(_SIGNATURE_BYTES)
        count = reader.u16()
        if count > MAX_FILE_CHUNKS:
            raise Oversized("number of chunks")
        chunks = tuple([ChunkRef(reader.u32(), reader.take(32)) for _ in range(count)])
        reader.end()
        if not all(MIN_FILE_CHUNK_BYTES <= chunk.size <= MAX_CHUNK_BYTES for chunk in chunks):
            raise Malformed("chunk size")
        ids = {chunk.chunk_id for chunk in chunks}
        if len(ids) != count or head[2] not in ids:
            raise Malformed("chunks of a file")
        return cls(*head, chunks)


class FileRoom(NamedTuple):
    """The answer to FILE_PUT: what the pad's files take, what they may take, and which chunks are here."""

    used: int
    allowed: int
    here: tuple[bool, ...]
    """In the order of the list."""

    def encode(self) -> bytes:
        bits = bytearray((len(self.here) + 7) // 8)
        for at, here in enumerate(self.here):
            bits[at // 8] |= here << at % 8
        return u64(self.used) + u64(self.allowed) + u16(len(self.here)) + bytes(bits)

    @classmethod
    def decode(cls, body: bytes) -> FileRoom:
        reader = Reader(body)
        used, allowed, count = reader.u64(), reader.u64(), reader.u16()
        bits = reader.take((count + 7) // 8)
        reader.end()
        return cls(used, allowed, tuple([bool(bits[at // 8] >> at % 8 & 1) for at in range(count)]))


class FileDropped(NamedTuple):
    """The body of FILE_DROP."""

    pad_id: bytes
    file_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        return self.pad_id + self.file_id + self.signature

    @classmethod
    def decode(cls, body: bytes) -> FileDropped:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(32), reader.take(_SIGNATURE_BYTES))
        reader.end()
        return value


class FileFound(NamedTuple):
    """The answer to FILE_LOOK. `state`: 0 not here, 1 in part, 2 whole, 3 deleted by its owner."""

    state: int
    missing: int
    used: int
    allowed: int
    tombstone: bytes = bytes(_SIGNATURE_BYTES)

    def encode(self) -> bytes:
        return u8(self.state) + u16(self.missing) + u64(self.used) + u64(self.allowed) + self.tombstone

    @classmethod
    def decode(cls, body: bytes) -> FileFound:
        reader = Reader(body)
        state = reader.u8()
        if state > 3:
            raise Malformed("state of a file")
        value = cls(state, reader.u16(), reader.u64(), reader.u64(), reader.take(_SIGNATURE_BYTES))
        reader.end()
        return value
