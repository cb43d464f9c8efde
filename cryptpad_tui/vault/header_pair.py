"""vault.hdr while the vault's key is being changed: the header before, and the one to be. Pure.

    0  8  magic "PADVAULT"
    8  2  format version = 2
   10  2  length of the header before | that header, as header.py has it
       2  length of the pending header | that header
    end 16 checksum over all before

Which of the two counts, the database says: it opens with the key of one of them. No secret is in here that
the two headers do not seal.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, u16
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.vault.errors import VaultDamaged
from cryptpad_tui.vault.header import CHECKSUM_LABEL, MAGIC, Header, encode_header, parse_header

PAIR_VERSION: Final = 2
_CHECKSUM_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Headers:
    """What vault.hdr holds."""

    current: Header
    pending: Header | None = None
    """The header of a rekey that was begun."""

    def all(self) -> tuple[Header, ...]:
        return (self.current,) if self.pending is None else (self.current, self.pending)


def encode_headers(headers: Headers) -> bytes:
    """One header as it is; two as a pair."""
    if headers.pending is None:
        return encode_header(headers.current)
    body = MAGIC + u16(PAIR_VERSION)
    for header in headers.all():
        raw = encode_header(header)
        body += u16(len(raw)) + raw
    return body + hash_parts(CHECKSUM_LABEL, body, size=_CHECKSUM_BYTES)


def parse_headers(raw: bytes) -> Headers:
    """Raises what parse_header does."""
    if raw[: len(MAGIC) + 2] != MAGIC + u16(PAIR_VERSION):
        return Headers(parse_header(raw))
    checksum = hash_parts(CHECKSUM_LABEL, raw[:-_CHECKSUM_BYTES], size=_CHECKSUM_BYTES)
    if not compare_digest(raw[-_CHECKSUM_BYTES:], checksum):
        raise VaultDamaged("vault.hdr was changed or cut short")
    reader = Reader(raw)
    try:
        reader.take(len(MAGIC) + 2)
        current, pending = [parse_header(reader.take(reader.u16())) for _ in range(2)]
        reader.take(_CHECKSUM_BYTES)
        reader.end()
    except Malformed as error:
        raise VaultDamaged(f"vault.hdr: {error.reason}") from None
    return Headers(current, pending)
