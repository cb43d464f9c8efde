"""A fixed number of random households, in virtual time; `make sim` plays as many as one likes."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim import __main__ as sim
from sim.__main__ import report

ROOT = Path(__file__).parents[2]
STEPS = 80
play = functools.cache(sim.play)
"""A run is played once: that a seed is the same run again is a test of its own."""


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_relay_is_never_accused_and_nothing_is_lost_or_doubled(seed: int) -> None:
    outcome, _ = play(seed, steps=STEPS, lying=False)
    assert not outcome.failures, report(outcome)
    assert not outcome.alarms


@pytest.mark.parametrize("seed", range(6))
def test_a_lying_relay_is_caught_or_does_no_harm(seed: int) -> None:
    outcome, _ = play(seed, steps=STEPS, lying=True)
    assert not outcome.failures, report(outcome)


@pytest.mark.parametrize("seed", range(2))
def test_who_stays_loses_nothing_when_keys_change_in_the_middle_of_everything(seed: int) -> None:
    outcome, _ = sim.play(seed, steps=STEPS, lying=False, revoking=True)
    assert not outcome.failures, report(outcome)
    assert not outcome.alarms
    assert outcome.kinds["record"]


@pytest.mark.parametrize(("seed", "lying"), [(5003, False), (5001, True)])
def test_a_pad_that_moves_is_one_pad_wherever_it_is_written(seed: int, lying: bool) -> None:
    outcome, world = sim.play(seed, steps=STEPS, lying=lying, moving=True)
    assert not outcome.failures, report(outcome)
    assert world.moved
    assert lying or not outcome.alarms


def test_links_end_and_rights_change_and_nobody_has_more_or_loses_what_they_keep() -> None:
    outcome, world = sim.play(103, steps=STEPS, lying=False, sharing=True)
    assert not outcome.failures, report(outcome)
    assert world.shared


def test_the_runs_reach_what_they_are_for() -> None:
    """Snapshots, several people, and lies that are caught: else the runs above would say little."""
    lying = [play(seed, steps=STEPS, lying=True)[0] for seed in range(6)]
    honest = [play(seed, steps=STEPS, lying=False)[0] for seed in range(3)]
    assert any(outcome.alarms for outcome in lying)
    assert sum(outcome.entries for outcome in honest) > 30
    assert any("SNAPSHOT" in outcome.kinds for outcome in honest)


def test_a_seed_is_the_same_run_in_another_process() -> None:
    code = f"from sim.__main__ import play; print(play(1, steps={STEPS}, lying=True)[0].trace)"
    path = os.pathsep.join([str(ROOT), str(ROOT / "relay"), str(ROOT / "tests")])
    # This process has a random one, so that the two differ in the order of every set.
    env = {"PYTHONPATH": path, "PYTHONHASHSEED": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == play(1, steps=STEPS, lying=True)[0].trace + "\n"
