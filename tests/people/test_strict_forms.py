"""Each rule about the form of a card or a message, broken alone; all else is right, signatures included."""

from __future__ import annotations

import struct

import pytest

from cryptpad_relay.protocol.labels import u8
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.people import card as card_module
from cryptpad_tui.people import mail as mail_module
from cryptpad_tui.people.card import parse_card, read_card
from cryptpad_tui.people.errors import BadCard, MailRefused
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.mail import read_mail
from cryptpad_tui.people.messages import MAX_BODY, InvitationAnswer, RemovalNotice
from cryptpad_tui.people.proofs import prove_key, proves_key
from support.pads import seeded

ME, BEN = Myself(bytes(32)), Myself(b"\1" * 32)
OTHER = b"\7" * 32
ADDRESS = b"ws://a.example:80"


def card(
    *,
    version: int = 1,
    flags: int = 0,
    address: bytes = ADDRESS,
    name: bytes = b"Anna",
    behind: bytes = b"",
    signer: SigningSeed = ME.ident,
    ident_pk: bytes = ME.ident.public,
) -> bytes:
    keys = ident_pk + ME.box.public + ME.mailbox_id + bytes(16)
    body = u8(version) + u8(flags) + keys + u8(len(address)) + address + u8(len(name)) + name + behind
    return body + signer.sign("pad1/card", body)


CARDS = {
    "a version of later": card(version=2),
    "a flag": card(flags=1),
    "no address": card(address=b""),
    "an address of another kind": card(address=b"http://a"),
    "an address that commands": card(address=b"ws://a\x1b[2J"),
    "an address that is not ASCII": card(address="ws://é".encode()),
    "a long name": card(name=b"n" * 65),
    "a name that is no text": card(name=b"\xff"),
    "something behind it": card(behind=b"\0"),
    "by another key": card(signer=BEN.ident),
}


@pytest.mark.parametrize("case", sorted(CARDS))
def test_a_card_that_breaks_one_rule_is_none(case: str) -> None:
    assert parse_card(card()).name == "Anna"
    assert parse_card(card(name=b"n" * 64)).name == "n" * 64
    with pytest.raises(BadCard):
        parse_card(CARDS[case])


def test_a_card_of_a_key_that_nothing_can_be_sealed_to_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature is not asked here: libsodium refuses such keys there, too."""
    monkeypatch.setattr(card_module, "verify_parts", lambda *args: True)
    with pytest.raises(BadCard, match="its key is none"):
        parse_card(card(ident_pk=bytes(32)))


def test_a_cards_text_has_one_spelling_and_a_checksum() -> None:
    text = parse_card(card()).text
    assert read_card(text).name == "Anna"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # Of the last character's six bits some say nothing.
    assert (len(text) - len("padc1:")) % 4 in (2, 3)
    for last in set(alphabet) - {text[-1]}:
        with pytest.raises(BadCard):
            read_card(text[:-1] + last)


BODY = RemovalNotice(OTHER, "title").encode()


def mail(
    *,
    version: int = 1,
    sent_ms: int = 5,
    size: int = len(BODY),
    body: bytes = BODY,
    rest: bytes = b"",
    to: tuple[bytes, bytes] = (BEN.box.public, BEN.ident.public),
    signer: SigningSeed = ME.ident,
    kind: int = RemovalNotice.KIND,
) -> bytes:
    head = mail_module._HEAD.pack(
        version, bytes(16), ME.ident.public, OTHER, sent_ms, bytes(8), 1, kind, size
    )
    plain = head + (body + rest).ljust(MAX_BODY, b"\0")
    plain += signer.sign("pad1/mail", *to, plain)
    return mail_module._sealed(plain, BEN.box.public, seeded(1))


MAILS = {
    "a version of later": mail(version=2),
    "a date of no clock": mail(sent_ms=2**53),
    "something behind it": mail(rest=b"\1"),
    "a size beyond the room": mail(size=MAX_BODY + 1, body=b"\1" * MAX_BODY, kind=99),
    "a shorter body than said": mail(size=len(BODY) + 1),
    "a longer body than said": mail(size=len(BODY) - 1),
    "for another mailbox": mail(to=(OTHER, BEN.ident.public)),
    "for another identity": mail(to=(BEN.box.public, OTHER)),
    "by another key": mail(signer=BEN.ident),
    "cut": mail()[:-1],
    "grown": mail() + b"\0",
}


@pytest.mark.parametrize("case", sorted(MAILS))
def test_a_message_that_breaks_one_rule_is_refused(case: str) -> None:
    assert read_mail(BEN, mail()).message == RemovalNotice(OTHER, "title")
    assert read_mail(BEN, mail(sent_ms=2**53 - 1)).sent_ms == 2**53 - 1
    with pytest.raises(MailRefused):
        read_mail(BEN, MAILS[case])


def test_the_head_of_a_message_has_the_sizes_of_the_page() -> None:
    assert mail_module._HEAD.size == struct.calcsize(">B16s32s32sQ8sIHH") == 105
    assert 105 + MAX_BODY + 64 == mail_module.MAIL_BYTES


def test_a_key_in_a_pad_is_told_to_one_person_for_one_pad() -> None:
    key, pad_id, me, ben = SigningSeed(b"\3" * 32), bytes(range(32)), ME.ident.public, BEN.ident.public
    proof = prove_key(key, pad_id=pad_id, sender=me, recipient=ben)

    def counts(of: bytes, shown: bytes, signature: bytes, sender: bytes, recipient: bytes) -> bool:
        return proves_key(InvitationAnswer(of, True, shown, signature), sender=sender, recipient=recipient)

    assert counts(pad_id, key.public, proof, me, ben)
    assert not counts(OTHER, key.public, proof, me, ben)
    assert not counts(pad_id, ME.ident.public, proof, me, ben)
    assert not counts(pad_id, key.public, bytes(64), me, ben)
    assert not counts(pad_id, key.public, proof, OTHER, ben)
    assert not counts(pad_id, key.public, proof, me, OTHER)
    assert not counts(pad_id, key.public, proof, ben, me)
