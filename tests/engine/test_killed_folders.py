"""New keys for a folder and all that is in it, by an owner who is killed or cut off on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptpad_tui.engine import Engine, contacts, inbox, inviting, membership
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.values import SyncWord
from support.worlds import (
    Story,
    World,
    accept,
    all_write,
    befriend,
    both_ways,
    in_soak,
    must_fail,
    run_on,
    text_of,
    world_in,
)

ALL = ("Anna", "Ben", "Carla")
FOLDERS, PADS = ("Box", "Inner"), ("Plan", "Deep")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ben and Carla are in Anna's Box, with a pad in it and one in a shared folder within."""
    with world_in(tmp_path_factory.mktemp("world")) as made:
        made.make(*ALL)
        made.run(beginning, *ALL)
        made.keep("base")
        yield made


async def beginning(anna: Engine, ben: Engine, carla: Engine) -> None:
    await befriend(anna, ben, carla)
    box = make_shared(anna, "Box")
    make_shared(anna, "Box/Inner")
    for title, folder in (("Plan", "Box"), ("Deep", "Box/Inner")):
        anna.create_pad(title, text=f"{title}.\n", folder=folder)
    await anna.sync()
    for each in (ben, carla):
        await inviting.invite(anna, box, each.name(), view=False)
    await inbox.settle(anna)
    for each in (ben, carla):
        assert await accept(each, "invitation")
        await each.sync()
        await each.sync()
    await run_on(anna)


def id_of(engine: Engine, title: str) -> bytes:
    return engine.find(title).pad_id


async def revoke(anna: Engine) -> None:
    carla = contacts.find(anna, "Carla").card.ident_pk
    await membership.revoke(anna, id_of(anna, "Box"), drop=[carla])
    await inbox.settle(anna)


@both_ways("killed")
def test_keys_of_a_folder_and_all_in_it_change_or_none_do(world: World, how: str) -> None:
    """Half-way is remembered; at no moment is a pad closed to who stays."""

    async def reach(anna: Engine, ben: Engine) -> None:
        for title in PADS:
            await all_write(id_of(anna, title), anna, ben)

    async def look(anna: Engine, ben: Engine, carla: Engine) -> bool:
        is_owed = owed_keys.is_owed(anna)
        await ben.sync()
        for title in PADS:
            assert text_of(ben, id_of(ben, title)) == f"{title}.\n"
            await all_write(id_of(ben, title), ben)
        await run_on(anna)
        epochs = {membership.members(anna, id_of(anna, title)).epoch for title in (*FOLDERS, *PADS)}
        is_out = 0 not in epochs
        assert is_out or not is_owed
        assert is_out or epochs == {0}
        assert not owed_keys.is_owed(anna)
        await run_on(carla, ben)
        await reach(anna, ben)
        await carla.sync()
        for title in (*FOLDERS, *PADS):
            assert (carla.listing_of(id_of(carla, title)).sync is SyncWord.REMOVED) is is_out
        for title in PADS:
            assert ("Anna was here." in text_of(carla, id_of(carla, title))) is not is_out
        return is_out

    seen = Story("Anna", revoke, look, ("Ben", "Carla"), sample=100).ends(world, how)
    assert seen == sorted(seen)


@in_soak
@pytest.mark.parametrize("how", ["killed", "cut"])
def test_the_check_sees_what_nobody_goes_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async def nobody(engine: Engine) -> list[str]:
        return []

    monkeypatch.setattr(changing, "finish", nobody)
    must_fail(test_keys_of_a_folder_and_all_in_it_change_or_none_do, world, how)
