"""One operation of a team's roster: its bytes, its id and its signature. Pure; it says nothing of rights.

Fixed width but for the name, big-endian, no optional field (wire.md has the table). Whoever may write in the
team's folder can put any bytes there, so each is foreign until it was read here and its signature checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from nacl.bindings import crypto_scalarmult

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, verify_parts
from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.crypto.slots import NoMemberKey, box_key_of

MAGIC: Final = b"PADT"
VERSION: Final = 1
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MAX_NAME_BYTES: Final = 64
_HEAD: Final = struct.Struct(">4sBBB32s32s32s32s32sB")
MIN_BYTES: Final = _HEAD.size + SIGNATURE_BYTES
MAX_BYTES: Final = MIN_BYTES + MAX_NAME_BYTES
NOBODY: Final = bytes(KEY_BYTES)
_ANY_SCALAR: Final = bytes([8]) + bytes(30) + bytes([64])
"""By which a point that nothing can be sealed to shows itself."""
_ID, _SIGNED, _BORN = "pad1/teamopid", "pad1/teamop", "pad1/teamborn"


class Kind(IntEnum):
    """What an operation does."""

    FOUND = 1
    """Begins a team, with its first owner; signed by the folder's owner key."""
    ADD = 2
    ROLE = 3
    REMOVE = 4
    LEAVE = 5
    """The subject's own word. It follows no operation but names the one that let them in, so that it never
    stands against another's."""


class Rank(IntEnum):
    """A role in a team. Each may do what those below may."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    ADMIN = 3
    OWNER = 4

    @property
    def word(self) -> str:
        return self.name.lower()


RANKS: Final = {rank.word: rank for rank in Rank if rank}


@dataclass(frozen=True, slots=True)
class Operation:
    """As it was read. `raw` are all its bytes; nothing is known of the signature."""

    kind: Kind
    team: bytes
    previous: bytes
    """The operation that it follows; for FOUND the team, for LEAVE the one by which its author is in."""
    author: bytes
    subject: bytes
    box_pk: bytes
    """The subject's X25519 key, for FOUND, ADD; else zeros."""
    rank: Rank
    name: str
    """What the author calls the subject; raw."""
    id: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        return self.raw[:-SIGNATURE_BYTES]

    @property
    def signature(self) -> bytes:
        return self.raw[-SIGNATURE_BYTES:]


def parse_operation(raw: bytes) -> Operation:
    """Raises Malformed for what is not exactly one operation."""
    found = read_operation(raw)
    check_subject(found)
    return found


def check_subject(op: Operation) -> None:
    """Raises Malformed for whom nothing can be sealed to; costs as much as a signature."""
    if op.kind in (Kind.FOUND, Kind.ADD):
        check_keys(op.subject, op.box_pk)


def read_operation(raw: bytes) -> Operation:
    """The same without what `check_subject` looks at."""
    if not MIN_BYTES <= len(raw) <= MAX_BYTES:
        raise Malformed("operation")
    magic, version, kind, rank, team, previous, author, subject, box_pk, size = _HEAD.unpack_from(raw)
    if magic != MAGIC or version != VERSION or kind not in set(Kind) or rank not in set(Rank):
        raise Malformed("operation")
    if len(raw) != MIN_BYTES + size:
        raise Malformed("operation")
    try:
        name = raw[_HEAD.size : _HEAD.size + size].decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("operation") from None
    found = Operation(
        Kind(kind), team, previous, author, subject, box_pk, Rank(rank), name, operation_id(raw), raw
    )
    _check(found)
    return found


def _check(op: Operation) -> None:
    """Each kind has its fields and no others, so that nothing can be said in two ways."""
    lets_in, sets = op.kind in (Kind.FOUND, Kind.ADD), op.kind is Kind.ROLE
    if (op.rank is Rank.NONE) == (lets_in or sets) or (op.box_pk == NOBODY) == lets_in:
        raise Malformed("operation")
    if (op.name and not lets_in) or find_unclean(op.name) or "\n" in op.name or "\t" in op.name:
        raise Malformed("operation")
    if op.kind is Kind.FOUND and (op.rank is not Rank.OWNER or op.previous != op.team):
        raise Malformed("operation")
    if op.kind in (Kind.FOUND, Kind.LEAVE) and op.author != op.subject:
        raise Malformed("operation")


def check_keys(ident_pk: bytes, box_pk: bytes) -> None:
    """Raises Malformed. Who is let in can be sealed to: an owner's machine must not stumble over them when
    keys change."""
    try:
        box_key_of(ident_pk)
        crypto_scalarmult(_ANY_SCALAR, box_pk)
    except (NoMemberKey, RuntimeError):
        raise Malformed("operation") from None


def operation_id(raw: bytes) -> bytes:
    """Without the signature: to sign anew makes no other operation."""
    return hash_parts(_ID, raw[:-SIGNATURE_BYTES])


def sign_operation(
    signer: SigningSeed,
    kind: Kind,
    *,
    team: bytes,
    previous: bytes,
    subject: bytes,
    author: bytes | None = None,
    box_pk: bytes = NOBODY,
    rank: Rank = Rank.NONE,
    name: str = "",
) -> Operation:
    """`signer` is the author, but for FOUND, which the folder's owner key signs for its author."""
    named = name.encode("utf-8", "ignore")[:MAX_NAME_BYTES].decode("utf-8", "ignore")
    named = "" if find_unclean(named) else " ".join(named.split())
    raw_name = named.encode()
    author = signer.public if author is None else author
    head = _HEAD.pack(MAGIC, VERSION, kind, rank, team, previous, author, subject, box_pk, len(raw_name))
    body = head + raw_name
    return parse_operation(body + signer.sign(_BORN if kind is Kind.FOUND else _SIGNED, body))


def is_signed(op: Operation, owner_pk: bytes) -> bool:
    """By its author; the first one by the key that the folder was born with."""
    if op.kind is Kind.FOUND:
        return verify_parts(owner_pk, op.signature, _BORN, op.body)
    return verify_parts(op.author, op.signature, _SIGNED, op.body)
