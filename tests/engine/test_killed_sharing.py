"""Inviting, taking out and owning together, by who is killed or cut off on the way: done, or not begun."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cryptpad_tui.engine import (
    Engine,
    appearing,
    contacts,
    inbox,
    inviting,
    membership,
    owner_notes,
    owning,
    schedule,
)
from cryptpad_tui.engine.values import SyncWord
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
    torn,
    world_in,
    write,
)

ALL = ("Anna", "Ben", "Carla")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Ben and Carla are in Anna's Plan; nobody is in her Letter."""
    with world_in(tmp_path_factory.mktemp("world")) as made:
        made.make(*ALL)
        made.run(beginning, *ALL)
        made.keep("base")
        yield made


async def beginning(anna: Engine, ben: Engine, carla: Engine) -> None:
    await befriend(anna, ben, carla)
    plan = anna.create_pad("Plan", text="Plan.\n").pad_id
    anna.create_pad("Letter", text="Letter.\n")
    for each in (ben, carla):
        await inviting.invite(anna, plan, each.name(), view=False)
    await inbox.settle(anna)
    for each in (ben, carla):
        assert await accept(each, "invitation")
    await put_away(anna)


def id_of(engine: Engine, title: str) -> bytes:
    return engine.find(title).pad_id


def names(engine: Engine, title: str) -> dict[str, str]:
    return {line.name: line.role for line in membership.members(engine, id_of(engine, title)).lines}


async def invite(anna: Engine) -> None:
    await inviting.invite(anna, id_of(anna, "Letter"), "Ben", view=False)
    await inbox.settle(anna)


@both_ways("cut")
def test_an_invitation_is_sent_to_a_member_or_nobody_is_one(world: World, how: str) -> None:
    async def look(anna: Engine, ben: Engine) -> bool:
        await run_on(anna, ben)
        is_in = "Ben" in names(anna, "Letter")
        assert kinds(ben) == ["invitation"] * is_in
        if not is_in:
            await invite(anna)
        assert await accept(ben, "invitation")
        await all_write(id_of(anna, "Letter"), anna, ben)
        return is_in

    seen = Story("Anna", invite, look, ("Ben",)).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_an_invitation_is_answered_once(world: World, how: str) -> None:
    async def join(ben: Engine) -> None:
        await accept(ben, "invitation")

    async def look(ben: Engine, anna: Engine) -> bool:
        await run_on(ben)
        is_done = not await accept(ben, "invitation")
        await run_on(ben, anna)
        assert kinds(anna) == ["invitation-answer"]
        await all_write(id_of(anna, "Letter"), anna, ben)
        assert list(names(anna, "Letter")) == ["Anna", "Ben"]
        return is_done

    invited = world.further("invited", invite, "Anna")
    seen = Story("Ben", join, look, ("Anna",), invited).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_how_one_appears_is_chosen_on_all_machines_or_none(world: World, how: str) -> None:
    async def choose(anna: Engine) -> None:
        appearing.choose(anna, id_of(anna, "Plan"), as_contact=True)
        await anna.sync()

    async def look(anna: Engine) -> bool:
        plan = id_of(anna, "Plan")
        is_chosen = appearing.word_of(anna, plan) != ""
        assert (anna.drive.note(plan, appearing.NOTE) is not None) is is_chosen
        await run_on(anna)
        return is_chosen

    seen = Story("Anna", choose, look).ends(world, how)
    assert seen == sorted(seen)


async def revoke(anna: Engine) -> None:
    carla = contacts.find(anna, "Carla").card.ident_pk
    await membership.revoke(anna, id_of(anna, "Plan"), drop=[carla])
    await inbox.settle(anna)


@both_ways("killed")
def test_who_is_taken_out_is_out_or_was_not(world: World, how: str) -> None:
    async def look(anna: Engine, ben: Engine, carla: Engine) -> bool:
        await run_on(anna)
        plan = id_of(anna, "Plan")
        people = membership.members(anna, plan)
        is_out = "Carla" not in names(anna, "Plan")
        assert (people.epoch > 0, people.unfinished) == (is_out, False)
        await run_on(carla)
        await all_write(plan, anna, ben)
        await carla.sync([plan])
        assert kinds(carla) == ["removal"] * is_out
        assert ("Anna was here." in text_of(carla, plan)) is not is_out
        assert (carla.listing_of(plan).sync is SyncWord.REMOVED) is is_out
        return is_out

    seen = Story("Anna", revoke, look, ("Ben", "Carla")).ends(world, how)
    assert seen == sorted(seen)


