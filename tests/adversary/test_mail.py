"""Mail between people: replayed, redirected, forged, from changed keys, and more than anybody can read."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adversary.sabotage import Patch, both, yes
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.mail_frames import NO_PASS, MailBind, MailPut, bind_parts, pass_id_of
from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_tui.people import contacts
from cryptpad_tui.people import mail as mail_module
from cryptpad_tui.people.card import Card, make_card, parse_card, read_card
from cryptpad_tui.people.contacts import CHANGED, Standing, receive
from cryptpad_tui.people.errors import BadCard, MailRefused
from cryptpad_tui.people.inbox import item_of, sentence_of
from cryptpad_tui.people.mail import MAX_AGE_MS, Dated, dated, read_mail
from cryptpad_tui.people.messages import CardChange, Invitation
from cryptpad_tui.people.safety import safety_number
from support.forge import Desk, Forge
from support.persons import NOW_MS, Person

ANNA, BEN, CLARA = Person(1, "Anna"), Person(2, "Ben"), Person(3, "Clara")
MALLORY = Person(9, "Anna")
PLAN = Invitation("pad1:secret", "Plan", "come")


@both
def test_t32_a_message_for_somebody_else_is_handed_on(monkeypatch: Patch, defended: bool) -> None:
    """Ben opens what Anna wrote to him and seals it to Clara: the signature names whom it was for."""
    plain = BEN.me.box.open_box(ANNA.write(BEN.card, PLAN))
    assert plain is not None
    handed_on = mail_module._sealed(plain, CLARA.card.box_pk, CLARA.random.randbytes)
    if not defended:
        monkeypatch.setattr(mail_module, "verify_parts", yes)
    if defended:
        with pytest.raises(MailRefused):
            read_mail(CLARA.me, handed_on)
    else:
        assert read_mail(CLARA.me, handed_on).ident_pk == ANNA.me.ident.public


@both
def test_t32_a_forged_sender(monkeypatch: Patch, defended: bool) -> None:
    """Mallory writes Anna's identity into a message that Mallory signs."""
    plain = BEN.me.box.open_box(MALLORY.write(BEN.card, PLAN))
    assert plain is not None
    forged = plain.replace(MALLORY.me.ident.public, ANNA.me.ident.public)
    sealed = mail_module._sealed(forged, BEN.card.box_pk, MALLORY.random.randbytes)
    if not defended:
        monkeypatch.setattr(mail_module, "verify_parts", yes)
        assert receive(read_mail(BEN.me, sealed), ANNA.as_contact(), mine=BEN.keys).shown
        return
    with pytest.raises(MailRefused):
        read_mail(BEN.me, sealed)


@given(st.integers(0, 2_095), st.integers(1, 255))
def test_t32_a_changed_byte_or_another_size(at: int, change: int) -> None:
    sealed = bytearray(ANNA.write(BEN.card, PLAN))
    sealed[at] ^= change
    for each in (bytes(sealed), bytes(sealed[:at]), bytes(sealed) + b"x"):
        with pytest.raises(MailRefused):
            read_mail(BEN.me, each)


@both
def test_t32_a_replay_after_its_id_was_forgotten(monkeypatch: Patch, defended: bool) -> None:
    """Ids are forgotten by their date: what is older is refused for that."""
    if not defended:
        monkeypatch.setattr(mail_module, "MAX_AGE_MS", MAX_AGE_MS * 100)
    said = dated(NOW_MS, NOW_MS + MAX_AGE_MS + 1)
    assert (said is Dated.OLD) == defended


@both
def test_t32_changed_keys_block_until_a_person_accepts_them(monkeypatch: Patch, defended: bool) -> None:
    """A stolen identity key names new keys for Anna: the verified contact does not slide over to them."""
    known = contacts.mark_verified(ANNA.as_contact(), BEN.keys)
    change = read_mail(BEN.me, ANNA.write(BEN.card, CardChange(MALLORY.card, bytes(16))))
    if not defended:
        # Whatever keys the newest card has are taken for the old ones.
        monkeypatch.setattr(Card, "keys", property(lambda self: (bytes(32), bytes(32))))
    outcome = receive(change, known, mine=BEN.keys)
    assert outcome.contact is not None
    assert (outcome.contact.card == ANNA.card and not outcome.contact.is_open) == defended
    assert (outcome.says == CHANGED) == defended


