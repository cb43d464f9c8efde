"""Several owners of a pad: offered, accepted by both, and what a false offer or answer comes to: nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.test_people import Died, befriend

from cryptpad_relay.protocol.records import parse_genesis as parse
from cryptpad_tui.crypto.keys import EditKeys, Role, edit_seed_of
from cryptpad_tui.crypto.links import NO_RELAY, Link, decode_link, encode_link
from cryptpad_tui.engine import (
    Engine,
    PadListing,
    contacts,
    inbox,
    mailbox,
    membership,
    outbox,
    owner_notes,
    owning,
)
from cryptpad_tui.engine.errors import NotOwner
from cryptpad_tui.engine.mailbox import Fetched
from cryptpad_tui.engine.own_card import myself, own_card
from cryptpad_tui.engine.owner_notes import CoOwnerStays
from cryptpad_tui.engine.owning import FalseOffer, NotCompared
from cryptpad_tui.engine.records import own_record
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.messages import Message, OwnershipAnswer, OwnershipOffer
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

NOWHERE = "ws://127.0.0.1:1"


def friends(one: Engine, other: Engine) -> None:
    """As two who compared their numbers."""
    for me, them in ((one, other), (other, one)):
        card = own_card(them)
        with me.people.durable():
            me.people.put_contact(Contact(contact_id(card.ident_pk), card, Standing.CONTACT))
        contacts.mark_verified(me, them.name())


def deliver(sender: Engine, to: Engine) -> None:
    """As a relay would."""
    for each in outbox.waiting(sender):
        assert mailbox._take(to, myself(to), each.sealed, Fetched())
        outbox.drop(sender, each.mail_id)


def post(sender: Engine, to: str, message: Message) -> None:
    """What a program that keeps to no rule sends."""
    with sender.people.durable():
        mailbox.queue(sender, contacts.find(sender, to), message, "")


def who(engine: Engine, pad_id: bytes) -> list[tuple[str, str, str]]:
    return sorted((line.name, line.role, line.how) for line in membership.members(engine, pad_id).lines)


async def accept(engine: Engine) -> None:
    [line] = [line for line in inbox.lines(engine) if line.kind == "ownership-offer"]
    await inbox.accept(engine, inbox.numbered(engine, line.number))


async def link_of(engine: Engine, pad_id: bytes, *, view: bool = False, wait_s: float = 0) -> str:
    record = engine.vault.pad(pad_id)
    assert record is not None
    seed = edit_seed_of(record.secret, 0)
    return encode_link(Link(Role.EDIT, pad_id, 0, seed, 0, bytes(16), NO_RELAY, NOWHERE))


@pytest.fixture
def pads(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, bytes]:
    """Links lead to pads of this table, GENESIS by id, and no relay is asked for anything."""
    known: dict[bytes, bytes] = {}

    async def join(self: Engine, text: str, *, wait_s: float = 0) -> PadListing:
        link = decode_link(text)
        if self.vault.pad(link.pad_id) is None:
            keys = link.keys()
            assert isinstance(keys, EditKeys)
            record = own_record(parse(known[link.pad_id], link.pad_id), 0, keys.edit_seed, created_ms=1)  # type: ignore[arg-type]
            self.add(replace(record, role="edit", relay_url=NOWHERE, relay_pk=bytes(32)))
        return self.listing_of(link.pad_id)

    monkeypatch.setattr(Engine, "make_link", link_of)
    monkeypatch.setattr(Engine, "join", join)
    return known


def two(
    make_engine: MakeEngine, pads: dict[bytes, bytes], *titles: str
) -> tuple[Engine, Engine, list[bytes]]:
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    friends(anna, ben)
    made = [anna.create_pad(title, text=f"{title}.\n").pad_id for title in titles or ("Plan",)]
    for pad_id in made:
        record = anna.vault.pad(pad_id)
        assert record is not None
        pads[pad_id] = record.genesis
    return anna, ben, made


async def test_end_to_end_both_own_it_and_nobody_comes_back_in_whom_the_other_took_out(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    plan = anna.create_pad("Plan", text="Plan.\n").pad_id
    clara = contacts.keys_of(make_engine("Clara"))[0]
    membership.keep(anna, plan, clara, role=Role.EDIT, name="Clara")
    await membership.revoke(anna, plan)
    with pytest.raises(NotCompared):
        await owning.offer(anna, plan, "Ben")
    contacts.mark_verified(anna, "Ben")
    await owning.offer(anna, plan, "Ben", note="so that we are two")
    await outbox.send(anna)
    await inbox.look(ben)
    assert "which nobody can take back" in inbox.lines(ben)[0].sentence
    await accept(ben)
    assert str(ben.listing_of(plan).role) == "owner"
    await outbox.send(ben)
    await inbox.look(anna)
    both = {("Anna", "owner"), ("Ben", "owner"), ("Clara", "edit")}
    assert {(name, role) for name, role, _ in who(anna, plan)} == both
    # Ben joined behind a snapshot: whom Anna kept, he learns from her record.
    assert clara in {line.ident_pk for line in membership.members(ben, plan).lines}

    await membership.revoke(ben, plan, drop=[clara])
    await anna.sync([plan])
    with anna.borrowed(plan) as session:
        append(session, "Anna goes on.\n")
    await anna.sync([plan])
    await ben.sync([plan])
    with ben.borrowed(plan) as session:
        assert session.view.text() == "Plan.\nAnna goes on.\n"
    assert who(anna, plan) == [("Anna", "owner", "me"), ("Ben", "owner", "member")]
    monkeypatch.setattr(owner_notes, "other_turned", lambda *_: False)
    assert clara in {line.ident_pk for line in membership.members(anna, plan).lines}, "without the defence"


async def test_who_owns_nothing_offers_nothing_and_an_owner_is_not_taken_out(
    make_engine: MakeEngine, pads: dict[bytes, bytes]
) -> None:
    anna, ben, [plan] = two(make_engine, pads)
    await ben.join(await link_of(anna, plan))
    with pytest.raises(NotOwner):
        await owning.offer(ben, plan, "Anna")
    await owning.offer(anna, plan, "Ben")
    assert who(anna, plan) == [("Anna", "owner", "me"), ("Ben", "edit", "offered")]
    deliver(anna, ben)
    await accept(ben)
    deliver(ben, anna)
    assert who(anna, plan) == [("Anna", "owner", "me"), ("Ben", "owner", "member")]
    assert who(ben, plan) == [("Anna", "owner", "member"), ("Ben", "owner", "me")]
    for engine, other in ((anna, ben), (ben, anna)):
        pseudonym = next(iter(engine.people.known_in(plan)))
        for key in (contacts.keys_of(other)[0], pseudonym):
            with pytest.raises(CoOwnerStays):
                await membership.revoke(engine, plan, drop=[key])


async def test_a_false_offer_changes_nothing(
    make_engine: MakeEngine, pads: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key of another pad, or a link to another, Ben would sign for what he does not own."""
    anna, ben, [plan, other] = two(make_engine, pads, "Plan", "Other")
    links = {pad: await link_of(anna, pad) for pad in (plan, other)}
    roots = {pad: record.secret for pad in (plan, other) if (record := anna.vault.pad(pad))}
    offers = [
        OwnershipOffer(plan, "Plan", links[plan], roots[other]),
        OwnershipOffer(plan, "Plan", links[other], roots[plan]),
        OwnershipOffer(plan, "Plan", links[plan], bytes(32)),
    ]
    for offer in offers:
        post(anna, "Ben", offer)
        deliver(anna, ben)
        with pytest.raises(FalseOffer):
            await accept(ben)
        assert ben.listing() == []
        inbox.decline(ben, inbox.numbered(ben, 1))
    await ben.join(links[plan])
    post(anna, "Ben", offers[0])
    deliver(anna, ben)
    with pytest.raises(FalseOffer):
        await accept(ben)
    assert str(ben.listing_of(plan).role) == "edit"
    monkeypatch.setattr(owning, "_owned_by", lambda *_: True)
    await accept(ben)
    record = ben.vault.pad(plan)
    assert record is not None
    assert record.secret == roots[other], "the attack, without the defence"


