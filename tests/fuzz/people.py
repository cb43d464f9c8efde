"""F10, F12, F13: what strangers and relays say about people: login blocks and their pages, cards, mail.

Half of each run is signed or sealed by somebody who may: what is inside must be judged, too.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Final
from unittest.mock import patch

from fuzz.choices import Choices

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_relay.protocol.login_frames import LOGIN_PLAIN_BYTES, LoginBlock, is_strong
from cryptpad_relay.protocol.mail_frames import SEALED_MAIL_BYTES
from cryptpad_relay.protocol.term_safe import term_safe_name
from cryptpad_tui.crypto import locked_links
from cryptpad_tui.crypto.errors import LinkStaysLocked
from cryptpad_tui.crypto.links import Link, parse_link
from cryptpad_tui.crypto.sealing import seal
from cryptpad_tui.people import mail
from cryptpad_tui.people.card import MAX_ADDRESS, SCHEME, Card, _base64, make_card, parse_card, read_card
from cryptpad_tui.people.errors import BadCard, MailRefused
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.inbox import InboxItem, sentence_of
from cryptpad_tui.people.login_block import check_block, open_login
from cryptpad_tui.people.login_errors import LoginError, LoginForged, WeakLogin
from cryptpad_tui.people.login_keys import LoginKeys, SecretKey
from cryptpad_tui.people.login_record import MAX_ENDED, open_record, seal_record
from cryptpad_tui.people.login_sheet import MAX_SHEET, LoginSheet, parse_sheet
from cryptpad_tui.people.messages import MAX_BODY, Unknown, decode_message
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.recovery import ALPHABET

ROOT: Final = bytes(range(32))
ANNA, BORIS = Myself(ROOT), Myself(ROOT[::-1])
COST: Final = KdfCost(3, 29)


@cache
def login_keys() -> LoginKeys:
    return LoginKeys(ROOT, ROOT[::-1], COST)


@cache
def card() -> Card:
    return make_card(ANNA, address="wss://relay.example", relay_fingerprint=bytes(16), name="Anna")


# -- logins


def fuzz_login(data: bytes) -> None:
    """F10: a block as a relay gives it, as its owner's broken program made it, its page, and its memory."""
    choices = Choices(data)
    mode = choices.below(5)
    if mode == 0:
        _block(choices.rest())
    elif mode == 1:
        _own_block(choices)
    elif mode == 2:
        _sheet(choices.rest().decode("utf-8", "surrogateescape"))
    elif mode == 3:
        _secret_key(choices)
    else:
        _record(choices.rest())


def _block(raw: bytes) -> None:
    keys = login_keys()
    with contextlib.suppress(WeakLogin, LoginForged):
        open_login(keys, raw)
        raise AssertionError("a block that nobody signed was opened")
    with contextlib.suppress(WeakLogin, LoginForged):
        check_block(raw, keys.auth.public, None)
        raise AssertionError("a block that nobody signed was believed")


def _own_block(choices: Choices) -> None:
    """Signed by the right key; the cost, the version and what is inside are anything."""
    keys, choice = login_keys(), choices.byte()
    passes, log2_memory = (choices.byte(), choices.byte()) if choice & 1 else (COST.passes, COST.log2_memory)
    version = int.from_bytes(choices.take(8)) if choice & 2 else 1
    plain = choices.rest().ljust(LOGIN_PLAIN_BYTES, b"\0")[:LOGIN_PLAIN_BYTES]
    bare = LoginBlock(passes, log2_memory, version, b"", b"")
    sealed = seal(keys.wrap, bare.header() + keys.auth.public, plain, rng=bytes)
    raw = bare.header() + sealed
    raw += keys.auth.sign(labels.LOGIN_BLOCK, raw)
    try:
        opened = open_login(keys, raw)
    except (WeakLogin, LoginForged):
        return
    assert is_strong(passes, log2_memory)
    assert (passes, log2_memory) == (COST.passes, COST.log2_memory)
    assert opened.version == version > 0
    content = opened.content
    assert content.name.isprintable()
    assert content.relay_url.isprintable()
    assert content.relay_url.isascii()
    assert content.pin_n < 2**63
    assert content.account_root.hex() not in repr(opened)
    if content.pin_n or not any(plain[104:120]):
        assert content.encode() == plain, "a login's content has two spellings"


def _sheet(text: str) -> None:
    with contextlib.suppress(LoginError):
        sheet = parse_sheet(text)
        assert len(text) <= MAX_SHEET
        assert parse_sheet(sheet.qr_text()) == sheet == parse_sheet("\n".join(sheet.lines()))
        secret = sheet.secret.key.hex()
        # Somebody may be called like that.
        assert secret not in repr(sheet) or secret in text


def _secret_key(choices: Choices) -> None:
    """Typed, and with the check characters that make the rest count; then on a page."""
    raw = choices.take(17)
    text = choices.rest().decode("utf-8", "surrogateescape")
    if len(raw) == 17:
        body = raw + hash_parts("pad1/lkeysum", raw, size=3)
        number = int.from_bytes(body)
        text = "".join([ALPHABET[number >> 5 * at & 31] for at in reversed(range(32))])
    with contextlib.suppress(LoginError):
        secret = SecretKey.parse(text)
        assert SecretKey.parse(secret.text()) == secret
        assert is_strong(secret.cost.passes, secret.cost.log2_memory)
        sheet = LoginSheet("wss://relay.example", "anna", secret)
        assert parse_sheet(sheet.qr_text()) == sheet