def test_t32_control_characters_in_names_and_notes_command_no_terminal() -> None:
    loud = Person(4, "\x1b]0;pwned\x07Anna")
    mail = read_mail(BEN.me, loud.write(BEN.card, Invitation("pad1:x", "\x1b[2Jtitle", "\x9b31m")))
    shown = term_safe(loud.as_contact().name + sentence_of(item_of(mail, "ab" * 16, missing=0, says="")))
    assert not [char for char in shown if ord(char) < 32 or 0x7F <= ord(char) < 0xA0]


@both
def test_t33_a_substituted_card_has_another_safety_number(monkeypatch: Patch, defended: bool) -> None:
    """Whoever carries the cards gives each side one of their own making."""
    given_to_ben, given_to_anna = MALLORY.card, Person(8, "Ben").card
    if not defended:
        # A number about names would be equal on both sides.
        monkeypatch.setattr("cryptpad_tui.people.safety.half_of", lambda keys: bytes(30))
    seen_by_ben = safety_number(BEN.keys, given_to_ben.keys)
    seen_by_anna = safety_number(ANNA.keys, given_to_anna.keys)
    assert (seen_by_ben != seen_by_anna) == defended


@both
def test_t33_nobody_puts_another_mailbox_into_a_card(monkeypatch: Patch, defended: bool) -> None:
    theirs = bytearray(ANNA.card.raw)
    at = theirs.index(ANNA.card.box_pk)
    theirs[at : at + 32] = MALLORY.card.box_pk
    if not defended:
        monkeypatch.setattr("cryptpad_tui.people.card.verify_parts", yes)
        assert parse_card(bytes(theirs)).ident_pk == ANNA.me.ident.public
        return
    with pytest.raises(BadCard):
        parse_card(bytes(theirs))


@both
def test_t33_a_card_brought_for_a_verified_contact_blocks_sending(monkeypatch: Patch, defended: bool) -> None:
    known = contacts.mark_verified(ANNA.as_contact(), BEN.keys)
    if not defended:
        monkeypatch.setattr(contacts, "offer", lambda contact, card: dataclasses.replace(contact, card=card))
    after = contacts.offer(known, read_card(MALLORY.card.text))
    assert after.is_open != defended
    assert not contacts.accept_offered(after).is_verified(BEN.keys)
    moved = make_card(ANNA.me, address="wss://other.example", relay_fingerprint=bytes(16), name="Anna")
    assert contacts.offer(known, moved).is_verified(BEN.keys)


@both
def test_r22_a_flood_at_the_door_keeps_no_contact_out(monkeypatch: Patch, defended: bool) -> None:
    """Strangers who fill a mailbox: contacts have room of their own, which no stranger can take."""
    desk = Desk(MemoryStore(), Forge(), limits=Limits()._replace(mails_at_door=8, mails_by_pass=8))
    monkeypatch.setattr("cryptpad_relay.mailboxes.WORK_BITS", 0)
    monkeypatch.setattr("cryptpad_relay.mailboxes.WORK_BITS_FULL", 0)
    owner, pass_ = desk.connect("home"), BEN.me.pass_(0)
    parts = bind_parts(pass_id_of(pass_), owner.greeting.relay_nonce, owner.greeting.relay_pk)
    bind = MailBind(BEN.me.auth.public, pass_id_of(pass_), BEN.me.auth.sign("pad1/mboxbind", *parts))
    assert owner.ask(Op.MBOX_BIND, bind.encode()).op == Op.MBOX_BIND | 0x80
    day = int(desk.unix_s) // 86_400

    def leave(sender: Person, by: bytes) -> Code:
        put = MailPut(BEN.card.mailbox_id, by, day, 0, sender.write(BEN.card, sender.asks()))
        answer = desk.connect(sender.name).ask(Op.MBOX_PUT, put.encode())
        return Code.OK if answer.op == Op.MBOX_PUT | 0x80 else Code(int.from_bytes(answer.body[:2]))

    flood = [leave(Person(100 + n, f"flood {n}"), NO_PASS) for n in range(12)]
    assert flood == [Code.OK] * 8 + [Code.QUOTA] * 4
    assert (leave(ANNA, pass_ if defended else NO_PASS) is Code.OK) == defended


def test_r22_who_was_declined_or_is_nobody_fills_no_inbox() -> None:
    for known in (None, ANNA.as_contact(Standing.DECLINED), ANNA.as_contact(Standing.REMOVED)):
        outcome = receive(read_mail(BEN.me, ANNA.write(BEN.card, PLAN)), known, mine=BEN.keys)
        assert not outcome.shown
        assert outcome.contact is None
