"""The frames of mailboxes (docs/wire.md): sealed messages of one size, left for somebody who is not there.

The relay sees to which mailbox a message goes, and when. Not from whom: no frame here names a sender, and a
client leaves messages on a connection on which it proves nothing.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import Final, NamedTuple

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Malformed, Oversized
from cryptpad_relay.protocol.labels import enc, hash_parts, label16, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader

SEALED_MAIL_BYTES: Final = 2_096
"""2,048 bytes and libsodium's sealed box around them: every message, whatever it says."""
MAX_MAILS: Final = 64
"""In one answer to MBOX_FETCH, and in one MBOX_DROP."""
PASS_BYTES: Final = 16
NO_PASS: Final = bytes(PASS_BYTES)
WORK_BITS: Final = 16
WORK_BITS_FULL: Final = 20
"""Asked for where the door of a mailbox is more than half full."""
MAX_WORK_BITS: Final = 22
"""What a client is willing to do: about four million hashes."""


class MailBind(NamedTuple):
    """The body of MBOX_BIND: the mailbox's key, what its contacts' pass hashes to, and the proof."""

    auth_pk: bytes
    pass_id: bytes
    signature: bytes

    @property
    def mailbox_id(self) -> bytes:
        return mailbox_id_of(self.auth_pk)

    def encode(self) -> bytes:
        return self.auth_pk + self.pass_id + self.signature

    @classmethod
    def decode(cls, body: bytes) -> MailBind:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(32), reader.take(64))
        reader.end()
        return value


class MailBound(NamedTuple):
    """The answer to MBOX_BIND: how many messages wait, and the place of the newest there ever was."""

    waiting: int
    newest: int

    def encode(self) -> bytes:
        return u32(self.waiting) + u64(self.newest)

    @classmethod
    def decode(cls, body: bytes) -> MailBound:
        reader = Reader(body)
        value = cls(reader.u32(), reader.u64())
        reader.end()
        return value


class MailPut(NamedTuple):
    """The body of MBOX_PUT: by the contacts' pass, or with work (then the pass is zeros)."""

    mailbox_id: bytes
    pass_: bytes
    day: int
    nonce: int
    mail: bytes

    @property
    def digest(self) -> bytes:
        return hash_parts(labels.MAIL_DIGEST, self.mail)

    def encode(self) -> bytes:
        return self.mailbox_id + self.pass_ + u32(self.day) + u64(self.nonce) + self.mail

    @classmethod
    def decode(cls, body: bytes) -> MailPut:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(PASS_BYTES), reader.u32(), reader.u64(), body[60:])
        if len(value.mail) > SEALED_MAIL_BYTES:
            raise Oversized("message")
        if len(value.mail) != SEALED_MAIL_BYTES:
            raise Malformed("message")
        return value


class MailFetch(NamedTuple):
    """The body of MBOX_FETCH."""

    mailbox_id: bytes
    after: int

    def encode(self) -> bytes:
        return self.mailbox_id + u64(self.after)

    @classmethod
    def decode(cls, body: bytes) -> MailFetch:
        reader = Reader(body)
        value = cls(reader.take(32), reader.u64())
        reader.end()
        return value


class MailFetched(NamedTuple):
    """The answer to MBOX_FETCH: (place, message) in ascending order."""

    mails: tuple[tuple[int, bytes], ...]

    def encode(self) -> bytes:
        return u16(len(self.mails)) + b"".join([u64(place) + mail for place, mail in self.mails])

    @classmethod
    def decode(cls, body: bytes) -> MailFetched:
        reader = Reader(body)
        count = reader.u16()
        if count > MAX_MAILS:
            raise Oversized("messages")
        mails = tuple([(reader.u64(), reader.take(SEALED_MAIL_BYTES)) for _ in range(count)])
        reader.end()
        places = [place for place, _ in mails]
        if any(a >= b for a, b in pairwise(places)):
            raise Malformed("places")
        return cls(mails)


class MailDrop(NamedTuple):
    """The body of MBOX_DROP."""

    mailbox_id: bytes
    places: tuple[int, ...]

    def encode(self) -> bytes:
        return self.mailbox_id + u16(len(self.places)) + b"".join([u64(place) for place in self.places])

    @classmethod
    def decode(cls, body: bytes) -> MailDrop:
        reader = Reader(body)
        mailbox_id, count = reader.take(32), reader.u16()
        if count > MAX_MAILS:
            raise Oversized("places")
        value = cls(mailbox_id, tuple([reader.u64() for _ in range(count)]))
        reader.end()
        if any(place >= 2**63 for place in value.places):
            raise Malformed("place")
        return value


class MailCame(NamedTuple):
    """The push to whoever bound the mailbox."""

    mailbox_id: bytes
    newest: int

    def encode(self) -> bytes:
        return self.mailbox_id + u64(self.newest)

    @classmethod
    def decode(cls, body: bytes) -> MailCame:
        reader = Reader(body)
        value = cls(reader.take(32), reader.u64())
        reader.end()
        return value


def mailbox_id_of(auth_pk: bytes) -> bytes:
    return hash_parts(labels.MAILBOX_ID, auth_pk)


def pass_id_of(pass_: bytes) -> bytes:
    return hash_parts(labels.MAILBOX_PASS, pass_)


def bind_parts(pass_id: bytes, relay_nonce: bytes, relay_pk: bytes) -> tuple[bytes, ...]:
    """What the proof of MBOX_BIND signs."""
    return (pass_id, relay_nonce, relay_pk)


def has_worked(put: MailPut, bits: int) -> bool:
    """Whether the nonce is one of the few for exactly this message, mailbox and day."""
    parts = (put.mailbox_id, u32(put.day), put.digest, u64(put.nonce))
    return int.from_bytes(hash_parts(labels.MAIL_WORK, *parts, size=8)) >> (64 - bits) == 0


def work(put: MailPut, bits: int, *, first: int = 0) -> int:
    """A nonce that `has_worked`; costs 2**bits hashes on average."""
    start = hashlib.blake2b(digest_size=8, person=label16(labels.MAIL_WORK))
    start.update(enc(put.mailbox_id, u32(put.day), put.digest) + u32(8))
    nonce, ceiling = first, 1 << (64 - bits)
    while True:
        attempt = start.copy()
        attempt.update(u64(nonce))
        if int.from_bytes(attempt.digest()) < ceiling:
            return nonce
        nonce = (nonce + 1) % 2**64
