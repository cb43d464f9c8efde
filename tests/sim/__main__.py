"""`make sim SECONDS=600` explores random seeds; `make sim SEED=123` plays one again and tells its story."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from sim import team_world, world
from sim.outcome import Outcome
from sim.stage import Stage
from sim.team_world import TeamWorld
from sim.world import World


def play(
    seed: int,
    *,
    steps: int | None = None,
    lying: bool | None = None,
    teams: bool = False,
    revoking: bool = False,
    moving: bool = False,
    sharing: bool = False,
) -> tuple[Outcome, Stage]:
    """`teams`: a run of a team, in which all else that happens is drawn from the seed."""
    made: Stage
    if teams:
        made = TeamWorld(seed, steps=steps or team_world.STEPS, lying=lying)
    else:
        also = {"revoking": revoking, "moving": moving, "sharing": sharing}
        made = World(seed, steps=steps or world.STEPS, lying=lying, **also)
    return made.run(), made


def also(seed: int) -> dict[str, bool]:
    """What else happens in the runs that are explored: in every third keys change, and so on.

    In some the pad moves while keys change, in some of those links end as well. Every fourth is of a team.
    """
    if seed % 4 == 3:
        return {"teams": True}
    return {"revoking": seed % 3 == 0, "moving": seed % 4 == 1, "sharing": seed % 5 == 2}


def replay_command(outcome: Outcome) -> str:
    """What plays this very run again."""
    usual = team_world.STEPS if also(outcome.seed).get("teams") else world.STEPS
    return f"make sim SEED={outcome.seed}" + (f" STEPS={outcome.steps}" if outcome.steps != usual else "")


def report(outcome: Outcome) -> str:
    kind = "lying" if outcome.lying else "honest"
    lines = [f"seed {outcome.seed} ({kind}, {outcome.entries} entries, {outcome.virtual_s:.0f} s): FAILED"]
    lines += [f"  {failure}" for failure in outcome.failures[:5]]
    return "\n".join([*lines, f"  replay: {replay_command(outcome)}"])


def explore(seconds: float, steps: int | None, first: int) -> int:
    """Play one seed after another until the time is over; returns how many failed."""
    until, runs, failed = time.monotonic() + seconds, 0, 0
    total: Counter[str] = Counter()
    while time.monotonic() < until:
        outcome, stage = play(first + runs, steps=steps, **also(first + runs))
        runs += 1
        total.update(
            {
                "steps": outcome.steps,
                "entries": outcome.entries,
                "messages": outcome.messages,
                "lying": int(outcome.lying),
                "caught": int(outcome.lying and bool(outcome.alarms)),
                **stage.counted(),
                "snapshots": outcome.kinds.get("SNAPSHOT", 0),
            }
        )
        if outcome.failures:
            failed += 1
            print(report(outcome), flush=True)
    counted = ", ".join(f"{count} {name}" for name, count in total.items())
    print(f"{runs} runs, {counted}, {failed} failures (seeds {first} to {first + runs - 1})")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--steps", type=int)
    options = parser.parse_args()
    if options.seed is None:
        return 1 if explore(options.seconds, options.steps, random.SystemRandom().getrandbits(32)) else 0
    outcome, stage = play(options.seed, steps=options.steps, **also(options.seed))
    print("\n".join(stage.story))
    if outcome.failures:
        print(report(outcome))
        return 1
    print(f"seed {outcome.seed}: {outcome.entries} entries, alarms {list(outcome.alarms)}, all holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
