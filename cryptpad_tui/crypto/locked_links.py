"""Locked links (protocol §4): a whole link sealed under a passphrase, so that each recipient has another one.

Who finds such a link must guess its passphrase, on their own machine and at the cost that its maker chose; a
relay sees nothing to guess at. What a link asks of this machine is checked before any of it is spent. Nothing
here tells a wrong passphrase from a changed link.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from nacl.exceptions import CryptoError as NaclCryptoError
from nacl.pwhash import argon2id

from cryptpad_tui.crypto.errors import BadLink, LinkStaysLocked, LinkTooCostly, NoLinkPassphrase, SealBroken
from cryptpad_tui.crypto.links import (
    LINK_VERSION,
    LOCKED_ROLE,
    Link,
    as_text,
    body_of,
    is_locked,
    link_bytes,
    parse_link,
)
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, RandomBytes, open_sealed, seal

LOCK_LABEL: Final = "pad1/lock"
_HEADER: Final = struct.Struct(">BBHBBBB16s")
_ARGON2ID: Final = 1
MIN_PASSES: Final = 3
MAX_PASSES: Final = 10
MIN_LOG2_MEMORY: Final = 26
"""64 MiB."""
MAX_LOG2_MEMORY: Final = 30
"""1 GiB: what somebody else's link may take of this machine."""
DEFAULT_PASSES: Final = 3
DEFAULT_LOG2_MEMORY: Final = 28
MIN_PASSPHRASE_CHARS: Final = 8
_MAX_SEALED: Final = SEAL_OVERHEAD + 512


@dataclass(frozen=True, slots=True)
class LockedLink:
    """A link that only its passphrase opens; its cost is within bounds."""

    passes: int
    log2_memory: int
    header: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    def unlock(self, passphrase: bytes) -> Link:
        """What was locked; takes 0.1 to 10 s. Raises LinkStaysLocked or LinkTooCostly."""
        key = _stretched(passphrase, self.salt, self.passes, self.log2_memory)
        try:
            return parse_link(open_sealed(key, self.header, self.sealed, label=LOCK_LABEL))
        except (SealBroken, BadLink):
            raise LinkStaysLocked from None


def lock_link(
    link: Link,
    passphrase: bytes,
    *,
    rng: RandomBytes,
    passes: int = DEFAULT_PASSES,
    log2_memory: int = DEFAULT_LOG2_MEMORY,
) -> str:
    """The link under a passphrase, as text; raises NoLinkPassphrase or LinkTooCostly."""
    if len(_normal(passphrase).decode("utf-8", "replace")) < MIN_PASSPHRASE_CHARS:
        raise NoLinkPassphrase
    salt = rng(16)
    header = _HEADER.pack(LINK_VERSION, LOCKED_ROLE, 0, _ARGON2ID, passes, log2_memory, 0, salt)
    key = _stretched(passphrase, salt, passes, log2_memory)
    return as_text(header + seal(key, header, link_bytes(link), rng=rng, label=LOCK_LABEL))


def read_link(text: str) -> Link | LockedLink:
    """Either kind of link; raises BadLink, also where a locked one asks for too little or too much work."""
    body = body_of(text)
    return _parse_locked(body) if is_locked(body) else parse_link(body)


def _parse_locked(body: bytes) -> LockedLink:
    if not _HEADER.size + SEAL_OVERHEAD < len(body) <= _HEADER.size + _MAX_SEALED:
        raise BadLink("it has a form that this version does not know")
    _, _, flags, kdf, passes, log2_memory, zero, salt = _HEADER.unpack_from(body)
    if flags or kdf != _ARGON2ID or zero:
        raise BadLink("it has a form that this version does not know")
    if passes < MIN_PASSES or log2_memory < MIN_LOG2_MEMORY:
        raise BadLink("its lock is too weak to be one of cryptpad-tui's")
    if passes > MAX_PASSES or log2_memory > MAX_LOG2_MEMORY:
        raise BadLink("to open its lock would cost this machine more than a link may ask for")
    return LockedLink(passes, log2_memory, body[: _HEADER.size], salt, body[_HEADER.size :])


def _stretched(passphrase: bytes, salt: bytes, passes: int, log2_memory: int) -> bytes:
    """Releases the interpreter's lock while it works."""
    try:
        return argon2id.kdf(32, _normal(passphrase), salt, passes, 1 << log2_memory)
    except (NaclCryptoError, RuntimeError, MemoryError):
        raise LinkTooCostly from None


def _normal(passphrase: bytes) -> bytes:
    """Two keyboards may spell one letter in two ways."""
    try:
        return unicodedata.normalize("NFC", passphrase.decode()).encode()
    except UnicodeDecodeError:
        return passphrase
