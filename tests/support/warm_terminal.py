"""A real terminal with a Python program in it, without the price of starting Python and loading the app.

A test about what a start loads, or what a process shows to the system, starts Python itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from support.terminal import Terminal
from support.zygote import Started, shared


class WarmTerminal(Terminal):
    """`WarmTerminal([FILE])` runs what Python would, forked from a process that has the app loaded."""

    def _start(
        self, command: list[str], slave: int, env: dict[str, str], cwd: str | os.PathLike[str] | None
    ) -> Started:
        return shared("python").start(command, [slave] * 3, env=env, cwd=Path(cwd or "."), terminal=True)
