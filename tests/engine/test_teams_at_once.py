"""Two machines of a team that decide at once, with a real relay: whatever happens, keys are with whom the
roster names, and with nobody else."""

from __future__ import annotations

import os
from typing import Any

import pytest

from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.engine import Engine, SyncWord
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.own_card import own_card
from cryptpad_tui.engine.teams import acting, settling
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .test_teams import come, deliver, friends, ranks, reads, team_of_three, write


def lets_in(engine: Engine, team: bytes, who: Engine, rank: Rank) -> None:
    """Signed here, and not sent yet."""
    card = own_card(who)
    with engine.borrowed(team) as session, engine.drive_session.replica.store.transaction():
        seat = Seat(card.ident_pk, card.box_pk, rank, who.name(), b"")
        acting.raise_or_lower(engine, session, seat)


async def settled(engine: Engine, team: bytes) -> None:
    """What is its to do in this team is done, and sent."""
    await engine.sync([team])
    await settling.settle_team(engine, team)
    await changing.go_on(engine)
    await engine.sync([team])


def waits(engine: Engine, team: bytes) -> dict[str, str]:
    return {each.name: each.why.name for each in settling.waits_for_an_owner(engine, team)}


async def test_an_admin_who_is_lowered_while_they_let_somebody_in_leaves_them_no_keys(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, team, pad = await team_of_three(relay, make_engine)
    dora = make_engine("Dora", relay_url=relay.url)
    link = await boris.make_link(team, view=False)
    lets_in(boris, team, dora, Rank.EDITOR)
    await dora.join(link)
    await acting.set_role(anna, team, "Boris", Rank.EDITOR)
    assert waits(anna, team) == {"Boris": "WAS_ADMIN"}
    for engine in (anna, boris, anna):
        await settled(engine, team)
    await boris.sync([team])
    assert ranks(anna, team) == ranks(boris, team) == {"Anna": "owner", "Boris": "editor", "Carla": "viewer"}
    assert not waits(anna, team)
    await boris.sync([pad])
    await write(boris, pad, "Without her.\n")
    assert await reads(carla, pad, "Without her.")
    await dora.sync([team])
    assert not await reads(dora, pad, "Without her.")
    assert dora.listing_of(team).sync is SyncWord.REMOVED
    with pytest.raises(BadLink):
        await make_engine("Egon", relay_url=relay.url).join(link)


@pytest.mark.skipif("CRYPTPAD_TUI_SOAK" not in os.environ, reason="two seconds: make soak")
async def test_who_is_let_in_again_after_the_keys_changed_gets_them(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """Boris invites Dora; Anna, who does not know yet, takes Carla out, and the keys change."""
    anna, boris, carla, team, pad = await team_of_three(relay, make_engine)
    dora = make_engine("Dora", relay_url=relay.url)
    friends(boris, dora)
    invited: list[Any] = []
    make_link = boris.make_link

    async def before_the_change(*args: Any, **kwargs: Any) -> str:
        link = await make_link(*args, **kwargs)
        if not invited:
            acting.remove(anna, team, "Carla")
            await settled(anna, team)
            invited.append(link)
        return link

    boris.make_link = before_the_change  # type: ignore[method-assign]
    await acting.invite(boris, team, "Dora", Rank.EDITOR)
    deliver(boris, dora)
    assert ranks(boris, team)["Dora"] == "editor"
    await boris.sync([team])
    assert "Dora" not in ranks(boris, team), "an owner's word won"
    await settled(boris, team)
    assert ranks(boris, team)["Dora"] == "editor", "and was followed by his, once more"
    await anna.sync([team])
    assert waits(anna, team) == {"Dora": "LACKS"}
    await settled(anna, team)
    assert not waits(anna, team)
    await come(dora)
    await write(dora, pad, "Here I am.\n")
    assert await reads(anna, pad, "Here I am.")
    assert not await reads(carla, pad, "Here I am.")
