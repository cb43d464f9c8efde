"""What is in a login block, sealed and opened. Pure: the checks between a relay's bytes and an account.

In this order, and before anything is opened: its size and form, the cost (as hashed here, or it is refused),
its owner's signature. A relay can give an old block all the same: `login_record` says what is known of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u64
from cryptpad_relay.protocol.login_frames import LOGIN_PLAIN_BYTES, LoginBlock
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal
from cryptpad_tui.people.login_errors import LoginError, LoginForged, WeakLogin
from cryptpad_tui.people.login_keys import LoginKeys
from cryptpad_tui.vault.passwords import KdfCost

_MAX_PIN: Final = 2**63
_PIN_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class LoginContent:
    """All that a machine with nothing needs to be the same account, and how far its drive was then."""

    account_root: bytes = field(repr=False)
    relay_pk: bytes
    drive_id: bytes
    pin_n: int
    pin_head: bytes
    """The first 16 bytes of the drive's head at pin_n."""
    made_ms: int
    relay_url: str
    name: str
    """What the person is called in pads, not the login's name."""

    def encode(self) -> bytes:
        """Raises LoginError where an address or a name is too long."""
        url, name = self.relay_url.encode("ascii"), self.name.encode()
        if len(url) > 255 or len(name) > 255:
            raise LoginError
        head = self.account_root + self.relay_pk + self.drive_id + u64(self.pin_n)
        raw = head + self.pin_head.ljust(_PIN_BYTES, b"\0") + u64(self.made_ms)
        return (raw + u8(len(url)) + url + u8(len(name)) + name).ljust(LOGIN_PLAIN_BYTES, b"\0")

    @classmethod
    def decode(cls, raw: bytes) -> LoginContent:
        """Raises LoginForged: only a broken program seals anything else."""
        reader = Reader(raw)
        try:
            root, relay_pk, drive_id, pin_n = reader.take(32), reader.take(32), reader.take(32), reader.u64()
            pin_head, made_ms = reader.take(_PIN_BYTES), reader.u64()
            url, name = reader.take(reader.u8()).decode("ascii"), reader.take(reader.u8()).decode()
            rest = reader.take(reader.remaining)
        except (Malformed, UnicodeDecodeError):
            raise LoginForged from None
        if any(rest) or pin_n >= _MAX_PIN or not url.isprintable() or not name.isprintable() or not name:
            raise LoginForged
        return cls(root, relay_pk, drive_id, pin_n, pin_head if pin_n else b"", made_ms, url, name)


@dataclass(frozen=True, slots=True)
class OpenedLogin:
    """A block that its owner signed, opened."""

    version: int
    content: LoginContent


def seal_login(keys: LoginKeys, content: LoginContent, version: int, *, rng: RandomBytes) -> bytes:
    """1,176 bytes for the relay."""
    bare = LoginBlock(keys.cost.passes, keys.cost.log2_memory, version, b"", b"")
    sealed = seal(keys.wrap, bare.header() + keys.auth.public, content.encode(), rng=rng)
    block = LoginBlock(bare.passes, bare.log2_memory, version, sealed, b"")
    return block.signed() + keys.auth.sign(labels.LOGIN_BLOCK, block.signed())


def check_block(raw: bytes, login_pk: bytes, cost: KdfCost | None) -> LoginBlock:
    """A relay's answer, as far as it can be judged without opening it; raises WeakLogin or LoginForged.

    `cost`: what its key was made with here; None where the key was kept since.
    """
    try:
        block = LoginBlock.decode(raw)
    except Malformed as malformed:
        raise (WeakLogin if malformed.reason == "cost of a login block" else LoginForged) from None
    if cost is not None and (block.passes, block.log2_memory) != (cost.passes, cost.log2_memory):
        raise WeakLogin
    if not block.is_by(login_pk):
        raise LoginForged
    return block


def open_login(keys: LoginKeys, raw: bytes) -> OpenedLogin:
    """Raises WeakLogin or LoginForged."""
    block = check_block(raw, keys.auth.public, keys.cost)
    try:
        plain = open_sealed(keys.wrap, block.header() + keys.auth.public, block.sealed)
    except SealBroken:
        raise LoginForged from None
    return OpenedLogin(block.version, LoginContent.decode(plain))
