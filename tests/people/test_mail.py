"""Sealed mail, what it does to contacts, and how it stands in the inbox."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.people import contacts, messages
from cryptpad_tui.people.contacts import CHANGED, REFUSED, WELCOME, Outcome, Standing, receive
from cryptpad_tui.people.errors import MailRefused, TooLongToSend
from cryptpad_tui.people.inbox import InboxItem, item_of, sentence_of
from cryptpad_tui.people.mail import DAY_MS, MAIL_BYTES, Dated, dated, read_mail
from cryptpad_tui.people.messages import (
    KINDS,
    Answer,
    CardChange,
    Invitation,
    Message,
    Unknown,
    decode_message,
)
from support.persons import NOW_MS, Person

ANNA, BEN, MALLORY = Person(1, "Anna"), Person(2, "Ben"), Person(3, "Mallory")
PAD, KEY, PROOF = bytes(32), bytes(range(32)), bytes(64)
EXAMPLES: list[Message] = [
    ANNA.asks("hi"),
    Answer(True, ANNA.card, bytes(16)),
    CardChange(ANNA.card, bytes(16)),
    Invitation("pad1:" + "x" * 300, "Plan", "come"),
    messages.InvitationAnswer(PAD, True, KEY, PROOF),
    messages.EditRequest(PAD, "Plan", KEY, PROOF, "please"),
    messages.EditAnswer(PAD, True, "pad1:x", ""),
    messages.Mention(PAD, "Plan", "t1", True, "what do you think"),
    messages.RemovalNotice(PAD, "Plan"),
    messages.OwnershipOffer(PAD, "Plan", "pad1:x", KEY),
    messages.OwnershipAnswer(PAD, False),
    messages.PadMoved(PAD, "Plans", "wss://other.example"),
    messages.TeamLeave(PAD, "Crew", "QUJD"),
]


def got(sender: Person, message: Message, known: contacts.Contact | None) -> Outcome:
    return receive(read_mail(BEN.me, sender.write(BEN.card, message)), known, mine=BEN.keys)


def test_every_kind_has_an_example_and_comes_as_it_was_sent() -> None:
    assert {type(each) for each in EXAMPLES} == set(KINDS.values())
    for message in EXAMPLES:
        mail = read_mail(BEN.me, ANNA.write(BEN.card, message))
        assert (mail.message, mail.ident_pk, mail.card_hash) == (
            message,
            ANNA.me.ident.public,
            ANNA.card.hash,
        )
        item = item_of(mail, "ab" * 16, missing=2, says="")
        assert InboxItem.decode(mail.mail_id, item.encode()) == item
        assert sentence_of(item)


def test_all_mail_is_of_one_size() -> None:
    assert {len(ANNA.write(BEN.card, message)) for message in EXAMPLES} == {MAIL_BYTES + 48}


def test_what_a_newer_version_says_is_kept_and_called_so() -> None:
    message = Unknown(99, b"moved")
    mail = read_mail(BEN.me, ANNA.write(BEN.card, message))
    item = item_of(mail, "ab" * 16, missing=0, says="")
    assert mail.message == message
    assert InboxItem.decode(mail.mail_id, item.encode()) == item
    assert "update" in sentence_of(item)


def test_what_is_too_long_is_not_sent() -> None:
    for message in (Invitation("pad1:x", "t" * 257), Invitation("pad1:x", "t", "n" * 401)):
        with pytest.raises(TooLongToSend):
            ANNA.write(BEN.card, message)


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=200))
def test_any_body_is_read_or_refused(kind: int, body: bytes) -> None:
    try:
        message = decode_message(kind, body)
    except MailRefused:
        return
    assert message.encode() == body


@given(st.text(max_size=60))
def test_what_nobody_wrote_is_no_item(text: str) -> None:
    assert InboxItem.decode(bytes(16), text) is None


def test_a_date_far_off_is_told_from_a_fine_one() -> None:
    assert dated(NOW_MS, NOW_MS) is Dated.FINE
    assert dated(NOW_MS + 3 * DAY_MS, NOW_MS) is Dated.AHEAD
    assert dated(NOW_MS - 121 * DAY_MS, NOW_MS) is Dated.OLD


def test_a_stranger_can_ask_and_nothing_else() -> None:
    asked = got(ANNA, ANNA.asks(), None)
    assert asked.contact is not None
    assert (asked.contact.standing, asked.shown) == (Standing.ASKS, True)
    for message in EXAMPLES[1:]:
        assert got(ANNA, message, None) == Outcome()
        assert got(ANNA, message, ANNA.as_contact(Standing.REMOVED)) == Outcome()
    assert got(MALLORY, ANNA.asks(), None) == Outcome()


def test_who_was_declined_is_not_shown_again() -> None:
    for message in EXAMPLES:
        assert got(ANNA, message, ANNA.as_contact(Standing.DECLINED)) == Outcome()


def test_both_asking_makes_contacts() -> None:
    outcome = got(ANNA, ANNA.asks(), ANNA.as_contact(Standing.ASKED))
    assert outcome.contact is not None
    assert (outcome.contact.standing, outcome.says) == (Standing.CONTACT, WELCOME)
    assert outcome.contact.pass_ == ANNA.me.pass_(0)


def test_a_refusal_ends_the_asking_and_nothing_more() -> None:
    no = Answer(False, ANNA.card, bytes(16))
    outcome = got(ANNA, no, ANNA.as_contact(Standing.ASKED))
    assert outcome.contact is not None
    assert (outcome.contact.standing, outcome.says) == (Standing.REMOVED, REFUSED)
    assert got(ANNA, no, ANNA.as_contact()) == Outcome()


def test_a_contact_who_asks_again_is_answered() -> None:
    """Their vault may have lost us; a person is not asked twice."""
    outcome = got(ANNA, ANNA.asks(), ANNA.as_contact())
    assert outcome.answer
    assert not outcome.shown


def test_a_muted_contact_is_not_shown_but_for_other_keys() -> None:
    muted = dataclasses.replace(ANNA.as_contact(), muted=True)
    assert not got(ANNA, EXAMPLES[3], muted).shown
    outcome = got(ANNA, CardChange(MALLORY.card, bytes(16)), muted)
    assert (outcome.shown, outcome.says) == (True, CHANGED)


def test_a_new_name_is_noted_and_other_keys_are_offered() -> None:
    renamed = dataclasses.replace(Person(1, "Anna B."))
    known = contacts.mark_verified(ANNA.as_contact(), BEN.keys)
    outcome = got(renamed, CardChange(renamed.card, bytes(16)), known)
    assert outcome.contact is not None
    assert (outcome.contact.name, outcome.contact.card.name, outcome.shown) == ("Anna", "Anna B.", False)
    assert outcome.contact.is_verified(BEN.keys)
    changed = got(ANNA, CardChange(MALLORY.card, bytes(16)), known).contact
    assert changed is not None
    assert changed.card == ANNA.card
    assert not changed.is_open
    accepted = contacts.accept_offered(changed)
    assert accepted.is_open
    assert accepted.card == MALLORY.card
    assert not accepted.is_verified(BEN.keys)
    assert contacts.decline_offered(changed).is_verified(BEN.keys)


def test_a_known_name_or_mailbox_under_another_key_is_warned_of() -> None:
    known = ANNA.as_contact()
    other_anna = Person(9, "ANNA").as_contact(Standing.ASKS)
    assert "called like" in contacts.warnings_about(other_anna, [known])
    borrowed = dataclasses.replace(MALLORY.card, mailbox_id=ANNA.card.mailbox_id)
    asking = dataclasses.replace(MALLORY.as_contact(Standing.ASKS), card=borrowed)
    assert "uses the mailbox" in contacts.warnings_about(asking, [known])
    assert contacts.warnings_about(MALLORY.as_contact(Standing.ASKS), [known]) == ""
