"""MOVE, the owner's record that a pad lives at another relay from here on (docs/wire.md).

It closes the log where it is, and carries the other relay's own signature over that very head: the record is
the receipt. Parsing says nothing about who signed; `signature_ok` does, for both signatures.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import MAGIC, SUITE
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES
from cryptpad_relay.protocol.records import RecordKind, SignedRecord, record_id_of

MAX_URL_BYTES: Final = 255
_MOVE: Final = struct.Struct(">4sBBH32sI32sQ32s32sQ16s64sB")
MOVE_FIXED_BYTES: Final = _MOVE.size
_PRINTABLE: Final = range(0x21, 0x7F)
_SCHEMES: Final = ("wss://", "ws://", "ssh://", "unix:")


@dataclass(frozen=True, slots=True)
class MoveRecord(SignedRecord):
    """From here on the pad is at the relay of this key and address, and nothing follows at any other."""

    LABEL = labels.MOVE

    close_n: int
    """The last position that the relay before may have given a place."""
    close_head: bytes
    relay_pk: bytes
    receipt: SignedHead
    """The other relay's word that it has the log up to close_n."""
    url: str

    def signature_ok(self, owner_pk: bytes) -> bool:
        """Whether the owner signed it, and the other relay what it says of that relay."""
        # Not by super(): a class with slots is made anew, and that names the one before.
        return SignedRecord.signature_ok(self, owner_pk) and self.receipt.verify(self.relay_pk)


def is_address(url: str) -> bool:
    """Whether this may stand in a record: a relay's address, printable, of a length that its field holds."""
    is_shown = len(url) <= MAX_URL_BYTES and all(ord(each) in _PRINTABLE for each in url)
    return is_shown and url.startswith(_SCHEMES)


def move_body(epoch: int, previous: bytes, receipt: SignedHead, relay_pk: bytes, url: str) -> bytes:
    """MOVE before its signature; `receipt` says of which pad, and where it closes the log."""
    if not is_address(url):
        raise ValueError("relay address")
    fixed = _MOVE.pack(
        MAGIC,
        RecordKind.MOVE,
        SUITE,
        0,
        receipt.pad_id,
        epoch,
        previous,
        receipt.n,
        receipt.head,
        relay_pk,
        receipt.unix_ms,
        receipt.challenge,
        receipt.signature,
        len(url),
    )
    return fixed + url.encode("ascii")


def parse_move(raw: bytes) -> MoveRecord:
    """Raises Malformed."""
    if len(raw) <= MOVE_FIXED_BYTES + SIGNATURE_BYTES:
        raise Malformed("move record")
    *_, pad_id, epoch, previous, n, head, relay_pk, unix_ms, challenge, signature, size = _MOVE.unpack_from(
        raw
    )
    url = raw[MOVE_FIXED_BYTES:-SIGNATURE_BYTES].decode("latin-1")
    if len(url) != size or not is_address(url) or n >= 2**63:
        raise Malformed("move record")
    receipt = SignedHead(pad_id, n, head, unix_ms, challenge, signature)
    record_id = record_id_of(raw[:-SIGNATURE_BYTES])
    return MoveRecord(raw, record_id, pad_id, epoch, previous, n, head, relay_pk, receipt, url)
