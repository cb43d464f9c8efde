"""One's own keys towards people: the identity that contacts verify, and the mailbox that they write to.

All follow from the account's root, so that every device of the account is the same person. Nothing here is
ever shown; what others get is a `card`.
"""

from __future__ import annotations

from nacl.bindings import crypto_box_seal_open, crypto_scalarmult_base
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol.labels import keyed_hash, u32
from cryptpad_relay.protocol.mail_frames import PASS_BYTES, mailbox_id_of, pass_id_of
from cryptpad_tui.crypto.keys import SigningSeed, identity_of


class BoxKey:
    """An X25519 key that opens what was sealed to it, and never shows itself."""

    __slots__ = ("__public", "__secret")

    def __init__(self, secret: bytes) -> None:
        self.__secret = secret
        self.__public: bytes = crypto_scalarmult_base(secret)

    @property
    def public(self) -> bytes:
        return self.__public

    def open_box(self, sealed: bytes) -> bytes | None:
        """What was sealed to this key; None where nothing was."""
        try:
            opened: bytes = crypto_box_seal_open(sealed, self.__public, self.__secret)
        except (NaclCryptoError, ValueError, TypeError):
            return None
        return opened

    def __repr__(self) -> str:
        return f"BoxKey({self.__public.hex()[:8]})"

    def __reduce__(self) -> str:
        raise TypeError("a box key is never serialised")


class Myself:
    """Who this account is to others."""

    __slots__ = ("__root", "auth", "box", "ident")

    def __init__(self, account_root: bytes) -> None:
        self.__root = account_root
        self.ident: SigningSeed = identity_of(account_root)
        self.box = mailbox_key_of(account_root)
        self.auth = SigningSeed(keyed_hash(account_root, "pad1/mboxauth"))

    @property
    def mailbox_id(self) -> bytes:
        return mailbox_id_of(self.auth.public)

    def pass_(self, generation: int) -> bytes:
        """What contacts show to the relay instead of work; another generation locks out whoever had it."""
        return keyed_hash(self.__root, "pad1/mboxpass", u32(generation), size=PASS_BYTES)

    def pass_id(self, generation: int) -> bytes:
        return pass_id_of(self.pass_(generation))

    def chain_to(self, device: bytes, ident_pk: bytes) -> bytes:
        """Names the run of messages from one device to one person, and tells nobody else anything."""
        return keyed_hash(self.__root, "pad1/mailchain", device, ident_pk, size=8)

    def __repr__(self) -> str:
        return f"Myself({self.ident.public.hex()[:8]})"


def mailbox_key_of(account_root: bytes) -> BoxKey:
    return BoxKey(keyed_hash(account_root, "pad1/mbox"))
