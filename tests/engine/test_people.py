"""Contacts, invitations and the inbox: real vaults and a real relay between three people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.engine import Engine, contacts, inbox, inviting, mailbox, membership, outbox
from cryptpad_tui.engine.keyrings import FORMER_ROOTS
from cryptpad_tui.engine.known_members import known_members
from cryptpad_tui.engine.mail_errors import ContactNameTaken, KeysAreOthers, NotAContact, UnknownItem
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.people.contacts import Standing
from cryptpad_tui.people.messages import CardChange
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One for all of these tests: everybody in them is somebody new."""
    process = RelayProcess(tmp_path_factory.mktemp("relay") / "data")
    yield process
    process.stop()


async def befriend(one: Engine, other: Engine) -> None:
    """One adds the other's card; the other accepts."""
    await contacts.card(one)
    contacts.add(one, (await contacts.card(other)).text)
    await outbox.send(one)
    await inbox.look(other)
    [request] = [line for line in inbox.lines(other) if line.kind == "request"]
    await inbox.accept(other, inbox.numbered(other, request.number))
    await inbox.settle(other)
    await inbox.look(one)
    for line in inbox.lines(one):
        inbox.decline(one, inbox.numbered(one, line.number))


def kinds(engine: Engine) -> list[tuple[str, str]]:
    return [(line.kind, line.sender) for line in inbox.lines(engine)]


