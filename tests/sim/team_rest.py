"""Everybody comes to rest: each answers what waits and has their machine in step, until nothing changes.

It decides nothing: what is judged then is `team_checks`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine.folders import owed_keys
from cryptpad_tui.engine.outbox import has_waiting
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.teams.book import DUE, roster_in
from cryptpad_tui.engine.teams.settling import waits_for_an_owner
from sim.team_client import FAILURES, TeamMachine, TeamWindow

if TYPE_CHECKING:
    from sim.team_world import TeamWorld

TURNS: Final = 16
TURN_S: Final = 120.0


async def come_to_rest(world: TeamWorld) -> bool:
    """Whether there is an end; what keeps them from it is a fault."""
    for _ in range(TURNS):
        await turn(world)
        world.checks.observe(thorough=True)
        if world.checks.failures or world.alarms:
            return False
        if not restless(world):
            return True
    world.checks.fail("they do not come to rest: " + "; ".join(restless(world)))
    return False


async def turn(world: TeamWorld) -> None:
    """Everybody once."""
    tasks = []
    for machine in world.people:
        window = _one_window(machine)
        tasks.append(window.spawn(_turn(window)))
    await asyncio.wait(tasks, timeout=TURN_S)


def _one_window(machine: TeamMachine) -> TeamWindow:
    windows = list(machine.windows.values())
    for window in windows[1:]:
        window.spawn(window.quit())
    window = windows[0] if windows else machine.open_window()
    assert isinstance(window, TeamWindow)
    return window


async def _turn(window: TeamWindow) -> None:
    """Mail comes by itself; all else as by `sync`, twice, since what came in the first may bring more."""
    if window.engine is not None:
        window.engine.mail.soon()
    await asyncio.sleep(1.0)
    if window.engine is None or window.dead:
        return
    window.leave()
    for item in window.letters():
        took = await window.attempted(f"says yes to {item.kind}", window.answer(item, yes=True))
        if not took and window.has_team:
            # A link of before, to what is here by another.
            await window.attempted(f"says no to {item.kind}", window.answer(item, yes=False))
    await window.attempted("sync", window.in_step())


def restless(world: TeamWorld) -> list[str]:
    """What is not done, of those who are in the team."""
    roster, found = world.logs.roster(), []
    for person in world.people:
        # Who keeps to no rule may have taken their own words back, which their machine remembers.
        if person.ident_pk not in roster.seats or person.is_hostile:
            continue
        window = next(iter(person.windows.values()), None)
        if not isinstance(window, TeamWindow) or not window.has_team or window.may_lack_mail:
            if person.has_declined or world.lying:  # Who lies may lose an invitation.
                continue
            found.append(f"{person.name} has no team")
            continue
        found += [f"{window} {why}" for why in _unrest(world, window)]
    return found


def _unrest(world: TeamWorld, window: TeamWindow) -> list[str]:
    engine, team = window.engine, world.team
    assert engine
    found = []
    try:
        here = roster_in(engine, team)
        ends = waits_for_an_owner(engine, team)
    except FAILURES as error:
        return [f"has no roster: {type(error).__name__}"]
    if here.seats != world.logs.roster().seats:
        found.append("sees another roster")
    if ends:
        found.append("waits for an owner")
    if has_waiting(engine):
        found.append("has mail to send")
    if window.letters():
        found.append("has something to answer")
    if owed_keys.is_owed(engine):
        found.append("owes keys")
    if engine.vault.setting(DUE + team.hex()) is not None:
        found.append("has a turn to take")
    found += [
        f"keeps {world.logs.name(pad.pad_id)} to itself" for pad in engine.vault.pads() if not pad.uploaded
    ]
    inside = {team, *[each.pad_id for each in world.logs.inside()]}
    for pad, name in [(pad, world.logs.name(pad)) for pad in world.pads()]:
        record, end = engine.vault.pad(pad), engine.vault.log_ends().get(pad, (0, b""))[0]
        if record is None:
            found += [f"lacks {name}"] if pad in inside else []
        elif engine.vault.waiting(pad) and record.role != "view" and standing_of(engine, pad) is None:
            found.append(f"waits to send in {name}")
        elif end != len(world.logs.log(pad)) and pad in inside:
            found.append(f"is behind in {name}")
    return found
