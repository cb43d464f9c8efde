"""Contact cards: `padc1:` and base64url of a person's public keys, their mailbox and where it is, signed.

A card is public and is never believed for being a card: whoever made the keys signed it, and who that is, the
safety number says. The name in it is a label.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, u8, verify_parts
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.relay_address import is_relay_address
from cryptpad_tui.crypto.slots import NoMemberKey, box_key_of
from cryptpad_tui.pad.payloads import MAX_NAME_BYTES
from cryptpad_tui.people.errors import BadCard
from cryptpad_tui.people.identity import Myself

SCHEME: Final = "padc1:"
CARD_VERSION: Final = 1
MAX_ADDRESS: Final = 255
MAX_CARD_BYTES: Final = 1 + 1 + 32 * 3 + 16 + 1 + MAX_ADDRESS + 1 + MAX_NAME_BYTES + 64
_CHECKSUM_BYTES: Final = 4
_LABEL: Final = "pad1/card"


@dataclass(frozen=True, slots=True)
class Card:
    """Somebody's public side. `raw` is what they signed, with the signature."""

    ident_pk: bytes
    box_pk: bytes
    mailbox_id: bytes
    relay_fingerprint: bytes
    """16 bytes that name the key of the mailbox's relay, or zeros."""
    address: str
    name: str
    """What they call themselves; raw."""
    raw: bytes

    @property
    def hash(self) -> bytes:
        return hash_parts("pad1/cardhash", self.raw)

    @property
    def keys(self) -> tuple[bytes, bytes]:
        """What the safety number is about, and what may not change unsaid."""
        return self.ident_pk, self.box_pk

    @property
    def text(self) -> str:
        return SCHEME + _base64(self.raw + _checksum(self.raw))


def make_card(me: Myself, *, address: str, relay_fingerprint: bytes, name: str) -> Card:
    """One's own card; raises BadCard where the address is none."""
    if not is_relay_address(address):
        raise BadCard("a card needs a relay where the mailbox is")
    named = name.encode("utf-8", "ignore")[:MAX_NAME_BYTES].decode("utf-8", "ignore")
    host = address.encode("ascii")
    body = (
        u8(CARD_VERSION)
        + u8(0)
        + me.ident.public
        + me.box.public
        + me.mailbox_id
        + relay_fingerprint
        + u8(len(host))
        + host
        + u8(len(named.encode()))
        + named.encode()
    )
    return parse_card(body + me.ident.sign(_LABEL, body))


def read_card(text: str) -> Card:
    """The card in `text` (surrounding white space is ignored); raises BadCard."""
    stripped = text.strip()
    if not stripped.startswith(SCHEME) or len(stripped) > 2 * MAX_CARD_BYTES:
        raise BadCard
    encoded = stripped[len(SCHEME) :]
    if not re.fullmatch(r"[A-Za-z0-9_-]*", encoded) or len(encoded) % 4 == 1:
        raise BadCard("a character in it does not belong there, or a part is missing")
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    body, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if not body or not compare_digest(_checksum(body), checksum) or _base64(raw) != encoded:
        raise BadCard("its checksum does not match: a character is mistyped, or a part is missing")
    return parse_card(body)


def parse_card(raw: bytes) -> Card:
    """Signature and every field checked; raises BadCard."""
    if len(raw) > MAX_CARD_BYTES:
        raise BadCard("it is too long")
    if raw[:1] and raw[0] != CARD_VERSION:
        raise BadCard("it was made by a newer version of cryptpad-tui: update this one")
    try:
        reader = Reader(raw[:-64])
        reader.u8()
        flags = reader.u8()
        keys = reader.take(32), reader.take(32), reader.take(32), reader.take(16)
        address = reader.take(reader.u8()).decode("ascii")
        name = reader.take(reader.u8()).decode("utf-8")
        reader.end()
    except (Malformed, UnicodeDecodeError):
        raise BadCard("it has a form that this version does not know") from None
    if flags or not is_relay_address(address) or len(name.encode()) > MAX_NAME_BYTES:
        raise BadCard("it has a form that this version does not know")
    card = Card(keys[0], keys[1], keys[2], keys[3], address, name, raw)
    if not verify_parts(card.ident_pk, raw[-64:], _LABEL, raw[:-64]):
        raise BadCard("its signature is not that of the key in it")
    try:
        box_key_of(card.ident_pk)
    except NoMemberKey:
        raise BadCard("its key is none") from None
    return card


def _checksum(raw: bytes) -> bytes:
    return hash_parts("pad1/cardsum", raw, size=_CHECKSUM_BYTES)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
