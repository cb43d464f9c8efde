"""FREEZE: a pad's owner asks a relay to hold appends for a few seconds, so that EPOCH finds its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.reader import Reader

FREEZE_S: Final = 5.0


def freeze_parts(pad_id: bytes, relay_nonce: bytes, relay_pk: bytes) -> tuple[bytes, ...]:
    """What the owner signs: for this connection alone, so that nobody can hold the pad with it again."""
    return pad_id, relay_nonce, relay_pk


@dataclass(frozen=True, slots=True)
class Freeze:
    """The body of FREEZE."""

    pad_id: bytes
    signature: bytes = field(repr=False)

    def encode(self) -> bytes:
        return self.pad_id + self.signature

    @classmethod
    def decode(cls, body: bytes) -> Freeze:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(64))
        reader.end()
        return value

    def signature_ok(self, owner_pk: bytes, relay_nonce: bytes, relay_pk: bytes) -> bool:
        parts = freeze_parts(self.pad_id, relay_nonce, relay_pk)
        return labels.verify_parts(owner_pk, self.signature, labels.FREEZE, *parts)
