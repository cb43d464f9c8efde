"""A check that cannot fail is none: with a defence taken out, few seeds suffice to find it."""

from __future__ import annotations

import pytest

from sim.__main__ import play
from sim.breaks import BREAKS

STEPS = 80
FIRST_SEED = {
    "believe any base": 5,
    "believe whoever is here": 10,
}
"""From where to look, so that few runs are enough."""
WITHIN = 3


@pytest.mark.parametrize("name", BREAKS)
def test_the_simulation_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it, lying, sentence = BREAKS[name]
    break_it(monkeypatch)
    first = FIRST_SEED.get(name, 0)
    found = []
    for seed in range(first, first + WITHIN):
        found += play(seed, steps=STEPS, lying=lying)[0].failures
        if any(sentence in failure for failure in found):
            return
    pytest.fail(f"not found; but {found}")
