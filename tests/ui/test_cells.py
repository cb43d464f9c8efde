"""What a screen mostly shows takes the short way to cells, and it is the same way."""

from __future__ import annotations

import subprocess
import sys

import regex
from rich.cells import cell_len

from cryptpad_tui.ui import cells


def test_plain_characters_are_one_cell_and_one_cluster_each() -> None:
    plain = sorted(cells._PLAIN)
    assert all(cell_len(char) == 1 for char in plain)
    for char in plain:
        assert regex.findall(r"\X", "a" + char + "b") == ["a", char, "b"]
        assert not cells._patterns().disputed_alone.match(char)


def test_a_screen_of_plain_characters_needs_no_patterns() -> None:
    code = (
        "import sys; from cryptpad_tui.ui.cells import cells_of; from rich.segment import Segment;"
        "from rich.color import ColorSystem;"
        "cells_of([Segment('│ Name … • ●')], ColorSystem.STANDARD); sys.exit('regex' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
