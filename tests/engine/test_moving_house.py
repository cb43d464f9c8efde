"""Everything to another relay: what keeps one pad keeps no other, and mail at the relay of before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cryptpad_tui.engine import (
    Engine,
    contacts,
    inbox,
    inviting,
    keeping,
    left_mailboxes,
    moving_house,
    outbox,
    relocating,
    relocation_mail,
    whereabouts,
)
from cryptpad_tui.engine.own_card import RELAY_SETTING
from cryptpad_tui.engine.relocating import MoveReport
from cryptpad_tui.people.mail import MAX_AGE_MS
from cryptpad_tui.people.messages import PadMoved
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

from .test_owning import NOWHERE, deliver, friends, post
from .test_people import befriend
from .test_relocating import text_of, url_of, write


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path_factory.mktemp("relay") / "data")
    yield process
    process.stop()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "other-relay")
    yield process
    process.stop()


async def test_mail_that_comes_to_the_relay_of_before_is_fetched_there(
    tmp_path: Path, other: RelayProcess, make_engine: MakeEngine
) -> None:
    before = RelayProcess(tmp_path / "before")
    anna, ben = make_engine("Anna", relay_url=before.url), make_engine("Ben", relay_url=other.url)
    await befriend(anna, ben)
    plan, late = [ben.create_pad(title, text=f"{title}.\n").pad_id for title in ("Plan", "Late")]
    await inviting.invite(ben, plan, "Anna", view=False)
    await outbox.send(ben)
    assert (await moving_house.move_all(anna, other.url)).failed == ()
    # What lay there was taken before it was left, and the new mailbox has the card's word.
    assert [line.kind for line in inbox.lines(anna)] == ["invitation"]
    await inviting.invite(ben, late, "Anna", view=False)
    await outbox.send(ben)
    await inbox.look(anna)
    assert [line.sentence.count("Late") for line in inbox.lines(anna)] == [0, 1]
    [place] = left_mailboxes.left(anna)
    assert place.url == before.url
    assert await waiting_at(anna, before) == 0, "what was taken lies there no more"

    await outbox.send(anna)
    await inbox.look(ben)
    assert contacts.find(ben, "Anna").card.address == other.url
    before.stop()
    await inbox.look(anna)
    [place] = left_mailboxes.left(anna)
    assert place.silent_ms
    assert left_mailboxes.due(anna) == [], "a relay that is gone keeps nobody waiting each time"
    ends = anna.wall_ms() + MAX_AGE_MS + 1
    anna.wall_ms = lambda: ends
    assert left_mailboxes.left(anna) == []


async def waiting_at(engine: Engine, relay: RelayProcess) -> int:
    from cryptpad_tui.engine import mailbox
    from cryptpad_tui.sync.connection import open_connection

    connection = await open_connection(relay.url)
    try:
        return (await connection.run(mailbox.bind(engine, connection.greeting))).waiting
    finally:
        await connection.close()


def test_of_relays_that_were_left_those_count_that_had_a_mailbox(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    left_mailboxes.note(anna, "ws://one", b"\1" * 32, now_at=b"\2" * 32)
    assert left_mailboxes.left(anna) == [], "nobody was given a card"
    anna.vault.set_setting(RELAY_SETTING, "x")
    keys = [bytes([n]) * 32 for n in range(12)]
    for before, after in pairwise(keys):
        left_mailboxes.note(anna, "ws://one", before, now_at=after)
    assert len(left_mailboxes.left(anna)) == left_mailboxes.MAX_LEFT
    left_mailboxes.note(anna, "ws://one", keys[11], now_at=keys[9])
    kept = [bytes.fromhex(each.relay_pk)[0] for each in left_mailboxes.left(anna)]
    assert (kept[-1], 9 in kept) == (11, False), "who came back has left it no more"


async def test_another_relay_at_the_address_of_before_is_asked_for_nothing(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has that address by now must not learn which mailbox is whose."""
    anna = make_engine("Anna", relay_url=relay.url)
    anna.vault.set_setting(RELAY_SETTING, "x")
    left_mailboxes.note(anna, relay.url, b"\1" * 32, now_at=b"\2" * 32)
    asked = list[object]()

    async def run(self: RelayConnection, flow: object) -> None:
        asked.append(flow)

    monkeypatch.setattr(RelayConnection, "run", run)

    async def in_step() -> bool:
        return True

    await left_mailboxes.fetch(anna, in_step)
    assert asked == []
    assert left_mailboxes.left(anna)[0].silent_ms


