"""Spans of time as people write them: 30m, 8h, 2d."""

from __future__ import annotations

import re
from typing import Final

from cryptpad_tui.cli.errors import WrongUse

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S: Final = 30 * 86_400


def seconds_of(text: str) -> int:
    """Raises WrongUse."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_S:
        raise WrongUse("a time is 90s, 30m, 8h or 2d, at most 30d")
    return seconds


def words_of(seconds: int) -> str:
    """The largest unit that divides it."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
    return f"{seconds} s"
