"""Moving to another relay, by machines that are killed or cut off on the way: done, or not begun."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from adversary.sabotage import nothing

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.engine import (
    Engine,
    contacts,
    inbox,
    inviting,
    moving_house,
    relocating,
    relocation_owed,
    whereabouts,
)
from cryptpad_tui.engine.files import making, sending
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.names import refs_in
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.relocating import AlreadyThere
from cryptpad_tui.pad.asking import Request
from support.worlds import (
    Story,
    World,
    accept,
    all_write,
    befriend,
    both_ways,
    in_soak,
    kinds,
    must_fail,
    put_away,
    run_on,
    text_of,
    world_in,
    write,
)

ALL = ("Anna", "Ben")
PHOTO = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ben is in Anna's Plan, which has a picture; a second relay is empty."""
    with world_in(tmp_path_factory.mktemp("world"), relays=2) as made:
        made.make(*ALL)
        made.run(beginning, *ALL)
        made.keep("base")
        yield made


async def beginning(anna: Engine, ben: Engine) -> None:
    await befriend(anna, ben)
    plan = anna.create_pad("Plan", text="Plan.\n").pad_id
    making.attach(anna, plan, "photo.png", len(PHOTO), BytesIO(PHOTO).read)
    anna.create_pad("Letter", text="Letter.\n")
    await inviting.invite(anna, plan, "Ben", view=False)
    await inbox.settle(anna)
    assert await accept(ben, "invitation")
    await sending.send_waiting(anna)
    await put_away(anna)


def id_of(engine: Engine, title: str) -> bytes:
    return engine.find(title).pad_id


def url_of(engine: Engine, title: str) -> str | None:
    record = engine.vault.pad(id_of(engine, title))
    assert record is not None
    return record.relay_url


async def whole_for(anna: Engine, ben: Engine) -> None:
    """Both write, and the picture is at the relay that the pad is at."""
    plan = id_of(anna, "Plan")
    await ben.sync([plan])
    assert url_of(ben, "Plan") == url_of(anna, "Plan")
    await all_write(plan, anna, ben)
    with ben.borrowed(plan) as session:
        [ref] = refs_in(session.view)
    KeptFiles(ben.vault.directory).forget(ref.file_id)
    assert await read_whole(ben, plan, ref) == PHOTO


@both_ways("killed")
def test_a_pad_is_at_the_other_relay_or_where_it_was(world: World, how: str) -> None:
    there = world.urls[1]

    async def move(anna: Engine) -> None:
        await relocating.move(anna, id_of(anna, "Plan"), there)
        await inbox.settle(anna)

    async def look(anna: Engine, ben: Engine) -> bool:
        await run_on(anna)
        is_there = url_of(anna, "Plan") == there
        await inbox.look(ben)
        assert kinds(ben) == ["moved"] * is_there
        await whole_for(anna, ben)
        if is_there:
            with pytest.raises(AlreadyThere):
                await move(anna)
        else:
            await move(anna)
            assert url_of(anna, "Plan") == there
            await whole_for(anna, ben)
        return is_there

    seen = Story("Anna", move, look, ("Ben",), sample=60).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_what_a_pad_leaves_is_erased_or_nothing_moved(world: World, how: str) -> None:
    there = world.urls[1]

    async def move(anna: Engine) -> None:
        await relocating.move(anna, id_of(anna, "Plan"), there, erase=True)

    async def look(anna: Engine, ben: Engine) -> bool:
        await run_on(anna)
        is_there = url_of(anna, "Plan") == there
        assert not relocation_owed.is_owed(anna) or not is_there
        assert await is_erased(anna, world.urls[0]) is is_there
        await whole_for(anna, ben)
        return is_there

    seen = Story("Anna", move, look, ("Ben",), sample=60).ends(world, how)
    assert seen == sorted(seen)


async def is_erased(anna: Engine, url: str) -> bool:
    pad_id = id_of(anna, "Plan")
    with anna.borrowed(pad_id) as session:
        genesis = session.replica.genesis.raw
    connection = await whereabouts.connect(anna, url)
    try:
        await connection.request(Request(Op.CREATE, frames.Create(genesis).encode()))
    except Refused as refused:
        return refused.code is Code.DELETED
    finally:
        await connection.close()
    return False


@both_ways()
def test_who_was_away_follows_with_what_they_wrote(world: World, how: str) -> None:
    there = world.urls[1]

    async def moved(anna: Engine, ben: Engine) -> None:
        write(ben, id_of(ben, "Plan"), "Ben, unsent.")
        await relocating.move(anna, id_of(anna, "Plan"), there)

    async def sync(ben: Engine) -> None:
        await ben.sync([id_of(ben, "Plan")])

    async def look(ben: Engine, anna: Engine) -> bool:
        await run_on(ben, anna)
        assert url_of(ben, "Plan") == there
        assert text_of(anna, id_of(anna, "Plan")) == "Plan.\nBen, unsent.\n"
        await whole_for(anna, ben)
        return True

    before = world.further("moved", moved, *ALL)
    Story("Ben", sync, look, ("Anna",), before).ends(world, how)


@both_ways("cut")
def test_all_move_one_by_one_and_the_drive_last(world: World, how: str) -> None:
    here, there = world.urls

    async def move(anna: Engine) -> None:
        outcome = await moving_house.move_all(anna, there)
        if not outcome.failed:
            await inbox.settle(anna)

    async def look(anna: Engine, ben: Engine) -> int:
        await run_on(anna)
        drive = anna.vault.pad(anna.drive_session.pad_id)
        assert drive is not None
        at = [drive.relay_url, *[url_of(anna, title) for title in ("Plan", "Letter")]]
        assert at[0] == here or at.count(there) == 3
        assert anna.relay_url() == at[0]
        await whole_for(anna, ben)
        if at[0] == here:
            await move(anna)
            assert anna.relay_url() == there
        await run_on(anna)
        await whole_for(anna, ben)
        await inbox.look(ben)
        assert contacts.find(ben, "Anna").card.address == there
        assert text_of(anna, id_of(anna, "Letter")) == "Letter.\n"
        return at.count(there)

    seen = Story("Anna", move, look, ("Ben",), sample=150).ends(world, how)
    assert seen == sorted(seen)


@in_soak
@pytest.mark.parametrize("how", ["killed", "cut"])
def test_the_check_sees_what_is_not_noted_before_it_is_signed(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(relocation_owed, "remember", nothing)
    must_fail(test_what_a_pad_leaves_is_erased_or_nothing_moved, world, how)