async def test_what_one_pad_raises_keeps_no_other(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pads = [anna.create_pad(f"Pad {n}", text="Text.\n").pad_id for n in range(3)]
    for pad_id in pads:
        await boris.join(await anna.make_link(pad_id, view=False))
    await anna.sync()
    bad, moved, honest = pads[1], list[bytes](), relocating.move

    async def move(engine: Engine, pad_id: bytes, url: str, **named: bool) -> MoveReport:
        if pad_id == bad:
            raise KeyError("a fault of ours")
        return await honest(engine, pad_id, url, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(relocating, "move", move)
        outcome = await moving_house.move_all(anna, other.url, done=lambda each: moved.append(each.pad_id))
    assert [pad_id for pad_id, _ in outcome.failed] == [bad]
    assert set(moved) == {pads[0], pads[2]}, "and the drive stays where it is"
    assert anna.relay_url() == relay.url
    keeping.trash(anna, pads[1])
    assert (await moving_house.move_all(anna, other.url)).failed == ()

    follow = whereabouts.follow

    async def failing(engine: Engine, pad_id: bytes, url: str, **named: float) -> None:
        if pad_id == bad:
            raise RelayUnreachable("it was cut off")
        await follow(engine, pad_id, url, **named)

    monkeypatch.setattr(whereabouts, "follow", failing)
    followed = await moving_house.follow_all(boris, other.url)
    assert set(followed.found) == {pads[0], pads[2]}
    assert followed.failed == ((bad, "it was cut off"),)


async def test_a_relay_that_is_silent_is_waited_for_once(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pads = [anna.create_pad(f"Pad {n}").pad_id for n in range(3)]
    await anna.sync()
    tried = list[bytes]()

    async def move(engine: Engine, pad_id: bytes, url: str, **named: bool) -> MoveReport:
        tried.append(pad_id)
        raise RelayUnreachable("the relay cannot be reached")

    monkeypatch.setattr(relocating, "move", move)
    outcome = await moving_house.move_all(anna, other.url)
    assert len(tried) == 1
    assert {pad_id for pad_id, _ in outcome.failed} == set(pads)
    other.stop()
    with pytest.raises(RelayUnreachable):
        await moving_house.move_all(anna, other.url)
    with pytest.raises(RelayUnreachable):
        await moving_house.follow_all(anna, other.url)
    assert len(tried) == 1


async def test_a_chain_of_moves_whose_middle_relay_is_gone(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    """Two were away for all of it: one has met the first record, one nothing. The last address is enough."""
    third = RelayProcess(tmp_path / "third")
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla = make_engine("Boris"), make_engine("Carla")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    for guest in (boris, carla):
        await guest.join(link)
        write(guest, pad_id, f"{guest.name()}, unsent.\n")
    await relocating.move(anna, pad_id, other.url)
    await relocating.move(anna, pad_id, third.url)
    other.stop()
    assert (await boris.sync([pad_id], wait_s=1.0)).waiting
    assert url_of(boris, pad_id) == other.url, "as far as anybody told him"
    for guest in (boris, carla):
        assert (await moving_house.follow_all(guest, third.url)).found == (pad_id,)
        assert (await guest.sync([pad_id])).waiting == 0
    for _ in range(2):
        for engine in (anna, boris, carla):
            await engine.sync([pad_id])
    texts = {text_of(engine, pad_id) for engine in (anna, boris, carla)}
    assert len(texts) == 1
    assert sorted(texts.pop().splitlines()) == ["Boris, unsent.", "Carla, unsent.", "Plans."]
    with boris.borrowed(pad_id) as session:
        append(session, "On.\n")
    third.stop()


def test_who_is_there_already_is_not_asked_to_follow(make_engine: MakeEngine) -> None:
    anna, ben = make_engine("Anna", relay_url=NOWHERE), make_engine("Ben", relay_url=NOWHERE)
    friends(anna, ben)
    pads = [ben.create_pad(title).pad_id for title in ("Here", "There")]
    for pad_id in pads:
        post(anna, "Ben", PadMoved(pad_id, "Plan", "ws://two.example"))
    deliver(anna, ben)
    assert len(inbox.lines(ben)) == 2
    record = ben.vault.pad(pads[0])
    assert record is not None
    ben.vault.put_pad(replace(record, relay_url="ws://two.example"))
    relocation_mail.put_away_followed(ben)
    [line] = inbox.lines(ben)
    assert "There" in line.sentence
