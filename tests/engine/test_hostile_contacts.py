"""Contacts and strangers who mean ill: names that lead to somebody else, and mail without end."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

from cryptpad_relay.protocol.mail_frames import MAX_MAILS, SEALED_MAIL_BYTES, MailFetched
from cryptpad_tui.engine import Engine, contacts, devices, mailbox, membership
from cryptpad_tui.engine.devices import UnknownDevice
from cryptpad_tui.engine.errors import UnknownMember
from cryptpad_tui.engine.mail_errors import ContactNameTaken, UnknownContact
from cryptpad_tui.engine.mailbox import Fetched
from cryptpad_tui.engine.member_lines import MemberLine, Membership
from cryptpad_tui.engine.own_card import myself
from cryptpad_tui.people import contacts as rules
from cryptpad_tui.people.card import Card, make_card
from cryptpad_tui.people.contacts import Outcome, Standing, contact_id
from cryptpad_tui.people.lookalikes import look_alike, skeleton
from cryptpad_tui.people.messages import CardChange, Message, RemovalNotice
from support.persons import NOW_MS, Person
from support.sessions import MakeEngine

ANNA, MALLORY = Person(1, "Anna"), Person(9, "Mallory")
NOTICE = RemovalNotice(bytes(32), "Plan")
both = pytest.mark.parametrize("defended", [True, False])


@pytest.fixture
def ben(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Has Anna and Mallory as contacts."""
    engine = make_engine("Ben")
    monkeypatch.setattr(engine, "wall_ms", lambda: NOW_MS)
    with engine.people.durable():
        for each in (ANNA, MALLORY):
            engine.people.put_contact(each.as_contact())
    return engine


def card_of(engine: Engine) -> Card:
    return make_card(myself(engine), address="wss://x.example", relay_fingerprint=bytes(16), name="Ben")


def hears(engine: Engine, sender: Person, message: Message, found: Fetched | None = None) -> bool:
    """Whether the message need not stay at the relay."""
    sealed = sender.write(card_of(engine), message)
    return mailbox._take(engine, myself(engine), sealed, found or Fetched())


def by_name_first(engine: Engine, reference: str) -> rules.Contact:
    """The defence taken out."""
    shown = [each for each in engine.people.contacts() if each.standing is not Standing.REMOVED]
    named = [each for each in shown if each.name == reference]
    return (named or [each for each in shown if each.id.startswith(reference)])[0]