async def test_from_a_card_to_a_pad_and_out_of_it(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, ben, clara = [make_engine(name, relay_url=relay.url) for name in ("Anna", "Ben", "Clara")]
    await contacts.card(anna)
    contacts.add(anna, (await contacts.card(ben)).text, note="from work")
    assert (await outbox.send(anna)).waiting == 0
    assert [(line.name, line.standing) for line in contacts.lines(anna)] == [("Ben", Standing.ASKED)]
    with pytest.raises(NotAContact):
        await inviting.invite(anna, anna.create_pad("Plan").pad_id, "Ben", view=False)
    await inbox.look(ben)
    [line] = inbox.lines(ben)
    assert (line.sender, line.sentence) == ("Anna", "asks to be your contact: from work")
    await inbox.accept(ben, inbox.numbered(ben, 1))
    assert inbox.lines(ben) == []
    await inbox.look(ben)
    await inbox.look(anna)
    assert [line.sentence for line in inbox.lines(anna)] == ["is your contact now"]
    assert contacts.number_with(anna, contacts.find(anna, "Ben")) == contacts.number_with(
        ben, contacts.find(ben, "Anna")
    )
    assert contacts.mark_verified(anna, "Ben").is_verified(contacts.keys_of(anna))

    await befriend(clara, anna)
    plan = anna.create_pad("Plan B", text="Plan.\n").pad_id
    await inviting.invite(anna, plan, "Ben", view=False, note="please look")
    await inviting.invite(anna, plan, "Clara", view=True)
    assert (await outbox.send(anna)).sent == 2
    for person in (ben, clara):
        await inbox.look(person)
        [line] = inbox.lines(person)
        assert line.kind == "invitation"
        joined = await inbox.accept(person, inbox.numbered(person, 1))
        assert joined is not None
        assert joined.title == "Plan B"
        await inbox.look(person)
    with ben.borrowed(plan) as session:
        append(session, "Ben was here.\n")
    await ben.sync([plan])
    await inbox.look(anna)
    assert ("invitation-answer", "Ben") in kinds(anna)
    assert len(anna.people.known_in(plan)) == 2
    await anna.sync([plan])
    people = membership.members(anna, plan).lines
    assert sorted((line.name, line.how) for line in people) == [
        ("Anna", "me"),
        ("Ben", "member"),
        ("Clara", "member"),
    ]
    known = known_members(anna, plan, [line.ident_pk for line in people])
    assert sorted((each.name, each.verified) for each in known.values()) == [("Ben", True), ("Clara", False)]

    await membership.revoke(anna, plan, drop=[contacts.find(anna, "Clara").card.ident_pk])
    await outbox.send(anna)
    await inbox.look(clara)
    assert kinds(clara) == [("removal", "Anna")]
    with anna.borrowed(plan) as session:
        append(session, "For members.\n")
    await anna.sync([plan])
    # The slot is sealed to the mailbox key of Ben's card, not to the key that he has in the pad.
    await ben.sync([plan])
    with ben.borrowed(plan) as session:
        assert "For members." in session.view.text()


async def test_two_devices_see_the_same_and_answer_once(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    twin = twin_of(ben, make_engine)
    await twin.sync()
    assert [line.name for line in contacts.lines(twin)] == ["Anna"]
    plan = anna.create_pad("Plan").pad_id
    await inviting.invite(anna, plan, "Ben", view=False)
    await outbox.send(anna)
    await inbox.look(twin)
    await inbox.look(ben)
    assert kinds(twin) == kinds(ben) == [("invitation", "Anna")]
    item = inbox.numbered(twin, 1)
    await inbox.accept(twin, item)
    await inbox.settle(twin)
    await inbox.look(ben)
    assert kinds(ben) == []
    with pytest.raises(UnknownItem):
        inbox.numbered(ben, 1)
    await inbox.look(anna)
    assert kinds(anna) == [("invitation-answer", "Ben")]


def twin_of(engine: Engine, make_engine: MakeEngine) -> Engine:
    """Another vault of the same account."""

    home = engine.vault.directory.parent / "twin"
    vault, _ = Vault.create(
        home,
        b"correct horse",
        name="Ben",
        relay_url=engine.relay_url(),
        kdf_memory_mib=64,
        account_root=engine.vault.account_root,
    )
    vault.close()
    return make_engine("twin")


async def test_other_keys_block_sending_until_they_are_accepted(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben, mallory = [make_engine(name, relay_url=relay.url) for name in ("Anna", "Ben", "Mallory")]
    await befriend(anna, ben)
    contacts.mark_verified(ben, "Anna")
    plan = ben.create_pad("Plan").pad_id
    await inviting.invite(ben, plan, "Anna", view=False)
    theirs = await contacts.card(mallory)
    # Whoever stole Anna's identity key can say that her keys are these.
    with anna.people.durable():
        mailbox.queue(anna, contacts.find(anna, "Ben"), CardChange(theirs, bytes(16)), "")
    await outbox.send(anna)
    await inbox.look(ben)
    [line] = [line for line in inbox.lines(ben) if line.kind == "changed-keys"]
    assert "Nothing is sent" in line.sentence
    with pytest.raises(KeysAreOthers):
        await inviting.invite(ben, plan, "Anna", view=False)
    with pytest.raises(KeysAreOthers):
        contacts.mark_verified(ben, "Anna")
    with pytest.raises(ContactNameTaken):
        contacts.add(mallory, (await contacts.card(ben)).text, label="x") and contacts.add(
            mallory, (await contacts.card(anna)).text, label="x"
        )
    contacts.decline(ben, "Anna")
    assert contacts.find(ben, "Anna").is_verified(contacts.keys_of(ben))
    assert inbox.lines(ben) == []


STEPS: list[tuple[str, str]] = [
    ("make_link", "cryptpad_tui.engine.engine.Engine.make_link"),
    ("keep", "cryptpad_tui.engine.membership.keep"),
    ("seal", "cryptpad_tui.engine.mailbox.write_mail"),
    ("outbox", "cryptpad_tui.engine.outbox.put"),
]


class Died(BaseException):
    """The machine stopped."""


async def test_an_invitation_is_done_or_not_begun(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    plan = anna.create_pad("Plan").pad_id

    def die(*args: object, **named: object) -> None:
        raise Died

    for name, step in STEPS:
        with monkeypatch.context() as patched:
            patched.setattr(step, die)
            with pytest.raises(Died):
                await inviting.invite(anna, plan, "Ben", view=False)
        assert outbox.waiting(anna) == [], name
        assert [line.how for line in membership.members(anna, plan).lines] == ["me"], name
    await inviting.invite(anna, plan, "Ben", view=False)
    [waiting] = outbox.waiting(anna)
    again = make_engine("Anna")
    assert [each.sealed for each in outbox.waiting(again)] == [waiting.sealed]
    assert [line.how for line in membership.members(again, plan).lines] == ["me", "member"]


async def test_a_cut_network_keeps_a_message_and_shows_it_once(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    await inviting.invite(anna, anna.create_pad("Plan").pad_id, "Ben", view=False)
    honest = RelayConnection.request

    async def lost_answer(self: RelayConnection, request: Request, **named: float) -> bytes:
        answer = await honest(self, request, **named)
        if request.op == Op.MBOX_PUT:
            raise RelayUnreachable("cut after the message left")
        return answer

    async def cut(*args: object, **named: object) -> RelayConnection:
        raise RelayUnreachable("cut before")

    for what, stand_in in (("open_connection", cut), ("RelayConnection.request", lost_answer)):
        with monkeypatch.context() as patched:
            place = (
                "cryptpad_tui.engine.outbox" if what == "open_connection" else "cryptpad_tui.sync.connection"
            )
            patched.setattr(f"{place}.{what}", stand_in)
            sent = await outbox.send(anna)
        assert (sent.sent, sent.waiting) == (0, 1)
        assert "the invitation of Ben" in sent.problems[0]
    await inbox.look(ben)
    assert (await outbox.send(anna)).sent == 1
    await inbox.look(ben)
    assert kinds(ben) == [("invitation", "Anna")]


async def test_what_a_relay_keeps_back_is_said_when_the_next_message_comes(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    plan = anna.create_pad("Plan").pad_id
    await inviting.invite(anna, plan, "Ben", view=False)
    [lost] = outbox.waiting(anna)
    outbox.drop(anna, lost.mail_id)
    await inviting.invite(anna, plan, "Ben", view=True)
    await outbox.send(anna)
    await inbox.look(ben)
    [line] = inbox.lines(ben)
    assert line.warning == "one message before this did not come"


async def test_a_removed_contact_loses_the_pass_and_the_others_keep_theirs(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben, clara = [make_engine(name, relay_url=relay.url) for name in ("Anna", "Ben", "Clara")]
    await befriend(ben, anna)
    await befriend(clara, anna)
    contacts.remove(anna, "Clara")
    await inbox.look(anna)
    await inbox.look(ben)
    assert contacts.find(ben, "Anna").pass_ != contacts.find(clara, "Anna").pass_
    plan = clara.create_pad("Plan").pad_id
    await inviting.invite(clara, plan, "Anna", view=False)
    await outbox.send(clara)
    await inbox.look(anna)
    assert inbox.lines(anna) == []


async def test_whoever_only_reads_asks_and_is_given_the_right(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    plan = anna.create_pad("Plan").pad_id
    await ben.join(await anna.make_link(plan, view=True))
    ben.rename(plan, "Not called so by Anna")
    inviting.ask_for_edit(ben, plan, "Anna", note="a typo")
    await outbox.send(ben)
    await inbox.look(anna)
    [line] = inbox.lines(anna)
    assert line.sentence == "asks to write in “Plan”: a typo"
    await inbox.accept(anna, inbox.numbered(anna, 1))
    await outbox.send(anna)
    await inbox.look(ben)
    assert kinds(ben) == [("edit-answer", "Anna")]
    await inbox.accept(ben, inbox.numbered(ben, 1))
    assert str(ben.listing_of(plan).role) == "edit"
    assert ("Ben", "member") in [(line.name, line.how) for line in membership.members(anna, plan).lines]


async def test_an_account_with_another_root_asks_its_contacts_once(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    contacts.introduce_again(anna)
    assert not outbox.has_waiting(anna)
    anna.vault.set_setting(FORMER_ROOTS, json.dumps([bytes(32).hex()]))
    contacts.introduce_again(anna)
    contacts.introduce_again(anna)
    assert len(outbox.waiting(anna)) == 1
    await inbox.look(anna)
    await inbox.look(ben)
    # Ben has this identity as a contact already, so that nobody is asked anything.
    assert kinds(ben) == []


async def test_an_open_app_hears_of_mail_at_once_and_sends_what_it_writes(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    heard: list[int] = []
    ben.mail.observe(lambda: heard.append(ben.people.open_count()))
    await ben.start()
    await anna.start()
    plan = anna.create_pad("Plan").pad_id
    await inviting.invite(anna, plan, "Ben", view=False)
    await until(lambda: heard[-1:] == [1], within_s=20)
    await until(lambda: not outbox.has_waiting(anna))
    # It stands in the drive before it is gone at the relay.
    await until(lambda: not ben.mail._drop, within_s=20)
