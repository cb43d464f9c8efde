"""Pieces of evidence: what a client keeps of what it was shown, so that somebody else can judge it later.

Values and their bytes only (docs/wire.md, "Proof files"). Nothing here decides what a piece proves; that is
`pad.proofs_judge`. A piece never holds a key, a plaintext or a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from cryptpad_relay.protocol import chain, labels
from cryptpad_relay.protocol.chain import SignedHead, Step
from cryptpad_relay.protocol.entry import MAX_ENTRY_BYTES
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import encode_signed_head
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES, u8, u16, u64
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.records import record_kind

SIGNED_HEAD_BYTES: Final = 160
NONCE_BYTES: Final = 16
MAX_SHOWN_BYTES: Final = 65_536
MAX_WALK_STEPS: Final = 2 * chain.MAX_PROOF_STEPS
_AFTER: Final = "pad1/after"
_STEP_BYTES: Final = 8 + chain.STEP_BYTES


class PieceKind(IntEnum):
    """What a piece is. Only SIGNED_HEAD, WALK and ENTRY prove anything; the rest is somebody's word."""

    SIGNED_HEAD = 1
    """160 bytes: pad_id, n, head, unix_ms, challenge, signature by the relay."""
    ENTRY = 2
    """A log entry or owner record, or what was passed off as one."""
    WALK = 3
    """Steps down the hash chain from a signed head."""
    AFTER = 4
    """16 bytes: the nonce that makes one signed head's challenge a hash of an earlier signed head."""
    SHOWN = 5
    """Something that the relay sent and did not sign."""
    VERIFIED_HERE = 6
    """n u64, head: what the reporter had verified."""
    PIN = 7
    """n u64, the beginning of a head: what a link promised."""
    KEY = 8
    """32 bytes: the key that answered as the relay."""


MAX_PIECE_BYTES: Final[dict[PieceKind, int]] = {
    PieceKind.SIGNED_HEAD: SIGNED_HEAD_BYTES,
    PieceKind.ENTRY: MAX_ENTRY_BYTES,
    PieceKind.WALK: 42 + MAX_WALK_STEPS * _STEP_BYTES,
    PieceKind.AFTER: NONCE_BYTES,
    PieceKind.SHOWN: MAX_SHOWN_BYTES,
    PieceKind.VERIFIED_HERE: 40,
    PieceKind.PIN: 40,
    PieceKind.KEY: 32,
}


@dataclass(frozen=True, slots=True)
class Piece:
    kind: PieceKind
    content: bytes = field(repr=False)


def entry_piece(raw: bytes) -> Piece:
    return Piece(PieceKind.ENTRY, raw)


def head_piece(signed: SignedHead) -> Piece:
    return Piece(PieceKind.SIGNED_HEAD, encode_signed_head(signed))


def shown_piece(op: int, body: bytes) -> Piece:
    """What the relay said, with the op of the frame; the beginning of it where it is long."""
    return Piece(PieceKind.SHOWN, (u8(op) + body)[:MAX_SHOWN_BYTES])


def verified_piece(n: int, head: bytes) -> Piece:
    return Piece(PieceKind.VERIFIED_HERE, u64(n) + head)


def pin_piece(n: int, head: bytes) -> Piece:
    return Piece(PieceKind.PIN, u64(n) + head)


def key_piece(relay_pk: bytes) -> Piece:
    return Piece(PieceKind.KEY, relay_pk)


def after_challenge(nonce: bytes, earlier: bytes) -> bytes:
    """A challenge that only somebody who holds `earlier`, a signed head, can have made.

    A signature over it is therefore younger than `earlier`, whatever clock the relay claims to have.
    """
    return labels.hash_parts(_AFTER, nonce, earlier, size=16)


def log_id_of(raw: bytes) -> bytes:
    """The id by which the chain commits to an entry or record, from its bytes before the signature.

    Also for bytes that are neither: a relay's chain commits to whatever it took.
    """
    label = labels.ENTRY if record_kind(raw) is None else labels.RECORD
    return labels.hash_parts(label, raw[:-SIGNATURE_BYTES])


@dataclass(frozen=True, slots=True)
class Walk:
    """Steps down a chain from `upper_head` at `upper`: each is checked against the heads above it."""

    upper: int
    upper_head: bytes
    steps: tuple[tuple[int, Step], ...]

    def encode(self) -> bytes:
        steps = [u64(i) + step.previous + step.skip + step.entry_id for i, step in self.steps]
        return u64(self.upper) + self.upper_head + u16(len(steps)) + b"".join(steps)

    @classmethod
    def decode(cls, content: bytes) -> Walk:
        """Raises Malformed."""
        reader = Reader(content)
        upper, head, count = reader.u64(), reader.take(32), reader.u16()
        if count > MAX_WALK_STEPS or reader.remaining != count * _STEP_BYTES:
            raise Malformed("walk size")
        steps = [
            (reader.u64(), Step(reader.take(32), reader.take(32), reader.take(32))) for _ in range(count)
        ]
        return cls(upper, head, tuple(steps))

    def follow(self) -> tuple[dict[int, bytes], dict[int, bytes]]:
        """The heads and entry ids that `upper_head` commits to, by position; raises Malformed where wrong."""
        heads, ids = {self.upper: self.upper_head}, dict[int, bytes]()
        for i, step in self.steps:
            known = heads.get(i)
            if not 0 < i < 2**63 or known is None:
                raise Malformed("a step out of the way")
            if chain.next_head(step.previous, step.skip, i, step.entry_id) != known:
                raise Malformed("a step that does not lead to its head")
            ids[i] = step.entry_id
            for index, head in ((i - 1, step.previous), (i - chain.low_bit(i), step.skip)):
                if heads.setdefault(index, head) != head:
                    raise Malformed("two heads of one position")
        return heads, ids


def walk_down(
    upper: int,
    waypoints: Sequence[int],
    head: Callable[[int], bytes | None],
    entry_id: Callable[[int], bytes | None],
) -> Walk | None:
    """The walk from `upper` past each waypoint (descending), naming the entry there; None where it is broken.

    The last waypoint is only reached: its head is shown, not its entry.
    """
    indices: list[int] = []
    at = upper
    for number, waypoint in enumerate(waypoints):
        indices += chain.proof_path(at, waypoint)
        at = waypoint
        if number < len(waypoints) - 1:
            indices.append(waypoint)
            at = waypoint - 1
    return _walk(upper, indices, head, entry_id)


def _walk(
    upper: int,
    indices: Iterable[int],
    head: Callable[[int], bytes | None],
    entry_id: Callable[[int], bytes | None],
) -> Walk | None:
    upper_head, steps = head(upper), []
    for i in indices:
        previous, skip, own = head(i - 1), head(i - chain.low_bit(i)), entry_id(i)
        if previous is None or skip is None or own is None:
            return None
        steps.append((i, Step(previous, skip, own)))
    if upper_head is None or len(steps) > MAX_WALK_STEPS:
        return None
    return Walk(upper, upper_head, tuple(steps))


def walk_of_proof(upper: int, upper_head: bytes, lower: int, steps: Sequence[Step]) -> Walk | None:
    """A BRIDGE answer as a walk; None where it does not fit the way down."""
    path = chain.proof_path(upper, lower)
    if len(path) != len(steps):
        return None
    return Walk(upper, upper_head, tuple(zip(path, steps, strict=True)))
