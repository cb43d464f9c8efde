"""What is inside a sealed entry (protocol §6, §11, §12): plaintexts as values, encoded and decoded strictly.

Decoding raises Malformed; the fold then voids the entry and ends its writer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u16, u32
from cryptpad_relay.protocol.reader import Reader

VERSION: Final = 1
YJS_V1: Final = 1
MAX_UPDATES: Final = 1_024
MAX_UPDATE_BYTES: Final = 262_144
MAX_NAME_BYTES: Final = 64
MAX_ECHOES: Final = 64
CHALLENGE_ECHO_BYTES: Final = 4


def _version(reader: Reader) -> None:
    if reader.u8() != VERSION:
        raise Malformed("plaintext version")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a writer is. The identity signed the writer's key, so a name can be tied to it."""

    ident_pk: bytes
    ident_signature: bytes
    pseudonym: bool
    supersedes: bytes
    rgb: bytes
    name: str

    def encode(self) -> bytes:
        name = self.name.encode("utf-8")
        return b"".join(
            (
                u8(VERSION),
                self.ident_pk,
                self.ident_signature,
                u8(self.pseudonym),
                self.supersedes,
                self.rgb,
                u8(len(name)),
                name,
            )
        )

    @classmethod
    def decode(cls, plaintext: bytes) -> Hello:
        reader = Reader(plaintext)
        _version(reader)
        ident_pk, signature, pseudonym = reader.take(32), reader.take(64), reader.u8()
        supersedes, rgb, length = reader.take(32), reader.take(3), reader.u8()
        if pseudonym > 1 or length > MAX_NAME_BYTES:
            raise Malformed("hello")
        name = _utf8(reader.take(length))
        reader.end()
        return cls(ident_pk, signature, bool(pseudonym), supersedes, rgb, name)


@dataclass(frozen=True, slots=True)
class Update:
    """Changes to the document, in order."""

    updates: tuple[bytes, ...] = field(repr=False)

    def encode(self) -> bytes:
        parts = [u8(VERSION), u8(YJS_V1), u16(len(self.updates))]
        for update in self.updates:
            parts += (u32(len(update)), update)
        return b"".join(parts)

    @classmethod
    def decode(cls, plaintext: bytes) -> Update:
        reader = Reader(plaintext)
        _version(reader)
        if reader.u8() != YJS_V1:
            raise Malformed("update format")
        count = reader.u16()
        if not 1 <= count <= MAX_UPDATES:
            raise Malformed("number of updates")
        updates = tuple([reader.sized(MAX_UPDATE_BYTES) for _ in range(count)])
        reader.end()
        return cls(updates)


@dataclass(frozen=True, slots=True)
class SnapshotSeal:
    """The sealed part of a SNAPSHOT: what the document and the writers looked like at snap_n."""

    state_digest: bytes
    content_digest: bytes
    engine: str

    def encode(self) -> bytes:
        engine = self.engine.encode("ascii")
        return u8(VERSION) + self.state_digest + self.content_digest + u8(len(engine)) + engine

    @classmethod
    def decode(cls, plaintext: bytes) -> SnapshotSeal:
        reader = Reader(plaintext)
        _version(reader)
        state, content = reader.take(32), reader.take(32)
        engine = reader.take(reader.u8())
        reader.end()
        if not engine.isascii():
            raise Malformed("engine")
        return cls(state, content, engine.decode("ascii"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The plaintext of ENDORSE (the snapshot is right) and ALERT (it is not; my digest)."""

    snapshot_id: bytes
    state_digest: bytes

    def encode(self) -> bytes:
        return u8(VERSION) + self.snapshot_id + self.state_digest

    @classmethod
    def decode(cls, plaintext: bytes) -> Verdict:
        reader = Reader(plaintext)
        _version(reader)
        verdict = cls(reader.take(32), reader.take(32))
        reader.end()
        return verdict


@dataclass(frozen=True, slots=True)
class Cursor:
    """An end of a selection: `crdt.values.Anchor` as presence carries it (13 bytes)."""

    client: int
    clock: int
    assoc: int


@dataclass(frozen=True, slots=True)
class SessionProof:
    """What ties a presence session to the edit capability and an identity."""

    cert: bytes
    ident_pk: bytes
    ident_signature: bytes
    name: str = ""
    """What its owner wants to be called, at most 64 bytes: who has not written yet has no HELLO to say it."""

    def encode(self) -> bytes:
        name = self.name.encode("utf-8")
        return self.cert + self.ident_pk + self.ident_signature + u8(len(name)) + name

    @classmethod
    def read(cls, reader: Reader) -> SessionProof:
        cert, ident_pk, signature, length = reader.take(64), reader.take(32), reader.take(64), reader.u8()
        if length > MAX_NAME_BYTES:
            raise Malformed("name")
        return cls(cert, ident_pk, signature, _utf8(reader.take(length)))


@dataclass(frozen=True, slots=True)
class PresencePayload:
    """The plaintext of a presence frame (protocol §12)."""

    n: int
    head: bytes
    checkpoint_n: int
    state_digest: bytes
    challenge: bytes
    echoes: tuple[bytes, ...]
    cursors: tuple[Cursor, Cursor]
    typing: bool
    name_rev: int
    proof: SessionProof | None

    def encode(self) -> bytes:
        parts = [
            u8(VERSION),
            struct.pack(
                ">Q32sQ32s16s", self.n, self.head, self.checkpoint_n, self.state_digest, self.challenge
            ),
            u8(len(self.echoes)),
            *self.echoes,
        ]
        parts += [struct.pack(">QIb", cursor.client, cursor.clock, cursor.assoc) for cursor in self.cursors]
        parts.append(struct.pack(">BH", self.typing, self.name_rev))
        if self.proof:
            parts.append(self.proof.encode())
        return b"".join(parts)

    @classmethod
    def decode(cls, plaintext: bytes) -> PresencePayload:
        reader = Reader(plaintext)
        _version(reader)
        n, head, checkpoint_n = reader.u64(), reader.take(32), reader.u64()
        digest, challenge, count = reader.take(32), reader.take(16), reader.u8()
        if count > MAX_ECHOES:
            raise Malformed("echoes")
        echoes = tuple([reader.take(CHALLENGE_ECHO_BYTES) for _ in range(count)])
        cursors = tuple([_cursor(reader) for _ in range(2)])
        typing, name_rev = reader.u8(), reader.u16()
        if typing > 1:
            raise Malformed("typing")
        proof = None
        if reader.remaining:
            proof = SessionProof.read(reader)
        reader.end()
        return cls(
            n,
            head,
            checkpoint_n,
            digest,
            challenge,
            echoes,
            (cursors[0], cursors[1]),
            bool(typing),
            name_rev,
            proof,
        )


def _cursor(reader: Reader) -> Cursor:
    client, clock, assoc = struct.unpack(">QIb", reader.take(13))
    return Cursor(client, clock, assoc)


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("text is not UTF-8") from None