@both
def test_a_name_that_is_somebody_elses_id_gets_none_of_their_mail(
    ben: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes from Anna is answered by her id, and everybody chooses their own name."""
    if not defended:
        monkeypatch.setattr(contacts, "find", by_name_first)
    anna, thief = contact_id(ANNA.me.ident.public), Person(10, contact_id(ANNA.me.ident.public))
    short = Person(11, anna[:8])
    with ben.people.durable():
        for each in (thief, short):
            ben.people.put_contact(each.as_contact())
    assert (contacts.to_write_to(ben, anna).card == ANNA.card) == defended
    if defended:
        with pytest.raises(UnknownContact):
            contacts.find(ben, anna[:8])


def test_a_stranger_of_a_contacts_name_stands_in_nobodys_way(ben: Engine) -> None:
    other = Person(12, "Anna")
    assert hears(ben, other, other.asks())
    assert contacts.to_write_to(ben, "Anna").card == ANNA.card


@both
def test_nobody_takes_another_contacts_name_by_changing_their_own(
    ben: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not defended:
        monkeypatch.setattr(rules, "_called_as_before", lambda known, card: known.label)
    renamed = Person(9, "Clara")
    assert hears(ben, renamed, CardChange(renamed.card, bytes(16)))
    names = {each.name for each in ben.people.contacts()}
    assert (names == {"Anna", "Mallory"}) == defended


def test_nobody_becomes_another_contact_by_offering_their_card(ben: Engine) -> None:
    """Mallory says that Anna's card is her own from here on, and Ben accepts."""
    assert hears(ben, MALLORY, CardChange(ANNA.card, bytes(16)))
    with pytest.raises(ContactNameTaken):
        contacts.accept(ben, "Mallory")
    assert ben.people.contact(contact_id(ANNA.me.ident.public)) == ANNA.as_contact()


@pytest.mark.parametrize(
    "name", ["\u0410nn\u0430", "anna", "\uff21nna", "A\u200bnna", "\u0391nn\u03b1", "\u00c1nna", "An na"]
)
def test_a_name_that_looks_like_a_contacts_is_warned_of(name: str) -> None:
    asking = Person(13, name).as_contact(Standing.ASKS)
    assert "called like" in rules.warnings_about(asking, [ANNA.as_contact()])


def test_names_that_differ_to_the_eye_are_not() -> None:
    for one, other in (("Anna", "Hanna"), ("Jan", "Jana"), ("Олег", "Ольга"), ("", ""), ("😀", "😁")):
        assert not look_alike(one, other)
    assert skeleton("Modern") == skeleton("Modem")


@both
def test_a_contact_who_writes_without_end_keeps_nobody_else_out(
    ben: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MAX_OPEN", 12)
    monkeypatch.setattr(mailbox, "MAX_OF_ONE", 8 if defended else 100)
    found = Fetched()
    taken = [hears(ben, MALLORY, NOTICE, found) for _ in range(20)]
    assert all(taken) == defended, "what stays at the relay fills the room that all contacts share"
    assert (hears(ben, ANNA, NOTICE, found) and found.taken > 8) == defended
    assert ("were dropped" in " ".join(found.words())) == defended


@both
def test_mail_of_which_nothing_comes_leaves_nothing_in_the_drive(
    ben: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger needs no more than the card, and has a message a minute for it."""
    if not defended:
        monkeypatch.setattr(mailbox, "Outcome", lambda: dataclasses.replace(Outcome(), shown=True))
    declined = Person(14, "Declined")
    with ben.people.durable():
        ben.people.put_contact(declined.as_contact(Standing.DECLINED))
    before = len(ben.drive_session.view.map_items("entries"))
    for each in (Person(15, "Nobody"), declined):
        assert hears(ben, each, NOTICE)
    assert (len(ben.drive_session.view.map_items("entries")) == before) == defended


def test_a_device_that_is_called_like_the_beginning_of_anothers_id_is_not_taken_for_it(
    make_engine: MakeEngine,
) -> None:
    desk = make_engine("desk")
    for id_, name in (("ab" * 16, "phone"), ("cd" * 16, "ab" * 4)):
        devices.let_in(desk, id_, bytes([3]) * 32)
        devices.write(desk, id_, {"name": name})
    with pytest.raises(UnknownDevice):
        devices.find(desk, "ab" * 4)
    assert devices.find(desk, "ab" * 5).name == "phone"
    devices.write(desk, "cd" * 16, {"name": "ab" * 16})
    assert devices.find(desk, "ab" * 16).name == "phone", "else it could not be taken out any more"


def test_a_members_name_that_is_the_beginning_of_anothers_key_means_neither(
    ben: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is to be taken out calls themselves by the key of who is to stay."""
    key, other = bytes([0xAB]) * 32, bytes([0xCD]) * 32
    lines = (MemberLine(key, "Clara", "edit", "link"), MemberLine(other, "ab" * 4, "edit", "link"))
    monkeypatch.setattr(membership, "members", lambda engine, pad_id: Membership(0, lines, 0, False))
    with pytest.raises(UnknownMember):
        membership.find_member(ben, bytes(32), "ab" * 4)
    assert membership.find_member(ben, bytes(32), "ab" * 5).name == "Clara"
    assert membership.find_member(ben, bytes(32), key.hex()).name == "Clara"


@both
def test_a_relay_whose_mailbox_never_ends_is_left_after_some_pages(
    ben: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has nothing to show but junk, at places that go on for ever."""
    monkeypatch.setattr(mailbox, "MAX_PAGES", 4 if defended else 10**9)
    flow, asked = mailbox.fetch(ben), 0
    junk = [bytes([n]) * SEALED_MAIL_BYTES for n in range(MAX_MAILS)]
    with contextlib.suppress(StopIteration):
        next(flow)
        for asked in range(1, 12):
            places = range(asked * MAX_MAILS, (asked + 1) * MAX_MAILS)
            flow.send(MailFetched(tuple(zip(places, junk, strict=True))).encode())
    assert (asked == 4) == defended
