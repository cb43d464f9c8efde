"""RESTORE's body as a value, and what it proves about a chain (wire.md, "A relay restored from a backup").

For both sides: the client cuts a lost tail into frames, the relay checks each of them by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from cryptpad_relay.protocol.chain import MAX_PROOF_STEPS, SignedHead, Step, follow_proof, low_bit, next_head
from cryptpad_relay.protocol.entry import MAX_ENTRY_BYTES
from cryptpad_relay.protocol.errors import Malformed, Oversized
from cryptpad_relay.protocol.frames import MAX_APPEND_ENTRIES, encode_signed_head
from cryptpad_relay.protocol.labels import u16, u32, u64
from cryptpad_relay.protocol.reader import Reader


@dataclass(frozen=True, slots=True)
class Restore:
    """A signed head, and entries after `after_n` that `steps` prove to lead to it."""

    signed: SignedHead
    after_n: int
    steps: tuple[Step, ...] = ()
    entries: tuple[bytes, ...] = ()

    @property
    def last_n(self) -> int:
        """The position of the last entry."""
        return self.after_n + len(self.entries)

    def encode(self) -> bytes:
        parts = [encode_signed_head(self.signed), u64(self.after_n), u16(len(self.steps))]
        parts += [b"".join(step) for step in self.steps]
        parts.append(u16(len(self.entries)))
        for entry in self.entries:
            parts += (u32(len(entry)), entry)
        return b"".join(parts)

    @classmethod
    def decode(cls, body: bytes) -> Restore:
        reader = Reader(body)
        signed = SignedHead(
            reader.take(32), reader.u64(), reader.take(32), reader.u64(), reader.take(16), reader.take(64)
        )
        after_n, step_count = reader.u64(), reader.u16()
        if step_count > MAX_PROOF_STEPS or max(signed.n, after_n) >= 2**63:
            raise Malformed("restore range")
        steps = tuple([Step(reader.take(32), reader.take(32), reader.take(32)) for _ in range(step_count)])
        count = reader.u16()
        if count > MAX_APPEND_ENTRIES:
            raise Oversized("number of entries")
        entries = tuple([reader.sized(MAX_ENTRY_BYTES) for _ in range(count)])
        reader.end()
        return cls(signed, after_n, steps, entries)


def heads_through(
    after_n: int, entry_ids: Sequence[bytes], head_at: Callable[[int], bytes | None]
) -> dict[int, bytes] | None:
    """The head at after_n and after each entry; None where a head that they build on is not known."""
    start = head_at(after_n)
    if start is None:
        return None
    heads = {after_n: start}
    for n, entry_id in enumerate(entry_ids, after_n + 1):
        skip = heads.get(n - low_bit(n)) or head_at(n - low_bit(n))
        if skip is None:
            return None
        heads[n] = next_head(heads[n - 1], skip, n, entry_id)
    return heads


def leads_to(signed: SignedHead, n: int, head: bytes, steps: Sequence[Step]) -> bool:
    """Whether the steps prove that the signed head extends `head` at `n` (n <= signed.n)."""
    established = follow_proof(signed.n, signed.head, n, steps)
    return established is not None and compare_digest(established[n], head)
