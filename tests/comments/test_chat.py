"""The chat beside a text: who said what is a signature's word, in one order, and never without bound."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from cryptpad_tui.comments import chat
from cryptpad_tui.comments.chat import MAX_AHEAD_MS, Chat, MessageTooLong, NothingSaid
from cryptpad_tui.comments.model import threads_of
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT, PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import SigningSeed

PAD, OTHER_PAD = bytes(32), bytes([1]) * 32
NOW_MS = 1_790_000_000_000


class Person:
    def __init__(self, client: int, name: str, *, clock_ms: int = NOW_MS, pad_id: bytes = PAD) -> None:
        self.view = ViewDocument(client_id=client, kind=PadKind.TEXT)
        self.key = SigningSeed(bytes([client]) * 32)
        self.now_ms = clock_ms
        self.chat = Chat(
            self.view,
            pad_id,
            identity=lambda: self.key,
            name=lambda: name,
            wall_ms=lambda: self.now_ms,
            rng=random.Random(client).randbytes,
        )

    def said(self) -> list[tuple[str, str]]:
        return [(message.name, message.text) for message in self.chat.messages()]

    def put(self, key: str, value: Any) -> None:
        self.view.set_map(COMMENTS_ROOT, key, value)


def exchange(*people: Person) -> None:
    sent = [person.view.take_updates() for person in people]
    for i, person in enumerate(people):
        for j, updates in enumerate(sent):
            if i != j:
                for update in updates:
                    person.view.apply(update)


@pytest.fixture
def anna() -> Person:
    return Person(1, "ANNA")


@pytest.fixture
def ben() -> Person:
    return Person(2, "BEN", clock_ms=NOW_MS - 600_000)


def test_an_answer_stands_behind_what_it_answers_though_clocks_differ(anna: Person, ben: Person) -> None:
    anna.chat.say(" nine? \n")
    exchange(anna, ben)
    ben.chat.say("ten")
    ben.chat.say("please")
    exchange(anna, ben)
    assert anna.said() == ben.said() == [("ANNA", "nine?"), ("BEN", "ten"), ("BEN", "please")]
    assert anna.chat.messages()[1].at_ms == NOW_MS - 600_000
    assert [message.text for message in anna.chat.messages(2)] == ["ten", "please"]


def test_messages_said_at_once_all_stay(anna: Person, ben: Person) -> None:
    ben.now_ms = anna.now_ms
    anna.chat.say("a")
    ben.chat.say("b")
    exchange(anna, ben)
    assert len(anna.said()) == 2
    assert anna.said() == ben.said()


def test_undo_takes_back_text_and_never_what_was_said(anna: Person) -> None:
    anna.view.replace(Position(0, 0), Position(0, 0), "text")
    anna.chat.say("said")
    anna.view.undo()
    assert (anna.view.text(), anna.said()) == ("", [("ANNA", "said")])


def test_comments_of_every_version_pass_over_messages(anna: Person) -> None:
    anna.chat.say("hello")
    assert threads_of(anna.view.map_items(COMMENTS_ROOT)) == []


def forgeries(anna: Person, mallory: Person) -> dict[str, dict[str, Any]]:
    """What an editor may put into the map to speak as Anna."""
    (said,) = anna.chat.messages()
    value = dict(anna.view.map_value(COMMENTS_ROOT, said.key))
    own = chat.signed(replace(said, text="I agree"), PAD, mallory.key)
    elsewhere = Person(1, "ANNA", pad_id=OTHER_PAD)
    moved = elsewhere.chat.say("I agree")
    return {
        "other words": {said.key: {**value, "text": "I agree"}},
        "another name": {said.key: {**value, "name": "BEN"}},
        "another time": {said.key: {**value, "at": NOW_MS + 1}},
        "again": {f"chat/{said.number + 9:013d}-00000000": value},
        "signed by another": {said.key: {**own, "by": said.ident_pk.hex()}},
        "brought from another pad": {moved.key: elsewhere.view.map_value(COMMENTS_ROOT, moved.key)},
    }


FORGERIES = ["other words", "another name", "another time", "again", "signed by another",
             "brought from another pad"]  # fmt: skip


@pytest.mark.parametrize("how", FORGERIES)
def test_nobody_speaks_as_somebody_else(anna: Person, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mallory = Person(3, "ANNA")
    anna.chat.say("no")
    exchange(anna, mallory)
    for key, value in forgeries(anna, mallory)[how].items():
        mallory.put(key, value)
    exchange(anna, mallory)
    assert all(text == "no" for _, text in anna.said())
    assert len(anna.said()) <= 1
    monkeypatch.setattr(chat, "verify_parts", lambda *parts: True)
    anna.chat._read.clear()
    without = [message for message in anna.chat.messages() if message.ident_pk == anna.key.public]
    assert without
    assert [(m.name, m.at_ms, m.text) for m in without] != [("ANNA", NOW_MS, "no")]


@pytest.mark.parametrize(
    "value",
    [
        None, 1, [], {}, {"text": "x"},
        {"text": 1, "name": "n", "at": 1, "by": "00" * 32, "sig": "A" * 86 + "=="},
        {"text": "x", "name": "n", "at": "1", "by": "00" * 32, "sig": "A" * 86 + "=="},
        {"text": "x", "name": "n", "at": -1, "by": "00" * 32, "sig": "A" * 86 + "=="},
        {"text": "x", "name": "n", "at": 1, "by": " 0" * 32, "sig": "A" * 86 + "=="},
        {"text": "x", "name": "n", "at": 1, "by": "00" * 32, "sig": "é" * 88},
        {"text": "x" * 2_001, "name": "n", "at": 1, "by": "00" * 32, "sig": "A" * 86 + "=="},
    ],
)  # fmt: skip
def test_what_is_no_message_is_passed_over(anna: Person, value: object) -> None:
    assert chat.message_of(PAD, f"chat/{NOW_MS}-00000000", value) is None
    if value is not None:
        anna.put(f"chat/{NOW_MS}-00000000", value)
    anna.put("chat/", {"text": "x"})
    anna.chat.say("fine")
    assert anna.said() == [("ANNA", "fine")]


def test_who_claims_a_time_far_ahead_neither_shows_nor_pushes_others_there(anna: Person) -> None:
    mallory = Person(3, "MALLORY", clock_ms=NOW_MS + MAX_AHEAD_MS + 60_000)
    mallory.chat.say("for ever last")
    exchange(anna, mallory)
    anna.chat.say("hello")
    assert anna.said() == [("ANNA", "hello")]
    assert anna.chat.newest() == NOW_MS


def test_a_message_has_words_and_not_too_many(anna: Person) -> None:
    with pytest.raises(MessageTooLong):
        anna.chat.say("é" * 1_001)
    with pytest.raises(NothingSaid):
        anna.chat.say(" \n")
    assert anna.said() == []


def test_the_oldest_go_where_there_are_too_many(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "MAX_KEPT", 10)
    for n in range(12):
        anna.chat.say(str(n))
    assert [text for _, text in anna.said()] == [str(n) for n in range(2, 12)]


def junk(anna: Person, count: int) -> None:
    """Newer than all that was said, and signed by nobody."""
    value = {"text": "x", "name": "n", "at": 1, "by": "00" * 32, "sig": "A" * 86 + "=="}
    keys = [f"chat/{NOW_MS + 1_000 + n}-00000000" for n in range(count)]
    anna.view.set_maps(COMMENTS_ROOT, dict.fromkeys(keys, value))


def test_a_flood_of_junk_neither_hides_for_good_what_was_said_nor_costs_without_bound(
    anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat, "MAX_KEPT", 100)
    anna.chat.say("before")
    junk(anna, 95)
    checked: list[str] = []
    real = chat.message_of
    monkeypatch.setattr(chat, "message_of", lambda *parts: checked.append(parts[1]) or real(*parts))
    assert anna.chat.messages(checks=50) == []
    assert len(checked) == 50
    assert [message.text for message in anna.chat.messages(checks=50)] == ["before"]
    assert len(checked) == 96, "nothing is checked twice"
    for n in range(8):
        anna.chat.say(f"after {n}")
    assert [text for _, text in anna.said()] == ["before", *[f"after {n}" for n in range(8)]]
    assert len(anna.view.map_items(COMMENTS_ROOT)) == 100, "junk goes first where there is too much"


def test_to_cut_a_flood_of_junk_keeps_what_was_said(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    anna.chat.say("before")
    junk(anna, chat.MAX_CHECKS + 10)
    assert anna.chat.cut(10) == chat.MAX_CHECKS + 10
    assert anna.said() == [("ANNA", "before")]
    junk(anna, chat.MAX_CHECKS + 10)
    anna.chat._read.clear()
    real = Chat.messages
    monkeypatch.setattr(Chat, "messages", lambda self, limit, checks=0: real(self, limit))
    anna.chat.cut(10)
    monkeypatch.undo()
    assert anna.said() == [], "without the look at all of it"


def test_an_owner_cuts_all_but_the_newest(anna: Person, ben: Person) -> None:
    for n in range(5):
        anna.chat.say(str(n))
    anna.put("chat/rubbish", 1)
    assert anna.chat.cut(2) == 4
    exchange(anna, ben)
    assert ben.said() == [("ANNA", "3"), ("ANNA", "4")]
    assert anna.chat.cut(0) == 2
    assert anna.said() == []


def test_a_change_is_followed_without_reading_all_again(anna: Person, ben: Person) -> None:
    before = anna.chat.changes, anna.said()
    ben.chat.say("hello")
    exchange(anna, ben)
    assert anna.chat.changes > before[0]
    assert anna.said() == [("BEN", "hello")]