@both_ways()
def test_who_stays_and_was_away_comes_back_with_what_they_wrote(world: World, how: str) -> None:
    async def away(anna: Engine, ben: Engine) -> None:
        write(ben, id_of(ben, "Plan"), "Ben, unsent.")
        await revoke(anna)

    async def sync(ben: Engine) -> None:
        await ben.sync([id_of(ben, "Plan")])

    async def look(ben: Engine, anna: Engine) -> bool:
        await run_on(ben, anna)
        plan = id_of(ben, "Plan")
        assert text_of(anna, plan) == text_of(ben, plan) == "Plan.\nBen, unsent.\n"
        await all_write(plan, anna, ben)
        return True

    before = world.further("away", away, "Anna", "Ben")
    Story("Ben", sync, look, ("Anna",), before).ends(world, how)


async def offer(anna: Engine) -> None:
    await owning.offer(anna, id_of(anna, "Plan"), "Ben")
    await inbox.settle(anna)


@both_ways()
def test_an_offer_to_own_is_made_and_known_or_neither(world: World, how: str) -> None:
    async def look(anna: Engine, ben: Engine) -> bool:
        await run_on(anna, ben)
        bens = contacts.find(anna, "Ben").card.ident_pk
        is_made = owner_notes.state_of(anna, id_of(anna, "Plan"), bens) == owner_notes.OFFERED
        assert kinds(ben) == ["ownership-offer"] * is_made
        if not is_made:
            await offer(anna)
        await both_own(anna, ben)
        return is_made

    seen = Story("Anna", offer, look, ("Ben",)).ends(world, how)
    assert seen == sorted(seen)


@both_ways("killed")
def test_an_offer_to_own_is_accepted_once_and_by_both(world: World, how: str) -> None:
    async def take(ben: Engine) -> None:
        await accept(ben, "ownership-offer")

    async def look(ben: Engine, anna: Engine) -> bool:
        await run_on(ben)
        is_done = names(ben, "Plan")["Ben"] == "owner"
        await both_own(anna, ben)
        return is_done

    offered = world.further("offered", offer, "Anna")
    seen = Story("Ben", take, look, ("Anna",), offered).ends(world, how)
    # The pad is here already: without a network it is accepted, too, once the mail has come.
    assert seen == sorted(seen) or how == "cut"


@both_ways()
def test_who_offered_hears_the_answer_once(world: World, how: str) -> None:
    async def taken(anna: Engine, ben: Engine) -> None:
        await offer(anna)
        await accept(ben, "ownership-offer")

    async def hear(anna: Engine) -> None:
        await inbox.look(anna)

    async def look(anna: Engine, ben: Engine) -> bool:
        await both_own(anna, ben)
        return True

    before = world.further("taken", taken, "Anna", "Ben")
    Story("Anna", hear, look, ("Ben",), before).ends(world, how)


async def both_own(anna: Engine, ben: Engine) -> None:
    """Once Ben said yes, if he has not; Carla is in it as before."""
    await accept(ben, "ownership-offer")
    await run_on(ben, anna)
    assert kinds(anna) == ["ownership-answer"]
    plan = id_of(anna, "Plan")
    mine, theirs = anna.vault.pad(plan), ben.vault.pad(plan)
    assert mine is not None
    assert theirs is not None
    assert (theirs.role, theirs.secret) == ("owner", mine.secret)
    assert names(anna, "Plan") == {"Anna": "owner", "Ben": "owner", "Carla": "edit"}
    assert names(ben, "Plan") == {"Anna": "owner", "Ben": "owner"}
    await all_write(plan, anna, ben)


@in_soak
def test_the_checks_see_what_is_not_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    torn(monkeypatch)
    must_fail(test_an_invitation_is_sent_to_a_member_or_nobody_is_one, world, "killed")
    must_fail(test_an_offer_to_own_is_made_and_known_or_neither, world, "killed")
    must_fail(test_an_offer_to_own_is_accepted_once_and_by_both, world, "killed")


@in_soak
@pytest.mark.parametrize("how", ["killed", "cut"])
def test_the_checks_see_what_nobody_goes_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async def nobody(engine: Engine) -> list[bytes]:
        return []

    monkeypatch.setattr(schedule, "rotate_due", nobody)
    must_fail(test_who_is_taken_out_is_out_or_was_not, world, how)
