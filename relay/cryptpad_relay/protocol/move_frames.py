"""The frames by which a pad comes to another relay (docs/wire.md): its owner's word, and its entries.

Everything in them stood in the pad's log before, at these very places.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import MAX_ENTRY_BYTES
from cryptpad_relay.protocol.errors import Malformed, Oversized
from cryptpad_relay.protocol.frames import MAX_APPEND_ENTRIES
from cryptpad_relay.protocol.labels import u8, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader

ARRIVES: Final = 1
LIVES_HERE: Final = 2


def arrive_parts(pad_id: bytes, relay_nonce: bytes, relay_pk: bytes) -> tuple[bytes, ...]:
    """What the owner signs: for this connection alone."""
    return pad_id, relay_nonce, relay_pk


@dataclass(frozen=True, slots=True)
class Arrive:
    """The body of ARRIVE."""

    pad_id: bytes
    signature: bytes = field(repr=False)

    def encode(self) -> bytes:
        return self.pad_id + self.signature

    @classmethod
    def decode(cls, body: bytes) -> Arrive:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(64))
        reader.end()
        return value

    def signature_ok(self, owner_pk: bytes, relay_nonce: bytes, relay_pk: bytes) -> bool:
        parts = arrive_parts(self.pad_id, relay_nonce, relay_pk)
        return labels.verify_parts(owner_pk, self.signature, labels.ARRIVE, *parts)


class Arrival(NamedTuple):
    """Its answer: whether the pad is on its way or lives there already, and how far its log goes."""

    state: int
    n: int
    head: bytes

    def encode(self) -> bytes:
        return u8(self.state) + u64(self.n) + self.head

    @classmethod
    def decode(cls, body: bytes) -> Arrival:
        reader = Reader(body)
        value = cls(reader.u8(), reader.u64(), reader.take(32))
        reader.end()
        if value.state not in (ARRIVES, LIVES_HERE):
            raise Malformed("arrival")
        return value


class Bring(NamedTuple):
    """Entries of a pad's log from after_n + 1, in order."""

    pad_id: bytes
    after_n: int
    entries: tuple[bytes, ...]

    @property
    def last_n(self) -> int:
        return self.after_n + len(self.entries)

    def encode(self) -> bytes:
        head = self.pad_id + u64(self.after_n) + u16(len(self.entries))
        return head + b"".join([u32(len(entry)) + entry for entry in self.entries])

    @classmethod
    def decode(cls, body: bytes) -> Bring:
        reader = Reader(body)
        pad_id, after_n, count = reader.take(32), reader.u64(), reader.u16()
        if count > MAX_APPEND_ENTRIES:
            raise Oversized("number of entries")
        if not count or after_n >= 2**63:
            raise Malformed("range")
        entries = tuple([reader.sized(MAX_ENTRY_BYTES) for _ in range(count)])
        reader.end()
        return cls(pad_id, after_n, entries)
