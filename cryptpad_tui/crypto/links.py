"""Capability links (protocol §4): `pad1:` and base64url of role, pad id, seed, pin and the relay's address.

A link is a secret. It is read from a prompt, standard input or a file, never from arguments; `repr` hides it.
The pin says what its maker had seen of the log, so that no relay can show less to whoever follows the link.
A link with a slot seed is one that the pad's owner can end alone: who follows it finds later keys by it.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, ViewKeys
from cryptpad_tui.crypto.relay_address import is_relay_address

SCHEME: Final = "pad1:"
LINK_VERSION: Final = 1
LOCKED_ROLE: Final = 3
_FIXED: Final = struct.Struct(">BBH32sI32sQ16s16sB")
_CHECKSUM_BYTES: Final = 4
_MAX_TEXT: Final = 8 * 1024
_OWN_SLOT: Final = 1
"""The flag of a link that ends with `slot_seed`."""
SLOT_SEED_BYTES: Final = 32
NO_RELAY: Final = bytes(16)
_OTHER_VERSION: Final = re.compile(r"pad([2-9]|[1-9][0-9]{1,2}):")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Link:
    """An edit or view capability of a pad, and where to find it."""

    role: Role
    pad_id: bytes
    epoch: int
    seed: bytes = field(repr=False)
    pin_n: int
    pin_head: bytes
    """The first 16 bytes of head[pin_n] as the link's maker had verified it."""
    relay_fingerprint: bytes
    """16 bytes that name the relay's key, or zeros."""
    address: str
    slot_seed: bytes = field(default=b"", repr=False)
    """32 bytes of this link's own, or none: the owner may seal later keys to what follows from them."""

    def keys(self) -> ViewKeys:
        return EditKeys.from_seed(self.seed) if self.role == Role.EDIT else ViewKeys(self.seed)

    def opener(self) -> SigningSeed | None:
        """What opens this link's slot in an EPOCH record; None for a link without one of its own."""
        return slot_opener(self.slot_seed) if self.slot_seed else None


def slot_opener(slot_seed: bytes) -> SigningSeed:
    return SigningSeed(labels.keyed_hash(slot_seed, "pad1/linkslot"))


def encode_link(link: Link) -> str:
    """The link as text. It is a secret: it opens the pad."""
    return as_text(link_bytes(link))


def link_bytes(link: Link) -> bytes:
    """The link without its checksum; what a locked link seals."""
    address = link.address.encode("ascii")
    if link.role not in (Role.EDIT, Role.VIEW) or not is_relay_address(link.address):
        raise BadLink("a link needs a role and a relay address")
    body = _FIXED.pack(
        LINK_VERSION,
        link.role,
        _OWN_SLOT if link.slot_seed else 0,
        link.pad_id,
        link.epoch,
        link.seed,
        link.pin_n,
        link.pin_head[:16],
        link.relay_fingerprint,
        len(address),
    )
    return body + address + link.slot_seed


def as_text(body: bytes) -> str:
    return SCHEME + _base64(body + _checksum(body))


def decode_link(text: str) -> Link:
    """The link in `text` (surrounding white space is ignored); raises BadLink with a reason for a person."""
    body = body_of(text)
    if is_locked(body):
        raise BadLink("it is locked with a passphrase, which whoever made it must tell you")
    return parse_link(body)


def is_locked(body: bytes) -> bool:
    return body[1:2] == bytes([LOCKED_ROLE])


def body_of(text: str) -> bytes:
    """The bytes that a link's text stands for, of this version and not mistyped; raises BadLink."""
    stripped = text.strip()
    if len(stripped) > _MAX_TEXT or not stripped.startswith(SCHEME):
        raise BadLink(_why_no_link(stripped))
    encoded = stripped[len(SCHEME) :]
    raw = _from_base64(encoded)
    body, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if not body or not compare_digest(_checksum(body), checksum):
        raise BadLink(_why_no_match(raw))
    if _base64(raw) != encoded:
        raise BadLink("it is not spelled in the one right way: its last character is mistyped")
    if body[0] != LINK_VERSION:
        raise BadLink("it was made by a newer version of cryptpad-tui: update this one")
    return body


def _why_no_link(text: str) -> str:
    if _OTHER_VERSION.match(text):
        return "it was made by a newer version of cryptpad-tui: update this one"
    return "a link starts with pad1:" if text else "there is nothing in it"


def _why_no_match(raw: bytes) -> str:
    """Told from the length that the link itself says it has; where that was mistyped, this may be wrong."""
    whole = _FIXED.size + _CHECKSUM_BYTES
    if len(raw) < whole or len(raw) < whole + raw[_FIXED.size - 1]:
        return "a part of it is missing: copy all of it"
    return "its checksum does not match: a character is mistyped, or something was added"


def parse_link(body: bytes) -> Link:
    """What is in `link_bytes`; raises BadLink."""
    if len(body) < _FIXED.size:
        raise BadLink("it is too short")
    _, role, flags, pad_id, epoch, seed, pin_n, pin_head, fingerprint, length = _FIXED.unpack_from(body)
    rest = body[_FIXED.size :]
    address, slot_seed = rest[:length], rest[length:]
    of_form = role in (Role.EDIT, Role.VIEW) and flags in (0, _OWN_SLOT) and len(address) == length
    if not of_form or len(slot_seed) != flags * SLOT_SEED_BYTES or pin_n >= 2**63:
        raise BadLink("it has a form that this version does not know")
    try:
        text = address.decode("ascii")
    except UnicodeDecodeError:
        raise BadLink("its relay address is not ASCII") from None
    if not is_relay_address(text):
        raise BadLink("its relay address is none that cryptpad-tui can reach")
    return Link(Role(role), pad_id, epoch, seed, pin_n, pin_head, fingerprint, text, slot_seed)


def _checksum(body: bytes) -> bytes:
    return labels.hash_parts("pad1/link", body, size=_CHECKSUM_BYTES)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes:
    if foreign := _NO_BASE64.search(text):
        raise BadLink(f"{_named(foreign[0])} in it does not belong there")
    if len(text) % 4 == 1:
        raise BadLink("a part of it is missing: copy all of it")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _named(character: str) -> str:
    return "a space or a line end" if character.isspace() else "a character"
