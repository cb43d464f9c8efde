"""What random lives of teams brought to light, each by itself: what changes while something is on its way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cryptpad_tui.engine import (
    Engine,
    SyncReport,
    SyncWord,
    member_book,
    membership,
    owned_pads,
    owner_notes,
    standing,
)
from cryptpad_tui.engine.bringing import Bringing
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.folders.owed_keys import Row, Wanted
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from support.sessions import MakeEngine

CARLA = Myself(b"c" * 32)
SEAT = Seat(CARLA.ident.public, CARLA.box.public, Rank.EDITOR, "Carla", b"")


def let_in(engine: Engine, team: bytes) -> None:
    with engine.borrowed(team) as session, engine.drive_session.replica.store.transaction():
        acting.raise_or_lower(engine, session, SEAT)


@pytest.mark.parametrize("is_begun_again", [False, True])
async def test_who_is_let_into_a_team_anew_while_its_keys_change_without_them_has_the_new_ones(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, is_begun_again: bool
) -> None:
    """An admin wrote it while the owner's machine was away, which hears of it on its way to the relay."""
    anna, plans = make_engine("Anna", relay_url="ws://127.0.0.1:1"), list[Any]()
    team = acting.found(anna, "Crew")
    record = anna.vault.pad(team)
    assert record is not None
    anna.vault.put_pad(replace(record, uploaded=True))
    let_in(anna, team)
    acting.remove(anna, team, SEAT.ident_pk.hex())

    async def in_step(*_: object) -> None:
        let_in(anna, team)

    async def turn(engine: Engine, session: object, plan: Any, *more: Any) -> None:
        plans.append((plan, more[-1]))

    async def synced(*_: object, **__: object) -> None: ...

    monkeypatch.setattr(membership, "in_step", in_step)
    monkeypatch.setattr(membership, "_turn", turn)
    monkeypatch.setattr(anna, "sync", synced)
    if is_begun_again:
        member_book.begin(anna, team, [], drop=[SEAT.ident_pk], history=True)
    await membership.change_keys(anna, team, drop=[] if is_begun_again else [SEAT.ident_pk])
    [(plan, told)] = plans
    assert SEAT.ident_pk in {each.ident_pk for each in plan.members}
    assert SEAT.ident_pk not in told


@pytest.mark.parametrize("how", ["out", "followed"])
async def test_a_pad_that_nothing_comes_of_is_looked_for_once(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """One of which the person is out, or that another window keeps in step, is not opened without end."""
    anna, opened = make_engine("Anna"), list[bytes]()
    pad_id = anna.create_pad("Plan").pad_id
    if how == "out":
        anna.vault.set_setting("standing/" + pad_id.hex(), SyncWord.REMOVED.value)
        assert standing.standing_of(anna, pad_id) is SyncWord.REMOVED
    known = anna.open_pad

    def open_pad(pad: bytes) -> Any:
        opened.append(pad)
        session = known(pad)
        session.followed = how == "followed"
        session.waiting = 0
        return session

    monkeypatch.setattr(anna, "open_pad", open_pad)
    bringing = Bringing(anna)
    bringing.start()
    bringing.add([pad_id])
    for _ in range(20):
        await asyncio.sleep(0)
    await bringing.stop()
    assert opened == [pad_id]


async def test_a_pad_follows_its_folder_though_a_co_owner_of_it_was_taken_out_of_that(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have its owner key for good; whoever else is out of the folder loses the pad all the same."""
    anna, dropped = make_engine("Anna", relay_url="ws://127.0.0.1:1"), list[Any]()
    folder = make_shared(anna, "Crew")
    pad_id = anna.create_pad("Plan", folder="Crew").pad_id
    owner_notes.set_state(anna, pad_id, SEAT.ident_pk, owner_notes.ACCEPTED)

    async def change_keys(engine: Engine, pad: bytes, *, drop: Any, **more: object) -> None:
        owner_notes.refuse_owners(engine, pad, drop)
        dropped.append((pad, tuple(drop)))

    monkeypatch.setattr(membership, "change_keys", change_keys)
    somebody = Myself(b"s" * 32).ident.public
    await changing._change(anna, Row(folder, pad_id, Wanted((SEAT.ident_pk, somebody))))
    assert dropped == [(pad_id, (somebody,))]


async def test_what_waits_in_a_folder_that_one_is_out_of_keeps_no_pad_from_changing_its_keys(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url="ws://127.0.0.1:1")
    pad_id = anna.create_pad("Plan").pad_id

    async def around(*_: object, **__: object) -> SyncReport:
        return SyncReport(1, False, (), ())

    async def alone(*_: object, **__: object) -> SyncReport:
        return SyncReport(0, False, (), ())

    monkeypatch.setattr(anna, "sync", around)
    monkeypatch.setattr(anna, "sync_one", alone)
    await owned_pads.in_step(anna, pad_id, 1.0)
