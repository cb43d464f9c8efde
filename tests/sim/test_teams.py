"""Random lives of teams: one in every run of the tests; many, and broken defences, in `make soak`."""

from __future__ import annotations

import os

import pytest

from sim.__main__ import play, report
from sim.team_breaks import BREAKS
from sim.team_checks import TeamChecks
from sim.team_lies import LIES
from sim.team_world import TeamWorld

soak = pytest.mark.skipif("CRYPTPAD_TUI_SOAK" not in os.environ, reason="minutes: make soak, or make sim")


def test_a_team_comes_to_one_roster_and_nobody_else_has_its_keys() -> None:
    outcome, world = play(1, steps=10, lying=False, teams=True)
    assert not outcome.failures, report(outcome)
    assert not outcome.alarms
    assert isinstance(world, TeamWorld)
    assert len(world.logs.roster().line) > 3


def test_each_check_says_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot fail is none: told of what is not so, at the end of a run in which all is well."""
    finish, said = TeamChecks.finish, dict[str, bool]()

    def told(checks: TeamChecks) -> None:
        finish(checks)
        assert not checks.failures
        for lie, sentence in LIES:
            with pytest.MonkeyPatch.context() as patched:
                lie(patched, checks)
                finish(checks)
            said[sentence] = any(sentence in failure for failure in checks.failures)
            checks.failures.clear()

    monkeypatch.setattr(TeamChecks, "finish", told)
    play(3, steps=2, lying=False, teams=True)
    assert said == dict.fromkeys(said, True)
    assert len(said) == len(LIES)


@soak
@pytest.mark.parametrize("seed", range(12))
def test_no_life_of_a_team_leaves_it_half_done_or_takes_what_was_written(seed: int) -> None:
    outcome, _ = play(seed, lying=False, teams=True)
    assert not outcome.failures, report(outcome)
    assert not outcome.alarms


@soak
@pytest.mark.parametrize("seed", range(6))
def test_a_relay_that_lies_to_a_team_is_caught_or_does_no_harm(seed: int) -> None:
    outcome, _ = play(seed, lying=True, teams=True)
    assert not outcome.failures, report(outcome)


@soak
def test_a_seed_of_a_team_is_the_same_run_again() -> None:
    assert play(2, teams=True)[0].trace == play(2, teams=True)[0].trace


@soak
@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_defence_of_teams_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it, sentence, seeds = BREAKS[name]
    break_it(monkeypatch)
    found: list[str] = []
    for seed in seeds:
        found += play(seed, steps=40, lying=False, teams=True)[0].failures
        if any(sentence in failure for failure in found):
            return
    pytest.fail(f"not found; but {found}")
