"""Honest people's updates, very many, through the validator: none may be refused (C8).

The room is that of tests/crdt/test_honest_simulation.py: four people with delays, undo, formats, maps, astral
characters and large pastes, over one log.
"""

from __future__ import annotations

from crdt.test_honest_simulation import run

from cryptpad_tui.crdt.kinds import PadKind

STEPS = 400


def accept(wanted: int, first_seed: int) -> tuple[int, int]:
    """(updates accepted, rooms) once `wanted` were; raises InvalidUpdate at the first refusal."""
    accepted, seed = 0, first_seed
    while accepted < wanted:
        room = run(seed, PadKind.RICHTEXT if seed % 3 else PadKind.TEXT, STEPS)
        accepted += sum(len(updates) for _, updates in room.log)
        seed += 1
    return accepted, seed - first_seed
