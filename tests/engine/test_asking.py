"""Asking for the right to write: whom it goes to, and that nobody takes the owner's place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.test_owning import NOWHERE, deliver, friends, link_of

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of, owner_key
from cryptpad_tui.engine import Engine, asking, contacts, inbox, outbox
from cryptpad_tui.engine.asking import MayWriteAlready, NobodyToAsk
from cryptpad_tui.engine.errors import NotOwner
from cryptpad_tui.engine.own_card import own_card
from cryptpad_tui.engine.records import own_record
from cryptpad_tui.people.card import Card
from support.sessions import MakeEngine


def reads(owner: Engine, reader: Engine, pad_id: bytes) -> None:
    """As by a view link."""
    record = owner.vault.pad(pad_id)
    assert record is not None
    seed = EditKeys.from_seed(edit_seed_of(record.secret, 0)).view_seed
    made = own_record(parse_genesis(record.genesis, pad_id), PadKind.TEXT, seed, created_ms=1)
    reader.add(replace(made, role="view", relay_url=NOWHERE, relay_pk=bytes(32)))


def root_of(engine: Engine, pad_id: bytes) -> bytes:
    record = engine.vault.pad(pad_id)
    assert record is not None
    return record.secret


async def test_the_question_goes_to_who_sent_the_pad_and_comes_back_with_a_link(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "make_link", link_of)
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    friends(anna, ben)
    plan = anna.create_pad("Plan").pad_id
    with pytest.raises(MayWriteAlready):
        asking.ask(anna, plan)
    reads(anna, ben, plan)
    with pytest.raises(NobodyToAsk):
        asking.ask(ben, plan)
    asking.note_sender(ben, plan, contacts.find(ben, "Anna"))
    asked = asking.ask(ben, plan, note="a typo")
    assert (asked.contact.name, asked.waits) == ("Anna", False)
    asking.ask(ben, plan, note="two typos")
    deliver(ben, anna)
    [line] = inbox.lines(anna)
    assert line.sentence == "asks to write in “Plan”: two typos", "who asks twice is answered once"
    await inbox.accept(anna, inbox.numbered(anna, 1))
    deliver(anna, ben)
    assert [line.kind for line in inbox.lines(ben)] == ["edit-answer"]


def test_a_stranger_asks_the_owner_by_the_card_once_they_are_contacts(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    plan = anna.create_pad("Plan").pad_id
    asking.show_card(anna, plan, on=True)
    with anna.borrowed(plan) as session:
        card = asking.owners_card(session)
    assert card is not None
    assert card == own_card(anna)
    reads(anna, ben, plan)
    with pytest.raises(NotOwner):
        asking.show_card(ben, plan, on=True)
    monkeypatch.setattr(asking, "owners_card", lambda _: card)
    assert asking.ask(ben, plan, note="I read your plan").waits
    assert asking.go_on(ben) == 0
    deliver(ben, anna)
    assert [line.sentence for line in inbox.lines(anna)] == ["asks to be your contact: I read your plan"]
    contacts.accept(anna, "Ben")
    deliver(anna, ben)
    assert asking.go_on(ben) == 1
    assert asking.go_on(ben) == 0
    deliver(ben, anna)
    assert [line.kind for line in inbox.lines(anna)] == ["edit-request"]
    asking.show_card(anna, plan, on=False)
    monkeypatch.undo()
    with anna.borrowed(plan) as session:
        assert asking.owners_card(session) is None


def test_no_editor_puts_another_card_in_the_owners_place(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, mallory = make_engine("Anna", relay_url=NOWHERE), make_engine("Mallory", relay_url=NOWHERE)
    plan, other = anna.create_pad("Plan").pad_id, anna.create_pad("Other").pad_id
    owner = owner_key(root_of(anna, plan))
    good = asking.signed_card(own_card(anna), plan, owner)
    theirs = own_card(mallory)
    own = mallory.create_pad("Mine").pad_id
    forged = [
        {**good, "card": theirs.text},
        asking.signed_card(theirs, plan, owner_key(root_of(mallory, own))),
        asking.signed_card(own_card(anna), other, owner_key(root_of(anna, other))),
        {**good, "more": 1}, {"card": 1, "sig": 1}, {**good, "sig": "é"},
        {**good, "card": "padc1:x"}, "x", None,
    ]  # fmt: skip
    assert asking.card_of(good, plan, owner.public) == own_card(anna)
    assert [asking.card_of(value, plan, owner.public) for value in forged] == [None] * len(forged)
    monkeypatch.setattr(asking, "verify_parts", lambda *_: True)
    taken = asking.card_of(forged[0], plan, owner.public)
    assert isinstance(taken, Card)
    assert taken.ident_pk == contacts.keys_of(mallory)[0], "the attack, without the defence"
    assert outbox.waiting(anna) == []
