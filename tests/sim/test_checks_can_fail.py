"""A check that cannot fail is none: with a defence taken out, few seeds suffice to find it."""

from __future__ import annotations

import pytest

from sim.__main__ import play
from sim.breaks import BREAKS

STEPS = 80
SEEDS = {
    "believe any base": (12, 17, 22, 29),
    "believe whoever is here": (1001, 109, 10),
    "show not all": (6, 3),
}
"""Where few runs are enough; elsewhere the first ones are."""


@pytest.mark.parametrize("name", BREAKS)
def test_the_simulation_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it, lying, sentence = BREAKS[name]
    break_it(monkeypatch)
    found = []
    for seed in SEEDS.get(name, range(3)):
        found += play(seed, steps=STEPS, lying=lying)[0].failures
        if any(sentence in failure for failure in found):
            return
    pytest.fail(f"not found; but {found}")
