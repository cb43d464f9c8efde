"""Login blocks and the frames that keep, find, exchange and delete them (docs/wire.md, PAD1 §17).

A block is one sealed box of fixed size under a key that only its owner can derive. Which name it belongs to
is nowhere in it, and its id tells nothing about that either.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES, hash_parts, u8, u64, verify_parts
from cryptpad_relay.protocol.reader import Reader

MAGIC: Final = b"PADL"
BLOCK_VERSION: Final = 1
ARGON2ID: Final = 1
LOGIN_HEADER_BYTES: Final = 16
LOGIN_PLAIN_BYTES: Final = 1_024
LOGIN_SEALED_BYTES: Final = 72 + LOGIN_PLAIN_BYTES
LOGIN_BLOCK_BYTES: Final = LOGIN_HEADER_BYTES + LOGIN_SEALED_BYTES + SIGNATURE_BYTES
MIN_PASSES: Final = 3
MAX_PASSES: Final = 8
MIN_LOG2_MEMORY: Final = 26
"""64 MiB."""
MAX_LOG2_MEMORY: Final = 30
"""1 GiB."""
MAX_LOGIN_VERSION: Final = 2**63 - 1


def login_id_of(login_pk: bytes) -> bytes:
    """What a block is called at the relay."""
    return hash_parts(labels.LOGIN, login_pk)


def is_strong(passes: int, log2_memory: int) -> bool:
    """Whether a hash of this cost is one that this protocol allows: not weaker, and not a burden."""
    return MIN_PASSES <= passes <= MAX_PASSES and MIN_LOG2_MEMORY <= log2_memory <= MAX_LOG2_MEMORY


class LoginBlock(NamedTuple):
    """A login block, sealed: how its key was made, which one of its owner's it is, and the box."""

    passes: int
    log2_memory: int
    version: int
    sealed: bytes
    signature: bytes

    def header(self) -> bytes:
        kind = u8(BLOCK_VERSION) + u8(ARGON2ID) + u8(self.passes) + u8(self.log2_memory)
        return MAGIC + kind + u64(self.version)

    def signed(self) -> bytes:
        """All but the signature."""
        return self.header() + self.sealed

    def encode(self) -> bytes:
        return self.signed() + self.signature

    @classmethod
    def decode(cls, raw: bytes) -> LoginBlock:
        """Raises Malformed; a weaker hash than the floor is malformed, whoever signed it."""
        if len(raw) != LOGIN_BLOCK_BYTES:
            raise Malformed("size of a login block")
        reader = Reader(raw)
        if reader.take(4) != MAGIC or reader.u8() != BLOCK_VERSION or reader.u8() != ARGON2ID:
            raise Malformed("kind of a login block")
        value = cls(reader.u8(), reader.u8(), reader.u64(), reader.take(LOGIN_SEALED_BYTES), reader.take(64))
        if not is_strong(value.passes, value.log2_memory):
            raise Malformed("cost of a login block")
        if not 0 < value.version <= MAX_LOGIN_VERSION:
            raise Malformed("version of a login block")
        return value

    def is_by(self, login_pk: bytes) -> bool:
        return verify_parts(login_pk, self.signature, labels.LOGIN_BLOCK, self.signed())


class LoginGet(NamedTuple):
    """The body of LOGIN_GET. The proof is bound to this connection and to asking."""

    login_pk: bytes
    signature: bytes

    def encode(self) -> bytes:
        return self.login_pk + self.signature

    @classmethod
    def decode(cls, body: bytes) -> LoginGet:
        reader = Reader(body)
        value = cls(reader.take(32), reader.take(SIGNATURE_BYTES))
        reader.end()
        return value


class LoginPut(NamedTuple):
    """The body of LOGIN_PUT: keep this block, where version `had` of it stands (0: none)."""

    login_pk: bytes
    had: int
    signature: bytes
    block: bytes

    def encode(self) -> bytes:
        return self.login_pk + u64(self.had) + self.signature + self.block

    @classmethod
    def decode(cls, body: bytes) -> LoginPut:
        reader = Reader(body)
        value = cls(
            reader.take(32), reader.u64(), reader.take(SIGNATURE_BYTES), reader.take(LOGIN_BLOCK_BYTES)
        )
        reader.end()
        return value

    @staticmethod
    def signed_parts(had: int, block: bytes) -> tuple[bytes, ...]:
        return (u64(had), block)


class LoginMove(NamedTuple):
    """The body of LOGIN_MOVE: in place of version `had` of one block keep another, under another key."""

    old_pk: bytes
    had: int
    old_signature: bytes
    login_pk: bytes
    signature: bytes
    block: bytes

    def encode(self) -> bytes:
        old = self.old_pk + u64(self.had) + self.old_signature
        return old + self.login_pk + self.signature + self.block

    @classmethod
    def decode(cls, body: bytes) -> LoginMove:
        reader = Reader(body)
        value = cls(
            reader.take(32),
            reader.u64(),
            reader.take(SIGNATURE_BYTES),
            reader.take(32),
            reader.take(SIGNATURE_BYTES),
            reader.take(LOGIN_BLOCK_BYTES),
        )
        reader.end()
        return value

    @staticmethod
    def signed_parts(had: int, login_pk: bytes, block: bytes) -> tuple[bytes, ...]:
        """By the old key and by the new one alike: neither gives up or takes a place that it did not mean."""
        return (u64(had), login_pk, block)


class LoginDrop(NamedTuple):
    """The body of LOGIN_DROP: forget the block, if version `had` of it stands."""

    login_pk: bytes
    had: int
    signature: bytes

    def encode(self) -> bytes:
        return self.login_pk + u64(self.had) + self.signature

    @classmethod
    def decode(cls, body: bytes) -> LoginDrop:
        reader = Reader(body)
        value = cls(reader.take(32), reader.u64(), reader.take(SIGNATURE_BYTES))
        reader.end()
        return value
