"""Contacts are told where they were named or answered, and nobody else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.test_owning import NOWHERE, deliver, friends

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import contacts, inbox, keeping, mentions, outbox
from cryptpad_tui.engine.authors import Author
from cryptpad_tui.engine.own_card import own_card
from support.sessions import MakeEngine


def test_who_is_named_or_answered_is_told_once_where_it_is(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, clara = [make_engine(name, relay_url=NOWHERE) for name in ("Anna", "Ben", "Clara")]
    friends(anna, ben)
    friends(anna, clara)
    plan = anna.create_pad("Plan", text="at nine\n").pad_id
    with anna.borrowed(plan) as session:
        assert mentions.names(anna, session) == ["Ben", "Clara"]
        assert mentions.tell(anna, session, "Mallory@Ben is nobody", thread="x") == []
        name = session.comments.comment(Position(0, 3), Position(0, 7), "@ben, so early?")
        [told] = mentions.tell(anna, session, "@ben, so early?", thread=name)
        assert told.name == "Ben"
        deliver(anna, ben)
        [line] = inbox.lines(ben)
        assert line.sentence == "named you in “Plan”: @ben, so early?"

        # Clara wrote in the thread; a remark that only says to be Ben's is nobody's.
        [thread] = session.comments.threads()
        key = b"\x05" * 32
        anna.people.set_known(plan, key, contacts.find(anna, "Clara").id)
        monkeypatch.setattr(session.view, "map_writers", lambda _: {thread.root.key: 77})
        authors = {77: Author(key, "Ben", "0505", (0, 0, 0))}
        monkeypatch.setattr(session.authors, "by_client", lambda: authors)
        both = mentions.tell(anna, session, "yes, and @Ben knows", thread=name, answers=thread)
        assert [each.name for each in both] == ["Ben", "Clara"]
        assert len(outbox.waiting(anna)) == 2
        monkeypatch.setattr(anna, "relay_url", lambda: None)
        assert mentions.tell(anna, session, "@Ben", thread=name) == []


def test_a_notice_has_the_title_that_all_see_and_not_ones_own(make_engine: MakeEngine) -> None:
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    friends(anna, ben)
    plan = anna.create_pad("Plan").pad_id
    keeping.set_own_name(anna, plan, "That tiresome plan")
    with anna.borrowed(plan) as session:
        mentions.tell(anna, session, "@Ben", thread="chat/1")
    deliver(anna, ben)
    assert inbox.lines(ben)[0].sentence.startswith("named you in “Plan”")


def test_whose_keys_may_be_anothers_is_not_told_and_holds_up_nobody(make_engine: MakeEngine) -> None:
    """Nothing goes to them before a person accepts the other card; the refusal would take all with it."""
    anna, ben, clara = [make_engine(name, relay_url=NOWHERE) for name in ("Anna", "Ben", "Clara")]
    friends(anna, ben)
    friends(anna, clara)
    with anna.people.durable():
        anna.people.put_contact(replace(contacts.find(anna, "Ben"), offered=own_card(clara)))
    plan = anna.create_pad("Plan").pad_id
    with anna.borrowed(plan) as session:
        assert mentions.names(anna, session) == ["Clara"]
        told = mentions.tell(anna, session, "@Ben and @Clara", thread="chat/1")
    assert [each.name for each in told] == ["Clara"]
    assert len(outbox.waiting(anna)) == 1
