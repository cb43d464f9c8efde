"""Sealed objects beside a pad's text (files, images): up and down by pieces, as flows.

An object is cut into pieces, each sealed for its place; a sealed manifest names them by hash. The object's id
is the manifest's chunk id, so that the text that carries the id fixes every byte of the object.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import keyed_hash, u8, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, pad, seal, unpad
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.flows import Flow, Request
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import check_chunk

PIECE_BYTES: Final = 262_144
MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
MANIFEST_KIND: Final = 0x16
PIECE_KIND: Final = 0x17
_SALT_BYTES: Final = 16
_REFERENCE_BYTES: Final = 36
_MAX_PIECES: Final = 2_048


class ObjectTooLarge(Exception):
    """The file is larger than 256 MiB, which pads do not carry. Nothing was sent."""


def put_object(replica: Replica, content: bytes, *, rng: RandomBytes) -> Flow[bytes]:
    """Bring an object to the relay; returns its 32-byte id."""
    if len(content) > MAX_OBJECT_BYTES:
        raise ObjectTooLarge
    salt, body = rng(_SALT_BYTES), pad(content)
    key = _key(replica, salt)
    pieces = [body[i : i + PIECE_BYTES] for i in range(0, len(body), PIECE_BYTES)]
    references = []
    for index, piece in enumerate(pieces):
        chunk = seal(key, _aad(replica, PIECE_KIND, salt, index, len(pieces)), piece, rng=rng)
        references.append(u32(len(chunk)) + (yield from _put(replica, chunk)))
    manifest = u8(1) + u64(len(content)) + u16(len(references)) + b"".join(references)
    sealed = seal(key, _aad(replica, MANIFEST_KIND, salt, 0, 1), pad(manifest), rng=rng)
    return (yield from _put(replica, salt + sealed))


def get_object(replica: Replica, object_id: bytes) -> Flow[bytes]:
    """The object with this id; raises Alarm where the relay gives other bytes, Refused where it has none."""
    raw = yield from _get(replica, object_id, None)
    salt, sealed = raw[:_SALT_BYTES], raw[_SALT_BYTES:]
    key = _key(replica, salt)
    try:
        manifest = unpad(open_sealed(key, _aad(replica, MANIFEST_KIND, salt, 0, 1), sealed))
        size, references = _read_manifest(manifest)
        pieces = []
        for index, (length, chunk_id) in enumerate(references):
            chunk = yield from _get(replica, chunk_id, length)
            aad = _aad(replica, PIECE_KIND, salt, index, len(references))
            pieces.append(open_sealed(key, aad, chunk))
        content = unpad(b"".join(pieces))
    except (CryptoError, Malformed) as error:
        raise Alarm(AlarmCode.BAD_ENTRY, f"an object ({type(error).__name__})") from error
    if len(content) != size:
        raise Alarm(AlarmCode.BAD_ENTRY, "an object of another size")
    return content


def _read_manifest(manifest: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    reader = Reader(manifest)
    version, size, count = reader.u8(), reader.u64(), reader.u16()
    if version != 1 or size > MAX_OBJECT_BYTES or not 1 <= count <= _MAX_PIECES:
        raise Malformed("manifest")
    if reader.remaining != count * _REFERENCE_BYTES:
        raise Malformed("manifest size")
    return size, [(reader.u32(), reader.take(32)) for _ in range(count)]


def _key(replica: Replica, salt: bytes) -> bytes:
    return keyed_hash(replica.keys.read_key, "pad1/object", salt)


def _aad(replica: Replica, kind: int, salt: bytes, index: int, count: int) -> bytes:
    place = b"PAD1" + u8(kind) + u8(1) + u16(0) + replica.pad_id + u32(replica.epoch)
    return place + salt + u32(index) + u32(count)


def _put(replica: Replica, chunk: bytes) -> Flow[bytes]:
    return (yield Request(Op.CHUNK_PUT, frames.ChunkPut(replica.pad_id, chunk).encode()))


def _get(replica: Replica, chunk_id: bytes, size: int | None) -> Flow[bytes]:
    chunk = yield Request(Op.CHUNK_GET, frames.PadAndHash(replica.pad_id, chunk_id).encode())
    check_chunk(chunk, chunk_id, size)
    return chunk