def _record(raw: bytes) -> None:
    """As another device of the account sealed it, and as it lies in a drive."""
    assert open_record(ROOT, raw) is None
    sealed = seal(labels.keyed_hash(ROOT, "pad1/lkeep"), b"", raw, rng=bytes)
    record = open_record(ROOT, sealed)
    if record is not None:
        assert len(record.ended) <= MAX_ENDED
        assert seal_record(ROOT, record, rng=bytes) == sealed, "a login's record has two spellings"
        assert len(record.removed(1).ended) <= MAX_ENDED


# -- cards


def fuzz_card(data: bytes) -> None:
    """F12: a card as it is typed or scanned, with its checksum, and signed by whoever made it."""
    choices = Choices(data)
    mode, raw = choices.below(3), choices.rest()
    try:
        if mode == 0:
            found = read_card(raw.decode("utf-8", "surrogateescape"))
        elif mode == 1:
            found = read_card(SCHEME + _base64(raw + hash_parts("pad1/cardsum", raw, size=4)))
        else:
            body = raw[:2] + ANNA.ident.public + raw[2:]
            found = parse_card(body + ANNA.ident.sign("pad1/card", body))
    except BadCard:
        return
    assert read_card(found.text) == found == read_card(f" {found.text}\n")
    assert parse_card(found.raw) == found
    assert labels.verify_parts(found.ident_pk, found.raw[-64:], "pad1/card", found.raw[:-64])
    assert found.address.isascii()
    assert len(found.address) <= MAX_ADDRESS
    term_safe_name(found.name)


# -- mail


def fuzz_mail(data: bytes) -> None:
    """F13: a message as a relay gives it, sealed by anybody, signed by a sender; and its body alone."""
    choices = Choices(data)
    mode = choices.below(4)
    if mode == 3:
        _body(choices.byte() % 16, choices.rest())
        return
    if mode == 0:
        sealed = choices.rest()
        for each in (sealed, sealed[:SEALED_MAIL_BYTES].ljust(SEALED_MAIL_BYTES, b"\0")):
            with contextlib.suppress(MailRefused):
                mail.read_mail(BORIS, each)
                raise AssertionError("bytes of nobody were taken for a message")
        return
    plain = choices.rest() if mode == 1 else _signed(choices)
    sealed = mail._sealed(plain[: mail.MAIL_BYTES].ljust(mail.MAIL_BYTES, b"\0"), BORIS.box.public, bytes)
    with contextlib.suppress(MailRefused):
        found = mail.read_mail(BORIS, sealed)
        assert mode == 2, "a message that nobody signed was taken"
        assert found.ident_pk == ANNA.ident.public
        assert found.sent_ms < 2**53
        _kept(found)


def _signed(choices: Choices) -> bytes:
    """By Anna to Boris, or to herself: then Boris must not take it."""
    choice = choices.byte()
    kind, sent_ms, n = choices.byte() % 16, int.from_bytes(choices.take(8)), int.from_bytes(choices.take(4))
    body = choices.rest()[: MAX_BODY + 8]
    size = len(body) if choice & 1 else len(body) ^ choice >> 4
    version = 1 if choice & 2 else choice
    head = mail._HEAD.pack(
        version, bytes(16), ANNA.ident.public, card().hash, sent_ms, bytes(8), n, kind, size
    )
    plain = (head + body).ljust(mail.MAIL_BYTES - 64, b"\0")[: mail.MAIL_BYTES - 64]
    to = BORIS if choice & 4 or choice & 1 else ANNA
    return plain + ANNA.ident.sign("pad1/mail", to.box.public, to.ident.public, plain)


def _body(kind: int, body: bytes) -> None:
    with contextlib.suppress(MailRefused):
        message = decode_message(kind, body)
        assert message.encode() == body, "a message has two spellings"
        if not isinstance(message, Unknown):
            assert len(body) <= MAX_BODY


def _kept(found: mail.Mail) -> None:
    """As it goes into the inbox and is shown from there."""
    _body(found.kind, found.message.encode())
    item = InboxItem(found.mail_id, ANNA.ident.public.hex()[:32], found.sent_ms, found.message)
    assert InboxItem.decode(found.mail_id, item.encode()) == item
    assert "\x1b" not in term_safe_name(sentence_of(item))


def fuzz_locked(inside: bytes, passphrase: bytes) -> None:
    """What a locked link holds when its passphrase is right, whoever made it."""
    key = bytes(32)
    header = locked_links._HEADER.pack(1, 3, 0, 1, 3, 28, 0, bytes(16))
    sealed = seal(key, header, inside, rng=bytes, label=locked_links.LOCK_LABEL)
    with patch.object(locked_links, "_stretched", lambda *cost: key):
        locked = locked_links.LockedLink(3, 28, header, bytes(16), sealed)
        with contextlib.suppress(LinkStaysLocked):
            link = locked.unlock(passphrase)
            assert isinstance(link, Link)
            assert link == parse_link(inside)
