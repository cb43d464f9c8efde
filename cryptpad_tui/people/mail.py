"""Sealed mail: 2,048 bytes from one person to another, whatever it says, that the relay sees no more of.

The signature names the recipient, so a message cannot be handed on as if it were for somebody else; its
id and its date make it good for once. Nothing of a message counts before all of it verified.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

from nacl.bindings import crypto_box, crypto_box_seed_keypair
from nacl.exceptions import CryptoError as NaclCryptoError

from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_relay.protocol.mail_frames import SEALED_MAIL_BYTES
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.people.card import Card
from cryptpad_tui.people.errors import BadCard, MailRefused
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.messages import MAX_BODY, Message, Unknown, decode_message

MAIL_VERSION: Final = 1
MAIL_BYTES: Final = 2_048
DAY_MS: Final = 86_400_000
MAX_AGE_MS: Final = 120 * DAY_MS
"""Twice as long as a relay keeps it: what is older was shown before, and its id may be forgotten."""
MAX_AHEAD_MS: Final = 2 * DAY_MS
_LABEL: Final = "pad1/mail"
_HEAD: Final = struct.Struct(">B16s32s32sQ8sIHH")
_SIGNATURE_BYTES: Final = 64
_NONCE_BYTES: Final = 24
assert MAIL_BYTES - _HEAD.size - _SIGNATURE_BYTES == MAX_BODY


@dataclass(frozen=True, slots=True)
class Mail:
    """A message with what is said around it."""

    mail_id: bytes
    ident_pk: bytes
    """The sender's identity."""
    card_hash: bytes
    """Of the sender's card as it was when they wrote."""
    sent_ms: int
    chain: bytes
    """Names the run of messages from one device of the sender to this person."""
    n: int
    """Which of the run this is: from 1, without gaps."""
    kind: int
    message: Message


class Dated(Enum):
    """What a message's date says about it."""

    FINE = "fine"
    OLD = "old"
    AHEAD = "ahead"


def dated(sent_ms: int, now_ms: int) -> Dated:
    """One's own clock may be wrong: what is not fine is left where it is, never destroyed."""
    if sent_ms > now_ms + MAX_AHEAD_MS:
        return Dated.AHEAD
    return Dated.OLD if sent_ms < now_ms - MAX_AGE_MS else Dated.FINE


def write_mail(
    me: Myself,
    own_card: Card,
    to: Card,
    message: Message,
    *,
    sent_ms: int,
    n: int,
    device: bytes,
    rng: RandomBytes,
) -> tuple[bytes, bytes]:
    """(mail id, 2,096 bytes that only the recipient opens); raises TooLongToSend or BadCard."""
    mail_id, chain, body = rng(16), me.chain_to(device, to.ident_pk), message.encode()
    kind = message.kind if isinstance(message, Unknown) else message.KIND
    head = _HEAD.pack(
        MAIL_VERSION, mail_id, me.ident.public, own_card.hash, sent_ms, chain, n, kind, len(body)
    )
    plain = head + body + bytes(MAX_BODY - len(body))
    plain += me.ident.sign(_LABEL, to.box_pk, to.ident_pk, plain)
    return mail_id, _sealed(plain, to.box_pk, rng)


def _sealed(plain: bytes, box_pk: bytes, rng: RandomBytes) -> bytes:
    """libsodium's sealed box, with randomness that is passed in."""
    ephemeral_pk, ephemeral_sk = crypto_box_seed_keypair(rng(32))
    nonce = hashlib.blake2b(ephemeral_pk + box_pk, digest_size=_NONCE_BYTES).digest()
    try:
        return bytes(ephemeral_pk + crypto_box(plain, nonce, box_pk, ephemeral_sk))
    except (NaclCryptoError, ValueError, TypeError, RuntimeError):
        raise BadCard("nothing can be sealed to its key") from None


def read_mail(me: Myself, sealed: bytes) -> Mail:
    """What somebody wrote to this person; raises MailRefused for anything else."""
    plain = me.box.open_box(sealed) if len(sealed) == SEALED_MAIL_BYTES else None
    if plain is None or len(plain) != MAIL_BYTES:
        raise MailRefused("sealed to another key")
    signed, signature = plain[:-_SIGNATURE_BYTES], plain[-_SIGNATURE_BYTES:]
    version, mail_id, ident_pk, card_hash, sent_ms, chain, n, kind, size = _HEAD.unpack_from(signed)
    if version != MAIL_VERSION:
        raise MailRefused("version")
    if not verify_parts(ident_pk, signature, _LABEL, me.box.public, me.ident.public, signed):
        raise MailRefused("signature")
    body, rest = signed[_HEAD.size : _HEAD.size + size], signed[_HEAD.size + size :]
    if size > MAX_BODY or any(rest) or sent_ms >= 2**53:
        raise MailRefused("form")
    message = decode_message(kind, body)
    return Mail(mail_id, ident_pk, card_hash, sent_ms, chain, n, kind, message)
