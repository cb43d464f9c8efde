"""Cards and safety numbers: read whole or refused, and equal for two exactly when nobody is between."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.people.card import Card, make_card, parse_card, read_card
from cryptpad_tui.people.errors import BadCard
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.safety import safety_number, same_number
from support.persons import Person

ANNA, BEN = Person(1, "Anna"), Person(2, "Бен\x1b[31m")


def test_a_card_reads_as_it_was_written() -> None:
    for person in (ANNA, BEN):
        assert read_card(f"\n {person.card.text} \n") == person.card
        assert parse_card(person.card.raw) == person.card


def test_the_keys_of_an_account_are_what_the_protocol_says() -> None:
    """Known answers, so that another client finds the same mailbox."""
    me = Myself(bytes(range(32)))
    assert me.ident.public.hex()[:16] == "013e07a3457aa65c"
    assert me.box.public.hex()[:16] == "0357cfd6e4ed1d53"
    assert me.mailbox_id.hex()[:16] == "51d9cd2d840df296"
    assert me.pass_(0).hex() == "87418ded1854c16c7a8052b12bd34783"


@given(st.integers(0, len(ANNA.card.raw) - 1), st.integers(1, 255))
def test_a_card_with_a_changed_byte_is_none(at: int, change: int) -> None:
    raw = bytearray(ANNA.card.raw)
    raw[at] ^= change
    with pytest.raises(BadCard):
        parse_card(bytes(raw))


@given(st.text(max_size=80))
def test_text_that_is_no_card_is_refused(text: str) -> None:
    for each in (text, "padc1:" + text, ANNA.card.text + text.strip()[:1] + "A"):
        with pytest.raises(BadCard):
            read_card(each)


def test_a_card_has_one_spelling() -> None:
    twice = base64.urlsafe_b64encode(
        ANNA.card.raw + hash_parts("pad1/cardsum", ANNA.card.raw, size=4)
    ).decode()
    with pytest.raises(BadCard):
        read_card("padc1:" + twice + "=")
    with pytest.raises(BadCard):
        make_card(ANNA.me, address="https://example", relay_fingerprint=bytes(16), name="x")


def test_both_sides_see_one_number_and_another_key_changes_it() -> None:
    number = safety_number(ANNA.keys, BEN.keys)
    assert number == safety_number(BEN.keys, ANNA.keys)
    assert len(number.split()) == 12
    assert all(len(group) == 5 for group in number.split())
    mallory = Person(3, "Anna")
    assert number != safety_number(mallory.keys, BEN.keys)
    halfway: Card = mallory.card
    assert number != safety_number((ANNA.keys[0], halfway.box_pk), BEN.keys)
    assert same_number(number, number.replace(" ", "-") + "\n")
    assert not same_number(number, number[:-1])


def test_nothing_secret_shows_itself() -> None:
    root = bytes(range(32))
    me = Myself(root)
    assert root.hex() not in repr(me) + repr(me.box)
    assert me.pass_(0).hex() not in repr(ANNA.asks())
