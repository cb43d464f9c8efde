"""What the loading child and its parent say to each other: length-framed requests and verdicts.

request: u8 kind | u32 clients × (u64 client | u32 clock) | u32 len, snapshot or nothing
         | u32 entries × (u64 client | u16 k | k × (u32 len, update))
reply:   u8 0 | u32 verdicts × (u8 0 valid, 1 refused | u8 len, reason) | digest 32 | u64 text bytes
         u8 1 | u8 len, reason      the snapshot itself is refused
         u8 2                       out of memory

Neither side may trust a length before it has checked it: the child reads foreign bytes, and the
parent must stay sound if those bytes took the child over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptpad_relay.protocol.labels import u8, u16, u32, u64
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

MAX_FRAME_BYTES = 512 * 1024 * 1024
MAX_REPLY_BYTES = 16 * 1024 * 1024
DIGEST_BYTES = 32

LOADED, REFUSED, TOO_LARGE = 0, 1, 2

Entry = tuple[int, Sequence[bytes]]
"""client id and the updates of one log entry."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A snapshot, or nothing, and the entries after it."""

    kind: PadKind
    clocks: Mapping[int, int] = field(repr=False)
    snapshot: bytes = field(repr=False)
    entries: Sequence[Entry] = field(repr=False)

    def encode(self) -> bytes:
        out = [u8(self.kind), u32(len(self.clocks))]
        out += [u64(client) + u32(clock) for client, clock in self.clocks.items()]
        out += [u32(len(self.snapshot)), self.snapshot, u32(len(self.entries))]
        for client, updates in self.entries:
            out.append(u64(client) + u16(len(updates)))
            for update in updates:
                out += [u32(len(update)), update]
        return b"".join(out)

    @classmethod
    def decode(cls, frame: bytes) -> LoadRequest:
        cut = Cutter(frame)
        kind = PadKind(cut.number(1))
        clocks = {cut.number(8): cut.number(4) for _ in range(cut.number(4))}
        snapshot = cut.piece(cut.number(4))
        entries = [
            (cut.number(8), [cut.piece(cut.number(4)) for _ in range(cut.number(2))])
            for _ in range(cut.number(4))
        ]
        cut.finish()
        return cls(kind, clocks, snapshot, entries)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a load: per entry None, or why it is invalid."""

    verdicts: tuple[str | None, ...]
    content_digest: bytes
    text_bytes: int

    def encode(self) -> bytes:
        out = [u8(LOADED), u32(len(self.verdicts))]
        out += [u8(reason is not None) + _short(reason or "") for reason in self.verdicts]
        return b"".join([*out, self.content_digest, u64(self.text_bytes)])

    @classmethod
    def decode(cls, cut: Cutter, entries: int) -> Loaded:
        if cut.number(4) != entries:
            raise BadFrame("another number of verdicts than of entries")
        verdicts = [cut.verdict() for _ in range(entries)]
        loaded = cls(tuple(verdicts), cut.piece(DIGEST_BYTES), cut.number(8))
        cut.finish()
        return loaded


def encode_refusal(reason: str) -> bytes:
    """The snapshot itself is invalid."""
    return u8(REFUSED) + _short(reason)


def _short(reason: str) -> bytes:
    raw = reason.encode("ascii", "replace")[:255]
    return u8(len(raw)) + raw
