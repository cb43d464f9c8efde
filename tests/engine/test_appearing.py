"""Somebody else in each pad, or oneself where one likes: by key, on every device, and for nobody else."""

from __future__ import annotations

import pytest
from engine.test_owning import friends
from engine.test_people import befriend

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_tui.crypto.keys import identity_of, pseudonym_of
from cryptpad_tui.engine import Engine, PadSession, appearing, chatting, contacts, membership
from cryptpad_tui.engine.known_members import all_keys, known_members
from cryptpad_tui.engine.limited import BOX, LimitedDevice
from cryptpad_tui.engine.own_card import own_card
from cryptpad_tui.pad.payloads import Hello
from support.epochs import Guest, Table
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

from .conftest import MakeDevice

NOWHERE = "ws://127.0.0.1:1"


def card_of(engine: Engine) -> bytes:
    return identity_of(engine.vault.account_root).public


def keys_shown(engine: Engine, pad_id: bytes) -> list[bytes]:
    """The identities of a pad's writers, in the order in which they came."""
    with engine.borrowed(pad_id) as session:
        writers = sorted(session.replica.fold.writers.values(), key=lambda each: each.last_n)
        return [writer.ident_pk for writer in writers]


async def test_who_likes_to_is_known_by_their_card_from_then_on(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben, clara = [make_engine(name, relay_url=relay.url) for name in ("Anna", "Ben", "Clara")]
    await befriend(anna, ben)
    contacts.mark_verified(anna, "Ben")
    plan = anna.create_pad("Plan", text="Plan.\n").pad_id
    link = await anna.make_link(plan, view=False)
    for guest in (ben, clara):
        await guest.join(link)
    with ben.borrowed(plan) as session:
        append(session, "as anybody. ")
        session.chat.say("who am I?")
    await ben.sync([plan])
    await anna.sync([plan])
    guests = [line for line in membership.members(anna, plan).lines if line.how == "link"]
    assert [line.name for line in guests] == ["Ben"]
    assert known_members(anna, plan, [guests[0].ident_pk]) == {}

    with ben.borrowed(plan) as session:
        append(session, "typed before. ")
        appearing.choose(ben, plan, as_contact=True)
        append(session, "as Ben. ")
        session.chat.say("I am")
        assert session.view.text().count("typed before. ") == 1
        assert session.presence._identity.public == card_of(ben)
    await ben.sync([plan])
    for reader in (anna, clara):
        await reader.sync([plan])
        with reader.borrowed(plan) as session:
            assert session.view.text() == "Plan.\nas anybody. typed before. as Ben. "
        assert keys_shown(reader, plan)[-1] == card_of(ben)
        [mine] = known_members(reader, plan, [card_of(ben)]).values() if reader is anna else [None]
        assert mine is None or (mine.name, mine.verified) == ("Ben", True)
    with ben.borrowed(plan) as session:
        assert [line.me for line in chatting.lines(ben, session)] == [True, True]
    assert [line.how for line in membership.members(ben, plan).lines if line.name == "Ben"] == ["me"]

    appearing.choose(ben, plan, as_contact=False)
    with ben.borrowed(plan) as session:
        append(session, "and no more. ")
    await ben.sync([plan])
    await anna.sync([plan])
    assert keys_shown(anna, plan)[-1] == pseudonym_of(ben.vault.account_root, plan).public


def test_it_is_the_accounts_choice_and_no_device_without_its_root_makes_it(
    make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("Anna")
    lap = second(desk, "lap")
    pad_id = desk.create_pad("Plan").pad_id
    appearing.choose(desk, pad_id, as_contact=True)
    note = desk.drive.note(pad_id, appearing.NOTE)
    assert note is not None
    record = desk.vault.pad(pad_id)
    assert record is not None
    lap.add(record)
    session = lap.open_pad(pad_id)

    def heard(said: str) -> bytes:
        lap.drive.set_note(pad_id, appearing.NOTE, said)
        appearing.agree(lap, pad_id)
        return session.replica.profile.identity.public

    for forged in ("contact", "", note[:-8] + "AAAAAAA="):
        assert heard(forged) == pseudonym_of(lap.vault.account_root, pad_id).public
    assert heard(note) == card_of(desk)
    other = lap.create_pad("Other").pad_id
    lap.drive.set_note(other, appearing.NOTE, note)
    appearing.agree(lap, other)
    assert appearing.word_of(lap, other) == "", "what was said of one pad is said of no other"
    desk.vault.set_setting(BOX, bytes(32).hex())
    with pytest.raises(LimitedDevice):
        appearing.choose(desk, pad_id, as_contact=False)


def test_a_pad_that_was_closed_meanwhile_goes_on_by_another_writer(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Plan", text="Plan.\n").pad_id

    def writer() -> PadSession:
        with anna.borrowed(pad_id) as session:
            return session

    before = writer().replica.writer
    assert writer().replica.writer is before
    anna.vault.set_setting(f"as/{pad_id.hex()}", appearing.CONTACT)
    assert writer().replica.writer is not before, "one key introduces itself once"


def test_a_writer_of_before_is_ended_by_the_identity_that_it_had() -> None:
    """Else a relay could keep what it refused of it, and show it when its text is there already."""
    table = Table()
    anna = Guest(table, "Anna", 1, owner=True)
    anna.write("Anna. ")
    before, queue = anna.replica.writer, anna.replica.queue
    assert before is not None
    card = Guest(table, "Card", 7).identity
    queue.profile = type(queue.profile)(card, "Anna", bytes(3), card_pk=card.public, others=(anna.identity,))
    hellos = [queue.superseding_hello(before.pk), queue.superseding_hello(bytes(32))]
    said = [read_hello(anna, each.raw) for each in hellos]
    assert [(each.ident_pk, each.pseudonym) for each in said] == [
        (anna.identity.public, True),
        (card.public, False),
    ]


def read_hello(guest: Guest, raw: bytes) -> Hello:
    from cryptpad_tui.crypto.sealing import open_sealed, unpad

    entry = parse_entry(raw)
    return Hello.decode(unpad(open_sealed(guest.replica.keys.read_key, entry.associated_data, entry.sealed)))


def test_whoever_goes_by_one_key_goes_by_all_of_theirs(make_engine: MakeEngine) -> None:
    """On the owner's list by a guest's key, and by the card of an invitation: one person, out of both."""
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    friends(anna, ben)
    plan, card, guest = anna.create_pad("Plan").pad_id, own_card(ben).ident_pk, b"\7" * 32
    stranger = b"\x09" * 32
    with anna.people.durable():
        anna.people.set_known(plan, guest, contacts.find(anna, "Ben").id)
    assert set(all_keys(anna, plan, [guest])) == set(all_keys(anna, plan, [card])) == {guest, card}
    assert all_keys(anna, plan, [stranger]) == (stranger,)
    other = anna.create_pad("Other").pad_id
    assert set(all_keys(anna, other, [card])) == {card}
