"""Chat between vaults: who said what, what is unread, and that it outlives a change of keys."""

from __future__ import annotations

import pytest

from cryptpad_tui.crdt.errors import UnfitValue
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.engine import Engine, chatting, membership
from cryptpad_tui.people.contacts import Contact, Standing
from support.persons import Person
from support.relay import RelayProcess
from support.sessions import MakeEngine


def said(engine: Engine, pad_id: bytes) -> list[tuple[str, str, bool]]:
    with engine.borrowed(pad_id) as session:
        return [(line.name, line.message.text, line.unread) for line in chatting.lines(engine, session)]


def say(engine: Engine, pad_id: bytes, text: str) -> None:
    session = engine.open_pad(pad_id)
    session.chat.say(text)
    session.close()


async def test_what_is_said_arrives_with_its_sayer_and_outlives_a_change_of_keys(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, ben, carl = (make_engine(name, relay_url=relay.url) for name in ("Anna", "Ben", "Carl"))
    pad = anna.create_pad("Minutes", text="text\n").pad_id
    await ben.join(await anna.make_link(pad, view=False))
    await carl.join(await anna.make_link(pad, view=True))
    say(anna, pad, "nine?")
    await anna.sync([pad])
    await ben.sync([pad])
    assert said(ben, pad) == [("Anna", "nine?", True)]
    with ben.borrowed(pad) as session:
        chatting.mark_read(ben, session)
    say(ben, pad, "ten")
    await ben.sync([pad])
    await anna.sync([pad])
    assert said(anna, pad) == [("Anna", "nine?", False), ("Ben", "ten", True)]
    assert said(ben, pad) == [("Anna", "nine?", False), ("Ben", "ten", False)]

    await carl.sync([pad])
    with pytest.raises(UnfitValue):
        say(carl, pad, "I only read")
    assert [text for _, text, _ in said(carl, pad)] == ["nine?", "ten"]

    await membership.revoke(anna, pad)
    dora = make_engine("Dora", relay_url=relay.url)
    await dora.join(await anna.make_link(pad, view=False))
    assert said(dora, pad) == [("Anna", "nine?", True), ("Ben", "ten", True)]

    with anna.borrowed(pad) as session:
        assert session.view.text() == "text\n"
        assert len(session.view.map_items(COMMENTS_ROOT)) == 2


def test_a_contact_is_named_as_one_knows_them_and_a_namesake_is_told_apart(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna"), Person(5, "Ben")
    pad = anna.create_pad("Minutes").pad_id
    say(anna, pad, "hello")
    with anna.borrowed(pad) as session:
        mine = session.chat.messages()[0].ident_pk
        by_ben, by_another = (
            session.chat.__class__(
                session.view, pad, identity=lambda key=key: key, name=lambda: "ben",
                wall_ms=anna.wall_ms, rng=anna.rng,
            )
            for key in (ben.me.ident, Person(6, "x").me.ident)
        )  # fmt: skip
        by_ben.say("it is me")
        by_another.say("no, me")
        with anna.people.durable():
            anna.people.put_contact(Contact(ben.as_contact().id, ben.card, Standing.CONTACT, "Benjamin"))
        first, second, third = chatting.lines(anna, session)
    assert (first.me, first.message.ident_pk) == (True, mine)
    assert (second.name, second.contact, second.verified) == ("Benjamin", "Benjamin", False)
    assert third.contact == ""
    assert third.name == f"ben·{third.message.ident_pk.hex()[:4]}"
