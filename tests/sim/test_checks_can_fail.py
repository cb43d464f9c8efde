"""A check that cannot fail is none: with a defence taken out, few seeds suffice to find it."""

from __future__ import annotations

import pytest

from sim import leaving
from sim.__main__ import play
from sim.breaks import BREAKS, WORLDS

STEPS = 80
SEEDS = {
    "believe any base": (12, 17, 22, 29),
    "believe whoever is here": (1001, 109, 10),
    "show not all": (6, 3),
    "hold one relay to another's word": (11, 1006, 12),
    "end no link": (4, 17, 20),
}
"""Where few runs are enough; elsewhere the first ones are."""


@pytest.mark.parametrize("name", BREAKS)
def test_the_simulation_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it, lying, sentence = BREAKS[name]
    break_it(monkeypatch)
    also, found = {WORLDS[name]: True} if name in WORLDS else {}, []
    for seed in SEEDS.get(name, range(3)):
        found += play(seed, steps=STEPS, lying=lying, **also)[0].failures
        if any(sentence in failure for failure in found):
            return
    pytest.fail(f"not found; but {found}")


def test_keys_that_nobody_gave_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was given forgotten by the judge, whoever has keys has too many."""
    monkeypatch.setattr(leaving, "rights_of", lambda world, machine: [])
    outcome, _ = play(103, steps=20, lying=False, sharing=True)
    assert any("which nobody gave it" in failure for failure in outcome.failures)
