"""Files beside a pad's text: cut, sealed and opened by pieces (docs/wire.md, Files). Sans-IO.

Each file has a fresh key. A sealed manifest names the pieces by hash, and its own hash is the file's id, so
the text that carries the id fixes every byte. A piece opens at its own place alone: nothing can be cut off,
exchanged or put in another order. No more than one piece is ever in memory here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.file_frames import MAX_FILE_CHUNKS
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u8, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.sealing import (
    SEAL_OVERHEAD,
    RandomBytes,
    open_sealed,
    pad,
    padded_length,
    seal,
    unpad,
)
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.evidence import shown_piece

PIECE_BYTES: Final = 262_144
MAX_OBJECT_BYTES: Final = 4 * 2**30
KEY_BYTES: Final = 32
MANIFEST_KIND: Final = 0x16
PIECE_KIND: Final = 0x17
_REFERENCE_BYTES: Final = 36

Read = Callable[[int], bytes]


class ObjectTooLarge(Exception):
    """The file is larger than 4 GiB, which pads do not carry. Nothing was sent; split it."""


class FileChanged(Exception):
    """The file changed while it was read. Nothing was sent; try again when nobody writes to it."""


class FileBroken(Exception):
    """What the pad says about this file does not fit its bytes, so it cannot be opened. Whoever attached it
    may attach it again."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """What a pad says about a file: with it, and with its chunks, the file can be read."""

    file_id: bytes
    key: bytes = field(repr=False)
    size: int
    name: str = field(repr=False)
    mime: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The pieces of a file, in order."""

    size: int
    pieces: tuple[ChunkRef, ...]

    def encode(self) -> bytes:
        listed = b"".join([u32(each.size) + each.chunk_id for each in self.pieces])
        return u8(1) + u64(self.size) + u16(len(self.pieces)) + listed

    @classmethod
    def decode(cls, raw: bytes) -> Manifest:
        """Raises Malformed."""
        reader = Reader(raw)
        version, size, count = reader.u8(), reader.u64(), reader.u16()
        if version != 1 or size > MAX_OBJECT_BYTES or count != piece_count(size):
            raise Malformed("manifest")
        if reader.remaining != count * _REFERENCE_BYTES:
            raise Malformed("manifest size")
        return cls(size, tuple([ChunkRef(reader.u32(), reader.take(32)) for _ in range(count)]))


def piece_count(size: int) -> int:
    return -(-padded_length(size + 1) // PIECE_BYTES)


def piece_bytes(size: int, index: int) -> int:
    """How long the piece is, with its padding."""
    return min(PIECE_BYTES, padded_length(size + 1) - index * PIECE_BYTES)


class Sealer:
    """Seals one file of a known size; `pieces`, then `manifest`, give its chunks in order."""

    def __init__(self, pad_id: bytes, key: bytes, size: int, *, rng: RandomBytes) -> None:
        if size > MAX_OBJECT_BYTES:
            raise ObjectTooLarge
        self._pad_id, self._key, self._size, self._rng = pad_id, key, size, rng
        self.references: list[ChunkRef] = []

    def pieces(self, read: Read) -> Iterator[bytes]:
        """`read` gives up to so many bytes, nothing at the end; raises FileChanged if they are not `size`."""
        count = piece_count(self._size)
        for index in range(count):
            piece = self._padded(read, index)
            aad = _aad(PIECE_KIND, self._pad_id, self._size, index, count)
            chunk = seal(self._key, aad, piece, rng=self._rng)
            self.references.append(ChunkRef(len(chunk), chunk_id_of(chunk)))
            yield chunk
        if read(1):
            raise FileChanged

    def _padded(self, read: Read, index: int) -> bytes:
        length, start = piece_bytes(self._size, index), index * PIECE_BYTES
        wanted = max(0, min(length, self._size - start))
        parts, left = list[bytes](), wanted
        while left and (part := read(left)):
            parts.append(part)
            left -= len(part)
        if left:
            raise FileChanged
        return b"".join(parts) + _padding(self._size, start + wanted, length - wanted)

    def manifest(self) -> bytes:
        """The last chunk; its id is the file's."""
        raw = Manifest(self._size, tuple(self.references)).encode()
        return seal(self._key, _aad(MANIFEST_KIND, self._pad_id, self._size, 0, 1), pad(raw), rng=self._rng)


def open_manifest(pad_id: bytes, ref: FileRef, chunk: bytes) -> Manifest:
    """Raises Alarm where a relay gave other bytes, FileBroken where the pad says something else."""
    check_bytes(chunk, ref.file_id, None)
    try:
        raw = open_sealed(ref.key, _aad(MANIFEST_KIND, pad_id, ref.size, 0, 1), chunk)
        manifest = Manifest.decode(unpad(raw))
    except (CryptoError, Malformed, ValueError) as error:
        raise FileBroken from error
    if manifest.size != ref.size or len(manifest.pieces) + 1 > MAX_FILE_CHUNKS:
        raise FileBroken
    return manifest


def open_piece(pad_id: bytes, ref: FileRef, manifest: Manifest, index: int, chunk: bytes) -> bytes:
    """The content of one piece, without padding; raises as `open_manifest` does."""
    named = manifest.pieces[index]
    check_bytes(chunk, named.chunk_id, named.size)
    aad = _aad(PIECE_KIND, pad_id, ref.size, index, len(manifest.pieces))
    try:
        piece = open_sealed(ref.key, aad, chunk)
    except CryptoError as error:
        raise FileBroken from error
    start, length = index * PIECE_BYTES, piece_bytes(ref.size, index)
    wanted = max(0, min(length, ref.size - start))
    if len(piece) != length or piece[wanted:] != _padding(ref.size, start + wanted, length - wanted):
        raise FileBroken
    return piece[:wanted]


def check_bytes(chunk: bytes, chunk_id: bytes, size: int | None) -> None:
    """A chunk must be the bytes that its id names; raises Alarm."""
    if (size is not None and len(chunk) != size) or not compare_digest(chunk_id_of(chunk), chunk_id):
        said = shown_piece(Op.CHUNK_GET | 0x80, chunk)
        raise Alarm(AlarmCode.BAD_ENTRY, "other bytes than the file's id names", evidence=(said,))


def chunk_spans(size: int) -> Iterator[tuple[int, int]]:
    """(offset, length) of each sealed piece where all lie one after the other."""
    at = 0
    for index in range(piece_count(size)):
        length = piece_bytes(size, index) + SEAL_OVERHEAD
        yield at, length
        at += length


def _padding(size: int, at: int, length: int) -> bytes:
    """The padding's bytes from position `at` of the padded content on."""
    if not length:
        return b""
    return b"\x80" + bytes(length - 1) if at == size else bytes(length)


def _aad(kind: int, pad_id: bytes, size: int, index: int, count: int) -> bytes:
    """What a chunk is bound to: its pad, the file's size, its place."""
    return b"PAD1" + u8(kind) + u8(1) + u16(0) + pad_id + u64(size) + u32(index) + u32(count)
