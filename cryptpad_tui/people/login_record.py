"""What an account remembers of its login, on all its machines: which version is the newest, and what ended.

It travels in the drive, sealed to the account's root, so that a relay that shows an old block is caught by
whoever has the drive. It holds the key that signs for the block at the relay, and never what opens it: who
takes a machine can end the login, and not read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, keyed_hash, u8, u64
from cryptpad_relay.protocol.login_frames import MAX_LOGIN_VERSION
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal

MAX_ENDED: Final = 8
_FORM: Final = 1
_MAX_SEALED: Final = 1_024
_NOTHING: Final = bytes(32)


class LoginMode(IntEnum):
    NONE = 0
    """There is none any more."""
    KEY = 1
    """A passphrase of one's own, and a printed secret key."""
    PHRASE = 2
    """A drawn phrase alone."""


class Standing(IntEnum):
    """What a block is, by what is remembered."""

    CURRENT = 0
    NEWER = 1
    """Made by a machine whose word has not come yet, or never will."""
    OLD = 2
    """It was replaced or ended since: whoever shows it holds back what came after."""


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """The newest login of the account."""

    version: int
    mode: LoginMode
    seed: bytes = field(repr=False)
    """Of the key that signs for the block; zeros where there is none."""
    made_ms: int
    digest: bytes
    """Of the block."""
    name: str
    ended: tuple[bytes, ...] = field(repr=False, default=())
    """Seeds of logins before it, the newest first."""

    @property
    def auth(self) -> SigningSeed:
        return SigningSeed(self.seed)

    @property
    def is_there(self) -> bool:
        return self.mode is not LoginMode.NONE

    def followed_by(self, later: LoginRecord) -> LoginRecord:
        """What to remember when `later` takes its place."""
        ended = dict.fromkeys([*([self.seed] if self.is_there else []), *self.ended])
        ended.pop(later.seed, None)
        return replace(later, ended=tuple(ended)[:MAX_ENDED])

    def removed(self, now_ms: int) -> LoginRecord:
        gone = LoginRecord(self.version + 1, LoginMode.NONE, _NOTHING, now_ms, _NOTHING, "")
        return self.followed_by(gone)


def standing_of(record: LoginRecord | None, login_pk: bytes, version: int, digest: bytes) -> Standing:
    """How a block that somebody's keys opened stands to what the account remembers."""
    if record is None or version > record.version:
        return Standing.NEWER
    same = record.is_there and record.auth.public == login_pk and record.digest == digest
    return Standing.CURRENT if same and version == record.version else Standing.OLD


def block_digest(raw: bytes) -> bytes:
    return hash_parts("pad1/lblkdig", raw)


def seal_record(account_root: bytes, record: LoginRecord, *, rng: RandomBytes) -> bytes:
    name = record.name.encode()
    fixed = u8(_FORM) + u64(record.version) + u8(record.mode) + record.seed + u64(record.made_ms)
    plain = fixed + record.digest + u8(len(name)) + name + u8(len(record.ended)) + b"".join(record.ended)
    return seal(keyed_hash(account_root, "pad1/lkeep"), b"", plain, rng=rng)


def open_record(account_root: bytes, sealed: bytes) -> LoginRecord | None:
    """None for anything that this account did not seal."""
    if len(sealed) > _MAX_SEALED:
        return None
    try:
        reader = Reader(open_sealed(keyed_hash(account_root, "pad1/lkeep"), b"", sealed))
        return _parse(reader)
    except (SealBroken, Malformed, ValueError):
        return None


def _parse(reader: Reader) -> LoginRecord | None:
    if reader.u8() != _FORM:
        return None
    version, mode, seed = reader.u64(), LoginMode(reader.u8()), reader.take(32)
    made_ms, digest, name = reader.u64(), reader.take(32), reader.take(reader.u8()).decode()
    count = reader.u8()
    if count > MAX_ENDED or not 0 < version <= MAX_LOGIN_VERSION:
        return None
    ended = tuple([reader.take(32) for _ in range(count)])
    reader.end()
    return LoginRecord(version, mode, seed, made_ms, digest, name, ended)


def newest(*records: LoginRecord | None) -> LoginRecord | None:
    """Of what the drive says and what this machine remembers by itself."""
    found = [record for record in records if record is not None]
    return max(found, key=lambda record: (record.version, record.digest), default=None)
