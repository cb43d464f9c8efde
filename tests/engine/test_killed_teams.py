"""Who is in a team and with which role, by machines killed or cut off on the way: done, or not begun."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptpad_tui.engine import Engine, contacts, inbox
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.teams import acting, settling
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.people.roster_ops import Rank
from support.worlds import (
    Story,
    World,
    accept,
    all_write,
    befriend,
    both_ways,
    each_of,
    goes_one_way,
    in_soak,
    kinds,
    must_fail,
    put_away,
    run_on,
    text_of,
    torn,
    world_in,
)

ALL = ("Anna", "Ben", "Carla", "Dora", "Emil")
ROLES = {"Ben": Rank.ADMIN, "Carla": Rank.EDITOR, "Dora": Rank.VIEWER}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Anna's team, in which Ben is an admin, Carla writes and Dora reads; Emil is not in it."""
    with world_in(tmp_path_factory.mktemp("world")) as made:
        made.make(*ALL)
        made.run(beginning, *ALL)
        made.keep("base")
        yield made


async def beginning(anna: Engine, *others: Engine) -> None:
    await befriend(anna, *others)
    team = acting.found(anna, "Crew")
    anna.create_pad("Rota", text="Rota.\n", folder="Crew")
    await anna.sync()
    for each in others:
        if each.name() in ROLES:
            await acting.invite(anna, team, each.name(), ROLES[each.name()])
    await anna.sync([team])
    await inbox.settle(anna)
    for each in others:
        if each.name() in ROLES:
            assert await accept(each, "invitation")
            await each.sync()
    await put_away(anna)


def team_of(engine: Engine) -> bytes:
    return engine.find("Crew").pad_id


def rota(engine: Engine) -> bytes:
    return engine.find("Rota").pad_id


def rank_of(engine: Engine, name: str) -> Rank:
    return roster_in(engine, team_of(engine)).rank_of(contacts.find(engine, name).card.ident_pk)


async def send(engine: Engine) -> None:
    """What the verbs do behind a change of a team; an owner's machine is the first that sees it."""
    team = team_of(engine)
    await engine.sync([team])
    record = engine.vault.pad(team)
    assert record is not None
    if record.role == "owner":
        await settling.settle_team(engine, team)
    await inbox.settle(engine)


async def agree(by: Engine, anna: Engine) -> None:
    """The roster is one and the same, and no keys are owed."""
    await run_on(by)
    if anna is not by:
        await run_on(anna, by)
    teams = [roster_in(engine, team_of(engine)) for engine in (by, anna)]
    assert teams[0].head == teams[1].head
    assert not settling.waits_for_an_owner(anna, team_of(anna))
    assert not owed_keys.is_owed(anna)


def owner(by: Engine, others: tuple[Engine, ...]) -> tuple[Engine, tuple[Engine, ...]]:
    """Anna, and those who remain."""
    return (by, others) if by.name() == "Anna" else (others[0], others[1:])


def with_owner(by: str, *names: str) -> tuple[str, ...]:
    return names if by == "Anna" else ("Anna", *names)


@each_of("Anna", "Ben")
@both_ways("cut")
def test_who_is_let_in_is_on_the_roster_and_gets_the_keys(world: World, how: str, by: str) -> None:
    async def invite(engine: Engine) -> None:
        await acting.invite(engine, team_of(engine), "Emil", Rank.EDITOR)
        await send(engine)

    async def look(inviter: Engine, *others: Engine) -> bool:
        anna, (emil,) = owner(inviter, others)
        await agree(inviter, anna)
        await run_on(emil)
        is_in = rank_of(inviter, "Emil") is Rank.EDITOR
        assert kinds(emil) == ["invitation"] * is_in
        if not is_in:
            await invite(inviter)
        assert await accept(emil, "invitation")
        await run_on(emil)
        await all_write(rota(inviter), inviter, emil)
        return is_in

    seen = Story(by, invite, look, with_owner(by, "Emil"), sample=30).ends(world, how)
    assert seen == sorted(seen)


@each_of("Ben", "Anna")
@both_ways()
def test_a_higher_role_comes_with_the_right_to_write(world: World, how: str, by: str) -> None:
    async def higher(engine: Engine) -> None:
        await acting.set_role(engine, team_of(engine), "Dora", Rank.EDITOR)
        await send(engine)

    async def look(giver: Engine, *others: Engine) -> bool:
        anna, (dora,) = owner(giver, others)
        await agree(giver, anna)
        is_editor = rank_of(giver, "Dora") is Rank.EDITOR
        if not is_editor:
            await run_on(dora)
            assert right_of(dora) == "view"
            await higher(giver)
        await run_on(dora)
        assert right_of(dora) == "edit"
        await all_write(rota(giver), giver, dora)
        return is_editor

    seen = Story(by, higher, look, with_owner(by, "Dora"), sample=6).ends(world, how)
    assert seen == sorted(seen)


def right_of(engine: Engine) -> str:
    record = engine.vault.pad(rota(engine))
    assert record is not None
    return record.role


