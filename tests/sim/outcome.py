"""What a run came to: for whoever reports it, and to tell whether two runs were one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    seed: int
    steps: int
    entries: int
    messages: int
    virtual_s: float
    lying: bool
    failures: tuple[str, ...]
    alarms: tuple[str, ...]
    trace: str
    """A hash of who said what kind of thing when: two runs of one seed must agree."""
    kinds: dict[str, int] = field(default_factory=dict)