async def test_an_offer_is_good_once_and_for_whom_it_was_made(
    make_engine: MakeEngine, pads: dict[bytes, bytes]
) -> None:
    anna, ben, [plan] = two(make_engine, pads)
    mallory = make_engine("Mallory", relay_url=NOWHERE)
    friends(mallory, anna)
    friends(mallory, ben)
    await owning.offer(anna, plan, "Ben")
    [waiting] = outbox.waiting(anna)
    deliver(anna, ben)
    inbox.decline(ben, inbox.numbered(ben, 1))
    assert mailbox._take(ben, myself(ben), waiting.sealed, Fetched())
    assert inbox.lines(ben) == [], "replayed"
    mailbox._take(mallory, myself(mallory), waiting.sealed, fetched := Fetched())
    assert (inbox.lines(mallory), fetched.refused.total()) == ([], 1), "redirected"


async def test_an_answer_counts_once_and_of_who_was_asked(
    make_engine: MakeEngine, pads: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, [plan] = two(make_engine, pads)
    mallory = make_engine("Mallory", relay_url=NOWHERE)
    friends(mallory, anna)
    alone, asked = [("Anna", "owner", "me")], [("Anna", "owner", "me"), ("Ben", "edit", "offered")]
    post(mallory, "Anna", OwnershipAnswer(plan, True))
    deliver(mallory, anna)
    assert who(anna, plan) == alone
    await owning.offer(anna, plan, "Ben")
    post(mallory, "Anna", OwnershipAnswer(plan, True))
    deliver(mallory, anna)
    assert who(anna, plan) == asked
    deliver(anna, ben)
    inbox.decline(ben, inbox.numbered(ben, 1))
    deliver(ben, anna)
    post(ben, "Anna", OwnershipAnswer(plan, True))
    deliver(ben, anna)
    assert who(anna, plan) == [*alone, ("Ben", "edit", "member")]
    monkeypatch.setattr(owner_notes, "state_of", lambda *_: owner_notes.OFFERED)
    post(mallory, "Anna", OwnershipAnswer(plan, True))
    deliver(mallory, anna)
    assert ("Mallory", "owner", "member") in who(anna, plan), "the attack, without the defence"


OFFERING = ["engine.owning.cut", "engine.owner_notes.set_state", "engine.membership.keep",
            "engine.mailbox.write_mail", "engine.outbox.put"]  # fmt: skip
ACCEPTING = ["engine.keyrings.keep", "engine.engine.Engine.add", "engine.owner_notes.set_state",
             "engine.mailbox.write_mail", "engine.outbox.put",
             "engine.people_book.PeopleBook.finish"]  # fmt: skip


async def test_killed_at_each_step_it_is_done_or_not_begun(
    make_engine: MakeEngine, pads: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, [plan] = two(make_engine, pads)

    def die(*_: object, **__: object) -> None:
        raise Died

    for step in OFFERING:
        with monkeypatch.context() as patched:
            patched.setattr(f"cryptpad_tui.{step}", die)
            with pytest.raises(Died):
                await owning.offer(anna, plan, "Ben")
        anna = make_engine("Anna")
        assert (outbox.waiting(anna), who(anna, plan)) == ([], [("Anna", "owner", "me")]), step
    await owning.offer(anna, plan, "Ben")
    deliver(anna, ben)
    for step in ACCEPTING:
        with monkeypatch.context() as patched:
            patched.setattr(f"cryptpad_tui.{step}", die)
            with pytest.raises(Died):
                await accept(ben)
        ben = make_engine("Ben")
        assert outbox.waiting(ben) == [], step
        assert [str(pad.role) for pad in ben.listing()] == ["edit"], step
        assert [line.kind for line in inbox.lines(ben)] == ["ownership-offer"], step
    await accept(ben)
    deliver(make_engine("Ben"), anna)
    assert ("Ben", "owner", "member") in who(make_engine("Anna"), plan)