@both_ways("killed")
def test_the_right_to_write_is_taken_once_it_is_given(world: World, how: str) -> None:
    async def given(anna: Engine) -> None:
        await acting.set_role(anna, team_of(anna), "Dora", Rank.EDITOR)
        await send(anna)

    async def take(dora: Engine) -> None:
        await dora.sync()
        await changing.finish(dora)

    async def look(dora: Engine, anna: Engine) -> bool:
        is_taken = right_of(dora) == "edit"
        await run_on(dora)
        assert right_of(dora) == "edit"
        await all_write(rota(dora), anna, dora)
        return is_taken

    before = world.further("given", given, "Anna")
    seen = Story("Dora", take, look, ("Anna",), before, sample=48).ends(world, how)
    assert goes_one_way(seen, how)


@each_of("Ben", "Anna")
@both_ways("killed")
def test_a_lower_role_ends_the_right_to_write(world: World, how: str, by: str) -> None:
    async def lower(engine: Engine) -> None:
        await acting.set_role(engine, team_of(engine), "Carla", Rank.VIEWER)
        await send(engine)

    async def look(taker: Engine, *others: Engine) -> bool:
        anna, (carla,) = owner(taker, others)
        await agree(taker, anna)
        is_viewer = rank_of(taker, "Carla") is Rank.VIEWER
        await run_on(carla)
        assert right_of(carla) == ("view" if is_viewer else "edit")
        await all_write(rota(anna), *{anna.name(): anna, taker.name(): taker}.values())
        if not is_viewer:
            await all_write(rota(anna), anna, carla)
        await carla.sync([rota(carla)])
        assert "Anna was here." in text_of(carla, rota(carla)), "reading goes on"
        return is_viewer

    seen = Story(by, lower, look, with_owner(by, "Carla"), sample=60).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_an_admin_who_accepts_is_made_an_owner(world: World, how: str) -> None:
    async def accepted(anna: Engine, ben: Engine) -> None:
        await acting.set_role(anna, team_of(anna), "Ben", Rank.OWNER)
        await send(anna)
        assert await accept(ben, "ownership-offer")

    async def hear(anna: Engine) -> None:
        await inbox.look(anna)
        await anna.sync()
        await changing.finish(anna)

    async def look(anna: Engine, ben: Engine) -> bool:
        is_owner = rank_of(anna, "Ben") is Rank.OWNER
        await run_on(anna)
        await agree(anna, anna)
        await run_on(ben)
        assert rank_of(anna, "Ben") is Rank.OWNER
        await remove(ben)
        await agree(ben, anna)
        assert rank_of(anna, "Carla") is Rank.NONE
        await all_write(rota(anna), anna, ben)
        return is_owner

    before = world.further("accepted", accepted, "Anna", "Ben")
    seen = Story("Anna", hear, look, ("Ben",), before).ends(world, how)
    assert goes_one_way(seen, how)


async def remove(engine: Engine) -> None:
    acting.remove(engine, team_of(engine), "Carla")
    await send(engine)


async def nobody_is_half_out(anna: Engine, ben: Engine, carla: Engine) -> bool:
    """Whoever did what: of the roster and of the keys, or of neither; nothing is lost to who stays."""
    is_out = rank_of(anna, "Carla") is Rank.NONE
    await run_on(carla)
    await all_write(rota(anna), anna, ben)
    await carla.sync()
    for pad_id in (rota(carla), team_of(carla)):
        assert (carla.listing_of(pad_id).sync is SyncWord.REMOVED) is is_out
    assert ("Anna was here." in text_of(carla, rota(carla))) is not is_out
    await inbox.look(carla)
    assert ("removal" in kinds(carla)) is is_out
    if not is_out:
        await all_write(rota(anna), ben, carla)
    return is_out


@each_of("Anna", "Ben")
@both_ways("killed")
def test_who_is_taken_out_is_out_of_the_roster_and_the_keys(world: World, how: str, by: str) -> None:
    async def look(taker: Engine, other: Engine, carla: Engine) -> bool:
        anna, ben = (taker, other) if by == "Anna" else (other, taker)
        await agree(taker, anna)
        await run_on(ben)
        return await nobody_is_half_out(anna, ben, carla)

    others = ("Ben" if by == "Anna" else "Anna", "Carla")
    seen = Story(by, remove, look, others, sample=60).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_an_owners_machine_follows_an_admins_word(world: World, how: str) -> None:
    """Whatever was done of it: the next run ends it, and keys of folder and pad follow."""

    async def finish(anna: Engine) -> None:
        await anna.sync()
        await changing.finish(anna)

    async def look(anna: Engine, ben: Engine, carla: Engine) -> bool:
        await agree(anna, anna)
        await run_on(ben)
        assert await nobody_is_half_out(anna, ben, carla)
        assert not await settling.settle_team(anna, team_of(anna)), "once is enough"
        return True

    before = world.further("removed", remove, "Ben")
    Story("Anna", finish, look, ("Ben", "Carla"), before, sample=60).ends(world, how)


@in_soak
def test_the_checks_see_what_is_not_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    torn(monkeypatch)
    must_fail(test_who_is_let_in_is_on_the_roster_and_gets_the_keys, world, "killed", "Ben")
